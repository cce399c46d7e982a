//! The `MediaPlane` fake: one virtual 20 ms wheel for all legs, the real playout, and callees
//! that follow scripts.
//!
//! Legs whose callees are behind a network with a whole leg live on the server's own lane; this
//! gives lane, collector and recorder their turns, the latter two as late as it is told to.
//!
//! For the others it keeps the real plane's order of things: commands wait for the next tick;
//! within a tick the callee is heard before playout is filled; a leg that is closed tells its last
//! events, then `Closed`, then what became of the recording.

mod account;
mod cable;
mod callee;
mod flight;
mod listening;
mod real;
mod reports;
mod seat;
mod speaking;
mod tapes;
mod voice;
mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use call::{Input, MediaEvent};
use domain::{CallId, Now};
use engine::Clock;
use engine::lanes::HandLane;
use engine::mailbox::{Mail, Recorded};
use engine::plane::{LegKey, LegOrder, MediaPlane, PlaneError};
use media::leg::LegCommand;
use media::sdp::Negotiated;
use tokio::sync::Notify;

use crate::recognizer::Words;
use crate::sabotage::{Plants, Sabotage};
use crate::trunk::FakeTrunk;

pub use account::Audible;
pub(crate) use callee::Callee;
use seat::Seat;
use tapes::Tapes;

const TICK: Duration = Duration::from_millis(20);

/// See the module. Clones share one plane.
#[derive(Clone)]
pub struct FakePlane(Arc<Inner>);

struct Inner {
    clock: Clock,
    trunk: FakeTrunk,
    words: Words,
    plants: Plants,
    tapes: Tapes,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    seats: Vec<Seat>,
    /// Closed, but the lane has not told all of them.
    leaving: Vec<Seat>,
    /// Made with the first order.
    lane: Option<HandLane>,
    /// Collector and recorder have a turn each in so many ticks; 0 is as 1.
    behind: (u64, u64),
    ticks: u64,
    spoilt: Vec<(CallId, String)>,
    orders: VecDeque<(LegKey, Order)>,
    opened: u16,
    ports: BTreeSet<LegKey>,
    audible: BTreeMap<CallId, Vec<Audible>>,
    no_ports: bool,
    hasty_recorder: bool,
}

enum Order {
    Connect(Box<Negotiated>),
    Answered,
    Leg(LegCommand),
    Close,
}

impl FakePlane {
    /// A plane whose wheel turns by this clock.
    pub fn start(clock: Clock, trunk: FakeTrunk, words: Words, plants: Plants) -> Self {
        let (state, wake) = (Mutex::default(), Notify::new());
        let tapes = Tapes::new(plants.clone());
        let plane = Self(Arc::new(Inner { clock, trunk, words, plants, tapes, state, wake }));
        plane.0.clock.spawn(plane.clone().run());
        plane
    }

    /// Legs that are open.
    pub fn open_legs(&self) -> usize {
        let s = self.lock();
        s.seats.len() + s.leaving.len()
    }

    /// Ports that were not given back.
    pub fn ports_in_use(&self) -> usize {
        self.lock().ports.len()
    }

    /// Whether from now on there is no port for a new leg.
    pub fn set_no_ports(&self, none: bool) {
        self.lock().no_ports = none;
    }

    /// Whether from now on the recorder reports before the leg does; both are threads of their
    /// own, so either may come first.
    pub fn set_hasty_recorder(&self, hasty: bool) {
        self.lock().hasty_recorder = hasty;
    }

    /// From now on collector and recorder of the lane have a turn in so many ticks, as on a core
    /// that they share with many.
    pub fn set_behind(&self, collector: u64, recorder: u64) {
        self.lock().behind = (collector, recorder);
    }

    /// Recordings that are not what was heard and said, and why.
    pub fn spoilt_recordings(&self) -> Vec<(CallId, String)> {
        self.lock().spoilt.clone()
    }

    /// What the callee of this call could hear, in order.
    pub fn audible(&self, call: CallId) -> Vec<Audible> {
        let s = self.lock();
        let live = s.live().find(|x| x.key().call == call).map(Seat::audible);
        live.or_else(|| s.audible.get(&call).cloned()).unwrap_or_default()
    }

    /// What every callee could hear.
    pub(crate) fn all_audible(&self) -> BTreeMap<CallId, Vec<Audible>> {
        let s = self.lock();
        let mut all = s.audible.clone();
        all.extend(s.live().map(|x| (x.key().call, x.audible())));
        all
    }

    async fn run(self) {
        loop {
            if self.open_legs() == 0 {
                // Without legs the wheel rests, so that idle hours cost nothing.
                self.0.wake.notified().await;
            }
            let ticks = self.0.clock.now().as_millis() / 20;
            self.0.clock.until(Now::from_millis(ticks * 20) + TICK).await;
            self.turn();
        }
    }

    fn turn(&self) {
        let now = self.0.clock.now();
        let mut s = self.lock();
        while let Some((key, order)) = s.orders.pop_front() {
            if let Some(i) = s.seats.iter().position(|x| x.key() == key) {
                self.carry_out(&mut s, now, i, order);
            }
        }
        for seat in &mut s.seats {
            if seat.tick(now) {
                self.0.trunk.peer_bye(seat.key().call);
            }
        }
        if s.lane.is_some() {
            self.turn_lane(&mut s, now);
        }
    }

    fn carry_out(&self, s: &mut State, now: Now, i: usize, order: Order) {
        let key = s.seats[i].key();
        let lane = s.lane.get_or_insert_with(|| HandLane::new(Arc::new(self.0.tapes.clone())));
        match order {
            Order::Connect(agreed) => {
                s.seats[i].connect(now, &agreed, &self.0.trunk.callee(key.call), lane);
            }
            Order::Answered => {
                let acts = self.0.trunk.callee(key.call).acts;
                s.seats[i].answered(now, Callee::new(acts, self.0.words.clone()), lane);
            }
            Order::Leg(command) => s.seats[i].command(command, lane),
            Order::Close => {
                let mut seat = s.seats.remove(i);
                if !self.0.plants.fires(Sabotage::PortKept) {
                    s.ports.remove(&key);
                }
                if seat.on_lane().is_some() {
                    lane.close(key);
                    s.leaving.push(seat);
                } else {
                    s.audible.insert(key.call, seat.audible());
                    close(seat, s.hasty_recorder);
                }
            }
        }
    }

    /// The turns of lane, gatherer, collector and recorder.
    fn turn_lane(&self, s: &mut State, now: Now) {
        s.ticks += 1;
        let due = |every: u64| s.ticks.is_multiple_of(every.max(1));
        let (collects, records) = (due(s.behind.0), due(s.behind.1));
        let (Some(lane), hasty) = (&mut s.lane, s.hasty_recorder) else { return };
        lane.tick(now);
        let mut legs: Vec<&mut Seat> = s.seats.iter_mut().chain(&mut s.leaving).collect();
        lane.gather(|key, block| {
            let mut here = legs.iter_mut().filter(|seat| seat.key() == key);
            if let Some(leg) = here.find_map(|seat| seat.on_lane()) {
                leg.block(block);
            }
        });
        legs.iter_mut().for_each(|seat| seat.after_lane(now));
        if collects {
            lane.collect();
            for seat in &mut legs {
                let why = seat.after_collector(&self.0.tapes, hasty);
                s.spoilt.extend(why.map(|why| (seat.key().call, why)));
            }
        }
        if records {
            lane.record();
        }
        for seat in s.leaving.extract_if(.., |seat| seat.is_over()) {
            s.audible.insert(seat.key().call, seat.audible());
        }
    }

    fn order(&self, key: LegKey, order: Order) -> Result<(), PlaneError> {
        self.lock().orders.push_back((key, order));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Legs that are open, or not quite closed.
    fn live(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().chain(&self.leaving)
    }
}

fn close(mut seat: Seat, hasty_recorder: bool) {
    seat.goodbye();
    let mailbox = seat.mailbox().clone();
    let recorded = seat.record().map(|blob| {
        let duration_ms = seat.at().as_millis();
        let stored = seat.is_answered();
        Mail::Recorded(Recorded {
            blob: stored.then_some(blob),
            sha256: stored.then(|| "0".repeat(64)),
            duration_ms,
            lost_blocks: 0,
        })
    });
    let closed = Input::Media(seat.key().leg, MediaEvent::Closed(seat.quality()));
    let closed = Mail::Input(closed);
    let mails = if hasty_recorder { [recorded, Some(closed)] } else { [Some(closed), recorded] };
    for mail in mails.into_iter().flatten() {
        mailbox.send(mail);
    }
}

impl MediaPlane for FakePlane {
    fn open(&self, order: LegOrder) -> Result<SocketAddr, PlaneError> {
        let mut s = self.lock();
        if s.no_ports {
            return Err(PlaneError::NoPort);
        }
        s.opened = s.opened.wrapping_add(1);
        let port = 10_000 + s.opened % 20_000 * 2;
        s.ports.insert(order.key);
        s.seats.push(Seat::new(order, self.0.plants.clone()));
        self.0.wake.notify_one();
        Ok(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port))
    }

    fn connect(&self, key: LegKey, agreed: Negotiated, _: Vec<IpAddr>) -> Result<(), PlaneError> {
        self.order(key, Order::Connect(Box::new(agreed)))
    }

    fn answered(&self, key: LegKey) -> Result<(), PlaneError> {
        self.order(key, Order::Answered)
    }

    fn command(&self, key: LegKey, command: LegCommand) -> Result<(), PlaneError> {
        self.order(key, Order::Leg(command))
    }

    fn close(&self, key: LegKey) {
        let _ = self.order(key, Order::Close);
    }
}
