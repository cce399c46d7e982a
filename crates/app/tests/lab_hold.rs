//! A callee of the lab puts us on hold by re-INVITE for three seconds and comes back with another
//! codec; the whole program calls it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support::api::{PLEASE_EN, outcome};
use crate::support::process::Server;
use crate::support::{SOON, until};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_that_holds_is_waited_for_and_heard_again_in_its_new_codec() {
    let data = tempfile::tempdir().unwrap();
    let reports = data.path().join("reports");
    std::fs::create_dir_all(&reports).unwrap();
    // Less than the hold lasts: a held call must not be taken for a dead one.
    let settings =
        format!("[calls]\nmedia_timeout_s = 2\n[lab]\nreports = \"{}\"\n", reports.display());
    let server = Server::start(data.path(), &settings, &[]).await;
    let id = server.api.call("13800138025", PLEASE_EN).await.remove(0);
    let found = server.api.ended(&id).await;
    let report: Value = until("the lab's report", SOON, async || {
        let text = std::fs::read_to_string(reports.join("calls.jsonl")).ok()?;
        serde_json::from_str(text.lines().next()?).ok()
    })
    .await;
    println!("{found:#}\n{report:#}");
    // What it was told is for the recognizer; that it was told something is for the line.
    assert_eq!(found["status"], "completed", "{found}");
    assert_ne!(outcome(&found)[1], "connection_lost", "{found}");
    assert_eq!(report["heard"]["codecs"], serde_json::json!(["PCMA", "PCMU"]), "{report}");
    let gaps = report["heard"]["gaps"].as_array().unwrap();
    let long = |gap: &Value| gap["length_ms"].as_u64().is_some_and(|ms| ms >= 2_000);
    assert_eq!(gaps.iter().filter(|g| long(g)).count(), 1, "{report}");
    server.stop(data.path()).await;
}
