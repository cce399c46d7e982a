//! Thousands of calls in every kind of trouble, each from a seed, with everything that must hold
//! of all of them.

use testkit::{CALLS_OF_A_WORLD, Report, Simulation};

fn run(seed: u64, calls: u64) -> Report {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Simulation { threads, ..Simulation::new(seed, calls) }.run()
}

/// What failed, and how to see it again.
fn shown(report: &Report) -> String {
    let failures = report.failures.iter().take(5).map(|f| {
        let found = f.violations.iter().take(5).map(|v| format!("\n  {v}"));
        format!("{}{}\n", f.command(), found.collect::<String>())
    });
    format!("{} worlds failed\n{}", report.failures.len(), failures.collect::<String>())
}

#[test]
fn twenty_thousand_calls_in_trouble_break_nothing() {
    let report = run(1, 20_000);
    println!("{report:#?}");
    assert!(report.failures.is_empty(), "{}", shown(&report));
    assert_eq!(report.calls, 20_000);
    // Trouble there was: of every kind, and of every way to end that this engine has.
    assert!(report.crashes > 100 && report.drains > 20, "{report:?}");
    assert!(report.refused > 100 && report.watched > 1_000, "{report:?}");
    for why in [
        "task_done",
        "task_impossible",
        "callee_hung_up",
        "owner_hung_up",
        "identity_not_confirmed",
        "opted_out",
        "silence",
        "max_duration",
        "balance_exhausted",
        "connection_lost",
        "voicemail",
        "ring_timeout",
        "no_answer",
        "busy",
        "declined",
        "canceled",
        "policy_blocked",
        "invalid_number",
        "unreachable",
        "trunk_failed",
        "queue_expired",
        "speech_failed",
        "platform_failed",
        "model_failed",
        "node_lost",
    ] {
        assert!(report.ends.contains_key(why), "no call ended by {why}: {:?}", report.ends);
    }
}

#[test]
fn a_seed_repeats_to_the_byte_on_any_number_of_threads_and_alone() {
    let calls = 4 * CALLS_OF_A_WORLD;
    let on = |threads| Simulation { threads, ..Simulation::new(900, calls) }.run();
    assert_eq!(on(1), on(3));
    assert_ne!(on(1).digest, Simulation::new(901, calls).run().digest);
    // The third world by itself, as the command of a failure repeats it.
    let alone = Simulation::new(902, CALLS_OF_A_WORLD).run();
    assert_eq!(alone.digest, Simulation::new(902, CALLS_OF_A_WORLD).run().digest);
}
