//! Whole calls through the API to a callee that is not ours: sipp answers, refuses, rings, asks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support::api::{PLEASE, outcome};
use crate::support::process::Server;
use crate::support::sipp::Sipp;
use serde_json::Value;

const NUMBER: &str = "13800138000";

/// What a customer and sipp saw of one call.
struct Seen {
    found: Value,
    stream: String,
    sipp: Result<(), String>,
}

/// One call to this peer over a trunk with this TOML.
async fn one_call(peer: &mut Sipp, trunk: &str) -> Seen {
    let data = tempfile::tempdir().unwrap();
    let settings = format!(
        "[calls]\nring_timeout_s = 10\n\n[[trunk]]\nname = \"peer\"\naddress = \"{}\"\n{trunk}\n",
        peer.address()
    );
    let server = Server::start(data.path(), &settings, &[]).await;
    let id = server.api.call(NUMBER, PLEASE).await.remove(0);
    let stream = server.api.stream(&id).await;
    // The end is there before the stream says so.
    let found = server.api.search(&id).await;
    let sipp = peer.passed().await;
    server.api.nothing_is_held().await;
    server.stop(data.path()).await;
    Seen { found, stream, sipp }
}

/// Checks what stands in the record of an unanswered call.
fn unanswered(seen: &Seen, want: [&str; 3], response: &str) {
    let found = &seen.found;
    assert_eq!(outcome(found), want, "{found}");
    assert_eq!(found["phones"], NUMBER);
    assert_eq!(found["user_requirement"], PLEASE);
    assert_eq!((&found["duration_seconds"], &found["billed"]), (&0.into(), &false.into()));
    assert_eq!(found["cost"].as_f64(), Some(0.0));
    assert_eq!(found["call_content"], Value::Array(Vec::new()));
    assert!(found["answered_at"].is_null() && found["ended_at"].is_string(), "{found}");
    assert_eq!(found["recording_ready"], false);
    let said = found["provider_response"].as_str().unwrap();
    assert!(said.contains(response), "{said}");
    assert_eq!(seen.sipp, Ok(()));
}

/// Checks a stream: keep-alives, events, one final word, nothing after it.
fn stream_ends_with(seen: &Seen, word: &str) {
    let last = format!("data: {{\"role\": \"system\", \"content\": \"{word}\"}}\n\n");
    assert!(seen.stream.ends_with(&last), "{}", seen.stream);
    for block in seen.stream.split_terminator("\n\n") {
        let known = block == ": keep-alive" || block.starts_with("data: {\"role\": \"");
        assert!(known && !block.contains('\n'), "{block:?}");
    }
    assert_eq!(seen.stream.matches("\"system\"").count(), 1, "{}", seen.stream);
}

fn answered_and_hung_up(seen: &Seen) {
    let found = &seen.found;
    let want = ["completed", "callee_hung_up", "unclear"];
    assert_eq!(outcome(found), want, "{found}");
    assert!(found["answered_at"].is_string() && found["ended_at"].is_string());
    let seconds = found["duration_seconds"].as_u64().unwrap();
    assert!((4..=6).contains(&seconds), "{seconds} s of a call of four");
    assert_eq!((found["cost"].as_f64(), &found["billed"]), (Some(0.3), &true.into()));
    let said = found["provider_response"].as_str().unwrap();
    assert!(said.contains("sip=200") && said.contains("hung_up_by=callee"), "{said}");
    // The opening was cut by the hang-up: what was heard of it, and nothing of the content.
    let lines = found["call_content"].as_array().unwrap();
    let roles: Vec<&Value> = lines.iter().map(|line| &line["role"]).collect();
    assert_eq!(roles, ["assistant"], "{found}");
    let heard = lines[0]["content"].as_str().unwrap();
    assert!(heard.starts_with("您好") && !heard.contains("项目会"), "{heard}");
    let event = format!("data: {{\"role\": \"assistant\", \"content\": \"{heard}\"}}\n\n");
    assert!(seen.stream.contains(&event), "{}", seen.stream);
    assert_eq!(seen.sipp, Ok(()));
    stream_ends_with(seen, "[DONE]");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_and_a_bye_of_the_peer() {
    let mut peer = Sipp::play("answer_and_hang_up", &[]).await;
    answered_and_hung_up(&one_call(&mut peer, "").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_callee() {
    let mut peer = Sipp::play("refuse", &[("code", "486")]).await;
    let seen = one_call(&mut peer, "").await;
    unanswered(&seen, ["busy", "busy", "not_reached"], "sip=486");
    stream_ends_with(&seen, "[DONE]");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_and_our_limit_cancels() {
    let mut peer = Sipp::play("ring_until_cancelled", &[]).await;
    let seen = one_call(&mut peer, "").await;
    unanswered(&seen, ["no_answer", "ring_timeout", "not_reached"], "hung_up_by=platform");
    stream_ends_with(&seen, "[TIMEOUT]");
    // Keep-alives told the waiting client all the time that it rings.
    let alive = seen.stream.matches(": keep-alive").count();
    assert!(alive >= 15, "{alive} keep-alives in ten seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_common_codec() {
    let mut peer = Sipp::play("foreign_codec", &[]).await;
    let seen = one_call(&mut peer, "").await;
    unanswered(&seen, ["failed", "trunk_failed", "not_reached"], "sip=");
    stream_ends_with(&seen, "[DONE]");
}

const KNOWN: &str = "username = \"waihu\"\npassword = \"open sesame\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_401_is_answered_with_a_digest_that_sipp_verifies() {
    let mut peer = Sipp::play("challenge", &[]).await;
    answered_and_hung_up(&one_call(&mut peer, KNOWN).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_fails_without_a_third_attempt() {
    let mut peer = Sipp::play("challenge", &[]).await;
    let wrong = KNOWN.replace("sesame", "barley");
    let seen = one_call(&mut peer, &wrong).await;
    unanswered(&seen, ["failed", "trunk_failed", "not_reached"], "sip=403");
    stream_ends_with(&seen, "[DONE]");
}

/// sipp verifies no `Proxy-Authorization`; `md5sum` does.
#[tokio::test(flavor = "multi_thread")]
async fn a_407_is_answered_with_the_right_digest() {
    let mut peer = Sipp::play("challenge_proxy", &[]).await;
    answered_and_hung_up(&one_call(&mut peer, KNOWN).await);
    let proof = peer.noted();
    let field = |name: &str| {
        let fields = proof.trim().trim_start_matches("Digest ").split(',');
        let mut fields = fields.filter_map(|f| f.trim().split_once('='));
        let found = fields.find(|(n, _)| *n == name);
        found.unwrap_or_else(|| panic!("no {name} in {proof}")).1.trim_matches('"').to_owned()
    };
    assert_eq!(field("username"), "waihu");
    let secret = md5(&format!("waihu:{}:open sesame", field("realm")));
    let request = md5(&format!("INVITE:{}", field("uri")));
    let [nonce, nc, cnonce, qop] = ["nonce", "nc", "cnonce", "qop"].map(field);
    let want = md5(&format!("{secret}:{nonce}:{nc}:{cnonce}:{qop}:{request}"));
    assert_eq!((field("response"), nonce.as_str()), (want, "6c1f5a90e2d94c1a"));
}

fn md5(text: &str) -> String {
    let script = "printf %s \"$0\" | md5sum";
    let output = std::process::Command::new("sh").args(["-c", script, text]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..32].to_owned()
}
