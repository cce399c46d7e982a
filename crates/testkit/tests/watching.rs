//! Following a call: every event once, in order, and the end last.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use domain::{CallId, CallRecord, CallStatus, Event, Refusal};
use engine::{Calls, WatchOptions, Watched};
use testkit::{Setup, World, beside, check_all, people, virtually};

const NUMBER: &str = "13800138000";

async fn watch(world: &World, call: CallId, options: WatchOptions) -> engine::Watch {
    world.engine.watch(&world.who, call, options).await.unwrap()
}

/// Numbers of the events seen, beats, and the record at the end.
async fn follow(mut watch: engine::Watch) -> (Vec<u64>, usize, Option<CallRecord>) {
    let (mut seen, mut beats) = (Vec::new(), 0);
    loop {
        match watch.next().await {
            Watched::Event(e) => seen.push(e.seq),
            Watched::Beat => beats += 1,
            Watched::Ended(record) => {
                assert!(matches!(watch.next().await, Watched::Closed), "nothing follows");
                return (seen, beats, Some(*record));
            }
            Watched::DeadlinePassed | Watched::Closed => return (seen, beats, None),
        }
    }
}

/// Numbers of a call's events up to its end.
fn whole(world: &World, call: CallId) -> Vec<u64> {
    let journal = world.journal(call);
    let end = journal.iter().position(|e| matches!(e.event, Event::CallEnded(_)));
    journal[..=end.unwrap()].iter().map(|e| e.seq).collect()
}

#[test]
fn everybody_sees_every_event_once_whenever_they_came() {
    virtually(async {
        let world = Setup { record: true, ..Setup::default() }.start().await;
        let call = world.call(NUMBER, people::interrupter()).await;
        let mut watchers = Vec::new();
        for _ in 0..20 {
            let one = watch(&world, call, WatchOptions::default()).await;
            watchers.push(beside(follow(one)));
            world.pass(900).await;
        }
        world.settle(60).await;
        world.pass(1_000).await;
        check_all(&world);
        watchers.push(beside(follow(watch(&world, call, WatchOptions::default()).await)));
        let want = whole(&world, call);
        for watcher in watchers {
            let (seen, _, record) = watcher.result().await;
            assert_eq!(seen, want);
            assert_eq!(record.unwrap().reason, world.record(call).reason);
        }
    });
}

#[test]
fn a_watch_resumed_at_any_event_gives_the_rest_once() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::cooperative()).await;
        world.settle(60).await;
        let want = whole(&world, call);
        for from_seq in 0..=want.len() as u64 + 1 {
            let options = WatchOptions { from_seq, ..WatchOptions::default() };
            let (seen, _, record) = follow(watch(&world, call, options).await).await;
            let rest: Vec<u64> = want.iter().copied().filter(|n| *n >= from_seq).collect();
            assert_eq!(seen, rest, "from {from_seq}");
            assert!(record.is_some());
        }
    });
}

#[test]
fn the_end_that_a_watcher_sees_is_the_end_that_is_stored() {
    virtually(async {
        let world = Setup::default().start().await;
        world.store.set_commit_takes(Duration::from_millis(40));
        let call = world.call(NUMBER, people::cooperative()).await;
        let mut one = watch(&world, call, WatchOptions::default()).await;
        loop {
            match one.next().await {
                Watched::Event(e) => {
                    let stored = world.journal(call);
                    let same = stored.iter().find(|s| s.seq == e.seq);
                    assert_eq!(same, Some(&*e), "told before it was stored");
                }
                Watched::Ended(record) => {
                    assert_eq!(*record, world.record(call));
                    assert!(record.is_ended());
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        world.settle(60).await;
    });
}

#[test]
fn a_call_that_never_starts_ends_its_watchers_too() {
    virtually(async {
        let world = Setup { max_concurrent: 1, ..Setup::default() }.start().await;
        world.call("13800138001", people::opts_out()).await;
        let call = world.call("13800138002", people::cooperative()).await;
        let watcher = beside(follow(watch(&world, call, WatchOptions::default()).await));
        world.pass(100).await;
        world.engine.hang_up(&world.who, call).await.unwrap();
        let (seen, _, record) = watcher.result().await;
        assert_eq!(seen, whole(&world, call));
        assert_eq!(record.unwrap().status, CallStatus::Canceled);
        world.settle(60).await;
    });
}

#[test]
fn signs_of_life_come_at_once_and_then_on_time_until_the_answer() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::no_answer()).await;
        let options = WatchOptions {
            beat_unanswered: Some(Duration::from_millis(500)),
            utterances_only: true,
            answer_deadline: Some(Duration::from_secs(20)),
            ..WatchOptions::default()
        };
        let mut one = watch(&world, call, options).await;
        let start = world.clock.now();
        let mut beats = 0;
        loop {
            match one.next().await {
                Watched::Beat => {
                    let at = world.clock.now().since(start).as_millis();
                    assert!(at.abs_diff(beats * 500) <= 5, "beat {beats} after {at} ms");
                    beats += 1;
                }
                Watched::DeadlinePassed => break,
                other => panic!("{other:?}"),
            }
        }
        assert!((40..=41).contains(&beats), "{beats}");
        assert_eq!(world.clock.now().since(start).as_secs(), 20);
        world.settle(60).await;
        assert_eq!(world.record(call).status, CallStatus::NoAnswer, "the call rang on");
    });
}

#[test]
fn a_call_has_32_watchers_at_most_and_a_place_comes_back() {
    virtually(async {
        let world = Setup::default().start().await;
        let call = world.call(NUMBER, people::cooperative()).await;
        let mut all = Vec::new();
        for _ in 0..32 {
            all.push(watch(&world, call, WatchOptions::default()).await);
        }
        let refused = world.engine.watch(&world.who, call, WatchOptions::default()).await;
        assert!(matches!(refused, Err(Refusal::RateLimited { .. })));
        // 31 never read; the call and the one who reads notice nothing.
        let reader = all.pop().unwrap();
        let (seen, _, _) = follow(reader).await;
        assert_eq!(seen, whole(&world, call));
        watch(&world, call, WatchOptions::default()).await;
        world.settle(60).await;
        check_all(&world);
    });
}
