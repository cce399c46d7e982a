//! Calls with a whole leg at our end: what callees say is found by ear in what a network left of
//! it, and what we say goes back through the same network.

use domain::{CallRecord, CallStatus};
use testkit::{Network, Plan, Setup, check_all, outcome, people, virtually};

/// Who it is, their plan, and how their call ends, where that is not just as on a perfect line.
type Person = (&'static str, fn() -> Plan, Option<&'static str>);

fn over(network: Network, plan: Plan) -> Plan {
    Plan { network: Some(Network { whole_leg: true, ..network }), ..plan }
}

async fn call(setup: Setup, plan: Plan) -> CallRecord {
    let world = setup.start().await;
    let record = world.whole_call(plan).await;
    check_all(&world);
    record
}

#[test]
fn the_usual_people_are_heard_by_ear_as_on_a_perfect_line() {
    virtually(async {
        let done = "completed / task_done / confirmed";
        let all: [Person; 11] = [
            ("cooperative", people::cooperative, Some(done)),
            ("interrupts", people::interrupter, Some(done)),
            ("hums", people::backchannels, Some(done)),
            ("key", people::key_presser, Some(done)),
            ("robot", people::asks_for_a_robot, Some(done)),
            ("long", people::talks_long, Some(done)),
            ("wrong person", people::wrong_person, None),
            ("opts out", people::opts_out, None),
            ("silent", people::silent, None),
            ("hangs up", people::hangs_up, None),
            ("drops", people::sudden_drop, None),
        ];
        for (who, plan, want) in all {
            let perfect = call(Setup::default(), plan()).await;
            let record = call(Setup::default(), over(Network::default(), plan())).await;
            assert_eq!(outcome(&record), outcome(&perfect), "{who}");
            assert!(want.is_none_or(|want| outcome(&record) == want), "{who}");
            let lines = |r: &CallRecord| -> Vec<String> {
                r.lines.iter().map(|l| l.text.clone()).collect()
            };
            if who == "cooperative" {
                assert_eq!(lines(&record), lines(&perfect));
            }
        }
    });
}

#[test]
fn a_bad_network_costs_words_and_no_call_its_end() {
    virtually(async {
        let mut confirmed = 0;
        for seed in 0..24 {
            let network = Network {
                seed,
                loss_permille: 50,
                twice_permille: 10,
                late_permille: 20,
                delay_ms: 40,
                jitter_ms: 30,
                whole_leg: true,
            };
            let record =
                call(Setup { seed, ..Setup::default() }, over(network, people::cooperative()));
            let record = record.await;
            assert_eq!(record.status, CallStatus::Completed, "{seed}: {}", outcome(&record));
            let quality = record.quality.unwrap();
            assert!(quality.lost > 5 && quality.packets > 300, "{seed}: {quality:?}");
            let trip = quality.round_trip_ms;
            assert!(trip.is_some_and(|ms| (79..=295).contains(&ms)), "{seed}: {quality:?}");
            confirmed += u32::from(record.identity == domain::Identity::Confirmed);
        }
        assert!(confirmed >= 22, "{confirmed} of 24 were understood");
    });
}

#[test]
fn whole_legs_repeat_to_the_byte() {
    let once = || {
        virtually(async {
            let network =
                Network { seed: 9, loss_permille: 80, jitter_ms: 40, ..Network::default() };
            let world = Setup::default().start().await;
            let record = world.whole_call(over(network, people::interrupter())).await;
            serde_json::to_string(&world.journal(record.call)).unwrap()
        })
    };
    assert_eq!(once(), once());
}
