//! What a peer asks within a call, and what it wants of our own requests there.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{CallId, Masked};
use engine::ports::trunk::{LegOutcome, TrunkCommand, TrunkEvent};
use sip::Registered;
use tokio::time::{sleep, timeout};

use crate::raw::{Message, Raw};
use crate::stage::{OFFER, PATIENCE, Stage, timers};

async fn dialled() -> (Raw, Stage, CallId, Message) {
    let peer = Raw::start().await;
    let stage = Stage::with(&peer.address(), |_, trunk| {
        trunk.username = Some("waihu".into());
        trunk.password = Some(Masked::new("open sesame".into()));
    })
    .await;
    let call = stage.dial();
    let invite = peer.hear("INVITE", |_| true).await;
    (peer, stage, call, invite)
}

async fn talking() -> (Raw, Stage, CallId, Message) {
    let (peer, stage, call, invite) = dialled().await;
    peer.pick_up(&invite, "one").await;
    stage.answered(call).await;
    (peer, stage, call, invite)
}

/// Asks within the call, and hears the answer.
async fn ask(
    peer: &Raw,
    invite: &Message,
    method: &str,
    n: u32,
    extra: &str,
    body: &str,
) -> Message {
    let request = invite.request(method, n, "one", peer.at(), body);
    let request = request.replace("Content-Type: application/sdp\r\n", extra);
    peer.send(request, invite.from).await;
    let number = format!("{n} {method}");
    let answers = |m: &Message| m.header("CSeq") == number && !m.is("SIP/2.0 100");
    peer.hear("SIP/2.0", answers).await
}

const SDP: &str = "Content-Type: application/sdp\r\n";

#[tokio::test]
async fn keys_by_info_are_told_and_bodies_nobody_knows_are_not_accepted() {
    let (peer, stage, call, invite) = talking().await;
    let relay = "Content-Type: application/dtmf-relay\r\n";
    let plain = "Content-Type: application/dtmf\r\n";
    let other = "Content-Type: application/media_control+xml\r\n";
    for (n, extra, body, want) in [
        (1, relay, "Signal=1\r\nDuration=160\r\n", "200"),
        (2, plain, "#", "200"),
        (3, other, "<x/>", "415"),
        (4, "", "", "200"),
    ] {
        let answer = ask(&peer, &invite, "INFO", n, extra, body).await;
        assert!(answer.is(&format!("SIP/2.0 {want}")), "{}", answer.text);
        let accept = answer.header("Accept");
        assert_eq!(accept.contains("application/dtmf-relay"), want == "415", "{}", answer.text);
    }
    // A repetition is answered again and told once.
    let again = ask(&peer, &invite, "INFO", 2, plain, "#").await;
    assert!(again.is("SIP/2.0 200"));
    ask(&peer, &invite, "BYE", 5, "", "").await;
    stage.ended(call).await;
    assert_eq!(stage.story(call), ["sent", "answered", "key 1", "key #", "PeerBye"]);
    stage.close().await;
}

#[tokio::test]
async fn an_extension_nobody_knows_is_named_and_a_bye_ends_all_the_same() {
    let (peer, stage, call, invite) = talking().await;
    let require = "Require: foo-ext, timer\r\nRequire: 100rel,bar\r\n";
    for (n, method) in [(1, "INVITE"), (2, "UPDATE"), (3, "INFO"), (4, "OPTIONS")] {
        let answer = ask(&peer, &invite, method, n, &format!("{require}{SDP}"), OFFER).await;
        assert!(answer.is("SIP/2.0 420"), "{method}: {}", answer.text);
        assert_eq!(answer.header("Unsupported"), "foo-ext, bar", "{method}");
    }
    let known = "Require: timer, 100REL\r\nSession-Expires: 1800;refresher=uac\r\n";
    let answer = ask(&peer, &invite, "UPDATE", 5, known, "").await;
    assert!(answer.is("SIP/2.0 200"), "{}", answer.text);
    let answer = ask(&peer, &invite, "BYE", 6, require, "").await;
    assert!(answer.is("SIP/2.0 200"), "{}", answer.text);
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    assert_eq!(stage.story(call), ["sent", "answered", "PeerBye"]);
    stage.close().await;
}

#[tokio::test]
async fn a_challenged_prack_comes_again_with_credentials_and_takes_nobodys_number() {
    let (peer, stage, call, invite) = dialled().await;
    let contact = peer.contact("one");
    let reliable = |n: u32| format!("Require: 100rel\r\nRSeq: {n}\r\n");
    let ringing = |n| invite.response("180 Ringing", "one", &contact, &reliable(n));
    peer.send(ringing(1), invite.from).await;
    let first = peer.hear("PRACK", |_| true).await;
    peer.send(ringing(2), invite.from).await;
    let second = peer.hear("PRACK", |m| m.header("RAck").starts_with("2 ")).await;
    let challenge = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n";
    let mut numbers = vec![1, number(&first), number(&second)];
    for prack in [&first, &second] {
        let refused = prack.response("407 Who", "", &contact, challenge);
        peer.send(refused, prack.from).await;
        let rack = prack.header("RAck").to_owned();
        let wanted = |m: &Message| {
            m.header("RAck") == rack && m.header("Proxy-Authorization").contains("nonce=\"n1\"")
        };
        let again = peer.hear("PRACK", wanted).await;
        numbers.push(number(&again));
        peer.send(again.response("200 OK", "", &contact, ""), again.from).await;
    }
    peer.pick_up(&invite, "one").await;
    stage.answered(call).await;
    stage.submit(call, TrunkCommand::Bye);
    let bye = peer.hear("BYE", |_| true).await;
    numbers.push(number(&bye));
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    peer.send(bye.response("200 OK", "", &contact, ""), bye.from).await;
    stage.ended(call).await;
    stage.close().await;
}

fn number(message: &Message) -> u32 {
    message.header("CSeq").split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_registration_of_no_time_is_none() {
    let peer = Raw::start().await;
    let stage = Stage::with(&peer.address(), |config, trunk| {
        config.timers = timers(2);
        trunk.username = Some("waihu".into());
        trunk.password = Some(Masked::new("open sesame".into()));
        trunk.upkeep.register = true;
    })
    .await;
    let granting = async {
        loop {
            let register = peer.hear("REGISTER", |_| true).await;
            let contact = register.header("Contact").split(';').next().unwrap().to_owned();
            let contact = contact.trim_matches(['<', '>']).to_owned();
            let granted = register.response("200 OK", "r", &contact, "Expires: 0\r\n");
            peer.send(granted, register.from).await;
        }
    };
    let refused = async {
        while stage.trunks.health()[0].failures < 2 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = granting => {}
        refused = timeout(PATIENCE, refused) => refused.unwrap(),
    }
    let health = &stage.trunks.health()[0];
    assert!(!health.usable && health.registered == Registered::No, "{health:?}");
    assert!(health.problem.as_ref().is_some_and(|p| p.contains("0 s")), "{health:?}");
    stage.close().await;
}

#[tokio::test]
async fn a_key_before_the_answer_is_told_as_well() {
    let (peer, stage, call, invite) = dialled().await;
    let ringing = invite.response("180 Ringing", "one", &peer.contact("one"), "");
    peer.send(ringing, invite.from).await;
    stage.progressed(call, 180).await;
    let body = "Signal=5\r\n";
    let kind = "Content-Type: application/dtmf-relay\r\n";
    let answer = ask(&peer, &invite, "INFO", 1, kind, body).await;
    assert!(answer.is("SIP/2.0 200"), "{}", answer.text);
    stage.ear.wait(call, |e| matches!(e, TrunkEvent::KeyPressed { key: '5' })).await;
    peer.send(invite.response("486 Busy Here", "one", &peer.contact("one"), ""), invite.from).await;
    stage.ended(call).await;
    stage.close().await;
}

/// A peer that rings and has described its media.
async fn ringing() -> (Raw, Stage, CallId, Message) {
    let (peer, stage, call, invite) = dialled().await;
    peer.send(progress(&peer, &invite, "one", OFFER), invite.from).await;
    stage.progressed(call, 183).await;
    (peer, stage, call, invite)
}

fn progress(peer: &Raw, invite: &Message, tag: &str, description: &str) -> String {
    let ringing = invite.response("183 Progress", tag, &peer.contact(tag), "");
    let length = format!("Content-Length: {}\r\n\r\n{description}", description.len());
    ringing.replace("Content-Length: 0\r\n\r\n", &length)
}

fn at_port(port: u16) -> String {
    OFFER.replace("audio 40000", &format!("audio {port}"))
}

/// The answer without a description.
fn picked_up(peer: &Raw, invite: &Message, tag: &str) -> String {
    let ok = invite.response("200 OK", tag, &peer.contact(tag), "");
    let (head, _) = ok.split_once("Content-Length").unwrap();
    format!("{head}Content-Length: 0\r\n\r\n")
}

#[tokio::test]
async fn an_update_before_the_answer_is_answered_and_counts_for_the_call() {
    let (peer, stage, call, invite) = ringing().await;
    let update = invite.request("UPDATE", 1, "one", peer.at(), &at_port(41_000));
    peer.send(update, invite.from).await;
    let engine = async {
        assert_eq!(stage.reoffered(call).await, Some(at_port(41_000)));
        // One at a time (RFC 3311 section 5.2).
        let second = ask(&peer, &invite, "UPDATE", 2, SDP, &at_port(42_000)).await;
        assert!(second.is("SIP/2.0 500") && !second.header("Retry-After").is_empty());
        stage.submit(call, TrunkCommand::AnswerReoffer(Some(at_port(20_000))));
    };
    engine.await;
    let answer = peer.hear("SIP/2.0 200", |m| m.header("CSeq") == "1 UPDATE").await;
    assert!(answer.text.contains("audio 20000"), "{}", answer.text);
    assert!(!answer.header("Contact").is_empty());
    // Without a description it only refreshes.
    let refreshed = ask(&peer, &invite, "UPDATE", 3, "", "").await;
    assert!(refreshed.is("SIP/2.0 200") && !refreshed.text.contains("m=audio"));
    let early = ask(&peer, &invite, "INVITE", 4, SDP, OFFER).await;
    assert!(early.is("SIP/2.0 491"), "{}", early.text);
    peer.send(invite.request("ACK", 4, "one", peer.at(), ""), invite.from).await;
    // What the 200 repeats of the first answer is in force no more.
    peer.pick_up(&invite, "one").await;
    assert_eq!(stage.answered(call).await, None);
    // Numbers go on.
    let old = ask(&peer, &invite, "OPTIONS", 3, "", "").await;
    assert!(old.is("SIP/2.0 500"), "{}", old.text);
    ask(&peer, &invite, "BYE", 5, "", "").await;
    stage.ended(call).await;
    stage.close().await;
}

#[tokio::test]
async fn an_update_that_is_not_wanted_is_refused_and_the_call_goes_on() {
    let (peer, stage, call, invite) = dialled().await;
    let unknown = ask(&peer, &invite, "UPDATE", 1, SDP, OFFER).await;
    assert!(unknown.is("SIP/2.0 481"), "no dialog yet: {}", unknown.text);
    let rings = invite.response("180 Ringing", "one", &peer.contact("one"), "");
    peer.send(rings, invite.from).await;
    stage.progressed(call, 180).await;
    let too_soon = ask(&peer, &invite, "UPDATE", 2, SDP, OFFER).await;
    assert!(too_soon.is("SIP/2.0 491"), "our offer is not answered: {}", too_soon.text);
    peer.send(progress(&peer, &invite, "one", OFFER), invite.from).await;
    stage.progressed(call, 183).await;
    let asking = ask(&peer, &invite, "UPDATE", 3, SDP, "v=0\r\n");
    let engine = async {
        stage.reoffered(call).await;
        stage.submit(call, TrunkCommand::AnswerReoffer(None));
    };
    let (refused, ()) = tokio::join!(asking, engine);
    assert!(refused.is("SIP/2.0 488"), "{}", refused.text);
    peer.send(picked_up(&peer, &invite, "one"), invite.from).await;
    stage.answered(call).await;
    ask(&peer, &invite, "BYE", 4, "", "").await;
    stage.ended(call).await;
    stage.close().await;
}

#[tokio::test]
async fn of_several_branches_the_one_that_answers_counts() {
    // Each case: who describes last before branch one answers, and what is told of its media.
    for (other, told) in [(false, None), (true, Some(at_port(41_000)))] {
        let (peer, stage, call, invite) = ringing().await;
        let offer = at_port(41_000);
        let asking = ask(&peer, &invite, "UPDATE", 1, SDP, &offer);
        let engine = async {
            stage.reoffered(call).await;
            stage.submit(call, TrunkCommand::AnswerReoffer(Some(OFFER.into())));
        };
        let (answer, ()) = tokio::join!(asking, engine);
        assert!(answer.is("SIP/2.0 200"), "{}", answer.text);
        if other {
            peer.send(progress(&peer, &invite, "two", &at_port(43_000)), invite.from).await;
            let second = |e: &TrunkEvent| match e {
                TrunkEvent::Progressed { answer: Some(a), .. } => a.contains("43000"),
                _ => false,
            };
            stage.ear.wait(call, second).await;
        }
        peer.send(picked_up(&peer, &invite, "one"), invite.from).await;
        peer.hear("ACK", |_| true).await;
        assert_eq!(stage.answered(call).await, told);
        ask(&peer, &invite, "BYE", 2, "", "").await;
        stage.ended(call).await;
        stage.close().await;
    }
}

#[tokio::test]
async fn an_update_that_waits_when_the_call_is_refused_is_answered() {
    let (peer, stage, call, invite) = ringing().await;
    let offer = at_port(41_000);
    let asking = ask(&peer, &invite, "UPDATE", 1, SDP, &offer);
    let engine = async {
        stage.reoffered(call).await;
        let busy = invite.response("486 Busy Here", "one", &peer.contact("one"), "");
        peer.send(busy, invite.from).await;
        assert_eq!(stage.ended(call).await, LegOutcome::Refused { code: 486 });
    };
    let (answer, ()) = tokio::join!(asking, engine);
    assert!(answer.is("SIP/2.0 487"), "{}", answer.text);
    stage.close().await;
}

#[tokio::test]
async fn a_host_name_for_media_is_looked_up() {
    let (peer, stage, call, invite) = dialled().await;
    let named = |text: &str| text.replace("c=IN IP4 127.0.0.1", "c=IN IP4 localhost");
    let answer = named(&invite.response("200 OK", "one", &peer.contact("one"), ""));
    let answer = answer.replace("Content-Length", "X-Length");
    peer.send(answer, invite.from).await;
    assert_eq!(stage.answered(call).await.as_deref(), Some(OFFER));
    peer.hear("ACK", |_| true).await;
    let offer = named(&at_port(41_000));
    let asking = ask(&peer, &invite, "UPDATE", 1, SDP, &offer);
    let engine = async {
        assert_eq!(stage.reoffered(call).await, Some(at_port(41_000)));
        stage.submit(call, TrunkCommand::AnswerReoffer(None));
    };
    tokio::join!(asking, engine);
    ask(&peer, &invite, "BYE", 2, "", "").await;
    stage.ended(call).await;
    stage.close().await;
}

/// What is logged, in the order of its lines.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_bye_that_goes_wrong_is_in_the_log() {
    for (refused, want) in [(true, "request refused"), (false, "request not answered")] {
        let page = Page::default();
        let writer = page.clone();
        let log = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        // All of it runs on this thread.
        let _kept = tracing::subscriber::set_default(log);
        let peer = Raw::start().await;
        let stage = Stage::with(&peer.address(), |config, _| config.timers = timers(5)).await;
        let call = stage.dial();
        let invite = peer.hear("INVITE", |_| true).await;
        peer.pick_up(&invite, "one").await;
        stage.answered(call).await;
        stage.submit(call, TrunkCommand::Bye);
        let bye = peer.hear("BYE", |_| true).await;
        if refused {
            peer.send(bye.response("500 Broken", "", &peer.contact("one"), ""), bye.from).await;
        }
        assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
        stage.close().await;
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let told = |line: &str| line.contains(want) && line.contains("BYE");
        assert!(text.lines().any(told), "{want} in {text}");
    }
}
