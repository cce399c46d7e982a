//! sipp as the callee: we give up before it answers, or while it does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::stage::{Sipp, Stage, timers};
use engine::ports::trunk::{LegOutcome, TrunkCommand};

async fn check_cancel(scenario: &str, want: &[&str]) {
    let peer = Sipp::play(scenario, &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.progressed(call, 180).await;
    stage.submit(call, TrunkCommand::Cancel);
    stage.ended(call).await;
    assert_eq!(stage.story(call), want);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn a_ringing_phone_stops() {
    check_cancel("ring_until_cancelled", &["sent", "180", "Canceled"]).await;
}

#[tokio::test]
async fn an_answer_that_crosses_cancel_is_ended_and_not_told() {
    check_cancel("answer_crosses_cancel", &["sent", "180", "Canceled"]).await;
}

#[tokio::test]
async fn a_refusal_that_crosses_cancel_is_told() {
    let want = ["sent", "180", "Refused { code: 486 }"];
    check_cancel("busy_crosses_cancel", &want).await;
}

/// CANCEL may not leave before a first response (RFC 3261 section 9.1), and must then.
#[tokio::test]
async fn cancel_waits_for_the_first_response() {
    let peer = Sipp::play("trying_then_silent", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.ear.wait(call, |_| true).await;
    stage.submit(call, TrunkCommand::Cancel);
    assert_eq!(stage.ended(call).await, LegOutcome::Canceled);
    assert_eq!(stage.story(call), ["sent", "Canceled"]);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn a_silent_peer_is_given_up() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = format!("sip:{}", silent.local_addr().unwrap());
    let stage = Stage::with(&address, |config, _| config.timers = timers(10)).await;
    let call = stage.dial();
    stage.submit(call, TrunkCommand::Cancel);
    assert_eq!(stage.ended(call).await, LegOutcome::Canceled);
    stage.close().await;
}

#[tokio::test]
async fn endless_ringing_is_cancelled_and_timed_out() {
    let peer = Sipp::play("ring_until_cancelled", &[]).await;
    let stage = Stage::with(&peer.address(), |config, _| config.timers.answer_ms = 300).await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::TimedOut);
    peer.passed().await;
    stage.close().await;
}

/// More commands than a leg can hold end it; what it held on the wire is still put in order.
#[tokio::test]
async fn a_flood_of_commands_ends_the_leg() {
    let peer = Sipp::play("ring_until_cancelled", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.progressed(call, 180).await;
    // The test runs on one thread: the leg cannot take any of these in between.
    for _ in 0..40 {
        stage.submit(call, TrunkCommand::AnswerReoffer(None));
    }
    assert_eq!(stage.ended(call).await, LegOutcome::TransportFailed);
    peer.passed().await;
    stage.close().await;
}
