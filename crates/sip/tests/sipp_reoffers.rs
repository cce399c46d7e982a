//! sipp as the callee: what it asks during the call.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::stage::{OFFER, Sipp, Stage};
use engine::ports::trunk::TrunkCommand;

const STORY: [&str; 4] = ["sent", "answered", "reoffered", "PeerBye"];

/// A re-INVITE that is answered with `answer` (not at all if `None`), then the peer's BYE.
async fn check_reoffer(scenario: &str, offered: Option<&str>, answer: Option<Option<&str>>) {
    let peer = Sipp::play(scenario, &[]).await;
    let stage = Stage::with(&peer.address(), |config, _| config.timers.reoffer_ms = 300).await;
    let call = stage.dial();
    let offer = stage.reoffered(call).await;
    assert_eq!(offer.is_some(), offered.is_some());
    assert!(offer.unwrap_or_default().contains(offered.unwrap_or_default()));
    if let Some(answer) = answer {
        let answer = answer.map(|port| OFFER.replace("40000", port));
        stage.submit(call, TrunkCommand::AnswerReoffer(answer));
    }
    stage.ended(call).await;
    assert_eq!(stage.story(call), STORY);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn a_reoffer_is_answered() {
    check_reoffer("reoffer", Some("m=audio 42000"), Some(Some("40002"))).await;
}

#[tokio::test]
async fn a_reoffer_without_description_gets_our_offer() {
    check_reoffer("reoffer_without_description", None, Some(Some("40002"))).await;
}

#[tokio::test]
async fn a_refused_reoffer_gets_488_and_the_call_goes_on() {
    check_reoffer("reoffer_refused", Some("m=audio 41000"), Some(None)).await;
}

#[tokio::test]
async fn a_reoffer_that_nobody_answers_gets_500_and_the_call_goes_on() {
    check_reoffer("reoffer_refused", Some("m=audio 41000"), None).await;
}

#[tokio::test]
async fn bye_is_taken_while_a_reoffer_waits() {
    let peer = Sipp::play("hang_up_in_reoffer", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.ended(call).await;
    assert_eq!(stage.story(call), STORY);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn requests_inside_of_the_call_are_answered() {
    let peer = Sipp::play("asks_in_dialog", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    // Among the questions is a BYE with too low a number, which must not end the call.
    stage.ended(call).await;
    assert_eq!(stage.story(call), ["sent", "answered", "PeerBye"]);
    peer.passed().await;
    stage.close().await;
}

/// Our refresh of a session of 26 s is due after 13 s; until the two have met and parted again, it
/// takes up to 4 s more.
#[tokio::test]
async fn reinvites_that_cross_are_both_refused_and_both_come_again() {
    let peer = Sipp::play("glare", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let offer = stage.reoffered(call).await.unwrap_or_default();
    assert!(offer.contains("m=audio 42000"), "{offer}");
    let answer = OFFER.replace("40000", "40002");
    stage.submit(call, TrunkCommand::AnswerReoffer(Some(answer)));
    stage.ended(call).await;
    // The one that crossed ours was not told: it never came to anything.
    assert_eq!(stage.story(call), STORY);
    peer.passed().await;
    stage.close().await;
}
