//! Trunks that come and go: full for a while, away when a call is hung up, and what they say of
//! it.

use std::time::Duration;

use engine::ports::trunk::{LegOutcome, TrunkCommand};
use tokio::time::{sleep, timeout};

use crate::far::Door;
use crate::raw::Raw;
use crate::stage::{PATIENCE, Stage, timers};

/// Waits until the trunk has failed so often.
async fn failed(stage: &Stage, times: u64) {
    let failing = async {
        while stage.trunks.health()[0].failures < times {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, failing).await.expect("the trunk does not fail");
}

#[tokio::test]
async fn a_trunk_that_is_full_says_for_how_long() {
    let peer = Raw::start().await;
    let stage = Stage::start(&peer.address()).await;
    let told = ["", "Retry-After: 20 (carrier at work);duration=60\r\n", "Retry-After: soon\r\n"];
    for extra in told {
        let call = stage.dial();
        let invite = peer.hear("INVITE", |_| true).await;
        let full = invite.response("503 Service Unavailable", "far", "sip:far@127.0.0.1", extra);
        peer.send(&full, invite.from).await;
        assert_eq!(stage.ended(call).await, LegOutcome::Refused { code: 503 });
        peer.hear("ACK", |m| m.call_id() == invite.call_id()).await;
    }
    assert_eq!(stage.ear.full(), [Duration::from_secs(20)]);
    stage.close().await;
}

/// A proxy that is away when a call ends learns of it when it is back.
#[tokio::test]
async fn a_bye_waits_for_a_connection() {
    let door = Door::open().await;
    let stage = Stage::with(&door.address(), |config, _| config.timers = timers(200)).await;
    let call = stage.dial();
    let mut line = door.next().await;
    let invite = line.hear("INVITE").await;
    line.answer(&invite, "200 OK").await;
    line.hear("ACK").await;
    stage.answered(call).await;
    let at = door.at();
    drop((line, door));
    stage.submit(call, TrunkCommand::Bye);
    failed(&stage, 3).await;
    let door = Door::again(at).await;
    let mut line = door.next().await;
    let bye = line.hear("BYE").await;
    line.answer(&bye, "200 OK").await;
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    stage.close().await;
}

/// The wait has an end: 64 * T1 after the hang-up the leg is given up.
#[tokio::test]
async fn a_bye_does_not_wait_for_ever() {
    let door = Door::open().await;
    let stage = Stage::with(&door.address(), |config, _| config.timers = timers(10)).await;
    let call = stage.dial();
    let mut line = door.next().await;
    let invite = line.hear("INVITE").await;
    line.answer(&invite, "200 OK").await;
    line.hear("ACK").await;
    stage.answered(call).await;
    drop((line, door));
    stage.submit(call, TrunkCommand::Bye);
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    assert!(stage.trunks.health()[0].failures >= 3);
    stage.close().await;
}
