//! Many worlds of many calls, each from a seed: whatever may go wrong goes wrong somewhere, and
//! what must hold is checked after each world.
//!
//! A world of a seed is one store and up to three lives of a process on it: a life places calls
//! in a weather of faults, and dies, is drained, or comes to rest. World `k` of a simulation has
//! the seed `seed + k`, so one that fails is repeated alone by its own seed.

mod fate;
mod history;
mod life;
mod storm;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::invariant::{Invariant, Violation};
use crate::sabotage::Sabotage;
use history::Outcome;

/// Calls of one world, but perhaps of the last.
pub const CALLS_OF_A_WORLD: u64 = 25;
/// One world in so many is run twice, to see that it repeats.
const TWICE_ONE_IN: u64 = 50;

/// What is to be simulated.
#[derive(Clone, Copy, Debug)]
pub struct Simulation {
    /// Seed of the first world.
    pub seed: u64,
    /// Calls in all.
    pub calls: u64,
    /// Worlds at a time; what is found does not depend on it.
    pub threads: usize,
    /// A fault to be planted in every world, and how many chances it lets pass.
    pub sabotage: Option<(Sabotage, u32)>,
}

/// A world in which something did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// Its calls.
    pub calls: u64,
    /// What was found.
    pub violations: Vec<Violation>,
}

impl Failure {
    /// The command that repeats it.
    pub fn command(&self) -> String {
        let Self { seed, calls, .. } = self;
        format!("cargo run -p bench -- simulate --seed {seed} --calls {calls}")
    }
}

/// What a simulation came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Worlds that were run.
    pub worlds: u64,
    /// Calls that were accepted.
    pub calls: u64,
    /// Orders that were refused.
    pub refused: u64,
    /// Lives that were cut off.
    pub crashes: u64,
    /// Lives that were drained.
    pub drains: u64,
    /// Calls that followed a watcher to their end.
    pub watched: u64,
    /// Seconds of virtual time, of all lives together.
    pub virtual_s: u64,
    /// Calls by why they ended.
    pub ends: BTreeMap<&'static str, u64>,
    /// Events in all journals.
    pub events: u64,
    /// Follows from every byte of every journal; the same for the same simulation.
    pub digest: u64,
    /// Worlds in which something did not hold, by seed.
    pub failures: Vec<Failure>,
}

impl Simulation {
    /// A simulation without planted faults, on one thread.
    pub fn new(seed: u64, calls: u64) -> Self {
        Self { seed, calls, threads: 1, sabotage: None }
    }

    /// Runs all worlds.
    pub fn run(&self) -> Report {
        let worlds = self.calls.div_ceil(CALLS_OF_A_WORLD);
        let next = AtomicU64::new(0);
        let outcomes: Mutex<BTreeMap<u64, (Outcome, Vec<Violation>)>> = Mutex::default();
        std::thread::scope(|threads| {
            for _ in 0..self.threads.max(1) {
                threads.spawn(|| {
                    loop {
                        let k = next.fetch_add(1, Ordering::Relaxed);
                        if k >= worlds {
                            return;
                        }
                        let done = self.world(k);
                        outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(k, done);
                    }
                });
            }
        });
        let mut report = Report { worlds, ..Report::default() };
        let outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (k, (outcome, violations)) in outcomes {
            report.add(&outcome);
            if !violations.is_empty() {
                let (seed, calls) = (self.seed.wrapping_add(k), self.calls_of(k));
                report.failures.push(Failure { seed, calls, violations });
            }
        }
        report
    }

    fn calls_of(&self, k: u64) -> u64 {
        (self.calls - k * CALLS_OF_A_WORLD).min(CALLS_OF_A_WORLD)
    }

    /// One world, and a second time if it is its turn to show that it repeats.
    fn world(&self, k: u64) -> (Outcome, Vec<Violation>) {
        let (seed, calls) = (self.seed.wrapping_add(k), self.calls_of(k));
        let run = || match catch_unwind(AssertUnwindSafe(|| self.once(seed, calls))) {
            Ok(outcome) => outcome,
            Err(panic) => Outcome::of_panic(panic.as_ref()),
        };
        let mut outcome = run();
        let mut violations = std::mem::take(&mut outcome.violations);
        // The world asked for is always among them, so that one seed alone shows it, too.
        if k.is_multiple_of(TWICE_ONE_IN) && run().digest != outcome.digest {
            let found = "the second run wrote other journals".to_owned();
            violations.push(Violation { invariant: Invariant::Repeats, call: None, found });
        }
        (outcome, violations)
    }

    fn once(&self, seed: u64, calls: u64) -> Outcome {
        history::History::new(seed, calls, self.sabotage).run()
    }
}

impl Report {
    fn add(&mut self, o: &Outcome) {
        self.calls += o.calls;
        self.refused += o.refused;
        self.crashes += o.crashes;
        self.drains += o.drains;
        self.watched += o.watched;
        self.virtual_s += o.virtual_s;
        self.events += o.events;
        for (why, n) in &o.ends {
            *self.ends.entry(why).or_insert(0) += n;
        }
        self.digest = self.digest.rotate_left(5) ^ o.digest;
    }
}
