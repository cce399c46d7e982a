//! Batched datagrams on one socket, without allocation.

use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// Datagrams taken with one system call.
pub(crate) const BATCH: usize = 8;
/// Longest datagram taken whole; RTP of 20 ms is far below.
const LENGTH: usize = 1_500;

/// Buffers for one receiving call; a lane has one and uses it for all its sockets.
pub(crate) struct Batch {
    buffers: Box<[[u8; LENGTH]; BATCH]>,
    names: Box<[libc::sockaddr_storage; BATCH]>,
    lengths: [usize; BATCH],
    count: usize,
}

impl Batch {
    pub(crate) fn new() -> Self {
        // SAFETY: all zeroes is a valid `sockaddr_storage`.
        let names: [libc::sockaddr_storage; BATCH] = unsafe { zeroed() };
        Self {
            buffers: Box::new([[0; LENGTH]; BATCH]),
            names: Box::new(names),
            lengths: [0; BATCH],
            count: 0,
        }
    }

    /// Takes up to [`BATCH`] datagrams that wait; returns whether more may wait.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> bool {
        let mut iovecs: [MaybeUninit<libc::iovec>; BATCH] =
            [const { MaybeUninit::uninit() }; BATCH];
        // SAFETY: all zeroes is a valid `mmsghdr`: null pointers and zero lengths.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { zeroed() };
        for i in 0..BATCH {
            let iovec = iovecs[i].write(libc::iovec {
                iov_base: self.buffers[i].as_mut_ptr().cast(),
                iov_len: LENGTH,
            });
            let header = &mut headers[i].msg_hdr;
            header.msg_name = (&raw mut self.names[i]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = iovec;
            header.msg_iovlen = 1;
        }
        // SAFETY: every header points to a live name and a live iovec with a live buffer of the
        // stated length, and the kernel writes to nothing else.
        let n = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        self.count = usize::try_from(n).unwrap_or(0);
        for (length, header) in self.lengths.iter_mut().zip(&headers).take(self.count) {
            *length = header.msg_len as usize;
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
