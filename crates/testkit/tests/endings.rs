//! Who hangs up, when, and what is then the reason.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use domain::{CallStatus, EndWhat, Event, Refusal, Who};
use engine::Calls;
use testkit::Act::*;
use testkit::{Mood, Plan, Setup, World, beside, check_all, outcome, people, virtually};

const NUMBER: &str = "13800138000";

#[test]
fn a_callee_who_hangs_up_during_our_closing_leaves_the_reason_as_it_was() {
    virtually(async {
        let yes = [AwaitPause(600), Say("是我", 600)];
        let known = [AwaitPause(700), Say("好的，知道了", 900), AwaitInto(100), HangUp];
        let wrong = [AwaitPause(600), Say("你打错了", 800), AwaitInto(200), HangUp];
        for (acts, want) in [
            ([&yes[..], &known], "completed / task_done / confirmed"),
            ([&wrong[..], &[]], "completed / identity_not_confirmed / denied"),
        ] {
            let world = Setup::default().start().await;
            let record = world.whole_call(people::after_hello(&acts)).await;
            check_all(&world);
            assert_eq!(outcome(&record), want);
            assert_eq!(record.reason.unwrap().who, Some(Who::Callee));
        }
    });
}

#[test]
fn ringing_for_ever_is_cancelled_after_thirty_seconds() {
    virtually(async {
        for crossing in [false, true] {
            let world = Setup::default().start().await;
            let plan = Plan { crossing, ..people::no_answer() };
            let record = world.whole_call(plan).await;
            check_all(&world);
            assert_eq!(outcome(&record), "no_answer / ring_timeout / not_reached");
            assert_eq!(world.trunk.cancelled(), [record.call]);
            let m = record.milestones;
            let rang = m.ended_at.unwrap().millis_since(m.dialed_at.unwrap());
            assert!((30_000..31_500).contains(&rang), "{rang}");
            assert_eq!(record.charge.unwrap().0, 0);
        }
    });
}

/// Hangs up as the owner and checks that the call is over within two seconds.
async fn hang_up(world: &World, call: domain::CallId, want: &str) {
    let before = world.clock.now();
    let done = world.engine.hang_up(&world.who, call).await.unwrap();
    assert!(!done.already_ended);
    let took = world.clock.now().since(before).as_millis();
    assert!(took <= 2_000, "{took} ms");
    let record = world.record(call);
    assert_eq!(outcome(&record), want);
    assert_eq!(done.status, record.status);
    let again = world.engine.hang_up(&world.who, call).await.unwrap();
    assert!(again.already_ended);
    assert_eq!(again.status, record.status);
}

#[test]
fn the_owner_is_not_kept_waiting_by_last_words_that_nobody_makes_out() {
    virtually(async {
        let world = Setup::default().start().await;
        let talks = [AwaitPause(600), Say("我跟你说啊最近特别忙", 9_000)];
        let call = world.call(NUMBER, people::after_hello(&[&talks])).await;
        world.until(call, 30, |r| r.status == CallStatus::InProgress).await;
        world.pass(10_000).await;
        world.moods.set_recognizer(Mood::Stalls);
        hang_up(&world, call, "completed / owner_hung_up / unclear").await;
        world.settle(100).await;
        check_all(&world);
        let heard = world.record(call).lines.iter().filter(|l| l.text == "[unclear]").count();
        assert_eq!(heard, 0, "the recognizer never answered");
    });
}

const CANCELED: &str = "canceled / canceled / not_reached";

#[test]
fn the_owner_hangs_up_a_queued_call() {
    virtually(async {
        let world = Setup { max_concurrent: 1, ..Setup::default() }.start().await;
        let first = world.call("13800138001", people::slow_answer()).await;
        let second = world.call(NUMBER, people::cooperative()).await;
        world.until(first, 5, |r| r.status == CallStatus::Ringing).await;
        hang_up(&world, second, CANCELED).await;
        assert_eq!(world.record(second).reason.unwrap().who, None, "nothing was dialled");
        world.settle(100).await;
        check_all(&world);
        assert_eq!(world.trunk.dialled().len(), 1);
    });
}

/// A world whose only call is on its way from the queue to its task for so long, and that call.
async fn between_queue_and_task(ms: u64) -> (World, domain::CallId) {
    let world = Setup::default().start().await;
    let call = world.call(NUMBER, people::cooperative()).await;
    world.store.set_screening_takes(Duration::from_millis(ms));
    world.pass(10).await;
    let where_it_is = (world.engine.waiting(), world.engine.lines_in_use(), world.engine.running());
    assert_eq!(where_it_is, (0, 1, 0), "waiting, with a line, running");
    (world, call)
}

#[test]
fn the_owner_hangs_up_a_call_on_its_way_from_the_queue_to_its_task() {
    virtually(async {
        let (world, call) = between_queue_and_task(500).await;
        hang_up(&world, call, CANCELED).await;
        assert_eq!(world.record(call).reason.unwrap().who, None, "nothing was dialled");
        world.settle(60).await;
        check_all(&world);
        assert_eq!(world.trunk.dialled(), []);
    });
}

#[test]
fn two_orders_to_hang_up_on_that_way_are_one() {
    virtually(async {
        let (world, call) = between_queue_and_task(500).await;
        let (engine, who) = (world.engine.clone(), world.who.clone());
        let other = beside(async move { engine.hang_up(&who, call).await });
        hang_up(&world, call, CANCELED).await;
        assert_eq!(other.result().await.unwrap().status, CallStatus::Canceled);
        world.settle(60).await;
        check_all(&world);
        let noted = |e: &domain::Envelope| matches!(e.event, Event::CommandAccepted { .. });
        assert_eq!(world.journal(call).iter().filter(|e| noted(e)).count(), 1);
    });
}

#[test]
fn an_order_that_was_refused_on_that_way_does_not_come_true_later() {
    virtually(async {
        let (world, call) = between_queue_and_task(3_000).await;
        let refused = world.engine.hang_up(&world.who, call).await;
        assert_eq!(refused.unwrap_err(), Refusal::Overloaded);
        world.until(call, 120, domain::CallRecord::is_ended).await;
        world.settle(10).await;
        check_all(&world);
        assert_eq!(outcome(&world.record(call)), "completed / task_done / confirmed");
    });
}

/// The policy cannot be read, so that the call goes back into the queue; the order is there before.
#[test]
fn an_order_finds_a_call_that_goes_back_into_the_queue() {
    virtually(async {
        let (world, call) = between_queue_and_task(500).await;
        let (engine, who) = (world.engine.clone(), world.who.clone());
        let ordered = beside(async move { engine.hang_up(&who, call).await });
        world.pass(100).await;
        world.store.set_screening_fails(true);
        assert_eq!(ordered.result().await.unwrap().status, CallStatus::Canceled);
        world.store.set_screening_fails(false);
        world.settle(60).await;
        check_all(&world);
        assert_eq!(outcome(&world.record(call)), CANCELED);
        assert_eq!(world.trunk.dialled(), []);
    });
}

#[test]
fn the_owner_hangs_up_a_call_that_prepares() {
    virtually(async {
        let world = Setup::default().start().await;
        world.moods.set_judge_takes(Duration::from_secs(5));
        let call = world.call(NUMBER, people::cooperative()).await;
        world.pass(1_000).await;
        assert_eq!(world.record(call).status, CallStatus::Queued);
        hang_up(&world, call, CANCELED).await;
        world.settle(60).await;
        check_all(&world);
        assert_eq!(world.trunk.dialled(), []);
    });
}

#[test]
fn the_owner_hangs_up_a_call_that_dials_or_rings() {
    virtually(async {
        for (ms, crossing) in [(60, false), (3_000, false), (3_000, true)] {
            let world = Setup::default().start().await;
            let plan = Plan { crossing, ..people::slow_answer() };
            let call = world.call(NUMBER, plan).await;
            world.pass(ms).await;
            assert_eq!(world.trunk.dialled().len(), 1);
            hang_up(&world, call, CANCELED).await;
            assert_eq!(world.record(call).reason.unwrap().who, Some(Who::Owner));
            world.settle(60).await;
            check_all(&world);
            assert_eq!(world.trunk.cancelled(), [call]);
        }
    });
}

#[test]
fn the_owner_hangs_up_a_call_that_talks() {
    virtually(async {
        for (ms, identity) in [(200, "unclear"), (3_000, "unclear"), (8_000, "confirmed")] {
            let world = Setup::default().start().await;
            let call = world.call(NUMBER, people::falls_silent()).await;
            world.until(call, 5, |r| r.status == CallStatus::InProgress).await;
            world.pass(ms).await;
            hang_up(&world, call, &format!("completed / owner_hung_up / {identity}")).await;
            world.settle(60).await;
            check_all(&world);
            assert!(world.record(call).charge.unwrap().0 > 0);
        }
    });
}

#[test]
fn a_lost_stream_ends_the_call_at_its_last_packet() {
    virtually(async {
        let world = Setup::default().start().await;
        let record = world.whole_call(people::sudden_drop()).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / connection_lost / confirmed");
        let last = record.quality.unwrap().last_media_ms;
        assert_eq!(u64::from(record.duration_s.unwrap()), last.div_ceil(1_000));
        let m = record.milestones;
        let waited = m.ended_at.unwrap().millis_since(m.answered_at.unwrap()) - last as i64;
        assert!((20_000..20_500).contains(&waited), "{waited}");
    });
}

#[test]
fn a_stream_that_comes_back_in_time_goes_on() {
    virtually(async {
        let world = Setup::default().start().await;
        let yes = [AwaitPause(600), Say("是我", 600), AwaitInto(500)];
        let gap = [Vanish, Wait(15_000), Return, Wait(500), Say("好的，知道了", 900)];
        let record = world.whole_call(people::after_hello(&[&yes, &gap])).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / task_done / confirmed");
    });
}

#[test]
fn silence_after_the_message_is_asked_about_and_ends_as_done() {
    virtually(async {
        let world = Setup::default().start().await;
        let record = world.whole_call(people::falls_silent()).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / task_done / confirmed");
        let asked = record.lines.iter().filter(|l| l.text == "您还在听吗？");
        assert_eq!(asked.count(), 2, "{:#?}", record.lines);
    });
}

#[test]
fn a_reply_of_no_words_that_ends_the_call_still_says_goodbye() {
    virtually(async {
        let world = Setup::default().start().await;
        let yes = [AwaitPause(600), Say("是我", 600), AwaitPause(600), Say("结束", 500)];
        let record = world.whole_call(people::after_hello(&[&yes])).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / task_done / confirmed");
        assert!(record.lines.last().unwrap().text.contains("再见"));
        assert_eq!(record.reason.unwrap().what, EndWhat::TaskDone);
    });
}
