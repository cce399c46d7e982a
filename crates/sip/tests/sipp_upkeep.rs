//! What is done for a trunk without calls, and how calls are kept alive: sipp as registrar and as
//! a callee with session timers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::time::Duration;

use crate::stage::{PATIENCE, Sipp, Stage, timers};
use domain::Masked;
use engine::ports::trunk::{LegOutcome, TrunkCommand, TrunkEvent};
use sip::{NumberFormat, Registered, SipConfig, TrunkConfig, TrunkHealth};
use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};

/// Waits until a trunk stands as wanted.
async fn stands(stage: &Stage, wanted: impl Fn(&TrunkHealth) -> bool) {
    let stood = async {
        while !wanted(&stage.trunks.health()[0]) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let stood = timeout(PATIENCE, stood).await;
    stood.unwrap_or_else(|_| panic!("{:?}", stage.trunks.health()));
}

fn registers(_: &mut SipConfig, trunk: &mut TrunkConfig) {
    trunk.username = Some("waihu".into());
    trunk.password = Some(Masked::new("open sesame".into()));
    trunk.upkeep.register = true;
}

#[tokio::test]
async fn sipp_as_registrar_sees_challenge_refresh_and_the_end() {
    let peer = Sipp::play("registrar", &[]).await;
    let stage = Stage::with(&peer.address(), registers).await;
    assert!(!stage.trunks.health()[0].usable, "not before it agreed");
    stands(&stage, |t| t.usable && t.registered == Registered::For(2)).await;
    stands(&stage, |t| t.registered == Registered::For(600)).await;
    stage.close().await;
    peer.passed().await;
}

#[tokio::test]
async fn a_registrar_that_says_nothing_is_asked_again_and_its_trunk_is_not_used() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = format!("sip:{}", socket.local_addr().unwrap());
    let stage = Stage::with(&address, |config, trunk| {
        registers(config, trunk);
        config.timers = timers(2);
    })
    .await;
    stands(&stage, |t| t.failures >= 3).await;
    let health = &stage.trunks.health()[0];
    assert!(!health.usable);
    assert_eq!(health.registered, Registered::No);
    stage.close().await;
}

#[tokio::test]
async fn a_quiet_trunk_is_asked_with_options() {
    let peer = Sipp::play("options", &[]).await;
    let stage = Stage::with(&peer.address(), |_, trunk| trunk.upkeep.options_s = 1).await;
    assert_eq!(stage.trunks.health()[0].answers, None);
    stands(&stage, |t| t.answers == Some(true) && t.usable).await;
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn a_trunk_that_falls_silent_is_down_until_it_answers_again() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = format!("sip:{}", socket.local_addr().unwrap());
    let stage = Stage::with(&address, |config, trunk| {
        config.timers = timers(2);
        trunk.upkeep.options_s = 1;
    })
    .await;
    stands(&stage, |t| !t.usable && t.failures >= 2).await;
    let problem = stage.trunks.health()[0].problem.clone();
    assert_eq!(problem.as_deref(), Some("no answer to OPTIONS"));
    let answering = tokio::spawn(async move {
        let mut buffer = [0; 4000];
        loop {
            let (n, from) = socket.recv_from(&mut buffer).await.unwrap();
            let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
            let head = text.split_once("\r\n").unwrap().1;
            let kept = ["Via", "From", "To", "Call-ID", "CSeq"];
            let lines = head.lines().filter(|l| kept.iter().any(|k| l.starts_with(k)));
            let lines: Vec<&str> = lines.collect();
            // Not found, but found alive.
            let answer =
                format!("SIP/2.0 404 No\r\n{}\r\nContent-Length: 0\r\n\r\n", lines.join("\r\n"));
            socket.send_to(answer.as_bytes(), from).await.unwrap();
        }
    });
    stands(&stage, |t| t.usable && t.problem.is_none()).await;
    answering.abort();
    stage.close().await;
}

#[tokio::test]
async fn a_session_is_kept_by_update_and_its_interval_raised() {
    let peer = Sipp::play("session_by_update", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.answered(call).await;
    // Refreshes after 1 s, at once with more, after 1.5 s; then no timer is left.
    sleep(Duration::from_secs(8)).await;
    stage.submit(call, TrunkCommand::Bye);
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn a_session_is_kept_by_reinvite_and_other_media_in_its_answer_is_told() {
    let peer = Sipp::play("session_by_reinvite", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.answered(call).await;
    let told = stage.ear.wait(call, |e| matches!(e, TrunkEvent::Reanswered { .. })).await;
    assert!(matches!(&told, TrunkEvent::Reanswered { answer } if answer.contains("42000")));
    stage.submit(call, TrunkCommand::Bye);
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn a_session_that_the_peer_forgets_is_ended() {
    let peer = Sipp::play("session_forgotten", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.answered(call).await;
    assert_eq!(stage.ended(call).await, LegOutcome::TimedOut);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn a_peer_that_refreshes_too_often_is_told_the_least() {
    let peer = Sipp::play("session_of_the_peer", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    assert_eq!(stage.story(call), ["sent", "answered", "PeerBye"]);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn a_reliable_183_is_acknowledged_and_its_description_answers() {
    let peer = Sipp::play("reliable_progress", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let answer = stage.answered(call).await.unwrap_or_default();
    assert!(answer.contains("m=audio 41000"), "{answer}");
    stage.submit(call, TrunkCommand::Bye);
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    assert_eq!(stage.story(call), ["sent", "183 with media", "answered", "OurBye"]);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn numbers_and_the_caller_are_written_as_the_trunk_wants() {
    let peer = Sipp::play("identity", &[]).await;
    let stage = Stage::with(&peer.address(), |_, trunk| {
        trunk.number_format = NumberFormat::E164;
        trunk.dial_prefix = "9".into();
        trunk.from_domain = Some("example.com".into());
        trunk.assert_caller = true;
    })
    .await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::Refused { code: 486 });
    peer.passed().await;
    stage.close().await;
}
