//! sipp as the callee: the answers that carriers give beside the common ones, and peers that let
//! us wait for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::stage;
use crate::stage::{OFFER, Sipp, Stage, timers};
use engine::ports::trunk::{LegOutcome, TrunkCommand};

/// Each of them is said once, told once, and followed by nothing: no second INVITE, neither to the
/// address that a 3xx names nor after the time that a `Retry-After` names.
#[tokio::test]
async fn every_refusal_is_the_end_of_the_attempt() {
    for code in [300, 301, 305, 380, 400, 403, 410, 480, 484, 488, 500, 502, 504, 600, 606] {
        let peer = Sipp::play("refuse", &[("code", &code.to_string())]).await;
        let stage = Stage::start(&peer.address()).await;
        let call = stage.dial();
        assert_eq!(stage.ended(call).await, LegOutcome::Refused { code });
        assert_eq!(stage.story(call), ["sent".to_owned(), format!("Refused {{ code: {code} }}")]);
        peer.passed().await;
        stage.close().await;
    }
}

#[tokio::test]
async fn a_busy_callee_after_early_media_is_busy() {
    let peer = Sipp::play("busy_after_early_media", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.ended(call).await;
    assert_eq!(stage.story(call), ["sent", "183 with media", "Refused { code: 486 }"]);
    peer.passed().await;
    stage.close().await;
}

/// What the answer lacks is the engine's to judge; it hangs up.
#[tokio::test]
async fn an_answer_without_description_is_told_as_it_is() {
    let peer = Sipp::play("answer_without_description", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    assert_eq!(stage.answered(call).await, None);
    stage.submit(call, TrunkCommand::Bye);
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn held_and_taken_back() {
    let peer = Sipp::play("hold_and_resume", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    for (n, (asked, answer)) in
        [("a=sendonly", "a=recvonly"), ("a=sendrecv", "a=sendrecv")].into_iter().enumerate()
    {
        let so_far = |heard: &[_]| heard.iter().filter(|e| stage::is_reoffer(e)).count() > n;
        stage.ear.wait_for(call, so_far).await;
        let heard = stage.ear.of(call);
        let offer = heard.into_iter().rfind(stage::is_reoffer).unwrap();
        assert!(format!("{offer:?}").contains(asked), "{offer:?}");
        let answer = format!("{OFFER}{answer}\r\n");
        stage.submit(call, TrunkCommand::AnswerReoffer(Some(answer)));
    }
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn update_with_a_description_is_a_reoffer() {
    let peer = Sipp::play("update_with_description", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    assert!(stage.reoffered(call).await.unwrap().contains("a=sendonly"));
    let answer = OFFER.replace("40000", "40002");
    stage.submit(call, TrunkCommand::AnswerReoffer(Some(answer)));
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    peer.passed().await;
    stage.close().await;
}

/// 405 for methods of SIP, 501 for words that are none (RFC 3261 sections 8.2.1 and 21.5.2).
#[tokio::test]
async fn methods_we_do_not_have_are_refused_and_the_call_goes_on() {
    let peer = Sipp::play("methods_we_do_not_have", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    assert_eq!(stage.story(call), ["sent", "answered", "PeerBye"]);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn a_cancel_that_is_answered_late_has_cancelled() {
    let peer = Sipp::play("cancel_answered_late", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.progressed(call, 180).await;
    stage.submit(call, TrunkCommand::Cancel);
    assert_eq!(stage.ended(call).await, LegOutcome::Canceled);
    assert_eq!(stage.story(call), ["sent", "180", "Canceled"]);
    peer.passed().await;
    stage.close().await;
}

/// A peer that stops answering holds no leg longer than 64 * T1.
#[tokio::test]
async fn a_peer_that_stops_answering_is_given_up() {
    for (scenario, want) in [
        ("ring_then_silent", ["sent", "180", "Canceled"]),
        ("answer_then_silent", ["sent", "answered", "OurBye"]),
    ] {
        let peer = Sipp::play(scenario, &[]).await;
        let stage = Stage::with(&peer.address(), |config, _| config.timers = timers(20)).await;
        let call = stage.dial();
        if want[1] == "180" {
            stage.progressed(call, 180).await;
            stage.submit(call, TrunkCommand::Cancel);
        } else {
            stage.answered(call).await;
            stage.submit(call, TrunkCommand::Bye);
        }
        stage.ended(call).await;
        assert_eq!(stage.story(call), want, "{scenario}");
        stage.close().await;
        peer.passed().await;
    }
}
