//! Requests to the callout dialect, head and body: always a reply within the byte rules.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

mod request;

use std::sync::{Arc, LazyLock};

use domain::CallRecord;
use libfuzzer_sys::fuzz_target;
use testkit::desk::fake;

static CALLS: LazyLock<Arc<fake::FakeCalls>> = LazyLock::new(|| {
    let calls = fake::FakeCalls::new();
    let first = fake::accepted(1, "13800138000", "Tell \"him\" \\ that\nit is late");
    calls.found(CallRecord::begin(&first).expect("a first event"));
    calls
});

fuzz_target!(|data: &[u8]| {
    let Some(request) = request::read(data) else {
        return;
    };
    let ours = request.uri().path().starts_with("/api/v1/callinfo/");
    let router = callout::router(CALLS.clone(), callout::Config::default());
    let reply = request::answer(router, request);
    CALLS.orders.lock().expect("no panic before").clear();
    CALLS.watched.lock().expect("no panic before").clear();
    assert_ne!(reply.status, 500, "{}", String::from_utf8_lossy(&reply.body));
    if !ours || reply.body.is_empty() {
        return;
    }
    assert!(!reply.body.contains(&0x5c), "a backslash");
    if reply.is_json {
        let read: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert!(read.is_object());
        let line_end = reply.body.iter().position(|b| *b == b'\n');
        assert_eq!(line_end, Some(reply.body.len() - 1), "one line");
    }
});
