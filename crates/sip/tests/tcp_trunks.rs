//! Trunks over TCP: sipp, and a listener that cuts, closes and breaks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::far::{Door, TcpSipp, header};
use crate::raw::nothing_is_kept;
use crate::stage::{PATIENCE, Stage, timers};
use engine::ports::trunk::{LegOutcome, TrunkCommand};
use tokio::time::timeout;

#[tokio::test]
async fn sipp_answers_many_calls_over_one_connection() {
    let peer = TcpSipp::play("answer", 20).await;
    let stage = Stage::with(&peer.address(), |config, _| config.timers = timers(20)).await;
    let calls: Vec<_> = (0..20).map(|_| stage.dial()).collect();
    for call in &calls {
        stage.answered(*call).await;
    }
    for call in &calls {
        stage.submit(*call, TrunkCommand::Bye);
    }
    for call in &calls {
        assert_eq!(stage.ended(*call).await, LegOutcome::OurBye);
        assert_eq!(stage.story(*call), ["sent", "180", "answered", "OurBye"]);
    }
    peer.passed().await;
    nothing_is_kept(&stage).await;
    stage.close().await;
}

#[tokio::test]
async fn sipp_refuses_over_tcp() {
    let peer = TcpSipp::play("ring_until_cancelled", 1).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.progressed(call, 180).await;
    stage.submit(call, TrunkCommand::Cancel);
    assert_eq!(stage.ended(call).await, LegOutcome::Canceled);
    peer.passed().await;
    stage.close().await;
}

#[tokio::test]
async fn answers_cut_at_every_byte_are_read_and_pings_are_answered() {
    let door = Door::open().await;
    let stage = Stage::start(&door.address()).await;
    let call = stage.dial();
    let mut line = door.next().await;
    let invite = line.hear("INVITE").await;
    assert!(header(&invite, "Via").starts_with("SIP/2.0/TCP 127.0.0.1:"), "{invite}");
    assert!(header(&invite, "Contact").contains(";transport=tcp"), "{invite}");
    let ringing = line.response(&invite, "180 Ringing");
    let answer = line.response(&invite, "200 OK");
    for byte in format!("\r\n{ringing}\r\n\r\n{answer}").as_bytes() {
        line.say(&(*byte as char).to_string()).await;
        tokio::task::yield_now().await;
    }
    stage.answered(call).await;
    let ack = line.hear("ACK").await;
    assert!(header(&ack, "Via").starts_with("SIP/2.0/TCP"), "{ack}");
    stage.submit(call, TrunkCommand::Bye);
    let bye = line.hear("BYE").await;
    line.answer(&bye, "200 OK").await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    assert_eq!(stage.story(call), ["sent", "180", "answered", "OurBye"]);
    stage.close().await;
}

#[tokio::test]
async fn a_lost_connection_ends_what_rings_and_only_the_cancel_goes_over_a_new_one() {
    let door = Door::open().await;
    let stage = Stage::start(&door.address()).await;
    let call = stage.dial();
    let mut line = door.next().await;
    let invite = line.hear("INVITE").await;
    line.answer(&invite, "180 Ringing").await;
    stage.progressed(call, 180).await;
    drop(line);
    let mut again = door.next().await;
    let cancel = again.hear("CANCEL").await;
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"), "the CANCEL is of that INVITE");
    again.answer(&cancel, "200 OK").await;
    assert_eq!(stage.ended(call).await, LegOutcome::TransportFailed);
    // The next call uses the new connection.
    let next = stage.dial();
    let invite = again.hear("INVITE").await;
    again.answer(&invite, "486 Busy Here").await;
    again.hear("ACK").await;
    assert_eq!(stage.ended(next).await, LegOutcome::Refused { code: 486 });
    assert!(door.is_quiet().await);
    stage.close().await;
}

#[tokio::test]
async fn a_call_outlives_its_connection_and_hangs_up_over_the_next() {
    let door = Door::open().await;
    let stage = Stage::start(&door.address()).await;
    let call = stage.dial();
    let mut line = door.next().await;
    let invite = line.hear("INVITE").await;
    line.answer(&invite, "200 OK").await;
    line.hear("ACK").await;
    stage.answered(call).await;
    drop(line);
    // Whether we know of the loss before we hang up or learn it by that: the BYE arrives.
    stage.submit(call, TrunkCommand::Bye);
    let mut again = door.next().await;
    let bye = again.hear("BYE").await;
    assert_eq!(header(&bye, "Call-ID"), header(&invite, "Call-ID"));
    again.answer(&bye, "200 OK").await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    stage.close().await;
}

#[tokio::test]
async fn a_stream_that_loses_its_frames_is_closed_and_opened_again_for_the_next_call() {
    let door = Door::open().await;
    let stage = Stage::start(&door.address()).await;
    let call = stage.dial();
    let mut line = door.next().await;
    let invite = line.hear("INVITE").await;
    let broken = line.response(&invite, "200 OK");
    let broken: Vec<&str> = broken.split("\r\n").filter(|l| !l.starts_with("Content-L")).collect();
    line.say(&broken.join("\r\n")).await;
    line.closed().await;
    let mut again = door.next().await;
    again.hear("CANCEL").await;
    assert_eq!(stage.ended(call).await, LegOutcome::TransportFailed);
    let next = stage.dial();
    let invite = again.hear("INVITE").await;
    again.answer(&invite, "603 Decline").await;
    assert_eq!(stage.ended(next).await, LegOutcome::Refused { code: 603 });
    stage.close().await;
}

#[tokio::test]
async fn nobody_is_dialled_where_nobody_listens() {
    let closed = Door::open().await.address();
    let stage = Stage::start(&closed).await;
    let calls: Vec<_> = (0..5).map(|_| stage.dial()).collect();
    for call in calls {
        assert_eq!(stage.ended(call).await, LegOutcome::TransportFailed);
        assert_eq!(stage.story(call), ["TransportFailed"], "no INVITE left");
    }
    let health = &stage.trunks.health()[0];
    assert!(!health.usable);
    assert!(health.problem.as_deref().unwrap_or_default().contains("no connection"), "{health:?}");
    stage.close().await;
}

#[tokio::test]
async fn a_quiet_connection_is_kept_open() {
    let door = Door::open().await;
    let stage = Stage::with(&door.address(), |config, _| config.timers.keepalive_ms = 20).await;
    let call = stage.dial();
    let mut line = door.next().await;
    let invite = line.hear("INVITE").await;
    let mut bytes = [0; 8];
    use tokio::io::AsyncReadExt;
    timeout(PATIENCE, line.stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(&bytes, b"\r\n\r\n\r\n\r\n");
    line.answer(&invite, "486 Busy Here").await;
    assert_eq!(stage.ended(call).await, LegOutcome::Refused { code: 486 });
    stage.close().await;
}
