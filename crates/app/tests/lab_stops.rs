//! The simulated carrier is told to stop at the worst moment.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::time::Duration;

use crate::support::SOON;
use crate::support::process::Waihu;

/// It looks for new reports five times a second. Here it sleeps through such a moment, so that it
/// finds both at once, the moment and the signal: which of them it sees first is up to chance, so
/// that one lab would prove little.
#[tokio::test(flavor = "multi_thread")]
async fn a_lab_that_is_told_to_stop_stops() {
    for (n, signal) in ["INT", "TERM"].repeat(4).into_iter().enumerate() {
        let mut lab = Waihu::start(&["lab", "--sip", "127.0.0.1:0"]);
        lab.line("lab (simulated): ").await;
        lab.signal("STOP").await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        lab.signal(signal).await;
        lab.signal("CONT").await;
        let ended = lab.ended(SOON).await;
        assert_eq!(ended.code, 0, "{signal}, lab {n}: {}", ended.stderr);
    }
}
