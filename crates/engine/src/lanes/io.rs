//! Datagrams of one socket, taken and sent without allocation and without waiting.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// Longest datagram taken whole; RTP of 20 ms is far below.
const LENGTH: usize = 1_500;

/// Room for one datagram; a lane has one and uses it for all its sockets.
///
/// A leg's socket nearly always holds one packet. For that `recvfrom` costs less than a call that
/// takes several, whose headers the kernel copies in and out.
pub(crate) struct Mail {
    buffer: Box<[u8; LENGTH]>,
    sender: libc::sockaddr_storage,
}

impl Mail {
    pub(crate) fn new() -> Self {
        // SAFETY: all zeroes is an address of no family.
        Self { buffer: Box::new([0; LENGTH]), sender: unsafe { zeroed() } }
    }

    /// The next datagram that waits, with its sender; `None` if there is none, or none that can
    /// be had. One that is too long is cut off.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> Option<(SocketAddr, &[u8])> {
        let mut name_length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        // SAFETY: buffer, address and its length are live and ours, and of the stated sizes.
        let length = unsafe {
            libc::recvfrom(
                socket.as_raw_fd(),
                self.buffer.as_mut_ptr().cast(),
                LENGTH,
                libc::MSG_DONTWAIT,
                (&raw mut self.sender).cast(),
                &raw mut name_length,
            )
        };
        let bytes = self.buffer.get(..usize::try_from(length).ok()?)?;
        Some((address(&self.sender)?, bytes))
    }
}

/// Sends one datagram; a full or failed socket loses it, as a network would.
pub(crate) fn send(socket: &UdpSocket, to: SocketAddr, bytes: &[u8]) -> io::Result<usize> {
    socket.send_to(bytes, to)
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
    use super::*;

    #[test]
    fn datagrams_come_one_by_one_with_their_senders() {
        for ip in ["127.0.0.1:0", "[::1]:0"] {
            let (Ok(to), Ok(from)) = (UdpSocket::bind(ip), UdpSocket::bind(ip)) else { continue };
            let (to_addr, sender) = (to.local_addr().unwrap(), from.local_addr().unwrap());
            let mut mail = Mail::new();
            assert_eq!(mail.receive(&to), None);
            let long = [7; LENGTH + 9];
            for bytes in [&[1, 2, 3][..], &[], &long, &[4]] {
                send(&from, to_addr, bytes).unwrap();
            }
            for bytes in [&[1, 2, 3][..], &[], &long[..LENGTH], &[4]] {
                assert_eq!(mail.receive(&to), Some((sender, bytes)));
            }
            assert_eq!(mail.receive(&to), None);
        }
    }
}
