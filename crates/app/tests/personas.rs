//! Simulated callees, called through the API as a customer would: each call has to end as the
//! table of the lab says.
//!
//! The program under test and the lab's callees meet on real sockets; what the callees say is
//! understood by the embedded recognizer, which never heard their voices
//! (`docs/speech-accuracy.md`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod support;

use std::time::Duration;

use serde_json::Value;
use support::api::outcome;
use support::process::Waihu;

/// For 21 calls, seven at a time; the longest takes 45 s.
const AT_MOST: Duration = Duration::from_secs(280);

const DONE: [&str; 3] = ["completed", "task_done", "confirmed"];

/// The table of the lab, written a second time on purpose: the program has its own copy.
const TABLE: [(&str, [&str; 3]); 21] = [
    ("000 cooperative", DONE),
    ("001 wrong person", ["completed", "identity_not_confirmed", "denied"]),
    ("002 busy", ["busy", "busy", "not_reached"]),
    ("003 no answer", ["no_answer", "ring_timeout", "not_reached"]),
    ("004 voicemail", ["voicemail", "voicemail", "voicemail"]),
    ("005 interrupter", DONE),
    ("006 hangs up", ["completed", "callee_hung_up", "unclear"]),
    ("007 silent", ["completed", "silence", "unclear"]),
    ("008 opts out", ["completed", "opted_out", "refused"]),
    ("009 declines", ["declined", "declined", "not_reached"]),
    ("010 unobtainable", ["failed", "invalid_number", "not_reached"]),
    ("011 family member", ["completed", "identity_not_confirmed", "third_party"]),
    ("012 noisy line", DONE),
    ("013 backchannels", DONE),
    ("014 key presser", DONE),
    ("015 talks long", DONE),
    ("016 asks for a robot", DONE),
    ("017 ringback music", DONE),
    ("018 slow answer", DONE),
    ("019 sudden drop", ["completed", "connection_lost", "confirmed"]),
    ("020 call screening", DONE),
];

/// Seven calls at a time are enough for the machine.
static ONE_LANGUAGE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn check(language: &str) {
    let _turn = ONE_LANGUAGE_AT_A_TIME.lock().await;
    let temporary = tempfile::tempdir().unwrap();
    let mut command = support::process::command();
    command.env("TMPDIR", temporary.path()).args([
        "demo",
        "--persona",
        "all",
        "--seed",
        "1",
        "--json",
        "--lang",
        language,
    ]);
    let ended = Waihu::spawn(command).ended(AT_MOST).await;
    let report: Value = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("no report: {}{}", ended.stdout, ended.stderr));
    let calls = report["calls"].as_array().unwrap();
    assert_eq!(calls.len(), TABLE.len());
    let mut wrong = Vec::new();
    for ((persona, want), call) in TABLE.iter().zip(calls) {
        let record = &call["record"];
        assert_eq!(call["phone"], format!("13800138{}", &persona[..3]));
        assert_eq!(record["language"], language);
        check_money_and_recording(call);
        if outcome(record) != *want {
            let said = &record["call_content"];
            wrong.push(format!("{persona}: {:?} instead of {want:?}; {said}", outcome(record)));
        }
    }
    assert!(wrong.is_empty(), "{language}:\n{}", wrong.join("\n"));
    assert_eq!((ended.code, &report["ok"]), (0, &Value::Bool(true)));
}

/// Whoever answered pays and leaves a recording of two sides; nobody else does.
fn check_money_and_recording(call: &Value) {
    let record = &call["record"];
    let answered = record["answered_at"].is_string();
    assert_eq!(record["billed"], answered, "{record}");
    assert_eq!(record["recording_ready"], answered, "{record}");
    if answered {
        let recording = std::fs::read(call["recording"].as_str().unwrap()).unwrap();
        let (channels, seconds) = (recording[22], record["duration_seconds"].as_u64().unwrap());
        assert_eq!(channels, 2);
        let length = recording.len() as u64;
        assert!(length > seconds.saturating_sub(3) * 32_000, "{length} bytes of {seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_persona_in_chinese() {
    check("zh").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_persona_in_english() {
    check("en").await;
}
