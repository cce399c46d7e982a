//! The command line's reader of event streams: the same lines, wherever the network cuts.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

#[path = "../../crates/app/src/cli/sse.rs"]
mod sse;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [cut, body @ ..] = data else {
        return;
    };
    let whole = sse::DataLines::default().take(body).expect("short");
    let (mut lines, mut pieces) = (sse::DataLines::default(), Vec::new());
    for piece in body.chunks(usize::from(*cut).max(1)) {
        pieces.extend(lines.take(piece).expect("short"));
    }
    assert_eq!(pieces, whole);
    assert!(whole.iter().all(|line| line.len() >= sse::value(line).len()));
});
