//! sipp as the callee: it answers, and either side hangs up.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::stage::{Sipp, Stage};
use engine::ports::trunk::{LegOutcome, TrunkCommand, TrunkEvent};

/// One whole call that the peer answers and we end; returns what was told.
async fn answered_by(scenario: &str) -> Vec<String> {
    let peer = Sipp::play(scenario, &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let answer = stage.answered(call).await.unwrap();
    assert!(answer.contains("m=audio 41000"));
    stage.submit(call, TrunkCommand::Bye);
    stage.ended(call).await;
    let story = stage.story(call);
    peer.passed().await;
    stage.close().await;
    story
}

#[tokio::test]
async fn we_hang_up() {
    let story = answered_by("answer").await;
    assert_eq!(story, ["sent", "180", "answered", "OurBye"]);
}

#[tokio::test]
async fn the_peer_hangs_up() {
    let peer = Sipp::play("answer_and_hang_up", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    assert_eq!(stage.story(call), ["sent", "answered", "PeerBye"]);
    // Too late: the leg is gone, and nothing more is told.
    stage.submit(call, TrunkCommand::Bye);
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn early_media_is_told_with_its_description() {
    let story = answered_by("early_media").await;
    assert_eq!(story, ["sent", "183 with media", "answered", "OurBye"]);
}

#[tokio::test]
async fn an_answer_without_contact_is_acknowledged() {
    let story = answered_by("answer_without_contact").await;
    assert_eq!(story, ["sent", "answered", "OurBye"]);
}

#[tokio::test]
async fn the_session_interval_of_422_continues_the_attempt() {
    let story = answered_by("interval_too_small").await;
    assert_eq!(story, ["sent", "answered", "OurBye"]);
}

#[tokio::test]
async fn fifty_calls_at_once_leave_nothing_behind() {
    let peer = Sipp::answers(50).await;
    let stage = Stage::start(&peer.address()).await;
    let calls: Vec<_> = (0..50).map(|_| stage.dial()).collect();
    assert_eq!(stage.trunks.live_legs(), 50);
    for call in &calls {
        stage.answered(*call).await;
    }
    assert_eq!(stage.trunks.live_dialogs(), 50);
    for call in &calls {
        stage.submit(*call, TrunkCommand::Bye);
    }
    for call in &calls {
        assert_eq!(stage.ended(*call).await, LegOutcome::OurBye);
        assert_eq!(stage.story(*call), ["sent", "180", "answered", "OurBye"]);
    }
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn shutdown_hangs_up_and_cancels_and_tells_every_end() {
    let talking = Sipp::play("answer", &[]).await;
    let ringing = Sipp::play("ring_until_cancelled", &[]).await;
    let stage = Stage::start(&talking.address()).await;
    let other = sip::TrunkConfig::new("u", ringing.address().parse().unwrap());
    stage.trunks.add(other).unwrap();
    let (first, second) = (stage.dial(), stage.dial_over("u"));
    stage.answered(first).await;
    stage.progressed(second, 180).await;
    stage.trunks.shutdown().await;
    assert_eq!(stage.ear.of(first).last(), Some(&TrunkEvent::Ended(LegOutcome::OurBye)));
    assert_eq!(stage.ear.of(second).last(), Some(&TrunkEvent::Ended(LegOutcome::Canceled)));
    talking.passed().await;
    ringing.passed().await;
    let late = stage.dial();
    assert_eq!(stage.ended(late).await, LegOutcome::TransportFailed);
    assert_eq!(stage.trunks.live_legs(), 0);
}
