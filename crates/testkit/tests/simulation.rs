//! Thousands of calls in every kind of trouble, each from a seed, with everything that must hold
//! of all of them.

use testkit::{Report, Simulation};

fn run(seed: u64, calls: u64) -> Report {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Simulation { threads, ..Simulation::new(seed, calls) }.run()
}

fn shown(report: &Report) -> String {
    let failures = report.failures.iter().take(5).map(|f| {
        let found = f.violations.iter().take(5).map(|v| format!("\n  {v}"));
        format!("{}{}\n", f.command(), found.collect::<String>())
    });
    format!("{} worlds failed\n{}", report.failures.len(), failures.collect::<String>())
}

#[test]
fn twenty_thousand_calls_in_trouble_break_nothing() {
    let report = run(1, 500);
    println!("{report:#?}");
    assert!(report.failures.is_empty(), "{}", shown(&report));
}
