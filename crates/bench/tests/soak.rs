//! A short soak: calls of every way to end, and nothing left over.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::process::Command;

/// Two minutes of calls, two rounds of warming before them. T1 is shortened, so that ended SIP
/// transactions are forgotten after six seconds instead of half a minute.
#[test]
fn every_branch_ends_as_it_should_and_gives_everything_back() {
    let args = ["soak", "--seconds", "120", "--calls", "20", "--t1-ms", "100", "--json"];
    let mut run = Command::new("timeout");
    let out = run.args(["400", env!("CARGO_BIN_EXE_bench")]).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(report["run"]["calls"].as_u64().unwrap() >= 80, "{said}");
    assert_eq!(report["run"]["failed"], 0, "{said}");
    assert_eq!(report["before"], report["after"], "{said}");
}
