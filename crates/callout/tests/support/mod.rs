//! A fake engine behind the dialect, raw HTTP on a socket, and a checker of the byte rules.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod checker;
pub mod fake;
pub mod raw;
pub mod story;

use std::sync::Arc;

use fake::FakeCalls;
use raw::Served;

/// The dialect over `calls` on a free port of the loopback.
pub async fn serve(calls: Arc<FakeCalls>) -> Served {
    serve_with(calls, callout::Config::default()).await
}

/// The same with other settings.
pub async fn serve_with(calls: Arc<FakeCalls>, config: callout::Config) -> Served {
    Served::start(callout::router(calls, config)).await
}
