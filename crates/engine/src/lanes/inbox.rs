//! What a lane is ordered to do, and what it hands on.

use domain::{CallId, Frame, LegId, LegQuality};
use media::leg::{Leg, LegCommand, LegEvent, LegGear};
use media::playout::Chunk;
use media::recording::StereoBlock;
use media::sdp::Negotiated;
use rtrb::{Consumer, Producer, RingBuffer};
use std::net::IpAddr;
use std::sync::Arc;

use crate::lanes::wire::Wire;
use crate::plane::{LegKey, Waiting};

/// One order to a lane.
pub(crate) struct LaneOrder {
    pub(crate) key: LegKey,
    pub(crate) order: Order,
}

/// What to do with a leg.
pub(crate) enum Order {
    /// Take it in.
    Add { leg: Box<Leg>, wire: Box<dyn Wire>, waiting: Arc<Waiting> },
    /// Exchange media as agreed.
    Connect { agreed: Box<Negotiated>, allowed: Vec<IpAddr>, gear: Box<LegGear> },
    /// Media time begins.
    Answered,
    /// For the leg itself.
    Leg(LegCommand),
    /// Let go of it.
    Close,
}

/// What a lane hands to its collector.
pub(crate) enum News {
    /// Audio around speech.
    Frame(LegKey, Frame),
    /// Something happened on a leg.
    Event(LegKey, LegEvent),
    /// Packets stopped or came back.
    Flowing(LegKey, bool),
    /// A leg that was let go, to be freed off the lane.
    Gone(LegKey, LegQuality, Box<Leg>, Box<dyn Wire>),
    /// Anything else to be freed off the lane.
    Garbage(Garbage),
}

/// Things that a lane is done with; freeing them is not its work.
pub(crate) enum Garbage {
    /// A used or refused chunk.
    Chunk(#[expect(dead_code, reason = "only dropped")] Chunk),
    /// An order that was carried out or came too late.
    Order(#[expect(dead_code, reason = "only dropped")] Order),
}

/// What a lane hands to the recorder.
pub(crate) enum Tape {
    /// 20 ms of a recorded leg.
    Block(LegKey, StereoBlock),
    /// No more of it.
    End(LegKey),
}

/// A ring of which every place was used once, so that its memory is there before the first call.
pub(crate) fn ring<T>(places: usize, make: impl Fn() -> T) -> (Producer<T>, Consumer<T>) {
    let (mut sender, mut receiver) = RingBuffer::new(places);
    while sender.push(make()).is_ok() {}
    while receiver.pop().is_ok() {}
    (sender, receiver)
}

/// The leg of no call, to fill a ring with.
pub(crate) fn nobody() -> LegKey {
    LegKey { call: CallId::from_parts(0, [0; 10]), leg: LegId::CALLEE }
}
