//! One world of one seed: lives of a process on one store, one after the other, and what is
//! found at the end.

use std::any::Any;
use std::collections::BTreeMap;

use domain::{CallId, CallLimits, MicroYuan, Opening, TurnSettings, WallTime};
use engine::Route;

use super::life::{Ending, Life, Lived};
use super::storm::Storm;
use crate::chance::Chance;
use crate::checks;
use crate::invariant::{Findings, Invariant, Violation};
use crate::machine::Machine;
use crate::memory::MemoryStore;
use crate::outside::Outside;
use crate::plane::Audible;
use crate::sabotage::{Plants, Sabotage};
use crate::trunk::Dialled;
use crate::world::Setup;

/// Tasks of an engine and its fakes at rest: the dispatcher and the wheel of the plane.
const TASKS_AT_REST: usize = 2;
/// One call in so many is led by a service outside.
const LED_OUTSIDE_ONE_IN: u64 = 4;
/// Lives of a world at most.
const LIVES: u32 = 3;
const NEW_YEAR: WallTime = WallTime(1_767_225_600_000);

/// What one world came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) calls: u64,
    pub(super) refused: u64,
    pub(super) crashes: u64,
    pub(super) drains: u64,
    pub(super) watched: u64,
    pub(super) virtual_s: u64,
    pub(super) events: u64,
    pub(super) ends: BTreeMap<&'static str, u64>,
    pub(super) digest: u64,
    pub(super) violations: Vec<Violation>,
}

impl Outcome {
    /// Of a world that did not come to its end.
    pub(super) fn of_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let found = text.unwrap_or_else(|| "a panic without words".to_owned());
        let violation = Violation { invariant: Invariant::Sound, call: None, found };
        Self { violations: vec![violation], ..Self::default() }
    }
}

/// See the module.
pub(super) struct History {
    seed: u64,
    calls: u64,
    chance: Chance,
    setup: Setup,
    wall: WallTime,
    placed: Vec<CallId>,
    dialled: Vec<Dialled>,
    audible: BTreeMap<CallId, Vec<Audible>>,
    outcome: Outcome,
}

/// Drops a machine's tasks however its life ends, because they hold the machine.
struct Stopping(Machine);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl History {
    pub(super) fn new(seed: u64, calls: u64, sabotage: Option<(Sabotage, u32)>) -> Self {
        let mut chance = Chance::new(seed);
        let (what, skip) = sabotage.map_or((None, 0), |(what, skip)| (Some(what), skip));
        let plants = Plants::new(what, skip);
        let outside = Outside::leading(LED_OUTSIDE_ONE_IN, seed);
        let setup = Setup { outside, ..draw_setup(&mut chance, plants) };
        Self {
            seed,
            calls,
            chance,
            setup,
            wall: NEW_YEAR,
            placed: Vec::new(),
            dialled: Vec::new(),
            audible: BTreeMap::new(),
            outcome: Outcome::default(),
        }
    }

    pub(super) fn run(mut self) -> Outcome {
        for life in 1..=LIVES {
            let ending = match self.chance.below(10) {
                0..=3 if life < LIVES => Ending::Crash(self.chance.below(60_000)),
                4 if life < LIVES => Ending::Drain,
                _ => Ending::Rest,
            };
            self.live(ending);
            if ending == Ending::Rest {
                break;
            }
        }
        self.finish()
    }

    fn live(&mut self, ending: Ending) {
        self.setup.seed = self.chance.bits();
        let machine = Stopping(Machine::new(self.wall, Some(self.chance.bits())));
        let life = Life {
            seed: self.seed,
            setup: self.setup.clone(),
            chance: Chance::new(self.chance.bits()),
            storm: Storm::draw(&mut self.chance),
            wanted: self.calls.saturating_sub(self.placed.len() as u64),
            known: self.placed.clone(),
            ending,
        };
        let Lived { world, placed, refused, watched } = machine.0.run(life.run());
        self.placed.extend(placed);
        self.outcome.refused += refused;
        self.outcome.watched += watched.finished;
        self.outcome.violations.extend(watched.violations);
        self.dialled.extend(world.trunk.dialled());
        self.audible.extend(world.plane.all_audible());
        match ending {
            Ending::Crash(_) => self.outcome.crashes += 1,
            Ending::Drain => self.outcome.drains += 1,
            Ending::Rest => {
                let mut found = Findings::default();
                checks::at_rest(&world, &mut found);
                let (tasks, timers) = (machine.0.tasks(), machine.0.timers());
                found.need(Invariant::Tasks, tasks == TASKS_AT_REST, || {
                    format!("{tasks} tasks, {TASKS_AT_REST} at rest")
                });
                found.need(Invariant::Timers, timers == 0, || format!("{timers} timers"));
                self.outcome.violations.append(&mut found.all);
            }
        }
        let lived_ms = world.clock.now().as_millis();
        self.outcome.virtual_s += lived_ms / 1_000;
        let outage = self.chance.within(200, 90_000);
        self.wall = self.wall.plus_millis((lived_ms + outage) as i64);
        self.setup.balance = None;
        self.setup.store.recover();
    }

    fn finish(mut self) -> Outcome {
        let store = &self.setup.store;
        let mut found =
            checks::whole_history(store, &self.dialled, &self.audible, &self.setup.outside.led());
        self.outcome.violations.append(&mut found);
        self.outcome.calls = self.placed.len() as u64;
        for record in store.records() {
            let why = record.reason.map_or("none", |r| r.what.word());
            *self.outcome.ends.entry(why).or_insert(0) += 1;
        }
        (self.outcome.digest, self.outcome.events) = digest(store);
        self.outcome
    }
}

/// FNV-1a over every journal to the byte, and the number of events.
fn digest(store: &MemoryStore) -> (u64, u64) {
    let (mut hash, mut events) = (0xcbf2_9ce4_8422_2325_u64, 0);
    let mut add = |bytes: &[u8]| {
        for b in bytes {
            hash = (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for record in store.records() {
        for e in store.journal(record.call) {
            events += 1;
            // Values of ours always become JSON.
            add(&serde_json::to_vec(&e).unwrap_or_default());
            add(&serde_json::to_vec(&e.texts).unwrap_or_default());
        }
    }
    (hash, events)
}

fn draw_setup(chance: &mut Chance, plants: Plants) -> Setup {
    let call_s = chance.within(15, 120) as u32;
    let limits = CallLimits {
        queue_s: chance.within(20, 900) as u32,
        ring_s: chance.within(5, 40) as u32,
        call_s,
        media_timeout_s: chance.within(2, 20) as u32,
        hold_s: chance.within(10, u64::from(call_s)) as u32,
    };
    let turn = TurnSettings {
        pause_ms: chance.within(300, 1_200) as u32,
        hold_off_ms: chance.below(800) as u32,
        mute_ms: chance.within(1_500, 8_000) as u32,
        opening: if chance.below(3) == 0 { Opening::AtAnswer } else { Opening::AfterHello },
        ..TurnSettings::default()
    };
    let routes = ["first", "second"].map(|name| Route {
        calls_per_second: chance.within(1, 50) as u32,
        lines: chance.within(1, 8) as u32,
        ..Route::open(name, true)
    });
    // Some owners run out of money in mid-call.
    let balance = if chance.below(5) == 0 { 2_500_000 } else { 1_000_000_000 };
    Setup {
        balance: Some(MicroYuan(balance)),
        max_concurrent: chance.within(2, 12) as u32,
        limits,
        turn,
        record: chance.below(2) == 0,
        voicemail_message: chance.below(2) == 0,
        callee_per_hour: if chance.below(4) == 0 { 2 } else { 0 },
        routes: routes.to_vec(),
        plants,
        ..Setup::default()
    }
}
