//! sipp as the callee: it refuses, challenges, or says nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::stage::{Sipp, Stage, timers};
use domain::Masked;
use engine::ports::trunk::LegOutcome;
use sip::{SipConfig, TrunkConfig};

async fn check_refusal(code: u16) {
    let peer = Sipp::play("refuse", &[("code", &code.to_string())]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::Refused { code });
    assert_eq!(stage.story(call).len(), 2);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn busy() {
    check_refusal(486).await;
}

#[tokio::test]
async fn declined() {
    check_refusal(603).await;
}

#[tokio::test]
async fn not_found() {
    check_refusal(404).await;
}

#[tokio::test]
async fn overloaded_is_not_tried_again() {
    check_refusal(503).await;
}

#[tokio::test]
async fn redirections_are_not_followed() {
    check_refusal(302).await;
}

#[tokio::test]
async fn a_408_of_the_peer_is_a_refusal() {
    check_refusal(408).await;
}

fn with_password(password: &'static str) -> impl Fn(&mut SipConfig, &mut TrunkConfig) {
    move |_, trunk| {
        trunk.username = Some("waihu".into());
        trunk.password = Some(Masked::new(password.into()));
    }
}

async fn check_challenge(scenario: &str, keys: &[(&str, &str)], want: &[&str]) {
    let peer = Sipp::play(scenario, keys).await;
    let stage = Stage::with(&peer.address(), with_password("open sesame")).await;
    let call = stage.dial();
    if want.contains(&"answered") {
        stage.answered(call).await;
        stage.submit(call, engine::ports::trunk::TrunkCommand::Bye);
    }
    stage.ended(call).await;
    assert_eq!(stage.story(call), want);
    peer.passed().await;
    stage.close().await;
}

const TALKED: [&str; 3] = ["sent", "answered", "OurBye"];

#[tokio::test]
async fn a_401_is_answered_with_a_digest_that_sipp_verifies() {
    check_challenge("verify", &[], &TALKED).await;
}

#[tokio::test]
async fn a_401_continues_the_attempt() {
    let keys = [("code", "401"), ("header", "WWW-Authenticate")];
    check_challenge("challenge_401", &keys, &TALKED).await;
}

#[tokio::test]
async fn a_407_continues_the_attempt() {
    let keys = [("code", "407"), ("header", "Proxy-Authenticate")];
    check_challenge("challenge_407", &keys, &TALKED).await;
}

#[tokio::test]
async fn proxy_and_callee_may_both_ask() {
    check_challenge("challenge_twice", &[], &TALKED).await;
}

#[tokio::test]
async fn a_wrong_password_is_a_refusal() {
    for (code, header) in [("401", "WWW-Authenticate"), ("407", "Proxy-Authenticate")] {
        let keys = [("code", code), ("header", header)];
        let end = format!("Refused {{ code: {code} }}");
        check_challenge("challenge_always", &keys, &["sent", &end]).await;
    }
}

#[tokio::test]
async fn a_challenge_without_a_password_is_a_refusal() {
    check_refusal(401).await;
}

#[tokio::test]
async fn a_silent_peer_times_out() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = format!("sip:{}", silent.local_addr().unwrap());
    let stage = Stage::with(&address, |config, _| config.timers = timers(10)).await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::TimedOut);
    assert_eq!(stage.story(call), ["sent", "TimedOut"]);
    stage.close().await;
}

#[tokio::test]
async fn what_cannot_be_sent_fails_at_once() {
    // Bound to loopback, nothing can be sent to another network.
    let stage = Stage::start("sip:192.0.2.1:5060").await;
    for (trunk, call) in
        [("unreachable address", stage.dial()), ("no such trunk", stage.dial_over("nowhere"))]
    {
        assert_eq!(stage.ended(call).await, LegOutcome::TransportFailed, "{trunk}");
        assert_eq!(stage.story(call), ["TransportFailed"], "{trunk}");
    }
    stage.close().await;
}

#[tokio::test]
async fn a_name_without_address_fails() {
    let stage = Stage::start("sip:trunk.invalid").await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::TransportFailed);
    stage.close().await;
}
