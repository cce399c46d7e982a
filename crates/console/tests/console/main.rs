//! The `/v1` API over a fake engine, asked by raw HTTP on a socket; one binary for all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod documents;
mod event_streams;
mod recordings;
mod showing_calls;

use std::sync::Arc;

use serde_json::Value;
use testkit::desk::fake::FakeCalls;
use testkit::desk::raw::{Reply, Served};

/// The API over `calls` on a free port of the loopback.
async fn serve(calls: Arc<FakeCalls>) -> Served {
    Served::start(console::router(calls, console::Config::default())).await
}

/// The body as JSON.
fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

/// Checks that a reply is a problem of this status and code, complete and consistent.
fn check_problem(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let content = reply.header("content-type");
    assert_eq!(content, Some("application/problem+json"));
    let body = json(reply);
    assert_eq!(body["code"], code);
    assert_eq!(body["type"], format!("/problems/{code}"));
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"].as_str(), Some(reply.header("x-request-id").unwrap()));
    for text in ["title", "detail"] {
        assert!(!body[text].as_str().unwrap().is_empty());
    }
}
