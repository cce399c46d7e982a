//! The dialect over a fake engine, asked by raw HTTP on a socket; one binary for all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod any_words;
mod bad_input;
mod checker;
mod doors;
mod golden_bytes;
mod once;

use std::sync::Arc;

use testkit::desk::fake::FakeCalls;
use testkit::desk::raw::Served;

/// The dialect over `calls` on a free port of the loopback.
async fn serve(calls: Arc<FakeCalls>) -> Served {
    serve_with(calls, callout::Config::default()).await
}

/// The same with other settings.
async fn serve_with(calls: Arc<FakeCalls>, config: callout::Config) -> Served {
    Served::start(callout::router(calls, config)).await
}
