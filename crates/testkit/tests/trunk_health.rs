//! A trunk that says it is not usable is not chosen, and calls that fit no other wait for it.

use std::time::Duration;

use domain::CallStatus;
use engine::{Calls, Route};
use testkit::{Setup, check_all, outcome, people, virtually};

#[test]
fn an_unusable_trunk_is_passed_over_and_waited_for() {
    virtually(async {
        let first = Route { priority: 1, ..Route::open("first", false) };
        let prefixes = vec!["139".to_owned()];
        let second = Route { priority: 2, prefixes, ..Route::open("second", false) };
        let world = Setup { routes: vec![first, second], ..Setup::default() }.start().await;
        let events = world.engine.trunk_events();
        events.trunk_usable("first", false);
        let passed_on = world.call("13900000001", people::cooperative()).await;
        let waiting = world.call("13800138000", people::cooperative()).await;
        world.until(passed_on, 10, |r| r.status == CallStatus::InProgress).await;
        assert_eq!(world.record(passed_on).trunk.as_deref(), Some("second"));
        assert_eq!(world.record(waiting).status, CallStatus::Queued);
        let ready = world.engine.readiness();
        let up: Vec<_> = ready.trunks.iter().map(|t| (t.name.as_str(), t.up)).collect();
        assert_eq!((ready.ready, up), (true, vec![("first", false), ("second", true)]));
        // It comes back: what waited goes over it, and nothing that runs is touched.
        events.trunk_usable("first", true);
        world.settle(120).await;
        check_all(&world);
        assert_eq!(world.record(waiting).trunk.as_deref(), Some("first"));
        for call in [passed_on, waiting] {
            assert_eq!(outcome(&world.record(call)), "completed / task_done / confirmed");
        }
        assert_eq!(world.trunk.dialled().len(), 2);
    });
}

#[test]
fn without_a_usable_trunk_the_engine_is_not_ready() {
    virtually(async {
        let world = Setup::default().start().await;
        let events = world.engine.trunk_events();
        events.trunk_usable("no such trunk", false);
        assert!(world.engine.readiness().ready);
        events.trunk_usable("lab", false);
        let ready = world.engine.readiness();
        assert!(!ready.ready);
        assert_eq!(ready.problems, ["no trunk is usable"]);
    });
}

/// Nobody is dialled while the trunk is full, and nobody fails for it.
#[test]
fn calls_wait_while_a_trunk_is_full() {
    virtually(async {
        let world = Setup::default().start().await;
        let events = world.engine.trunk_events();
        events.trunk_full("lab", Duration::from_secs(20));
        // What is told later and is shorter does not end it.
        events.trunk_full("lab", Duration::from_secs(2));
        let began = world.clock.now();
        let calls = [
            world.call("13800138000", people::cooperative()).await,
            world.call("13800138001", people::cooperative()).await,
        ];
        world.pass(15_000).await;
        assert!(world.trunk.dialled().is_empty());
        for call in calls {
            assert_eq!(world.record(call).status, CallStatus::Queued);
        }
        world.settle(120).await;
        check_all(&world);
        for call in calls {
            assert_eq!(outcome(&world.record(call)), "completed / task_done / confirmed");
        }
        let dialled = world.trunk.dialled();
        assert_eq!(dialled.len(), 2);
        assert!(dialled.iter().all(|d| d.at >= began + Duration::from_secs(20)));
    });
}
