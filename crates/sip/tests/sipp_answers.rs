//! sipp as the callee: it answers, and either side hangs up.

mod stage;

use engine::ports::trunk::{LegOutcome, TrunkCommand};
use stage::{Sipp, Stage};

#[tokio::test]
async fn we_hang_up() {
    let peer = Sipp::play("answer", &[]).await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let answer = stage.answered(call).await.unwrap();
    assert!(answer.contains("m=audio 41000"));
    stage.submit(call, TrunkCommand::Bye);
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    assert_eq!(stage.story(call), ["sent", "180", "answered", "OurBye"]);
    peer.passed().await;
    stage.close().await;
}
