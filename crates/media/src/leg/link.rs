//! Who we exchange packets with: the agreed addresses, and the one source that is listened to.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::Now;

use crate::sdp::{Direction, Negotiated};

/// Addresses that may send to one leg.
const MAX_ALLOWED: usize = 4;
/// Playable packets in a row after which a source that no description names is the peer's.
const IN_A_ROW: u8 = 3;
/// So long nothing may have come from the described source for another one to take its place: the
/// longest pause that is still one of a stream.
const SILENT: Duration = Duration::from_millis(500);
/// So long after a new description the source that was listened to before is not listened to
/// again: its last packets are still on their way. One that goes on for longer than that, while
/// nothing comes from where the description says, is the peer's all the same.
const FORMER_BARRED: Duration = Duration::from_secs(3);

/// The link of one leg to its peer.
///
/// The source that the description names is always listened to (RFC 3264 section 8.3.1: media may
/// come from there as soon as it is described), and takes the lock back whoever has it. While it
/// is silent another source of an allowed address may take its place, as behind address
/// translation (RFC 4961 asks for symmetric ports, and most peers have them), but not by one
/// packet: when media moves, the last packets of the old source come after the new description.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    pub agreed: Option<Negotiated>,
    allowed: [Option<IpAddr>; MAX_ALLOWED],
    locked: Option<SocketAddr>,
    locked_rtcp: Option<SocketAddr>,
    /// The lock that a new description opened, and when.
    former: Option<(SocketAddr, Now)>,
    /// Who sent the last playable packets, and how many in a row, that is not listened to.
    candidate: Option<(SocketAddr, u8)>,
    /// When the described source was heard last.
    described: Option<Now>,
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
    pub fn connect(&mut self, now: Now, agreed: &Negotiated, allowed: &[IpAddr]) -> bool {
        let moved = self.agreed.as_ref().is_none_or(|old| old.remote != agreed.remote);
        self.agreed = Some(*agreed);
        self.allowed = [None; MAX_ALLOWED];
        let all = std::iter::once(agreed.remote.ip()).chain(allowed.iter().copied());
        for (place, ip) in self.allowed.iter_mut().zip(all.filter(|ip| !ip.is_unspecified())) {
            *place = Some(ip);
        }
        if moved {
            // With nothing heard since the last move, the source before that one may still send.
            let left = self.locked.take().or(self.former.map(|(source, _)| source));
            self.former = left.map(|source| (source, now));
            self.locked_rtcp = None;
            self.candidate = None;
            self.described = None;
        }
        moved
    }

    /// Whether packets from this address can be the peer's at all; nothing is locked.
    pub fn knows(&self, from: SocketAddr) -> bool {
        self.is_allowed(from)
    }

    /// Whether a valid RTP packet from this address is the peer's. One that nobody can play says
    /// nothing about who the peer is.
    pub fn admit(&mut self, now: Now, from: SocketAddr, playable: bool) -> bool {
        let named = self.agreed.as_ref().is_some_and(|a| a.remote == from);
        if named || self.locked == Some(from) {
            if playable {
                self.candidate = None;
                self.locked = Some(from);
                self.described = if named { Some(now) } else { self.described };
            }
            return true;
        }
        if !playable || !self.may_replace(now, from) {
            self.strangers += 1;
            return false;
        }
        let admitted = self.is_in_a_row(from);
        if admitted {
            self.locked = Some(from);
        } else {
            // Perhaps the peer's own: that will show.
            self.early += 1;
        }
        admitted
    }

    /// Whether this source could be the peer's although no description names it.
    fn may_replace(&self, now: Now, from: SocketAddr) -> bool {
        let silent = self.described.is_none_or(|at| now.since(at) >= SILENT);
        let barred =
            self.former.is_some_and(|(source, at)| source == from && now.since(at) < FORMER_BARRED);
        silent && !barred && self.is_allowed(from)
    }

    /// Counts packets of one source between which none of another came.
    fn is_in_a_row(&mut self, from: SocketAddr) -> bool {
        let before = self.candidate.filter(|(source, _)| *source == from).map_or(0, |c| c.1);
        let count = before + 1;
        self.candidate = (count < IN_A_ROW).then_some((from, count));
        count >= IN_A_ROW
    }

    /// Whether RTCP from this address is the peer's: by IP, the port may differ.
    pub fn admit_rtcp(&mut self, from: SocketAddr) -> bool {
        let admitted = match self.locked {
            Some(locked) => locked.ip() == from.ip() || self.is_described(from.ip()),
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

    fn is_described(&self, ip: IpAddr) -> bool {
        self.agreed.as_ref().is_some_and(|a| a.remote.ip() == ip)
    }

    fn is_allowed(&self, from: SocketAddr) -> bool {
        self.allowed.iter().flatten().any(|ip| *ip == from.ip())
    }
}
