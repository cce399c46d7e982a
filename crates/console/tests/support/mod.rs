//! A fake engine behind the `/v1` API, and raw HTTP on a socket.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod fake;
pub mod raw;
pub mod story;

use std::sync::Arc;

use fake::FakeCalls;
use raw::{Reply, Served};
use serde_json::Value;

/// The API over `calls` on a free port of the loopback.
pub async fn serve(calls: Arc<FakeCalls>) -> Served {
    Served::start(console::router(calls, console::Config::default())).await
}

/// The body as JSON.
pub fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

/// Checks that a reply is a problem of this status and code, complete and consistent.
pub fn check_problem(reply: &Reply, status: u16, code: &str) {
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
