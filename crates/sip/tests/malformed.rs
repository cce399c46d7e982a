//! A peer that says anything: what is cut, too long, repeated, contradictory or no text at all
//! harms no call but its own, brings nothing down, and is not kept.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod broken;
mod raw;
mod stage;

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use broken::{VALUES, broken, replaced};
use domain::{CallId, Masked};
use engine::ports::trunk::TrunkCommand;
use raw::{Chance, Message, Raw, nothing_is_kept, panics, resident_kib, watch_for_panics};
use stage::{Stage, timers};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// What all the broken messages of one test may have cost for good, in KiB. The allocator keeps
/// some of what it had at the busiest moment.
const MOST_MEMORY: u64 = 48 * 1_024;

/// A call that must not notice anything, and the peer that says the broken things.
struct Scene {
    peer: Raw,
    stage: Stage,
    bystander: CallId,
    invite: Message,
    known: Mutex<HashSet<String>>,
    asked: u32,
    memory: u64,
}

impl Scene {
    async fn start() -> Self {
        watch_for_panics();
        let peer = Raw::start().await;
        let stage = Stage::with(&peer.address(), |config, trunk| {
            config.timers = timers(20);
            trunk.username = Some("waihu".into());
            trunk.password = Some(Masked::new("open sesame".into()));
        })
        .await;
        let bystander = stage.dial();
        let invite = peer.hear("INVITE", |_| true).await;
        peer.pick_up(&invite, "calm").await;
        stage.answered(bystander).await;
        let known = Mutex::new(HashSet::from([invite.call_id().to_owned()]));
        Self { peer, stage, bystander, invite, known, asked: 10, memory: resident_kib() }
    }

    /// One more call; its INVITE as the peer got it.
    async fn victim(&self) -> (CallId, Message) {
        let call = self.stage.dial();
        // INVITEs of earlier victims, repeated before they ended, may still be in the socket.
        let fresh = |m: &Message| !self.known.lock().unwrap().contains(m.call_id());
        let invite = self.peer.hear("INVITE", fresh).await;
        self.known.lock().unwrap().insert(invite.call_id().to_owned());
        (call, invite)
    }

    /// A call for its INVITE alone.
    async fn victim_over(&self) -> (CallId, Message) {
        let (call, invite) = self.victim().await;
        self.over(call, &invite).await;
        (call, invite)
    }

    async fn bystander_lives(&mut self) {
        self.asked += 1;
        self.peer.check_alive(&self.invite, "calm", self.asked).await;
    }

    /// Ends one call whatever state its peer's nonsense left it in: exactly once.
    async fn over(&self, call: CallId, invite: &Message) {
        self.give_up(call, invite).await;
        self.stage.ended(call).await;
    }

    async fn give_up(&self, call: CallId, invite: &Message) {
        let busy = invite.response("486 Busy Here", "x", &self.peer.contact("x"), "");
        self.peer.send(&busy, invite.from).await;
        self.stage.submit(call, TrunkCommand::Cancel);
    }

    async fn close(mut self) {
        self.bystander_lives().await;
        let bye = self.invite.request("BYE", 9_999, "calm", self.peer.at(), "");
        self.peer.send(&bye, self.invite.from).await;
        self.stage.ended(self.bystander).await;
        assert_eq!(self.stage.story(self.bystander), ["sent", "answered", "PeerBye"]);
        nothing_is_kept(&self.stage).await;
        let grown = resident_kib().saturating_sub(self.memory);
        assert!(grown < MOST_MEMORY, "{grown} KiB more than before");
        assert_eq!(panics(), 0);
        self.stage.close().await;
    }
}

#[tokio::test]
async fn broken_answers_to_an_invite_harm_no_other_call() {
    let mut scene = Scene::start().await;
    for status in ["180 Ringing", "200 OK", "401 Unauthorized", "422 Interval"] {
        let (_, sample) = scene.victim_over().await;
        let count = broken(&sample.response(status, "x", &scene.peer.contact("x"), "")).len();
        // Many to each call, so that they also meet each other; none more than eighty times.
        for first in (0..count).step_by(80) {
            let (call, invite) = scene.victim().await;
            let good = invite.response(status, "x", &scene.peer.contact("x"), "");
            for bytes in broken(&good).into_iter().skip(first).take(80) {
                scene.peer.send(&bytes, invite.from).await;
            }
            scene.bystander_lives().await;
            scene.over(call, &invite).await;
        }
    }
    scene.close().await;
}

/// Alone, each of them: what one does must not hide behind the one before.
#[tokio::test]
async fn a_broken_answer_by_itself_ends_its_call_once() {
    let mut scene = Scene::start().await;
    let codes = ["99", "0", "-1", "700", "999", "1000", "65535", "65536", "2OO", "", "200 ", "20"];
    let status = codes.iter().map(|code| ("", format!("{code} Odd")));
    let header = VALUES
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (*name, (*value).to_owned())));
    let mut victims = Vec::new();
    for (name, value) in status.chain(header) {
        let (call, invite) = scene.victim().await;
        let good = invite.response("200 OK", "x", &scene.peer.contact("x"), "");
        let text = match name {
            "" => good.replacen("200 OK", &value, 1),
            name => replaced(&good, name, &value),
        };
        scene.peer.send(text, invite.from).await;
        scene.bystander_lives().await;
        scene.give_up(call, &invite).await;
        victims.push(call);
    }
    for call in victims {
        scene.stage.ended(call).await;
    }
    scene.close().await;
}

/// An answer that is repeated, or contradicts the one before.
#[tokio::test]
async fn repeated_and_contradictory_answers_leave_one_end() {
    let mut scene = Scene::start().await;
    let stories: [&[&str]; 7] = [
        &["180 Ringing"; 200],
        &["486 Busy Here"; 100],
        &["200 OK"; 100],
        &["486 Busy Here", "200 OK", "180 Ringing", "603 Decline"],
        &["200 OK", "486 Busy Here", "100 Trying", "500 No", "200 OK"],
        &["401 Unauthorized"; 30],
        &["183 Session Progress", "100 Trying", "181 Forwarded", "199 Early", "487 Gone"],
    ];
    for story in stories {
        let (call, invite) = scene.victim().await;
        for (n, status) in story.iter().enumerate() {
            // Each from a branch of its own: more branches than anybody has.
            let tag = format!("b{n}");
            let text = invite.response(status, &tag, &scene.peer.contact(&tag), "");
            scene.peer.send(&text, invite.from).await;
        }
        scene.bystander_lives().await;
        scene.over(call, &invite).await;
    }
    scene.close().await;
}

/// With wrong branch, Call-ID or tags an answer belongs to no call, or to none that it could end.
#[tokio::test]
async fn an_answer_with_the_wrong_branch_is_no_answer() {
    let scene = Scene::start().await;
    let (call, invite) = scene.victim().await;
    let good = invite.response("200 OK", "x", &scene.peer.contact("x"), "");
    let wrong = good.replacen("branch=z9hG4bK", "branch=z9hG4bKnot", 1);
    assert_ne!(wrong, good);
    for _ in 0..10 {
        scene.peer.send(&wrong, invite.from).await;
    }
    let ringing = invite.response("180 Ringing", "x", &scene.peer.contact("x"), "");
    scene.peer.send(&ringing, invite.from).await;
    scene.stage.progressed(call, 180).await;
    scene.over(call, &invite).await;
    let story = scene.stage.story(call);
    assert!(!story.contains(&"answered".to_owned()), "{story:?}");
    scene.close().await;
}

#[tokio::test]
async fn broken_requests_harm_no_other_call() {
    let mut scene = Scene::start().await;
    for method in ["BYE", "INVITE", "UPDATE", "INFO", "OPTIONS", "CANCEL", "ACK", "FROB"] {
        let (call, invite) = scene.victim().await;
        scene.peer.pick_up(&invite, "x").await;
        let good = invite.request(method, 1, "x", scene.peer.at(), stage::OFFER);
        for bytes in broken(&good) {
            scene.peer.send(&bytes, invite.from).await;
            if scene.stage.ear.of(call).len() % 7 == 3 {
                scene.stage.submit(call, TrunkCommand::AnswerReoffer(None));
            }
        }
        scene.bystander_lives().await;
        scene.over(call, &invite).await;
    }
    scene.close().await;
}

/// Whoever knows a Call-ID but not its tags gets 481, and the call goes on.
#[tokio::test]
async fn requests_with_wrong_tags_end_nothing() {
    let mut scene = Scene::start().await;
    let stranger = Raw { socket: UdpSocket::bind("127.0.0.2:0").await.unwrap() };
    let good = scene.invite.request("BYE", 7, "calm", stranger.at(), "");
    let to = scene.invite.header("From").to_owned();
    let bare = to.split(";tag=").next().unwrap().to_owned();
    for (n, text) in [
        replaced(&good, "To", &format!("{bare};tag=guessed")),
        replaced(&good, "To", &bare),
        replaced(&good, "From", "<sip:x@y>;tag=guessed"),
        replaced(&replaced(&good, "From", &to), "To", &bare),
    ]
    .into_iter()
    .enumerate()
    {
        // A branch of its own: an equal one would be the same transaction.
        let text = text.replacen("branch=z9hG4bK", &format!("branch=z9hG4bKs{n}"), 1);
        stranger.send(&text, scene.invite.from).await;
        let answer =
            stranger.hear("SIP/2.0", |m| m.header("Via").contains(&format!("bKs{n}"))).await;
        assert!(answer.is("SIP/2.0 481"), "{n}: {}", answer.text);
        scene.bystander_lives().await;
    }
    // Without a tag in From it is no request of RFC 3261, and not answered at all.
    stranger.send(replaced(&good, "From", "<sip:x@y>"), scene.invite.from).await;
    scene.bystander_lives().await;
    scene.close().await;
}

/// Anything at all, from the peer and from a stranger, made of good messages and a seed.
#[tokio::test]
async fn thousands_of_random_changes_harm_no_other_call() {
    let mut scene = Scene::start().await;
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let mut chance = Chance(0x005e_ed05_1b00);
    for _ in 0..12 {
        let (call, invite) = scene.victim().await;
        let contact = scene.peer.contact("x");
        let mut good: Vec<String> = ["180 Ringing", "200 OK", "401 No", "503 Full"]
            .map(|status| invite.response(status, "x", &contact, ""))
            .into();
        good.extend(
            ["BYE", "INVITE", "OPTIONS", "CANCEL", "FROB"]
                .map(|method| invite.request(method, 1, "x", scene.peer.at(), stage::OFFER)),
        );
        for _ in 0..250 {
            let bytes = changed(good[chance.below(good.len())].as_bytes(), &mut chance);
            if chance.percent(50) {
                scene.peer.send(&bytes, invite.from).await;
            } else {
                let _ = stranger.send_to(&bytes, invite.from).await;
            }
        }
        scene.bystander_lives().await;
        scene.over(call, &invite).await;
    }
    scene.close().await;
}

/// Up to eight changes: bytes replaced, stretches cut out, doubled, moved to another place.
fn changed(good: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..=chance.below(8) {
        let at = chance.below(bytes.len().max(1));
        let end = (at + 1 + chance.below(40)).min(bytes.len());
        match chance.below(5) {
            _ if bytes.is_empty() => {}
            0 => bytes[at] = chance.draw() as u8,
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].repeat(1 + chance.below(20));
                bytes.splice(at..at, piece);
            }
            3 => {
                let piece: Vec<u8> = bytes.drain(at..end).collect();
                let to = chance.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes.truncate(60_000);
    bytes
}

/// Datagrams of every length, empty ones too.
#[tokio::test]
async fn noise_of_any_length_is_not_answered() {
    let scene = Scene::start().await;
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let mut chance = Chance(7);
    for n in 0..600 {
        let length = if n < 64 { n } else { chance.below(20_000) };
        let noise: Vec<u8> = (0..length).map(|_| chance.draw() as u8).collect();
        let _ = stranger.send_to(&noise, scene.invite.from).await;
    }
    let mut buffer = [0; 100];
    // As long as nothing comes: the bystander's question is answered behind all of them.
    scene.close().await;
    let got = timeout(Duration::from_millis(1), stranger.recv(&mut buffer)).await;
    assert!(got.is_err(), "noise was answered: {got:?}");
}
