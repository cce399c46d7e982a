//! Requests to the `/v1` API, with queries, ranges and event numbers: always a whole reply.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

mod request;

use std::sync::{Arc, LazyLock};

use domain::CallRecord;
use libfuzzer_sys::fuzz_target;
use testkit::desk::fake;

static CALLS: LazyLock<Arc<fake::FakeCalls>> = LazyLock::new(|| {
    let calls = fake::FakeCalls::new();
    for n in 1..=3 {
        let first = fake::accepted(n, "13800138000", "Tell \"him\" \\ that\nit is late");
        calls.found(CallRecord::begin(&first).expect("a first event"));
    }
    *calls.recording.lock().expect("no panic before") = Ok(vec![7; 1_000]);
    calls
});

fuzz_target!(|data: &[u8]| {
    let Some(request) = request::read(data) else {
        return;
    };
    let router = console::router(CALLS.clone(), console::Config::default());
    let reply = request::answer(router, request);
    for filter in CALLS.asked.lock().expect("no panic before").drain(..) {
        assert!((1..=1_000).contains(&filter.limit), "{filter:?}");
    }
    CALLS.watched.lock().expect("no panic before").clear();
    assert_ne!(reply.status, 500, "{}", String::from_utf8_lossy(&reply.body));
    if reply.is_json {
        serde_json::from_slice::<serde_json::Value>(&reply.body).expect("JSON");
    }
});
