//! A TCP peer that cuts its segments where a seed says, sends several messages in one, and says
//! things in between that nobody can read: none of its calls is harmed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod far;
mod raw;
mod stage;

use engine::ports::trunk::{LegOutcome, TrunkCommand};
use far::{Door, Line, header};
use raw::{Chance, nothing_is_kept, panics, watch_for_panics};
use stage::{Stage, timers};
use tokio::io::AsyncWriteExt;

/// What the peer may say in between: its length can be read, and nothing else.
const UNREADABLE: [&str; 5] = [
    "SIP/2.0 2OO Fine\r\nContent-Length: 0\r\n\r\n",
    "BYE  SIP/2.0\r\nCSeq: \u{1f4a9}\r\nContent-Length: 3\r\n\r\nabc",
    "SIP/2.0 200 OK\r\nVia: ;;;\r\nTo: <\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
    "INVITE sip:[::1 SIP/2.0\r\nFrom: \"\r\nContent-Length: 1\r\n\r\nx",
    "\r\n\r\n",
];

async fn say_in_pieces(line: &mut Line, text: &str, chance: &mut Chance) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let (piece, more) = rest.split_at((1 + chance.below(90)).min(rest.len()));
        line.stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
        rest = more;
    }
}

#[tokio::test]
async fn segments_cut_and_joined_anywhere_are_read() {
    watch_for_panics();
    let door = Door::open().await;
    let stage = Stage::with(&door.address(), |config, _| config.timers = timers(100)).await;
    let mut chance = Chance(0x0ddba11);
    let mut line = None;
    for round in 0..12 {
        let calls: Vec<_> = (0..4).map(|_| stage.dial()).collect();
        let line = match &mut line {
            Some(line) => line,
            none => none.insert(door.next().await),
        };
        let mut said = String::new();
        for _ in &calls {
            let invite = line.hear("INVITE").await;
            said.push_str(UNREADABLE[chance.below(UNREADABLE.len())]);
            said.push_str(&line.response(&invite, "180 Ringing"));
            said.push_str(UNREADABLE[chance.below(UNREADABLE.len())]);
            said.push_str(&line.response(&invite, "200 OK"));
        }
        say_in_pieces(line, &said, &mut chance).await;
        for call in &calls {
            stage.answered(*call).await;
            line.hear("ACK").await;
        }
        for call in &calls {
            stage.submit(*call, TrunkCommand::Bye);
        }
        let mut said = String::new();
        for _ in &calls {
            let bye = line.hear("BYE").await;
            said.push_str(&line.response(&bye, "200 OK"));
        }
        say_in_pieces(line, &said, &mut chance).await;
        for call in &calls {
            assert_eq!(stage.ended(*call).await, LegOutcome::OurBye);
            let story = stage.story(*call);
            assert_eq!(story, ["sent", "180", "answered", "OurBye"], "round {round}");
        }
    }
    nothing_is_kept(&stage).await;
    assert_eq!(panics(), 0);
    stage.close().await;
}

/// 501 as over UDP, and the calls of the connection go on.
#[tokio::test]
async fn an_unknown_method_is_answered_and_closes_nothing() {
    let door = Door::open().await;
    let stage = Stage::start(&door.address()).await;
    let call = stage.dial();
    let mut line = door.next().await;
    let invite = line.hear("INVITE").await;
    line.answer(&invite, "200 OK").await;
    line.hear("ACK").await;
    stage.answered(call).await;
    let ask = |method: &str| {
        format!(
            "{method} sip:waihu@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKq\r\n\
             From: {};tag=far\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 {method}\r\n\
             Content-Length: 0\r\n\r\n",
            header(&invite, "To"),
            header(&invite, "From"),
            header(&invite, "Call-ID"),
        )
    };
    line.say(&ask("FROBNICATE")).await;
    let refused = line.hear("SIP/2.0 501").await;
    assert_eq!(header(&refused, "CSeq"), "1 FROBNICATE");
    line.say(&ask("BYE")).await;
    line.hear("SIP/2.0 200").await;
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    stage.close().await;
}
