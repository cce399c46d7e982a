//! One life of a process: it places calls in a storm, and dies, is drained or comes to rest.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{CallId, Event, Refusal};
use engine::{Calls, WatchOptions, Watched};
use tokio_util::sync::CancellationToken;

use super::fate;
use super::storm::{self, Storm};
use crate::chance::Chance;
use crate::invariant::{Invariant, Violation};
use crate::sabotage::Sabotage;
use crate::world::{Setup, World};

/// After this a world that does not come to rest never will, s.
const PATIENCE_S: u64 = 3_600;
/// What may still be on its way when all calls are over: an owner who hangs up is answered after
/// two seconds at most.
const AFTERMATH_MS: u64 = 3_000;

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The process dies after so many ms.
    Crash(u64),
    /// It is drained.
    Drain,
    /// All calls end.
    Rest,
}

/// A life before it is lived.
pub(super) struct Life {
    pub(super) seed: u64,
    pub(super) setup: Setup,
    pub(super) chance: Chance,
    pub(super) storm: Storm,
    /// Calls that are still to be placed.
    pub(super) wanted: u64,
    /// Calls that earlier lives placed.
    pub(super) known: Vec<CallId>,
    pub(super) ending: Ending,
}

/// A life that was lived.
pub(super) struct Lived {
    pub(super) world: World,
    pub(super) placed: Vec<CallId>,
    pub(super) refused: u64,
    pub(super) watched: Log,
}

/// What watchers saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) finished: u64,
    pub(super) violations: Vec<Violation>,
}

impl Life {
    pub(super) async fn run(mut self) -> Lived {
        let world = self.setup.clone().start().await;
        let seed = self.seed;
        world.trunk.draw_fates(move |call| {
            let name = call.as_bytes().iter().fold(seed, |n, b| n.rotate_left(8) ^ u64::from(*b));
            fate::draw(&mut Chance::new(name))
        });
        let log = Arc::new(Mutex::new(Log::default()));
        let (mut placed, mut refused) = (Vec::new(), 0);
        let mut steps = 0;
        loop {
            if let Ending::Crash(at) = self.ending
                && world.clock.now().as_millis() >= at
            {
                break;
            }
            let more = (placed.len() as u64) < self.wanted;
            if more && self.chance.below(2) == 0 {
                match self.place(&world, placed.len()).await {
                    Ok(calls) => placed.extend(calls),
                    Err(_) => refused += 1,
                }
            }
            if self.chance.below(3) == 0 {
                self.storm.blow(&world, &mut self.chance);
            }
            self.meddle(&world, &placed, &log);
            steps += 1;
            // Long enough a storm, or nobody could ever place a call.
            if steps % 40 == 0 {
                storm::calm(&world);
            }
            let idle = world.engine.running() + world.engine.waiting() == 0;
            if !more && (idle || steps > 400 || self.ending == Ending::Drain) {
                break;
            }
            let ms = if self.chance.below(4) == 0 { 4_000 } else { 500 };
            world.pass(self.chance.below(ms)).await;
        }
        self.end(&world).await;
        let watched = log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Lived { world, placed, refused, watched }
    }

    /// Places one order of a few calls.
    async fn place(&mut self, world: &World, placed: usize) -> Result<Vec<CallId>, Refusal> {
        let before = self.known.len() + placed;
        let room = self.wanted - placed as u64;
        let many = self.chance.within(1, 5.min(room));
        let mut numbers: Vec<String> =
            (0..many).map(|i| format!("138{:08}", before as u64 + i)).collect();
        if before > 0 && self.chance.below(6) == 0 {
            // Somebody who was called before, and is perhaps being called now.
            let again = self.chance.below(before as u64);
            numbers = vec![format!("138{again:08}")];
        }
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let placed = world.place(&numbers).await;
        if let Err(Refusal::InsufficientBalance { .. }) = &placed {
            storm::pay(world);
        }
        Ok(placed?.calls.iter().map(|c| c.call).collect())
    }

    /// Owners hang up, and watchers come.
    fn meddle(&mut self, world: &World, placed: &[CallId], log: &Arc<Mutex<Log>>) {
        let all = self.known.len() + placed.len();
        let n = self.chance.below(all as u64) as usize;
        let Some(&call) = self.known.iter().chain(placed).nth(n) else {
            return;
        };
        match self.chance.below(24) {
            0 => storm::hang_up(world, call),
            1 | 2 => follow(world, call, log.clone()),
            _ => {}
        }
    }

    async fn end(&mut self, world: &World) {
        match self.ending {
            Ending::Crash(_) => {}
            Ending::Drain => {
                let limit = Duration::from_millis(self.chance.below(40_000));
                world.engine.drain(limit, CancellationToken::new()).await;
            }
            Ending::Rest => {
                storm::calm(world);
                for _ in 0..PATIENCE_S * 10 {
                    if world.engine.running() + world.engine.waiting() == 0 {
                        break;
                    }
                    world.pass(100).await;
                }
                world.pass(AFTERMATH_MS).await;
            }
        }
    }
}

/// Follows one call to its end and notes what came in the wrong order.
fn follow(world: &World, call: CallId, log: Arc<Mutex<Log>>) {
    let (engine, who) = (world.engine.clone(), world.who.clone());
    let plants = world.setup.plants.clone();
    world.clock.spawn(async move {
        // Refused while the store cannot be read, and when too many watch already.
        let Ok(mut watch) = engine.watch(&who, call, WatchOptions::default()).await else {
            return;
        };
        let (mut last, mut ended) = (0, false);
        let mut found = Vec::new();
        let finished = loop {
            match watch.next().await {
                Watched::Event(e) => {
                    let next = if plants.fires(Sabotage::NewsRepeated) { last } else { e.seq };
                    if ended || next != last + 1 {
                        found.push(format!("event {next} after {last}, ended: {ended}"));
                    }
                    last = next;
                    ended = matches!(e.event, Event::CallEnded(_));
                }
                Watched::Ended(_) => {
                    if !ended {
                        found.push(format!("a record after event {last}, which is no end"));
                    }
                    break true;
                }
                Watched::Beat => {}
                Watched::DeadlinePassed | Watched::Closed => break false,
            }
        };
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.finished += u64::from(finished);
        let invariant = Invariant::Watched;
        let found = found.into_iter();
        log.violations.extend(found.map(|found| Violation { invariant, call: Some(call), found }));
    });
}
