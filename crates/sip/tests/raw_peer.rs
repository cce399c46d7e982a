//! A peer made of a bare socket: forks, repeated answers, crossing requests, lost acknowledgements.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::stage;
use std::net::SocketAddr;

use crate::raw::nothing_is_kept;
use crate::stage::{OFFER, PATIENCE, Stage, timers};
use domain::CallId;
use engine::ports::trunk::{LegOutcome, TrunkCommand, TrunkEvent};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// One message, as it came.
#[derive(Clone, Debug)]
struct Message {
    text: String,
    from: SocketAddr,
}

impl Message {
    fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        let line = self.text.lines().find(|line| line.starts_with(&start));
        line.map_or("", |line| &line[start.len()..])
    }

    fn is(&self, start: &str) -> bool {
        self.text.starts_with(start)
    }
}

struct Peer {
    socket: UdpSocket,
}

impl Peer {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        Self { socket }
    }

    fn address(&self) -> String {
        format!("sip:{}", self.socket.local_addr().unwrap())
    }

    /// The next message that begins with `start`; others are skipped.
    async fn hear(&self, start: &str) -> Message {
        self.hear_where(start, |_| true).await
    }

    async fn hear_where(&self, start: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        let mut skipped = Vec::new();
        let mut buffer = [0; 8000];
        loop {
            let got = timeout(PATIENCE, self.socket.recv_from(&mut buffer)).await;
            let got = got.unwrap_or_else(|_| panic!("no {start}; only {skipped:?}"));
            let (n, from) = got.unwrap();
            let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
            let message = Message { text, from };
            if message.is(start) && wanted(&message) {
                return message;
            }
            skipped.push(message.text);
        }
    }

    async fn answer(&self, request: &Message, status: &str, tag: &str) {
        self.answer_with(request, status, tag, "").await;
    }

    /// The same with further header lines.
    async fn answer_with(&self, request: &Message, status: &str, tag: &str, headers: &str) {
        let body = if status.starts_with("200") && request.is("INVITE") { OFFER } else { "" };
        let mut to = request.header("To").to_owned();
        if !to.contains(";tag=") {
            to = format!("{to};tag={tag}");
        }
        let contact = self.socket.local_addr().unwrap();
        let text = format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             Contact: <sip:{tag}@{contact}>\r\nContent-Type: application/sdp\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            request.header("Via"),
            request.header("From"),
            request.header("Call-ID"),
            request.header("CSeq"),
            body.len(),
        );
        self.socket.send_to(text.as_bytes(), request.from).await.unwrap();
    }

    /// A request of ours in the dialog that `invite` opened.
    async fn ask(&self, invite: &Message, method: &str, n: u32, body: &str) {
        let contact = self.socket.local_addr().unwrap();
        let text = format!(
            "{method} sip:waihu@{to} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {contact};branch=z9hG4bKpeer{method}{n}\r\n\
             From: {};tag=one\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {n} {method}\r\n\
             Max-Forwards: 70\r\nContact: <sip:one@{contact}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            invite.header("To"),
            invite.header("From"),
            invite.header("Call-ID"),
            body.len(),
            to = invite.from,
        );
        self.socket.send_to(text.as_bytes(), invite.from).await.unwrap();
    }
}

#[tokio::test]
async fn a_second_branch_that_answers_is_ended_and_repeated_answers_are_acknowledged() {
    let peer = Peer::start().await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let invite = peer.hear("INVITE").await;
    peer.answer(&invite, "200 OK", "one").await;
    let ack = peer.hear("ACK").await;
    assert!(ack.header("To").contains("tag=one"));
    stage.answered(call).await;
    peer.answer(&invite, "200 OK", "one").await;
    peer.hear("ACK").await;
    peer.answer(&invite, "200 OK", "two").await;
    peer.hear_where("ACK", |m| m.header("To").contains("tag=two")).await;
    let bye = peer.hear("BYE sip:two@").await;
    assert!(bye.header("To").contains("tag=two"), "{bye:?}");
    peer.answer(&bye, "200 OK", "two").await;
    assert_eq!(stage.trunks.live_legs(), 1);
    stage.submit(call, TrunkCommand::Bye);
    let bye = peer.hear("BYE sip:one@").await;
    peer.answer(&bye, "200 OK", "one").await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    assert_eq!(stage.story(call), ["sent", "answered", "OurBye"]);
    stage.close().await;
}

/// A branch that answers when the leg is gone: it, and only it, is acknowledged at its own contact
/// and ended; its answer again gets another ACK and no other BYE; after 64 * T1 nothing is kept.
async fn a_late_branch_is_ended(peer: &Peer, stage: Stage, invite: &Message) {
    assert_eq!((stage.trunks.live_legs(), stage.trunks.live_dialogs()), (0, 0));
    for repeated in [false, true] {
        peer.answer(invite, "200 OK", "late").await;
        let (mut ack, mut bye) = (None, None);
        while ack.is_none() || (bye.is_none() && !repeated) {
            let message = peer.hear("").await;
            match message.text.split(' ').next() {
                Some("ACK") => ack = Some(message),
                Some("BYE") => bye = Some(message),
                _ => panic!("{message:?}"),
            }
        }
        let ack = ack.unwrap();
        // A request of its own (RFC 3261 section 13.2.2.4), not the ACK of a refusal.
        assert!(ack.is("ACK sip:late@") && ack.header("To").contains("tag=late"), "{ack:?}");
        assert_ne!(ack.header("Via"), invite.header("Via"));
        assert_eq!(ack.header("CSeq"), "1 ACK");
        if let Some(bye) = bye {
            assert!(!repeated, "ended twice: {bye:?}");
            assert!(bye.is("BYE sip:late@") && bye.header("To").contains("tag=late"), "{bye:?}");
            peer.answer(&bye, "200 OK", "late").await;
        }
    }
    nothing_is_kept(&stage).await;
    stage.close().await;
}

/// A peer that has our INVITE. T1 is long enough for a branch to be late in, and short enough to
/// see its end.
async fn dialled() -> (Peer, Stage, CallId, Message) {
    let peer = Peer::start().await;
    let stage = Stage::with(&peer.address(), |config, _| config.timers = timers(150)).await;
    let call = stage.dial();
    let invite = peer.hear("INVITE").await;
    (peer, stage, call, invite)
}

/// The same after the branch `one` has answered.
async fn talking() -> (Peer, Stage, CallId, Message) {
    let (peer, stage, call, invite) = dialled().await;
    peer.answer(&invite, "200 OK", "one").await;
    peer.hear("ACK").await;
    stage.answered(call).await;
    (peer, stage, call, invite)
}

#[tokio::test]
async fn a_branch_that_answers_after_we_hung_up_is_ended() {
    let (peer, stage, call, invite) = talking().await;
    stage.submit(call, TrunkCommand::Bye);
    let bye = peer.hear("BYE sip:one@").await;
    peer.answer(&bye, "200 OK", "one").await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    a_late_branch_is_ended(&peer, stage, &invite).await;
}

#[tokio::test]
async fn the_answer_of_an_ended_leg_is_acknowledged_again_and_not_ended_twice() {
    let (peer, stage, call, invite) = talking().await;
    stage.submit(call, TrunkCommand::Bye);
    let bye = peer.hear("BYE sip:one@").await;
    peer.answer(&bye, "200 OK", "one").await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    for _ in 0..20 {
        peer.answer(&invite, "200 OK", "one").await;
        let ack = peer.hear("").await;
        assert!(ack.is("ACK sip:one@") && ack.header("To").contains("tag=one"), "{ack:?}");
    }
    nothing_is_kept(&stage).await;
    stage.close().await;
}

#[tokio::test]
async fn a_branch_that_answers_after_the_first_one_hung_up_is_ended() {
    let (peer, stage, call, invite) = talking().await;
    peer.ask(&invite, "BYE", 1, "").await;
    peer.hear("SIP/2.0 200").await;
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    a_late_branch_is_ended(&peer, stage, &invite).await;
}

#[tokio::test]
async fn a_branch_that_answers_after_the_call_was_cancelled_is_ended() {
    let (peer, stage, call, invite) = dialled().await;
    peer.answer(&invite, "180 Ringing", "one").await;
    stage.progressed(call, 180).await;
    stage.submit(call, TrunkCommand::Cancel);
    let cancel = peer.hear("CANCEL").await;
    peer.answer(&cancel, "200 OK", "one").await;
    peer.answer(&invite, "487 Request Terminated", "one").await;
    let ack = peer.hear("ACK").await;
    assert_eq!(ack.header("Via"), invite.header("Via"));
    assert_eq!(stage.ended(call).await, LegOutcome::Canceled);
    // A refusal that comes again is still acknowledged as one.
    peer.answer(&invite, "487 Request Terminated", "one").await;
    let ack = peer.hear("ACK").await;
    assert_eq!(ack.header("Via"), invite.header("Via"));
    a_late_branch_is_ended(&peer, stage, &invite).await;
}

#[tokio::test]
async fn a_branch_that_answers_after_another_one_refused_is_ended() {
    let (peer, stage, call, invite) = dialled().await;
    peer.answer(&invite, "486 Busy Here", "one").await;
    peer.hear("ACK").await;
    assert_eq!(stage.ended(call).await, LegOutcome::Refused { code: 486 });
    a_late_branch_is_ended(&peer, stage, &invite).await;
}

#[tokio::test]
async fn a_branch_that_asks_for_a_password_is_told_it_once_and_ended() {
    let peer = Peer::start().await;
    let stage = Stage::with(&peer.address(), |config, trunk| {
        config.timers = timers(150);
        trunk.username = Some("waihu".into());
        trunk.password = Some(domain::Masked::new("open sesame".into()));
    })
    .await;
    let call = stage.dial();
    let invite = peer.hear("INVITE").await;
    peer.answer(&invite, "200 OK", "one").await;
    peer.answer(&invite, "200 OK", "two").await;
    let challenge = "WWW-Authenticate: Digest realm=\"branches\", nonce=\"n1\"\r\n";
    let bye = peer.hear("BYE sip:two@").await;
    assert_eq!(bye.header("Authorization"), "");
    peer.answer_with(&bye, "401 Unauthorized", "two", challenge).await;
    let again = peer.hear_where("BYE sip:two@", |m| !m.header("Authorization").is_empty()).await;
    assert!(again.header("Authorization").contains("nonce=\"n1\""), "{again:?}");
    assert!(again.header("CSeq") != bye.header("CSeq"), "{again:?}");
    peer.answer_with(&again, "401 Unauthorized", "two", challenge).await;
    stage.submit(call, TrunkCommand::Bye);
    let bye = peer.hear("BYE").await;
    assert!(bye.is("BYE sip:one@"), "a wrong password was told again: {bye:?}");
    peer.answer(&bye, "200 OK", "one").await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    nothing_is_kept(&stage).await;
    stage.close().await;
}

#[tokio::test]
async fn hanging_up_at_the_same_time_is_ours() {
    let peer = Peer::start().await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let invite = peer.hear("INVITE").await;
    peer.answer(&invite, "200 OK", "one").await;
    stage.answered(call).await;
    stage.submit(call, TrunkCommand::Bye);
    let bye = peer.hear("BYE").await;
    peer.ask(&invite, "BYE", 1, "").await;
    let answer = peer.hear("SIP/2.0 200").await;
    assert_eq!(answer.header("CSeq"), "1 BYE");
    peer.answer(&bye, "200 OK", "one").await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    stage.close().await;
}

#[tokio::test]
async fn a_second_reoffer_before_the_first_is_answered_waits() {
    let peer = Peer::start().await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let invite = peer.hear("INVITE").await;
    peer.answer(&invite, "200 OK", "one").await;
    stage.answered(call).await;
    peer.ask(&invite, "INVITE", 1, OFFER).await;
    stage.reoffered(call).await;
    peer.ask(&invite, "INVITE", 2, OFFER).await;
    let refused = peer.hear("SIP/2.0 500").await;
    assert_eq!(refused.header("CSeq"), "2 INVITE");
    assert!(!refused.header("Retry-After").is_empty());
    stage.submit(call, TrunkCommand::AnswerReoffer(Some(OFFER.into())));
    let accepted = peer.hear("SIP/2.0 200").await;
    assert_eq!(accepted.header("CSeq"), "1 INVITE");
    assert!(accepted.text.contains("m=audio 40000"));
    peer.ask(&invite, "ACK", 1, "").await;
    // UPDATE carries the same question without an ACK.
    peer.ask(&invite, "UPDATE", 3, OFFER).await;
    stage
        .ear
        .wait_for(call, |heard| heard.iter().filter(|e| stage::is_reoffer(e)).count() == 2)
        .await;
    stage.submit(call, TrunkCommand::AnswerReoffer(None));
    let refused = peer.hear("SIP/2.0 488").await;
    assert_eq!(refused.header("CSeq"), "3 UPDATE");
    peer.ask(&invite, "BYE", 4, "").await;
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    stage.close().await;
}

#[tokio::test]
async fn the_answer_in_the_ack_to_our_offer_is_told() {
    let peer = Peer::start().await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let invite = peer.hear("INVITE").await;
    peer.answer(&invite, "200 OK", "one").await;
    stage.answered(call).await;
    peer.ask(&invite, "INVITE", 1, "").await;
    assert_eq!(stage.reoffered(call).await, None);
    stage.submit(call, TrunkCommand::AnswerReoffer(Some(OFFER.into())));
    peer.hear("SIP/2.0 200").await;
    let other = OFFER.replace("audio 40000", "audio 45000");
    peer.ask(&invite, "ACK", 1, &other).await;
    let reanswered = |e: &TrunkEvent| matches!(e, TrunkEvent::Reanswered { .. });
    let told = stage.ear.wait(call, reanswered).await;
    assert_eq!(told, TrunkEvent::Reanswered { answer: other });
    peer.ask(&invite, "BYE", 2, "").await;
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    stage.close().await;
}

#[tokio::test]
async fn an_answer_to_a_reoffer_that_is_never_acknowledged_ends_the_call() {
    let peer = Peer::start().await;
    let stage = Stage::with(&peer.address(), |config, _| config.timers = timers(10)).await;
    let call = stage.dial();
    let invite = peer.hear("INVITE").await;
    peer.answer(&invite, "200 OK", "one").await;
    stage.answered(call).await;
    peer.ask(&invite, "INVITE", 1, OFFER).await;
    stage.reoffered(call).await;
    stage.submit(call, TrunkCommand::AnswerReoffer(Some(OFFER.into())));
    let bye = peer.hear("BYE").await;
    peer.answer(&bye, "200 OK", "one").await;
    assert_eq!(stage.ended(call).await, LegOutcome::TimedOut);
    stage.close().await;
}

#[tokio::test]
async fn a_bye_that_nobody_answers_still_ends_the_leg() {
    let peer = Peer::start().await;
    let stage = Stage::with(&peer.address(), |config, _| config.timers = timers(5)).await;
    let call = stage.dial();
    let invite = peer.hear("INVITE").await;
    peer.answer(&invite, "200 OK", "one").await;
    stage.answered(call).await;
    stage.submit(call, TrunkCommand::Bye);
    peer.hear("BYE").await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    stage.close().await;
}

/// What the stack keeps for repeated messages goes after 64 * T1.
#[tokio::test]
async fn nothing_is_kept_after_many_calls() {
    let peer = Peer::start().await;
    let stage = Stage::with(&peer.address(), |config, _| config.timers = timers(5)).await;
    for n in 0..20 {
        let call = stage.dial();
        let invite = peer.hear("INVITE").await;
        if n % 2 == 0 {
            peer.answer(&invite, "486 Busy Here", "one").await;
            peer.hear("ACK").await;
        } else {
            peer.answer(&invite, "200 OK", "one").await;
            peer.hear("ACK").await;
            peer.ask(&invite, "BYE", 1, "").await;
            peer.hear("SIP/2.0 200").await;
        }
        stage.ended(call).await;
    }
    nothing_is_kept(&stage).await;
    stage.close().await;
}

#[test]
fn a_runtime_that_is_dropped_still_tells_the_end() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (ear, call) = runtime.block_on(async {
        let peer = Peer::start().await;
        let stage = Stage::start(&peer.address()).await;
        let call = stage.dial();
        peer.hear("INVITE").await;
        (stage.ear.clone(), call)
    });
    runtime.shutdown_timeout(PATIENCE);
    let heard = ear.of(call);
    assert_eq!(
        heard.last(),
        Some(&engine::ports::trunk::TrunkEvent::Ended(LegOutcome::TransportFailed))
    );
}
