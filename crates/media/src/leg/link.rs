//! Who we exchange packets with: the agreed addresses, and the one source that is listened to.

use std::net::{IpAddr, SocketAddr};

use crate::sdp::{Direction, Negotiated};

/// Addresses that may send to one leg.
const MAX_ALLOWED: usize = 4;

/// The link of one leg to its peer.
///
/// Media is accepted only from the address in the SDP or from those named besides (signalling).
/// The first valid packet fixes address and port; from then on all else is a stranger's. A new
/// agreement opens the lock again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    pub agreed: Option<Negotiated>,
    allowed: [Option<IpAddr>; MAX_ALLOWED],
    locked: Option<SocketAddr>,
    locked_rtcp: Option<SocketAddr>,
    /// Send to where the peer's packets come from.
    nat: bool,
    pub strangers: u64,
    /// Datagrams that came while nobody could be told from a stranger.
    pub early: u64,
}

impl Link {
    /// No peer yet; `nat` says where to send to once there is one.
    pub fn new(nat: bool) -> Self {
        Self { nat, ..Self::default() }
    }

    /// Takes over a new agreement; returns whether the peer's stream comes from elsewhere now.
    pub fn connect(&mut self, agreed: &Negotiated, allowed: &[IpAddr]) -> bool {
        let moved = self.agreed.as_ref().is_none_or(|old| old.remote != agreed.remote);
        self.agreed = Some(*agreed);
        self.allowed = [None; MAX_ALLOWED];
        let all = std::iter::once(agreed.remote.ip()).chain(allowed.iter().copied());
        for (place, ip) in self.allowed.iter_mut().zip(all.filter(|ip| !ip.is_unspecified())) {
            *place = Some(ip);
        }
        self.locked = None;
        self.locked_rtcp = None;
        moved
    }

    /// Whether packets from this address can be the peer's at all; nothing is locked.
    pub fn knows(&self, from: SocketAddr) -> bool {
        self.is_allowed(from)
    }

    /// Whether a valid RTP packet from this address is the peer's; the first one locks.
    pub fn admit(&mut self, from: SocketAddr) -> bool {
        let admitted = match self.locked {
            Some(locked) => locked == from,
            None => self.is_allowed(from),
        };
        if admitted {
            self.locked = Some(from);
        } else {
            self.strangers += 1;
        }
        admitted
    }

    /// Whether RTCP from this address is the peer's: by IP, the port may differ.
    pub fn admit_rtcp(&mut self, from: SocketAddr) -> bool {
        let admitted = match self.locked {
            Some(locked) => locked.ip() == from.ip(),
            None => self.is_allowed(from),
        };
        if admitted {
            self.locked_rtcp = Some(from);
        } else {
            self.strangers += 1;
        }
        admitted
    }

    /// Counts a datagram that was no packet of the peer's, or that came before there is one.
    pub fn refuse(&mut self) {
        match self.agreed {
            Some(_) => self.strangers += 1,
            None => self.early += 1,
        }
    }

    /// Where RTP goes: to where the peer asked; behind address translation to where its own
    /// comes from, once it has come.
    pub fn rtp_target(&self) -> Option<SocketAddr> {
        let asked = self.agreed.as_ref().map(|a| a.remote);
        self.locked
            .filter(|_| self.nat)
            .or(asked)
            .filter(|to| !to.ip().is_unspecified() && to.port() != 0)
    }

    /// Where RTCP goes.
    pub fn rtcp_target(&self) -> Option<SocketAddr> {
        let asked = self.agreed.as_ref().map(|a| a.remote_rtcp);
        self.locked_rtcp
            .filter(|_| self.nat)
            .or(asked)
            .filter(|to| !to.ip().is_unspecified() && to.port() != 0)
    }

    /// Whether we are to send.
    pub fn sends(&self) -> bool {
        self.agreed.as_ref().is_some_and(|a| a.direction.sends())
    }

    /// Whether both sides are to send.
    pub fn is_both_ways(&self) -> bool {
        self.agreed.as_ref().is_some_and(|a| a.direction == Direction::SendRecv)
    }

    fn is_allowed(&self, from: SocketAddr) -> bool {
        self.allowed.iter().flatten().any(|ip| *ip == from.ip())
    }
}
