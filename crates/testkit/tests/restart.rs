//! Stopping and starting again: nobody is dialled twice, and the books are right.

use std::time::Duration;

use domain::{CallId, CallStatus, MicroYuan, Refusal, WallTime};
use engine::Drained;
use testkit::{
    Dialled, Door, Machine, MemoryStore, Plan, Setup, World, check_all, check_books, outcome,
    people, virtually,
};
use tokio_util::sync::CancellationToken;

const START: WallTime = WallTime(1_767_225_600_000);

/// Runs `work` on a machine of its own; whatever still runs at its end dies with it.
fn process<T>(wall: WallTime, work: impl Future<Output = T>) -> T {
    let machine = Machine::new(wall, None);
    let done = machine.run(work);
    machine.stop();
    done
}

fn setup(store: &MemoryStore, seed: u64) -> Setup {
    Setup { store: store.clone(), seed, max_concurrent: 2, ..Setup::default() }
}

/// Places four calls and dies after `ms`.
fn first_process(store: &MemoryStore, ms: u64) -> (Vec<CallId>, Vec<Dialled>) {
    process(START, async {
        let world = setup(store, 1).start().await;
        world.store.set_commit_takes(Duration::from_millis(2));
        let mut calls = Vec::new();
        for i in 0..4 {
            calls.push(world.call(&format!("1380013800{i}"), people::cooperative()).await);
        }
        world.pass(ms).await;
        (calls, world.trunk.dialled())
    })
}

/// Starts on what the first one left, and lets everything end.
fn second_process(store: &MemoryStore, ms: u64, work: impl FnOnce(&World)) -> Vec<Dialled> {
    process(START.plus_millis(ms as i64 + 5_000), async {
        let setup = Setup { balance: None, ..setup(store, 2) };
        let world = setup.start().await;
        for i in 0..4 {
            world.trunk.plan(&format!("1380013800{i}"), people::cooperative());
        }
        world.settle(120).await;
        check_books(&world);
        work(&world);
        world.trunk.dialled()
    })
}

#[test]
fn queued_calls_continue_and_live_ones_end_as_lost() {
    let store = MemoryStore::default();
    let (calls, before) = first_process(&store, 6_000);
    assert_eq!(before.len(), 2);
    let after = second_process(&store, 6_000, |world| {
        assert_eq!((world.recovered.requeued, world.recovered.lost), (2, 2));
        for (i, call) in calls.iter().enumerate() {
            let record = world.record(*call);
            let done = "completed / task_done / confirmed";
            let want = if i < 2 { "failed / node_lost / unclear" } else { done };
            assert_eq!(outcome(&record), want);
            let free = record.charge == Some(MicroYuan::ZERO);
            assert_eq!(free, i < 2, "what we lost costs nothing");
        }
    });
    assert_eq!(after.len(), 2);
}

#[test]
fn whenever_the_process_dies_nobody_is_dialled_twice() {
    for ms in (0..40).map(|n| n * 37).chain((2..40).map(|n| n * 701)) {
        let store = MemoryStore::default();
        let (calls, before) = first_process(&store, ms);
        let after = second_process(&store, ms, |_| {});
        for call in calls {
            let times = before.iter().chain(&after).filter(|d| d.call == call).count();
            let record = store.records().into_iter().find(|r| r.call == call).unwrap();
            let lost = record.reason.unwrap().what == domain::EndWhat::NodeLost;
            assert!(times == 1 || times == 0 && lost, "dialled {times} times, died at {ms} ms");
        }
    }
}

#[test]
fn calls_that_ended_before_the_crash_are_left_as_they_were() {
    let store = MemoryStore::default();
    let (_, _) = first_process(&store, 60_000);
    let before = store.records();
    assert!(before.iter().all(domain::CallRecord::is_ended));
    let after = second_process(&store, 60_000, |_| {});
    assert_eq!(after, []);
    assert_eq!(store.records(), before);
}

#[test]
fn a_queue_that_expired_while_nothing_ran_is_given_up_at_the_start() {
    let store = MemoryStore::default();
    first_process(&store, 1_000);
    let dialled = second_process(&store, 4_000_000, |world| {
        let records = world.store.records();
        let expired = records.iter().filter(|r| r.reason.unwrap().what.word() == "queue_expired");
        assert_eq!(expired.count(), 2);
    });
    assert_eq!(dialled, []);
}

#[test]
fn a_drain_lets_running_calls_finish_and_keeps_queued_ones() {
    virtually(async {
        let world = Setup { max_concurrent: 1, ..Setup::default() }.start().await;
        let running = world.call("13800138001", people::cooperative()).await;
        let queued = world.call("13800138002", people::cooperative()).await;
        world.until(running, 20, |r| r.status == CallStatus::InProgress).await;
        let drained = world.engine.drain(Duration::from_secs(60), CancellationToken::new());
        let (drained, refused) = tokio::join!(drained, async {
            world.pass(100).await;
            world.place(&["13800138003"]).await
        });
        assert_eq!(refused.unwrap_err(), Refusal::Overloaded);
        assert_eq!(drained, Drained { cut_short: 0, unsettled: 0 });
        assert_eq!(outcome(&world.record(running)), "completed / task_done / confirmed");
        assert_eq!(world.record(queued).status, CallStatus::Queued);
        assert_eq!(world.trunk.live() + world.plane.open_legs(), 0);
    });
}

#[test]
fn a_drain_that_takes_too_long_or_is_hurried_ends_calls_and_settles_them() {
    virtually(async {
        for hurried in [false, true] {
            let world = Setup::default().start().await;
            let talks = world.call("13800138001", people::falls_silent()).await;
            let rings = world.call("13800138002", Plan::ending(0, Door::Never)).await;
            world.until(talks, 20, |r| r.status == CallStatus::InProgress).await;
            let hurry = CancellationToken::new();
            if hurried {
                hurry.cancel();
            }
            let start = world.clock.now();
            let drained = world.engine.drain(Duration::from_secs(3), hurry).await;
            assert_eq!(drained, Drained { cut_short: 2, unsettled: 0 });
            let took = world.clock.now().since(start).as_millis();
            assert!(if hurried { took < 2_500 } else { (3_000..5_500).contains(&took) }, "{took}");
            check_all(&world);
            // Ended by nobody but us: a fault of the platform, which costs nothing.
            assert_eq!(outcome(&world.record(rings)), "failed / node_lost / not_reached");
            let talked = world.record(talks);
            assert_eq!(talked.reason.unwrap().what.word(), "node_lost");
            assert_eq!(talked.charge.unwrap().0, 0);
            assert_eq!(talked.reason.unwrap().who, Some(domain::Who::Platform));
        }
    });
}

#[test]
fn a_store_that_takes_its_time_is_waited_for_at_the_end_of_a_drain() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call("13800138001", people::falls_silent()).await;
        world.until(call, 20, |r| r.status == CallStatus::InProgress).await;
        world.store.set_commit_takes(Duration::from_secs(18));
        let hurry = CancellationToken::new();
        hurry.cancel();
        let drained = world.engine.drain(Duration::from_secs(3), hurry).await;
        assert_eq!(drained, Drained { cut_short: 1, unsettled: 0 });
        assert_eq!(world.record(call).reason.unwrap().what.word(), "node_lost");
    });
}

#[test]
fn a_store_that_never_answers_is_not_waited_for_for_ever_and_the_next_start_settles() {
    let store = MemoryStore::default();
    let call = process(START, async {
        let world = setup(&store, 1).start().await;
        let call = world.call("13800138001", people::falls_silent()).await;
        world.until(call, 20, |r| r.status == CallStatus::InProgress).await;
        store.set_failing(true);
        let hurry = CancellationToken::new();
        hurry.cancel();
        let start = world.clock.now();
        let drained = world.engine.drain(Duration::ZERO, hurry).await;
        assert_eq!(drained, Drained { cut_short: 1, unsettled: 1 });
        let took = world.clock.now().since(start).as_secs();
        assert!((60..75).contains(&took), "{took}");
        call
    });
    store.set_failing(false);
    process(START.plus_millis(200_000), async {
        let world = Setup { balance: None, ..setup(&store, 2) }.start().await;
        assert_eq!(world.recovered.lost, 1);
        assert_eq!(world.record(call).reason.unwrap().what.word(), "node_lost");
        check_books(&world);
    });
}

#[test]
fn a_call_that_still_prepares_when_a_drain_is_hurried_waits_for_the_next_start() {
    let store = MemoryStore::default();
    let number = "13800138001";
    let call = process(START, async {
        let world = setup(&store, 1).start().await;
        // The brief does not come: nobody is dialled yet.
        world.moods.set_judge(testkit::Mood::Stalls);
        let call = world.call(number, people::cooperative()).await;
        world.pass(500).await;
        assert_eq!(world.engine.running(), 1);
        let hurry = CancellationToken::new();
        hurry.cancel();
        let drained = world.engine.drain(Duration::ZERO, hurry).await;
        assert_eq!(drained.unsettled, 0);
        world.pass(100).await;
        assert_eq!(world.record(call).status, CallStatus::Queued);
        assert_eq!((world.trunk.dialled(), world.plane.open_legs()), (vec![], 0));
        call
    });
    process(START.plus_millis(20_000), async {
        let world = Setup { balance: None, ..setup(&store, 2) }.start().await;
        world.trunk.plan(number, people::cooperative());
        assert_eq!(world.recovered.requeued, 1);
        world.settle(120).await;
        assert_eq!(outcome(&world.record(call)), "completed / task_done / confirmed");
        assert_eq!(world.trunk.dialled().len(), 1);
        check_all(&world);
    });
}
