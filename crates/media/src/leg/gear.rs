//! What a leg needs beyond its first memory for what was agreed on, made off the lane.

use crate::codec::{CodecId, OpusCoders};
use crate::sdp::Negotiated;
use crate::srtp::{SrtpReceiver, SrtpSender};

/// Largest datagram that is opened; what is longer is no audio of 60 ms.
const MAX_DATAGRAM: usize = 1_500;

/// Codecs and ciphers for one agreement; empty for plain G.711. Given to
/// [`Leg::equip`](super::Leg::equip); what the leg has no use for stays in it, to be dropped
/// off the lane.
#[derive(Debug, Default)]
pub struct LegGear {
    pub(super) opus: Option<Box<OpusCoders>>,
    pub(super) guard: Option<Box<Guard>>,
}

impl LegGear {
    /// What this agreement needs; allocates, and derives the session keys.
    pub fn for_media(agreed: &Negotiated) -> Self {
        let opus = if agreed.uses(CodecId::Opus) { OpusCoders::new() } else { None };
        let guard = agreed.crypto.map(|c| {
            Box::new(Guard {
                sender: SrtpSender::new(c.suite, &c.ours),
                receiver: SrtpReceiver::new(c.suite, &c.theirs),
                datagram: [0; MAX_DATAGRAM],
            })
        });
        Self { opus, guard }
    }
}

/// Encryption of one leg, both ways.
#[derive(Debug)]
pub(super) struct Guard {
    pub sender: SrtpSender,
    pub receiver: SrtpReceiver,
    datagram: [u8; MAX_DATAGRAM],
}

impl Guard {
    /// Takes over from the guard before what must not begin anew under the same keys: indices
    /// of what we sent, and what was received.
    pub fn succeed(&mut self, before: &mut Guard, agreed: &Negotiated) {
        let Some(crypto) = agreed.crypto else { return };
        if before.sender.is(crypto.suite, &crypto.ours) {
            std::mem::swap(&mut self.sender, &mut before.sender);
        }
        if before.receiver.is(crypto.suite, &crypto.theirs) {
            std::mem::swap(&mut self.receiver, &mut before.receiver);
        }
    }

    /// What an RTP datagram holds, if it is the peer's.
    pub fn open_rtp(&mut self, datagram: &[u8]) -> Option<&[u8]> {
        let copy = self.datagram.get_mut(..datagram.len())?;
        copy.copy_from_slice(datagram);
        let len = self.receiver.open_rtp(copy).ok()?;
        Some(&self.datagram[..len])
    }

    /// What an RTCP datagram holds, if it is the peer's.
    pub fn open_rtcp(&mut self, datagram: &[u8]) -> Option<&[u8]> {
        let copy = self.datagram.get_mut(..datagram.len())?;
        copy.copy_from_slice(datagram);
        let len = self.receiver.open_rtcp(copy).ok()?;
        Some(&self.datagram[..len])
    }
}
