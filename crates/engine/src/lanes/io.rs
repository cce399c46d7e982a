//! Batched datagrams on one socket, without allocation.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// Datagrams taken with one system call.
pub(crate) const BATCH: usize = 8;
/// Longest datagram taken whole; RTP of 20 ms is far below.
const LENGTH: usize = 1_500;

/// Room for a sender's address.
const NAME_LENGTH: libc::socklen_t = size_of::<libc::sockaddr_storage>() as libc::socklen_t;

/// Buffers for one receiving call; a lane has one and uses it for all its sockets.
pub(crate) struct Batch {
    buffers: Box<[[u8; LENGTH]; BATCH]>,
    names: Box<[libc::sockaddr_storage; BATCH]>,
    /// Point into `buffers` and stay as they are.
    _iovecs: Box<[libc::iovec; BATCH]>,
    /// Point to `names` and `_iovecs`; made once, because making them for each of a lane's
    /// sockets took as long as some of the system calls.
    headers: Box<[libc::mmsghdr; BATCH]>,
    lengths: [usize; BATCH],
    count: usize,
}

impl Batch {
    pub(crate) fn new() -> Self {
        // SAFETY: all zeroes are valid for these three: no address, null pointers, zero lengths.
        let (mut names, mut iovecs, mut headers) = unsafe {
            let names: [libc::sockaddr_storage; BATCH] = zeroed();
            let iovecs: [libc::iovec; BATCH] = zeroed();
            let headers: [libc::mmsghdr; BATCH] = zeroed();
            (Box::new(names), Box::new(iovecs), Box::new(headers))
        };
        let mut buffers = Box::new([[0; LENGTH]; BATCH]);
        for i in 0..BATCH {
            iovecs[i].iov_base = buffers[i].as_mut_ptr().cast();
            iovecs[i].iov_len = LENGTH;
            let header = &mut headers[i].msg_hdr;
            header.msg_name = (&raw mut names[i]).cast();
            header.msg_namelen = NAME_LENGTH;
            header.msg_iov = &raw mut iovecs[i];
            header.msg_iovlen = 1;
        }
        Self { buffers, names, _iovecs: iovecs, headers, lengths: [0; BATCH], count: 0 }
    }

    /// Takes up to [`BATCH`] datagrams that wait; returns whether more may wait.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> bool {
        // SAFETY: every header points to a live name and a live iovec with a live buffer of the
        // stated length, all of them on the heap and owned by `self`; the kernel writes to
        // nothing else.
        let n = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        self.count = usize::try_from(n).unwrap_or(0);
        for (length, header) in self.lengths.iter_mut().zip(&mut *self.headers).take(self.count) {
            *length = header.msg_len as usize;
            // The kernel wrote how long the name was.
            header.msg_hdr.msg_namelen = NAME_LENGTH;
        }
        self.count == BATCH
    }

    /// What was taken last.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        (0..self.count).filter_map(|i| {
            let from = address(&self.names[i])?;
            Some((from, &self.buffers[i][..self.lengths[i].min(LENGTH)]))
        })
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
    fn datagrams_come_in_batches_with_their_senders() {
        let to = UdpSocket::bind("127.0.0.1:0").unwrap();
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        to.set_nonblocking(true).unwrap();
        let mut batch = Batch::new();
        assert!(!batch.receive(&to));
        assert_eq!(batch.iter().count(), 0);
        for i in 0..10u8 {
            send(&from, to.local_addr().unwrap(), &[i; 3]).unwrap();
        }
        assert!(batch.receive(&to));
        let sender = from.local_addr().unwrap();
        let got: Vec<u8> = batch.iter().map(|(a, b)| (assert_eq!(a, sender), b[0]).1).collect();
        assert_eq!(got, [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(!batch.receive(&to));
        assert_eq!(batch.iter().count(), 2);
    }
}
