//! Media lanes: OS threads with one 20 ms wheel each, and the threads that serve them.
//!
//! ```text
//!  control ── commands (bounded) ──▶ lane ── news (bounded) ──▶ collector ──▶ mailboxes, ears
//!                                     │
//!                                     └──── stereo blocks (bounded) ──▶ gatherer
//!                                  gatherer ── reels of them (bounded) ──▶ recorder ──▶ blobs
//! ```
//! A lane neither allocates nor locks nor waits on its 20 ms path: legs, sockets and queues are
//! made before they reach it, and what it is done with travels on to the collector to be freed.
//! Its queues are rings with one sender and one receiver, so that it never waits for a thread that
//! was interrupted in the middle of sending or receiving.

mod by_hand;
mod collector;
mod control;
mod inbox;
mod io;
mod lane;
mod pool;
mod recorder;
mod thread;
mod wheel;
mod wire;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use media::leg::LegCommand;
use media::sdp::Negotiated;

use crate::lanes::collector::Collector;
use crate::lanes::control::Control;
use crate::lanes::inbox::Order;
use crate::lanes::lane::{LaneShared, Room};
use crate::lanes::pool::PortPool;
use crate::lanes::recorder::Recorder;
use crate::plane::{LegKey, LegOrder, MediaPlane, PlaneError};
use crate::ports::blobs::Blobs;

pub use crate::lanes::by_hand::HandLane;
pub use crate::lanes::lane::LaneStats;
pub use crate::lanes::wire::{Arrival, Channel, LONGEST, Wire};

/// How the media plane is set up.
#[derive(Clone, Debug)]
pub struct LanesConfig {
    /// Address of our sockets, and the one peers are told.
    pub address: IpAddr,
    /// First and last RTP port; each leg takes an even one and the next.
    pub ports: (u16, u16),
    /// Lane threads.
    pub lanes: usize,
    /// Core to pin the first lane to; further lanes take the next ones. `None` pins nothing.
    pub pin_from: Option<usize>,
}

impl Default for LanesConfig {
    fn default() -> Self {
        let address = IpAddr::from([127, 0, 0, 1]);
        Self { address, ports: (30_000, 39_999), lanes: 1, pin_from: None }
    }
}

/// The real media plane.
pub struct Lanes {
    pool: Arc<PortPool>,
    lanes: Vec<Lane>,
    recorder: Arc<Recorder>,
    next: AtomicUsize,
    random: fn() -> u64,
}

struct Lane {
    control: Control,
    threads: Vec<JoinHandle<()>>,
}

impl Lanes {
    /// Starts the threads. `random` makes SSRCs, first sequence numbers and timestamps.
    ///
    /// # Errors
    /// Those of starting a thread.
    pub fn start(
        config: &LanesConfig,
        blobs: Arc<dyn Blobs>,
        random: fn() -> u64,
    ) -> std::io::Result<Self> {
        let (recorder, tapes) = Recorder::start(blobs, config.lanes.max(1))?;
        let recorder = Arc::new(recorder);
        let mut lanes = Vec::new();
        for (n, tape) in tapes.into_iter().enumerate() {
            let (shared, ends, news) = LaneShared::new(Room::WHOLE, recorder.clone(), tape);
            let collector = Arc::new(Collector::default());
            let pin = config.pin_from.map(|first| first + n);
            let mut threads = vec![collector.clone().spawn(n, shared.clone(), news)?];
            threads.push(thread::spawn(n, shared.clone(), ends, pin)?);
            lanes.push(Lane { control: Control { shared, collector }, threads });
        }
        let pool = Arc::new(PortPool::new(config.address, config.ports));
        Ok(Self { pool, lanes, recorder, next: AtomicUsize::new(0), random })
    }

    /// RTP ports in use; each leg takes one pair.
    pub fn ports_in_use(&self) -> usize {
        self.pool.in_use()
    }

    /// What the lanes have done so far, in their order.
    pub fn stats(&self) -> Vec<LaneStats> {
        self.lanes.iter().map(|l| l.control.shared.stats()).collect()
    }

    /// Ends the threads and waits for them; recordings under way are finished.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        for lane in &mut self.lanes {
            lane.control.shared.stop();
            for thread in lane.threads.drain(..) {
                let _ = thread.join();
            }
        }
        self.recorder.stop();
    }

    /// All legs of a call live on one lane; calls are spread by their id.
    fn lane(&self, key: LegKey) -> &Control {
        let id = key.call.as_bytes();
        let spread = usize::from(id[15]) + usize::from(id[14]) * 256;
        &self.lanes[spread % self.lanes.len()].control
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.stop();
    }
}

impl MediaPlane for Lanes {
    fn open(&self, order: LegOrder) -> Result<SocketAddr, PlaneError> {
        let sockets = self.pool.open()?;
        let local = sockets.local();
        let random = (self.random)();
        let n = self.next.fetch_add(1, Ordering::Relaxed) as u64;
        let seed = random.wrapping_add(n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        self.lane(order.key).open(order, seed, Box::new(sockets)).map(|()| local)
    }

    fn connect(
        &self,
        key: LegKey,
        agreed: Negotiated,
        allowed: Vec<IpAddr>,
    ) -> Result<(), PlaneError> {
        self.lane(key).connect(key, agreed, allowed)
    }

    fn answered(&self, key: LegKey) -> Result<(), PlaneError> {
        self.lane(key).order(key, Order::Answered)
    }

    fn command(&self, key: LegKey, command: LegCommand) -> Result<(), PlaneError> {
        self.lane(key).order(key, Order::Leg(command))
    }

    fn close(&self, key: LegKey) {
        self.lane(key).close(key);
    }
}
