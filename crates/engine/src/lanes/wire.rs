//! What a leg's datagrams come and go by: a pair of sockets, or what stands for them.

use std::net::SocketAddr;

use domain::Now;

/// Longest datagram taken whole, bytes; RTP of 20 ms is far below.
pub const LONGEST: usize = 1_500;

/// Which of a leg's two channels (RFC 3550 section 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Audio and keys.
    Rtp,
    /// Reports.
    Rtcp,
}

/// A datagram that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its sender.
    pub from: SocketAddr,
    /// Its length, bytes.
    pub length: usize,
    /// When it came; a report may have waited for longer than it was on its way.
    pub at: Now,
}

/// Carries the datagrams of one leg; dropped off the lane when the leg is gone. A lane calls it
/// every 20 ms, so it neither waits nor allocates nor locks.
pub trait Wire: Send {
    /// Takes the next datagram that waits; it is `now`. `None` if there is none, or none that can
    /// be had. One that is too long is cut off.
    fn receive(&mut self, channel: Channel, now: Now, into: &mut [u8; LONGEST]) -> Option<Arrival>;

    /// Sends one; a full or failed wire loses it, as a network would.
    fn send(&mut self, channel: Channel, to: SocketAddr, bytes: &[u8]);
}
