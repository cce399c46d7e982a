//! A lane with its collector and recorder, but without threads, clock and sockets: for
//! simulations, which decide when each of them has its turn and what the wires carry.

use std::sync::Arc;

use domain::Now;
use media::leg::LegCommand;
use media::recording::StereoBlock;
use media::sdp::Negotiated;
use rtrb::Consumer;

use crate::lanes::collector::Collector;
use crate::lanes::control::Control;
use crate::lanes::inbox::{News, Order, Tape};
use crate::lanes::lane::{Lane, LaneShared, Room};
use crate::lanes::recorder::{Gatherer, Recorder, Writer};
use crate::lanes::wire::Wire;
use crate::plane::{LegKey, LegOrder, PlaneError};
use crate::ports::blobs::Blobs;

/// Room for the legs of a small world, which share slots as those of a whole lane do; its overflow
/// rules are the same.
const ROOM: Room = Room { slots: 2, legs: 16, orders: 512, news: 512 };
/// Blocks of recordings that may wait for [`HandLane::gather`].
const BLOCKS: usize = 64;

/// See the module.
pub struct HandLane {
    control: Control,
    lane: Lane,
    news: Consumer<News>,
    gatherer: Gatherer,
    writer: Writer,
    /// Gathered, but not written.
    reels: Vec<Vec<Tape>>,
}

impl HandLane {
    /// A lane that records into `blobs`.
    pub fn new(blobs: Arc<dyn Blobs>) -> Self {
        let (recorder, (gatherer, writer), mut tapes) = Recorder::by_hand(blobs, 1, BLOCKS);
        let (shared, ends, news) = LaneShared::new(ROOM, Arc::new(recorder), tapes.remove(0));
        let lane = Lane::new(shared.clone(), ends);
        let control = Control { shared, collector: Arc::new(Collector::default()) };
        Self { control, lane, news, gatherer, writer, reels: Vec::new() }
    }

    /// Opens a leg on this wire; its SSRC and first numbers come from `seed`.
    ///
    /// # Errors
    /// [`PlaneError::Overloaded`], as for all orders, if too many wait.
    pub fn open(&self, order: LegOrder, seed: u64, wire: Box<dyn Wire>) -> Result<(), PlaneError> {
        self.control.open(order, seed, wire)
    }

    /// See [`MediaPlane::connect`](crate::plane::MediaPlane::connect); media may come from where
    /// it was agreed only.
    ///
    /// # Errors
    /// As for [`HandLane::open`].
    pub fn connect(&self, key: LegKey, agreed: Negotiated) -> Result<(), PlaneError> {
        self.control.connect(key, agreed, Vec::new())
    }

    /// The answer.
    ///
    /// # Errors
    /// As for [`HandLane::open`].
    pub fn answered(&self, key: LegKey) -> Result<(), PlaneError> {
        self.control.order(key, Order::Answered)
    }

    /// For the leg itself.
    ///
    /// # Errors
    /// As for [`HandLane::open`].
    pub fn command(&self, key: LegKey, command: LegCommand) -> Result<(), PlaneError> {
        self.control.order(key, Order::Leg(command))
    }

    /// Closes a leg.
    pub fn close(&self, key: LegKey) {
        self.control.close(key);
    }

    /// The lane's turn: 20 ms of every leg.
    pub fn tick(&mut self, now: Now) {
        (0..ROOM.slots).for_each(|slot| self.lane.serve(now, slot));
        self.lane.turned(false);
    }

    /// The collector's turn: mailboxes and ears are told what the lane had to tell.
    pub fn collect(&mut self) {
        self.control.collector.collect(&self.control.shared, &mut self.news);
    }

    /// The gatherer's turn; `see` is shown the blocks that it takes off the lane.
    pub fn gather(&mut self, mut see: impl FnMut(LegKey, &StereoBlock)) {
        let reels = &mut self.reels;
        self.gatherer.gather(&mut |reel| {
            for tape in &reel {
                if let Tape::Block(key, block) = tape {
                    see(*key, block);
                }
            }
            reels.push(reel);
            true
        });
    }

    /// The recorder's turn: what was gathered is written.
    pub fn record(&mut self) {
        self.reels.drain(..).for_each(|reel| self.writer.write(&reel));
    }
}
