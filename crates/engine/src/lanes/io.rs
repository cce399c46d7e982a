//! Datagrams of a pair of sockets, taken and sent without allocation and without waiting.

use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Now;
use socket2::SockAddr;

use crate::lanes::pool::SocketPair;
use crate::lanes::wire::{Arrival, Channel, LONGEST, Wire};

impl SocketPair {
    fn socket(&self, channel: Channel) -> &UdpSocket {
        match channel {
            Channel::Rtp => &self.rtp,
            Channel::Rtcp => &self.rtcp,
        }
    }
}

impl Wire for SocketPair {
    fn receive(&mut self, channel: Channel, now: Now, into: &mut [u8; LONGEST]) -> Option<Arrival> {
        let socket = self.socket(channel);
        let (from, length) = receive(socket, into)?;
        let at = match channel {
            Channel::Rtp => now,
            Channel::Rtcp => now - waited(socket),
        };
        Some(Arrival { from, length, at })
    }

    fn send(&mut self, channel: Channel, to: SocketAddr, bytes: &[u8]) {
        send(self.socket(channel), &to.into(), bytes);
    }
}

/// `sendto(2)` past the C library, which makes every call that may wait a point at which a thread
/// can be cancelled. That was 1.4 % of a lane's time in a profile, and these never wait. Where the
/// kernel has no room or no way the datagram is lost, as on any network.
fn send(socket: &UdpSocket, to: &SockAddr, bytes: &[u8]) {
    // SAFETY: bytes and address are live and of the stated sizes.
    unsafe {
        libc::syscall(
            libc::SYS_sendto,
            socket.as_raw_fd(),
            bytes.as_ptr(),
            bytes.len(),
            libc::MSG_DONTWAIT,
            to.as_ptr(),
            to.len(),
        )
    };
}

/// `recvfrom(2)`, past the C library too. A leg's socket nearly always holds one packet, for which
/// a call that takes several has nothing to save.
fn receive(socket: &UdpSocket, into: &mut [u8; LONGEST]) -> Option<(SocketAddr, usize)> {
    // SAFETY: all zeroes is an address of no family.
    let mut sender: libc::sockaddr_storage = unsafe { zeroed() };
    let mut name_length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    // SAFETY: buffer, address and its length are live and ours, and of the stated sizes.
    let length = unsafe {
        libc::syscall(
            libc::SYS_recvfrom,
            socket.as_raw_fd(),
            into.as_mut_ptr(),
            LONGEST,
            libc::MSG_DONTWAIT,
            &raw mut sender,
            &raw mut name_length,
        )
    };
    let length = usize::try_from(length).ok()?;
    Some((address(&sender)?, length.min(LONGEST)))
}

/// Asks the kernel to note when datagrams come to this socket.
pub(crate) fn note_arrivals(socket: &UdpSocket) {
    // The first question of this kind begins it.
    waited(socket);
}

/// Asks the kernel not to split our datagrams, none of which is longer than 512 bytes: then none
/// needs a number by which its parts would be put together (RFC 6864 section 4.1), and finding one
/// was 1.3 % of a lane's time in a profile.
pub(crate) fn never_split(socket: &UdpSocket) {
    let how: libc::c_int = libc::IP_PMTUDISC_PROBE;
    // SAFETY: the value is a live int of the stated size. A kernel that refuses splits, as before.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_MTU_DISCOVER,
            (&raw const how).cast(),
            size_of_val(&how) as libc::socklen_t,
        );
    }
}

/// A longer wait than this was none: somebody has set the clock, and nobody waits for ten rounds.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How long the datagram that was received last has waited in its socket; nothing if that is not
/// known.
fn waited(socket: &UdpSocket) -> Duration {
    /// socket(7): when the datagram passed on last came, for measuring round trips.
    const SIOCGSTAMP: u32 = 0x8906;
    let mut came = libc::timeval { tv_sec: 0, tv_usec: 0 };
    // SAFETY: the pointer is to a live timeval, which is what this request writes.
    let known = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCGSTAMP as _, &raw mut came) } == 0;
    let (Ok(s), Ok(us)) = (u64::try_from(came.tv_sec), u64::try_from(came.tv_usec)) else {
        return Duration::ZERO;
    };
    let came = UNIX_EPOCH + Duration::from_secs(s) + Duration::from_micros(us);
    #[expect(clippy::disallowed_methods, reason = "the kernel notes arrivals by this clock")]
    let now = SystemTime::now();
    now.duration_since(came).ok().filter(|w| known && *w < LONGEST_WAIT).unwrap_or_default()
}

fn address(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the kernel wrote a `sockaddr_in` here, which is
            // smaller than the storage and aligned as it.
            let v4 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddr::new(IpAddr::V4(ip), u16::from_be(v4.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: as above, for `sockaddr_in6`.
            let v6 = unsafe { &*(&raw const *name).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            Some(SocketAddr::new(IpAddr::V6(ip), u16::from_be(v6.sin6_port)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::lanes::pool::PortPool;
    use crate::lanes::thread::{monotonic_ns, sleep_until};

    #[test]
    fn datagrams_come_one_by_one_with_their_senders() {
        for ip in ["127.0.0.1:0", "[::1]:0"] {
            let (Ok(to), Ok(from)) = (UdpSocket::bind(ip), UdpSocket::bind(ip)) else { continue };
            let (to_addr, sender) = (to.local_addr().unwrap(), from.local_addr().unwrap());
            let mut room = [0; LONGEST];
            assert_eq!(receive(&to, &mut room), None);
            let long = [7; LONGEST + 9];
            for bytes in [&[1, 2, 3][..], &[], &long, &[4]] {
                from.send_to(bytes, to_addr).unwrap();
            }
            for bytes in [&[1, 2, 3][..], &[], &long[..LONGEST], &[4]] {
                assert_eq!(receive(&to, &mut room), Some((sender, bytes.len())));
                assert_eq!(&room[..bytes.len()], bytes);
            }
            assert_eq!(receive(&to, &mut room), None);
        }
    }

    #[test]
    fn a_report_came_when_it_came_and_not_when_it_is_looked_for() {
        let pool = Arc::new(PortPool::new(IpAddr::from([127, 48, 1, 2]), (48_000, 48_003)));
        let mut pair = pool.open().unwrap();
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut room = [0; LONGEST];
        let now = Now::from_millis(10_000);
        for (channel, port, waits) in [(Channel::Rtp, 0, false), (Channel::Rtcp, 1, true)] {
            let begin = monotonic_ns();
            from.send_to(&[1], (pair.local().ip(), pair.local().port() + port)).unwrap();
            sleep_until(begin + 40_000_000);
            let waited = now.since(pair.receive(channel, now, &mut room).unwrap().at);
            let most = Duration::from_nanos(monotonic_ns() - begin) + Duration::from_millis(1);
            assert_eq!((Duration::from_millis(39)..most).contains(&waited), waits, "{waited:?}");
        }
    }
}
