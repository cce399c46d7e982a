//! What happens between acceptance and the INVITE.

use domain::{CallLimits, CallStatus, Refusal};
use engine::Route;
use testkit::Act::*;
use testkit::{Setup, check_all, outcome, people, virtually};

const NUMBER: &str = "13800138000";

#[test]
fn a_call_that_waits_too_long_is_given_up() {
    virtually(async {
        let limits = CallLimits { queue_s: 20, ..CallLimits::default() };
        let world = Setup { max_concurrent: 1, limits, ..Setup::default() }.start().await;
        world.call("13800138001", people::no_answer()).await;
        let waiting = world.call(NUMBER, people::cooperative()).await;
        world.settle(60).await;
        check_all(&world);
        let record = world.record(waiting);
        assert_eq!(outcome(&record), "failed / queue_expired / not_reached");
        assert_eq!(record.reason.unwrap().who, None);
        let waited = record.milestones.ended_at.unwrap().millis_since(record.created_at);
        assert!((20_000..20_200).contains(&waited), "{waited}");
        assert_eq!(world.trunk.dialled().len(), 1);
    });
}

#[test]
fn an_opt_out_blocks_the_call_that_waits_behind_it() {
    virtually(async {
        let world = Setup::default().start().await;
        world.call(NUMBER, people::opts_out()).await;
        let second = world.call(NUMBER, people::cooperative()).await;
        world.settle(120).await;
        check_all(&world);
        assert_eq!(outcome(&world.record(second)), "canceled / policy_blocked / not_reached");
        assert_eq!(world.trunk.dialled().len(), 1, "no INVITE for the second");
        assert_eq!(world.record(second).charge.unwrap().0, 0);
    });
}

#[test]
fn a_number_is_called_once_at_a_time() {
    virtually(async {
        let world = Setup::default().start().await;
        let first = world.call(NUMBER, people::cooperative()).await;
        let second = world.call(NUMBER, people::cooperative()).await;
        let other = world.call("13800138001", people::cooperative()).await;
        world.until(first, 10, |r| r.status == CallStatus::InProgress).await;
        assert_eq!(world.record(second).status, CallStatus::Queued);
        assert_ne!(world.record(other).status, CallStatus::Queued, "others do not wait for it");
        world.settle(120).await;
        check_all(&world);
        let (first, second) = (world.record(first), world.record(second));
        assert_eq!(outcome(&second), "completed / task_done / confirmed");
        assert!(second.milestones.dialed_at >= first.milestones.ended_at);
    });
}

#[test]
fn lines_are_shared_in_the_order_of_the_orders() {
    virtually(async {
        let world = Setup { max_concurrent: 2, ..Setup::default() }.start().await;
        let numbers: Vec<String> = (0..6).map(|i| format!("1390000000{i}")).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        for number in &numbers {
            world.trunk.plan(number, people::cooperative());
        }
        world.place(&numbers).await.unwrap();
        let mut most = 0;
        while world.engine.running() + world.engine.waiting() > 0 {
            most = most.max(world.trunk.live());
            world.pass(50).await;
        }
        assert_eq!(most, 2);
        check_all(&world);
        let dialled: Vec<String> = world.trunk.dialled().into_iter().map(|d| d.number).collect();
        assert_eq!(dialled, numbers);
    });
}

#[test]
fn a_full_trunk_passes_calls_to_the_next_one() {
    virtually(async {
        let small = Route { lines: 1, priority: 1, ..Route::open("small", false) };
        let large = Route { priority: 2, ..Route::open("large", false) };
        let world = Setup { routes: vec![large, small], ..Setup::default() }.start().await;
        for number in ["13800138001", "13800138002", "13800138003"] {
            world.call(number, people::cooperative()).await;
        }
        world.settle(60).await;
        check_all(&world);
        let trunks: Vec<String> = world.trunk.dialled().into_iter().map(|d| d.trunk).collect();
        assert_eq!(trunks, ["small", "large", "large"]);
        assert!(world.store.records().iter().all(|r| !r.simulated));
    });
}

#[test]
fn the_pace_of_a_trunk_is_kept() {
    virtually(async {
        let slow = Route { calls_per_second: 2, ..Route::open("slow", true) };
        let world = Setup { routes: vec![slow], ..Setup::default() }.start().await;
        for i in 0..4 {
            world.call(&format!("1380013800{i}"), people::cooperative()).await;
        }
        world.settle(60).await;
        check_all(&world);
        let at: Vec<u64> = world.trunk.dialled().iter().map(|d| d.at.as_millis()).collect();
        assert!(at.windows(2).all(|w| w[1] - w[0] >= 500), "{at:?}");
    });
}

#[test]
fn a_number_that_was_called_often_enough_is_left_out() {
    virtually(async {
        let world = Setup { callee_per_hour: 2, ..Setup::default() }.start().await;
        for _ in 0..2 {
            world.call(NUMBER, people::wrong_person()).await;
            world.settle(60).await;
        }
        assert_eq!(world.place(&[NUMBER]).await.unwrap_err(), Refusal::CalleeLimit);
        let placed = world.place(&[NUMBER, "13800138001"]).await.unwrap();
        assert_eq!(placed.skipped.len(), 1);
        assert_eq!(placed.skipped[0].why, Refusal::CalleeLimit);
        assert_eq!(placed.calls.len(), 1);
        world.settle(60).await;
        // An hour later it may be called again.
        world.pass(3_600_000).await;
        world.call(NUMBER, people::cooperative()).await;
        world.settle(60).await;
        check_all(&world);
    });
}

#[test]
fn calls_accepted_together_meet_the_callee_limit_one_by_one() {
    virtually(async {
        let world = Setup { callee_per_hour: 1, ..Setup::default() }.start().await;
        let first = world.call(NUMBER, people::wrong_person()).await;
        let second = world.call(NUMBER, people::cooperative()).await;
        world.settle(60).await;
        check_all(&world);
        assert_eq!(world.record(first).status, CallStatus::Completed);
        assert_eq!(outcome(&world.record(second)), "canceled / policy_blocked / not_reached");
    });
}

#[test]
fn without_a_free_port_nothing_is_dialled() {
    virtually(async {
        let world = Setup::default().start().await;
        world.plane.set_no_ports(true);
        let record = world.whole_call(people::cooperative()).await;
        check_all(&world);
        assert_eq!(outcome(&record), "failed / trunk_failed / not_reached");
        assert_eq!(world.trunk.dialled(), []);
        world.plane.set_no_ports(false);
        let record = world.whole_call(people::cooperative()).await;
        assert_eq!(outcome(&record), "completed / task_done / confirmed");
    });
}

#[test]
fn a_number_no_trunk_carries_is_refused_before_anything_is_stored() {
    virtually(async {
        let narrow = Route { prefixes: vec!["139".to_owned()], ..Route::open("narrow", true) };
        let world = Setup { routes: vec![narrow], ..Setup::default() }.start().await;
        let refused = world.place(&["13900139000", NUMBER]).await.unwrap_err();
        assert_eq!(refused, Refusal::TrunkUnavailable);
        assert_eq!(world.store.records(), []);
        let _ = Wait(0);
    });
}
