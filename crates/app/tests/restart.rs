//! The power fails in mid-call: what had been dialled is not dialled again, what waited goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support;
use std::collections::HashMap;

use crate::support::api::{Api, PLEASE, outcome};
use crate::support::process::{ExternalLab, Server};
use crate::support::until;

/// Picks up and says nothing: its call lasts longer than this test looks at it.
const TALKING: &str = "13800138007";
/// Rings for ever.
const RINGING: &str = "13800138003";
/// Hangs up in the middle of the first sentence; busy; refuses.
const QUEUED: [(&str, [&str; 3]); 3] = [
    ("13800138006", ["completed", "callee_hung_up", "unclear"]),
    ("13800138002", ["busy", "busy", "not_reached"]),
    ("13800138009", ["declined", "declined", "not_reached"]),
];

const SETTINGS: &str = "[calls]\nmax_concurrent = 2\n";

/// One call each; their ids by number.
async fn place(api: &Api) -> HashMap<&'static str, String> {
    let numbers = [TALKING, RINGING].into_iter().chain(QUEUED.iter().map(|q| q.0));
    let numbers: Vec<&str> = numbers.collect();
    let ids = api.call(&numbers.join(","), PLEASE).await;
    numbers.into_iter().zip(ids).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_its_live_calls_and_dials_nobody_twice() {
    let lab = ExternalLab::start().await;
    let data = tempfile::tempdir().unwrap();
    let trunk = ["--trunk", lab.address.as_str()];
    let first = Server::start(data.path(), SETTINGS, &trunk).await;
    let ids = place(&first.api).await;
    first.api.reaches(&ids[TALKING], "in_progress").await;
    first.api.reaches(&ids[RINGING], "ringing").await;
    for (number, _) in QUEUED {
        assert_eq!(first.api.search(&ids[number]).await["status"], "queued");
    }
    let held = first.api.get("/api/v1/callinfo/balance").await.json()["data"]["held"].clone();
    assert_eq!(held.as_f64(), Some(7.5), "five calls of five minutes");
    first.waihu.kill().await;

    let mut second = Server::start(data.path(), SETTINGS, &trunk).await;
    let told = second.waihu.line("recovered: ").await;
    assert_eq!(told, "3 queued again, 2 ended as node_lost");
    until("it is ready", support::SOON, async || {
        (second.api.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    for (number, identity) in [(TALKING, "unclear"), (RINGING, "not_reached")] {
        let found = second.api.search(&ids[number]).await;
        assert_eq!(outcome(&found), ["failed", "node_lost", identity], "{found}");
        assert_eq!(found["cost"].as_f64(), Some(0.0), "{found}");
        assert_eq!(found["billed"], false);
        assert_eq!(found["answered_at"].is_string(), number == TALKING, "{found}");
    }
    for (number, want) in QUEUED {
        let found = second.api.ended(&ids[number]).await;
        assert_eq!(outcome(&found), want, "{found}");
    }
    second.api.nothing_is_held().await;
    second.stop(data.path()).await;

    // The callee's end has the last word on who was dialled how often.
    let mut dialled: Vec<String> = Vec::new();
    for report in lab.reports().await {
        dialled.push(report["number"].as_str().unwrap().to_owned());
    }
    dialled.sort();
    let mut want: Vec<String> = ids.keys().map(|n| format!("138****{}", &n[7..])).collect();
    want.sort();
    assert_eq!(dialled, want);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_outlives_the_server_that_gave_it() {
    let lab = ExternalLab::start().await;
    let data = tempfile::tempdir().unwrap();
    let trunk = ["--trunk", lab.address.as_str()];
    let first = Server::start(data.path(), SETTINGS, &trunk).await;
    // Killed as soon as the reply is there, wherever the calls are by then.
    let ids = place(&first.api).await;
    first.waihu.kill().await;

    let second = Server::start(data.path(), SETTINGS, &trunk).await;
    for id in ids.values() {
        let found = second.api.ended(id).await;
        let lost = found["end_reason"] == "node_lost";
        assert_eq!(lost, found["status"] == "failed", "{found}");
        assert!(!lost || found["cost"].as_f64() == Some(0.0), "{found}");
    }
    second.api.nothing_is_held().await;
    second.stop(data.path()).await;
    let mut dialled = HashMap::<String, u32>::new();
    for report in lab.reports().await {
        *dialled.entry(report["number"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(dialled.len() >= 3 && dialled.values().all(|n| *n == 1), "{dialled:?}");
}
