//! Parts that fail or stall: the call ends with the right reason, costs what it may cost, and
//! nothing is lost or left behind.

use std::time::Duration;

use domain::{CallRecord, CallStatus, EndWhat, Event, MicroYuan, Refusal};
use engine::Calls;
use testkit::Act::*;
use testkit::{Mood, Moods, Plan, Setup, World, check_all, outcome, people, virtually};

const NUMBER: &str = "13800138000";

async fn with_mood(plan: Plan, set: impl Fn(&Moods)) -> (World, CallRecord) {
    let world = Setup::default().start().await;
    set(&world.moods);
    let record = world.whole_call(plan).await;
    check_all(&world);
    (world, record)
}

fn faults(world: &World, record: &CallRecord) -> Vec<String> {
    let journal = world.journal(record.call);
    let parts = journal.into_iter().filter_map(|e| match e.event {
        Event::FaultNoted { part, .. } => Some(part),
        _ => None,
    });
    parts.collect()
}

#[test]
fn a_store_that_fails_takes_no_calls() {
    virtually(async {
        let world = Setup::default().start().await;
        world.store.set_failing(true);
        assert_eq!(world.place(&[NUMBER]).await.unwrap_err(), Refusal::Overloaded);
        world.store.set_failing(false);
        check_all(&world);
        assert_eq!(world.store.records(), []);
    });
}

#[test]
fn a_store_that_fails_before_the_intent_is_durable_means_no_invite() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::cooperative()).await;
        world.store.set_failing(true);
        world.pass(20_000).await;
        assert_eq!(world.trunk.dialled(), []);
        assert_eq!(world.record(call).status, CallStatus::Queued, "nothing could be written");
        world.store.set_failing(false);
        world.settle(60).await;
        check_all(&world);
        assert_eq!(world.trunk.dialled(), []);
        let record = world.record(call);
        assert_eq!(record.status, CallStatus::Failed);
        assert_eq!(record.charge, Some(MicroYuan::ZERO));
    });
}

#[test]
fn a_store_that_fails_in_mid_call_ends_the_call_and_settles_it_later() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::falls_silent()).await;
        world.until(call, 20, |r| r.lines.len() >= 3).await;
        world.store.set_failing(true);
        world.pass(60_000).await;
        assert_eq!(world.trunk.live(), 0, "the callee is not kept on the line");
        assert_eq!(world.plane.open_legs(), 0);
        assert_eq!(world.record(call).status, CallStatus::InProgress);
        assert_eq!(world.engine.running(), 1, "it waits for the store");
        world.store.set_failing(false);
        world.settle(60).await;
        check_all(&world);
        let record = world.record(call);
        assert_eq!(outcome(&record), "failed / platform_failed / confirmed");
        assert_eq!(record.charge, Some(MicroYuan::ZERO));
    });
}

#[test]
fn a_store_that_stumbles_for_a_moment_changes_nothing() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::cooperative()).await;
        world.until(call, 20, |r| r.lines.len() >= 2).await;
        world.store.set_failing(true);
        world.pass(250).await;
        world.store.set_failing(false);
        world.settle(60).await;
        check_all(&world);
        assert_eq!(outcome(&world.record(call)), "completed / task_done / confirmed");
    });
}

#[test]
fn a_store_that_fails_at_the_end_settles_once_it_works() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::hangs_up()).await;
        world.until(call, 20, |r| !r.lines.is_empty()).await;
        world.store.set_failing(true);
        world.pass(30_000).await;
        assert!(!world.record(call).is_ended());
        world.store.set_failing(false);
        world.settle(60).await;
        check_all(&world);
        assert_eq!(world.record(call).reason.unwrap().what, EndWhat::CalleeHungUp);
    });
}

#[test]
fn a_slow_store_slows_no_speech() {
    virtually(async {
        let world = Setup::default().start().await;
        world.store.set_commit_takes(Duration::from_millis(400));
        let record = world.whole_call(people::cooperative()).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / task_done / confirmed");
        assert!(record.turns.iter().all(|t| t.total_ms <= 1_200), "{:?}", record.turns);
    });
}

#[test]
fn a_responder_that_fails_or_stalls_ends_the_call_with_an_apology() {
    virtually(async {
        for mood in [Mood::Fails, Mood::Stalls, Mood::FailsMidway] {
            let plan = people::falls_silent();
            let (world, record) = with_mood(plan, |m| m.set_responder(mood)).await;
            assert_eq!(outcome(&record), "failed / model_failed / confirmed", "{mood:?}");
            assert_eq!(record.charge, Some(MicroYuan::ZERO), "{mood:?}");
            let last = &record.lines.last().unwrap().text;
            assert!(last.contains("系统出了问题"), "{mood:?}: {last}");
            assert_eq!(faults(&world, &record), ["responder"], "{mood:?}");
            assert!(record.duration_s.unwrap() < 40, "{mood:?}: {:?}", record.duration_s);
        }
    });
}

#[test]
fn a_synthesizer_that_fails_or_stalls_costs_nothing() {
    virtually(async {
        // One that fails at once is known while the phone rings: nobody is bothered.
        for (mood, identity) in [(Mood::Fails, "not_reached"), (Mood::Stalls, "unclear")] {
            let plan = people::cooperative();
            let (world, record) = with_mood(plan, |m| m.set_synthesizer(mood)).await;
            let want = format!("failed / speech_failed / {identity}");
            assert_eq!(outcome(&record), want, "{mood:?}");
            assert_eq!(record.charge, Some(MicroYuan::ZERO), "{mood:?}");
            assert_eq!(world.plane.audible(record.call), [], "{mood:?}");
            assert!(record.duration_s.unwrap() < 40, "{mood:?}: {:?}", record.duration_s);
        }
    });
}

#[test]
fn a_synthesizer_that_fails_later_ends_the_call_as_a_fault_of_ours() {
    virtually(async {
        for mood in [Mood::Fails, Mood::Stalls] {
            let world = Setup::default().start().await;
            let call = world.call(NUMBER, people::cooperative()).await;
            world.until(call, 20, |r| r.lines.len() >= 2).await;
            world.moods.set_synthesizer(mood);
            world.settle(120).await;
            check_all(&world);
            let record = world.record(call);
            assert_eq!(outcome(&record), "failed / speech_failed / confirmed", "{mood:?}");
            assert_eq!(record.charge, Some(MicroYuan::ZERO), "{mood:?}");
        }
    });
}

#[test]
fn a_line_that_cannot_be_spoken_does_not_keep_the_next_one_from_being_heard() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::cooperative()).await;
        world.until(call, 20, |r| r.lines.len() >= 2).await;
        world.moods.set_synthesizer(Mood::Fails);
        let failed = || world.journal(call).iter().any(is_fault);
        for _ in 0..2_000 {
            if failed() {
                break;
            }
            world.pass(10).await;
        }
        world.moods.set_synthesizer(Mood::Works);
        world.settle(120).await;
        check_all(&world);
        let record = world.record(call);
        assert_eq!(faults(&world, &record), ["synthesizer"]);
        assert_eq!(record.lines[3].text, "请带上上个月的报表。", "{:#?}", record.lines);
        assert_eq!(outcome(&record), "completed / task_done / confirmed");
    });
}

fn is_fault(e: &domain::Envelope) -> bool {
    matches!(e.event, Event::FaultNoted { .. })
}

#[test]
fn lines_that_break_off_are_heard_as_far_as_they_came() {
    virtually(async {
        // A disclosure that was not heard whole unlocks nothing, whatever the callee says.
        let plan = people::cooperative();
        let (_, record) = with_mood(plan, |m| m.set_synthesizer(Mood::FailsMidway)).await;
        assert_eq!(record.identity.word(), "unclear");
        assert!(record.disclosure.ai_at.is_none());
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::cooperative()).await;
        world.until(call, 20, |r| r.lines.len() >= 2).await;
        world.moods.set_synthesizer(Mood::FailsMidway);
        world.settle(120).await;
        check_all(&world);
        let record = world.record(call);
        assert_eq!(outcome(&record), "completed / task_done / confirmed");
        let message = &record.lines[3].text;
        assert_eq!(message, "李雷让我转告您，明天请带上上个月的报表。");
    });
}

#[test]
fn a_recognizer_that_fails_or_stalls_unlocks_nothing() {
    virtually(async {
        for mood in [Mood::Fails, Mood::Stalls] {
            let plan = people::cooperative();
            let (world, record) = with_mood(plan, |m| m.set_recognizer(mood)).await;
            let want = "completed / identity_not_confirmed / unclear";
            assert_eq!(outcome(&record), want, "{mood:?}");
            assert!(!faults(&world, &record).is_empty(), "{mood:?}");
            assert!(world.responder.orders().is_empty(), "{mood:?}");
        }
    });
}

#[test]
fn keys_still_confirm_when_nothing_can_be_understood() {
    virtually(async {
        let plan = people::key_presser();
        let (_, record) = with_mood(plan, |m| m.set_recognizer(Mood::Fails)).await;
        assert_eq!(record.identity.word(), "confirmed");
    });
}

#[test]
fn a_judge_that_fails_or_stalls_unlocks_nothing() {
    virtually(async {
        for mood in [Mood::Fails, Mood::Stalls] {
            let world = Setup::default().start().await;
            let call = world.call(NUMBER, people::cooperative()).await;
            world.until(call, 20, |r| r.status == CallStatus::InProgress).await;
            world.moods.set_judge(mood);
            world.settle(120).await;
            check_all(&world);
            let want = "completed / identity_not_confirmed / unclear";
            assert_eq!(outcome(&world.record(call)), want, "{mood:?}");
            assert!(world.responder.orders().is_empty(), "{mood:?}");
        }
    });
}

#[test]
fn a_brief_that_never_comes_does_not_keep_the_call_waiting() {
    virtually(async {
        let plan = people::silent();
        let (world, record) = with_mood(plan, |m| m.set_judge(Mood::Stalls)).await;
        assert_eq!(outcome(&record), "completed / silence / unclear");
        assert!(record.lines[0].text.contains("尾号8000"), "the opening names nobody");
        let m = record.milestones;
        let waited = m.dialed_at.unwrap().millis_since(record.created_at);
        assert!(waited < 15_000, "{waited}");
        drop(world);
    });
}

#[test]
fn a_recorder_that_is_faster_than_the_lane_is_still_told_after_the_end() {
    virtually(async {
        for hasty in [false, true] {
            let world = Setup { record: true, ..Setup::default() }.start().await;
            world.plane.set_hasty_recorder(hasty);
            for plan in [people::cooperative(), people::no_answer()] {
                let call = world.whole_call(plan).await.call;
                world.pass(1_000).await;
                let record = world.record(call);
                assert!(!record.recording_pending, "hasty: {hasty}");
                let talked = record.status == CallStatus::Completed;
                assert_eq!(record.recording.is_some(), talked, "hasty: {hasty}");
            }
            check_all(&world);
        }
    });
}

#[test]
fn late_models_change_nothing_but_the_time_it_takes() {
    virtually(async {
        let world = Setup::default().start().await;
        let ms = Duration::from_millis;
        world.moods.set_recognizer_takes(ms(1_500));
        world.moods.set_judge_takes(ms(600));
        world.moods.set_responder_takes(ms(2_500));
        world.moods.set_synthesizer_takes(ms(1_200));
        // A callee as slow as we are.
        let acts = [
            AwaitPause(900),
            Say("是我", 600),
            AwaitPause(900),
            Say("好的，知道了", 900),
            AwaitPause(900),
            HangUp,
        ];
        let record = world.whole_call(people::after_hello(&[&acts])).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / task_done / confirmed");
    });
}

#[test]
fn a_store_that_cannot_be_read_when_a_call_is_due_only_delays_it() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::cooperative()).await;
        world.store.set_unreadable(true);
        world.pass(30_000).await;
        assert_eq!(world.trunk.dialled(), []);
        assert_eq!(world.engine.waiting(), 1, "it waits still");
        world.store.set_unreadable(false);
        world.settle(60).await;
        check_all(&world);
        assert_eq!(outcome(&world.record(call)), "completed / task_done / confirmed");
    });
}

#[test]
fn a_queued_call_that_cannot_be_ended_yet_is_ended_when_the_store_works() {
    virtually(async {
        let limits = domain::CallLimits { queue_s: 20, ..domain::CallLimits::default() };
        let world = Setup { max_concurrent: 1, limits, ..Setup::default() }.start().await;
        world.call("13800138001", people::no_answer()).await;
        let call = world.call(NUMBER, people::cooperative()).await;
        world.pass(15_000).await;
        world.store.set_failing(true);
        let refused = world.engine.hang_up(&world.who, call).await;
        assert_eq!(refused.unwrap_err(), Refusal::Overloaded, "nothing was cancelled");
        world.pass(60_000).await;
        assert_eq!(world.record(call).status, CallStatus::Queued);
        world.store.set_failing(false);
        world.settle(60).await;
        check_all(&world);
        assert_eq!(outcome(&world.record(call)), "failed / queue_expired / not_reached");
    });
}
