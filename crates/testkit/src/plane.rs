//! The `MediaPlane` fake: one virtual 20 ms wheel for all legs, the real playout, and callees
//! that follow scripts.
//!
//! It keeps the real plane's order of things: commands wait for the next tick; within a tick the
//! callee is heard before playout is filled; a leg that is closed tells its last events, then
//! `Closed`, then what became of the recording.

mod account;
mod callee;
mod flight;
mod listening;
mod real;
mod reports;
mod seat;
mod speaking;
mod voice;
mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use call::{Input, MediaEvent};
use domain::{CallId, Now};
use engine::Clock;
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

const TICK: Duration = Duration::from_millis(20);

/// See the module. Clones share one plane.
#[derive(Clone)]
pub struct FakePlane(Arc<Inner>);

struct Inner {
    clock: Clock,
    trunk: FakeTrunk,
    words: Words,
    plants: Plants,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    seats: Vec<Seat>,
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
        let plane = Self(Arc::new(Inner { clock, trunk, words, plants, state, wake }));
        plane.0.clock.spawn(plane.clone().run());
        plane
    }

    /// Legs that are open.
    pub fn open_legs(&self) -> usize {
        self.lock().seats.len()
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

    /// What the callee of this call could hear, in order.
    pub fn audible(&self, call: CallId) -> Vec<Audible> {
        let s = self.lock();
        let live = s.seats.iter().find(|x| x.key().call == call).map(Seat::audible);
        live.or_else(|| s.audible.get(&call).cloned()).unwrap_or_default()
    }

    /// What every callee could hear.
    pub(crate) fn all_audible(&self) -> BTreeMap<CallId, Vec<Audible>> {
        let s = self.lock();
        let mut all = s.audible.clone();
        all.extend(s.seats.iter().map(|x| (x.key().call, x.audible())));
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
            let Some(i) = s.seats.iter().position(|x| x.key() == key) else {
                continue;
            };
            match order {
                Order::Connect(agreed) => {
                    s.seats[i].connect(now, &agreed, &self.0.trunk.callee(key.call));
                }
                Order::Answered => {
                    let acts = self.0.trunk.callee(key.call).acts;
                    s.seats[i].answered(now, Callee::new(acts, self.0.words.clone()));
                }
                Order::Leg(command) => s.seats[i].command(now, command),
                Order::Close => {
                    let seat = s.seats.remove(i);
                    let hasty = s.hasty_recorder;
                    if !self.0.plants.fires(Sabotage::PortKept) {
                        s.ports.remove(&key);
                    }
                    s.audible.insert(key.call, seat.audible());
                    close(seat, now, hasty);
                }
            }
        }
        for seat in &mut s.seats {
            if seat.tick(now) {
                self.0.trunk.peer_bye(seat.key().call);
            }
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

fn close(mut seat: Seat, now: Now, hasty_recorder: bool) {
    seat.goodbye(now);
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
