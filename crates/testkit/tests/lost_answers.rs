//! A store that does what it is asked and whose answer never comes: nothing is done twice, nothing
//! waits for ever, nobody is dialled who was not accepted.

use std::time::Duration;

use domain::{CallStatus, EndWhat, MicroYuan, Refusal, WallTime};
use engine::{Calls, WatchOptions, Watched};
use testkit::{
    Door, Machine, MemoryStore, Plan, Setup, World, beside, check_all, check_books, outcome,
    people, virtually,
};

const NUMBER: &str = "13800138000";
const OTHER: &str = "13800138001";
const START: WallTime = WallTime(1_767_225_600_000);

async fn world() -> World {
    Setup::default().start().await
}

#[test]
fn without_an_answer_about_the_intent_nobody_is_dialled_and_the_call_is_written_once() {
    virtually(async {
        let world = world().await;
        world.store.set_losing_answers(true);
        let record = world.whole_call(people::cooperative()).await;
        check_all(&world);
        assert_eq!(outcome(&record), "failed / trunk_failed / not_reached");
        assert_eq!(world.trunk.dialled(), []);
    });
}

#[test]
fn an_answer_that_is_lost_in_mid_call_changes_nothing() {
    virtually(async {
        for ms in [60, 250, 900, 5_000] {
            let world = world().await;
            let call = world.call(NUMBER, people::cooperative()).await;
            world.until(call, 20, |r| r.lines.len() >= 2).await;
            world.store.set_losing_answers(true);
            world.pass(ms).await;
            world.store.set_losing_answers(false);
            world.settle(60).await;
            check_all(&world);
            let record = world.record(call);
            assert_eq!(outcome(&record), "completed / task_done / confirmed", "{ms}");
        }
    });
}

#[test]
fn a_lost_answer_to_the_end_of_a_call_settles_it_once() {
    virtually(async {
        let world = world().await;
        let call = world.call(NUMBER, people::hangs_up()).await;
        world.until(call, 20, |r| !r.lines.is_empty()).await;
        world.store.set_losing_answers(true);
        world.settle(60).await;
        check_all(&world);
        assert_eq!(world.record(call).reason.unwrap().what, EndWhat::CalleeHungUp);
    });
}

#[test]
fn calls_whose_acceptance_is_there_are_accepted_whatever_the_store_says() {
    virtually(async {
        let world = world().await;
        world.trunk.plan(NUMBER, people::cooperative());
        world.trunk.plan(OTHER, people::cooperative());
        world.store.set_losing_answers(true);
        let placed = world.place(&[NUMBER, OTHER]).await.unwrap();
        world.store.set_losing_answers(false);
        world.settle(120).await;
        check_all(&world);
        for placed in placed.calls {
            let record = world.record(placed.call);
            assert_eq!(outcome(&record), "completed / task_done / confirmed");
        }
    });
}

#[test]
fn calls_that_were_refused_because_nothing_was_known_are_ended_and_never_dialled() {
    virtually(async {
        let world = world().await;
        world.trunk.plan(NUMBER, people::cooperative());
        world.store.set_losing_answers(true);
        let (engine, who) = (world.engine.clone(), world.who.clone());
        let requests = vec![world.request(NUMBER)];
        let order = engine::PlaceOrder { surface: domain::Surface::Callout, requests, once: None };
        // The commit takes a while; meanwhile the store can no more be read.
        world.store.set_commit_takes(Duration::from_millis(200));
        let placing = beside(async move { engine.place(&who, order).await });
        world.pass(50).await;
        world.store.set_unreadable(true);
        assert_eq!(placing.result().await.unwrap_err(), Refusal::Overloaded);
        assert!(world.store.ledger().1 > MicroYuan::ZERO, "it is there, with its hold");
        world.pass(10_000).await;
        world.store.recover();
        world.settle(60).await;
        check_all(&world);
        assert_eq!(world.trunk.dialled(), []);
        let record = &world.store.records()[0];
        assert_eq!(outcome(record), "failed / queue_expired / not_reached");
        assert_eq!(world.store.ledger().1, MicroYuan::ZERO);
    });
}

#[test]
fn a_queued_call_whose_end_got_no_answer_is_over_and_its_watchers_see_it() {
    virtually(async {
        let setup = Setup { max_concurrent: 1, ..Setup::default() };
        let world = setup.start().await;
        world.call(OTHER, people::no_answer()).await;
        let call = world.call(NUMBER, people::cooperative()).await;
        let mut watch =
            world.engine.watch(&world.who, call, WatchOptions::default()).await.unwrap();
        let watcher = beside(async move {
            loop {
                match watch.next().await {
                    Watched::Event(_) | Watched::Beat => {}
                    last => return last,
                }
            }
        });
        world.store.set_losing_answers(true);
        let refused = world.engine.hang_up(&world.who, call).await;
        assert_eq!(refused.unwrap_err(), Refusal::Overloaded, "it is not known");
        world.store.set_losing_answers(false);
        let again = world.engine.hang_up(&world.who, call).await.unwrap();
        assert!(again.already_ended);
        world.settle(120).await;
        assert!(matches!(watcher.result().await, Watched::Ended(_)));
        check_all(&world);
        assert_eq!(outcome(&world.record(call)), "canceled / canceled / not_reached");
    });
}

#[test]
fn a_slow_store_takes_no_extension_for_another_and_the_money_runs_out_in_time() {
    virtually(async {
        let limits = domain::CallLimits { call_s: 600, hold_s: 300, ..Default::default() };
        let balance = Some(MicroYuan(6 * 300_000));
        let world = Setup { balance, limits, ..Setup::default() }.start().await;
        world.store.set_commit_takes(Duration::from_secs(3));
        let mut acts = vec![testkit::Act::AwaitPause(600), testkit::Act::Say("是我", 600)];
        for _ in 0..400 {
            acts.extend([testkit::Act::AwaitPause(900), testkit::Act::Say("什么事", 900)]);
        }
        let record = world.whole_call(people::after_hello(&[&acts])).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / balance_exhausted / confirmed");
    });
}

/// Runs `work` on a machine of its own; whatever still runs at its end dies with it.
fn process<T>(wall: WallTime, work: impl Future<Output = T>) -> T {
    let machine = Machine::new(wall, None);
    let done = machine.run(work);
    machine.stop();
    done
}

#[test]
fn what_a_start_cannot_end_because_of_the_store_is_ended_when_it_can_be() {
    let store = MemoryStore::default();
    let setup = |seed| Setup { store: store.clone(), seed, ..Setup::default() };
    let call = process(START, async {
        let world = setup(1).start().await;
        let call = world.call(NUMBER, people::falls_silent()).await;
        world.until(call, 20, |r| r.status == CallStatus::InProgress).await;
        call
    });
    process(START.plus_millis(60_000), async {
        store.set_failing(true);
        let world = Setup { balance: None, ..setup(2) }.start().await;
        assert_eq!(world.recovered.lost, 1);
        world.pass(10_000).await;
        assert!(!world.record(call).is_ended());
        store.recover();
        world.pass(3_000).await;
        assert_eq!(outcome(&world.record(call)), "failed / node_lost / unclear");
        check_books(&world);
    });
}

#[test]
fn an_end_without_an_answer_at_the_start_is_one_end() {
    let store = MemoryStore::default();
    let setup = |seed| Setup { store: store.clone(), seed, ..Setup::default() };
    let call = process(START, async {
        let world = setup(1).start().await;
        let call = world.call(NUMBER, Plan::unrung(60_000, Door::TimeOut)).await;
        world.until(call, 20, |r| r.status == CallStatus::Dialing).await;
        call
    });
    process(START.plus_millis(60_000), async {
        store.set_losing_answers(true);
        let world = Setup { balance: None, ..setup(2) }.start().await;
        world.pass(5_000).await;
        assert_eq!(outcome(&world.record(call)), "failed / node_lost / not_reached");
        check_books(&world);
        store.recover();
    });
}
