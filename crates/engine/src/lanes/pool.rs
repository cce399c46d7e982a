//! The RTP port pool: pairs of sockets, accounted for exactly.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

use socket2::{Domain, Protocol, Socket, Type};

use crate::lanes::io::{never_split, note_arrivals};
use crate::plane::PlaneError;

/// Kernel buffer of each RTP socket: one second of G.711 and room for bursts.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// A range of ports; each pair is given out once until it comes back.
#[derive(Debug)]
pub(crate) struct PortPool {
    address: IpAddr,
    // A lock, because legs open and close on any task; held for the choice only.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    first: u16,
    taken: Vec<bool>,
    next: usize,
    in_use: usize,
}

/// The two sockets of one leg; the pair goes back to the pool when dropped.
#[derive(Debug)]
pub(crate) struct SocketPair {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    local: SocketAddr,
    slot: usize,
    pool: Arc<PortPool>,
}

impl PortPool {
    /// Pairs within `first..=last`, the first port of each even.
    pub(crate) fn new(address: IpAddr, (first, last): (u16, u16)) -> Self {
        let first = first + first % 2;
        let pairs = (usize::from(last) + 1).saturating_sub(usize::from(first)) / 2;
        let state = State { first, taken: vec![false; pairs], next: 0, in_use: 0 };
        Self { address, state: Mutex::new(state) }
    }

    /// Pairs that are out.
    pub(crate) fn in_use(&self) -> usize {
        self.lock().in_use
    }

    /// Opens the next free pair. Pairs are used in turn, so that late packets of an ended call
    /// rarely meet a new one. What other programs hold is stepped over, each pair once in a
    /// search: no call fails while there is a free one.
    pub(crate) fn open(self: &Arc<Self>) -> Result<SocketPair, PlaneError> {
        let mut last = PlaneError::NoPort;
        let pairs = self.lock().taken.len();
        for _ in 0..pairs {
            let Some((slot, port)) = self.take() else {
                return Err(last);
            };
            match self.bind(port) {
                Ok((rtp, rtcp)) => {
                    let local = SocketAddr::new(self.address, port);
                    let pool = self.clone();
                    return Ok(SocketPair { rtp, rtcp, local, slot, pool });
                }
                Err(error) => {
                    self.give_back(slot);
                    last = PlaneError::Socket(format!("{}:{port}: {error}", self.address));
                }
            }
        }
        Err(last)
    }

    fn bind(&self, port: u16) -> std::io::Result<(UdpSocket, UdpSocket)> {
        let rtp = open_socket(SocketAddr::new(self.address, port))?;
        let rtcp = open_socket(SocketAddr::new(self.address, port + 1))?;
        note_arrivals(&rtcp);
        Ok((rtp, rtcp))
    }

    fn take(&self) -> Option<(usize, u16)> {
        let mut s = self.lock();
        let pairs = s.taken.len();
        let slot = (0..pairs).map(|i| (s.next + i) % pairs).find(|&i| !s.taken[i])?;
        s.taken[slot] = true;
        s.next = (slot + 1) % pairs;
        s.in_use += 1;
        let port = s.first + u16::try_from(slot * 2).ok()?;
        Some((slot, port))
    }

    fn give_back(&self, slot: usize) {
        let mut s = self.lock();
        s.taken[slot] = false;
        s.in_use -= 1;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SocketPair {
    /// Where the peer shall send RTP.
    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for SocketPair {
    fn drop(&mut self) {
        self.pool.give_back(self.slot);
    }
}

fn open_socket(at: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(at), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    socket.bind(&at.into())?;
    let socket = socket.into();
    never_split(&socket);
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody else takes ports of this one, while those of 127.0.0.1 may be any connection's.
    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 48, 1, 1));

    #[test]
    fn a_program_that_holds_a_hundred_pairs_in_a_row_is_stepped_over() {
        let other: Vec<_> =
            (0..100).map(|n| UdpSocket::bind((HERE, 48_200 + n * 2)).unwrap()).collect();
        let pool = Arc::new(PortPool::new(HERE, (48_200, 48_403)));
        let pair = pool.open().unwrap();
        assert_eq!((pair.local().port(), pool.in_use()), (48_400, 1));
        drop(other);
    }

    #[test]
    fn pairs_come_back_and_are_counted_exactly() {
        let pool = Arc::new(PortPool::new(HERE, (48_101, 48_107)));
        let a = pool.open().unwrap();
        let b = pool.open().unwrap();
        assert_eq!(a.local().port() % 2, 0);
        assert_ne!(a.local(), b.local());
        let c = pool.open().unwrap();
        assert_eq!(pool.in_use(), 3);
        assert_eq!(pool.open().unwrap_err(), PlaneError::NoPort);
        drop((a, b, c));
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn a_port_held_by_another_program_is_stepped_over() {
        let foreign = UdpSocket::bind((HERE, 48_120)).unwrap();
        let pool = Arc::new(PortPool::new(HERE, (48_120, 48_123)));
        assert_eq!(pool.open().unwrap().local().port(), 48_122);
        drop(foreign);
    }
}
