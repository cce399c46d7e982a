//! The wire of a leg on the simulation's lane: what a network brought lies there until the lane
//! takes it, and what the lane sends until the network takes that.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Now;
use engine::lanes::{Arrival, Channel, LONGEST, Wire};

/// Both ends' queues. The network's end empties what is sent in every tick.
#[derive(Clone, Debug, Default)]
pub(super) struct Cable(Arc<Mutex<Ends>>);

/// When it came, from where, and its bytes.
type Datagram = (Now, SocketAddr, Vec<u8>);

#[derive(Debug, Default)]
pub(super) struct Ends {
    /// RTP to the lane.
    pub rtp: VecDeque<Datagram>,
    /// RTCP to the lane.
    pub rtcp: VecDeque<Datagram>,
    /// RTP from the lane.
    pub sent: VecDeque<Vec<u8>>,
    /// RTCP from the lane.
    pub reported: VecDeque<Vec<u8>>,
}

impl Cable {
    pub(super) fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the lane has let go of its end.
    pub(super) fn is_free(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Wire for Cable {
    fn receive(&mut self, channel: Channel, _: Now, into: &mut [u8; LONGEST]) -> Option<Arrival> {
        let mut ends = self.ends();
        let waiting = match channel {
            Channel::Rtp => &mut ends.rtp,
            Channel::Rtcp => &mut ends.rtcp,
        };
        let (at, from, bytes) = waiting.pop_front()?;
        let length = bytes.len().min(LONGEST);
        into[..length].copy_from_slice(&bytes[..length]);
        Some(Arrival { from, length, at })
    }

    fn send(&mut self, channel: Channel, _: SocketAddr, bytes: &[u8]) {
        let mut ends = self.ends();
        match channel {
            Channel::Rtp => ends.sent.push_back(bytes.to_vec()),
            Channel::Rtcp => ends.reported.push_back(bytes.to_vec()),
        }
    }
}
