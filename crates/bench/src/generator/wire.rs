//! Many datagrams with one system call, each with the kernel's stamp of its arrival.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;

/// Bytes of a packet: RTP header and 20 ms of G.711.
pub const LENGTH: usize = 172;
/// Datagrams taken with one system call.
const BATCH: usize = 64;
/// Bytes for the stamp.
const CONTROL: usize = 64;
/// Kernel buffer of a socket: seconds of all its legs.
const RECEIVE_BUFFER: libc::c_int = 16 << 20;

/// A socket on loopback that stamps what it receives.
pub fn open() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    // Beyond the system's limit for those who may, up to it for others.
    if set(&socket, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER).is_err() {
        set(&socket, libc::SO_RCVBUF, RECEIVE_BUFFER)?;
    }
    set(&socket, libc::SO_TIMESTAMPNS, 1)?;
    Ok(socket)
}

/// Datagrams to be sent together.
#[derive(Default)]
pub struct Outgoing {
    names: Vec<libc::sockaddr_in>,
    bytes: Vec<[u8; LENGTH]>,
}

impl Outgoing {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.names.clear();
        self.bytes.clear();
    }

    /// Adds one.
    pub fn push(&mut self, to: SocketAddrV4, bytes: [u8; LENGTH]) {
        // SAFETY: all zeroes is a valid `sockaddr_in`.
        let mut name: libc::sockaddr_in = unsafe { zeroed() };
        name.sin_family = libc::AF_INET as libc::sa_family_t;
        name.sin_port = to.port().to_be();
        name.sin_addr.s_addr = u32::from(*to.ip()).to_be();
        self.names.push(name);
        self.bytes.push(bytes);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Sends all; returns how many the kernel took.
    pub fn send(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        let mut iovecs: Vec<libc::iovec> = self.bytes.iter_mut().map(iovec).collect();
        let mut headers: Vec<libc::mmsghdr> = self
            .names
            .iter_mut()
            .zip(&mut iovecs)
            .map(|(name, iovec)| {
                // SAFETY: all zeroes is a valid `mmsghdr`: null pointers and zero lengths.
                let mut header: libc::mmsghdr = unsafe { zeroed() };
                header.msg_hdr.msg_name = (&raw mut *name).cast();
                header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
                header.msg_hdr.msg_iov = iovec;
                header.msg_hdr.msg_iovlen = 1;
                header
            })
            .collect();
        let mut sent = 0;
        while sent < headers.len() {
            let rest = &mut headers[sent..];
            // SAFETY: every header points to a live name and a live iovec of live bytes.
            let n = unsafe {
                libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), rest.len() as libc::c_uint, 0)
            };
            match usize::try_from(n) {
                Ok(n) => sent += n,
                Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return Err(io::Error::last_os_error()),
            }
        }
        Ok(sent)
    }
}

/// Datagrams received together.
pub struct Arrivals {
    names: Vec<libc::sockaddr_in>,
    bytes: Vec<[u8; LENGTH]>,
    controls: Vec<[u64; CONTROL / 8]>,
    lengths: Vec<usize>,
    stamps: Vec<i64>,
}

impl Arrivals {
    /// Room for one batch.
    pub fn new() -> Self {
        // SAFETY: all zeroes is a valid `sockaddr_in`.
        let name: libc::sockaddr_in = unsafe { zeroed() };
        Self {
            names: vec![name; BATCH],
            bytes: vec![[0; LENGTH]; BATCH],
            controls: vec![[0; CONTROL / 8]; BATCH],
            lengths: Vec::with_capacity(BATCH),
            stamps: Vec::with_capacity(BATCH),
        }
    }

    /// Takes what waits, up to a batch; returns whether more may wait.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<bool> {
        self.lengths.clear();
        self.stamps.clear();
        let mut iovecs: Vec<libc::iovec> = self.bytes.iter_mut().map(iovec).collect();
        // SAFETY: all zeroes is a valid `mmsghdr`: null pointers and zero lengths.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { zeroed() };
        for (i, header) in headers.iter_mut().enumerate() {
            let header = &mut header.msg_hdr;
            header.msg_name = (&raw mut self.names[i]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
            header.msg_iov = &raw mut iovecs[i];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[i].as_mut_ptr().cast();
            header.msg_controllen = CONTROL;
        }
        // SAFETY: every header points to a live name, control buffer and iovec of live bytes.
        let n = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let Ok(n) = usize::try_from(n) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
                _ => Err(error),
            };
        };
        for header in &headers[..n] {
            self.lengths.push((header.msg_len as usize).min(LENGTH));
            self.stamps.push(stamp(&header.msg_hdr));
        }
        Ok(n == BATCH)
    }

    /// Port of the sender, arrival (time of day in ns) and bytes of each.
    pub fn iter(&self) -> impl Iterator<Item = (u16, i64, &[u8])> {
        self.lengths.iter().enumerate().map(|(i, len)| {
            let port = u16::from_be(self.names[i].sin_port);
            (port, self.stamps[i], &self.bytes[i][..*len])
        })
    }
}

fn iovec(bytes: &mut [u8; LENGTH]) -> libc::iovec {
    libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: LENGTH }
}

/// The arrival stamp of a received message; 0 without one.
fn stamp(header: &libc::msghdr) -> i64 {
    // SAFETY: the kernel filled the control buffer of this header and set its length, within
    // which these functions walk; the stamp is copied out without regard to alignment.
    unsafe {
        let mut part = libc::CMSG_FIRSTHDR(header);
        while !part.is_null() {
            if (*part).cmsg_level == libc::SOL_SOCKET && (*part).cmsg_type == libc::SCM_TIMESTAMPNS
            {
                let t = libc::CMSG_DATA(part).cast::<libc::timespec>().read_unaligned();
                return t.tv_sec * 1_000_000_000 + t.tv_nsec;
            }
            part = libc::CMSG_NXTHDR(header, part);
        }
    }
    0
}

fn set(socket: &UdpSocket, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the pointer is to a live integer of the stated length.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn what_is_sent_together_arrives_whole_and_stamped() {
        let (from, to) = (open().unwrap(), open().unwrap());
        let SocketAddr::V4(target) = to.local_addr().unwrap() else { panic!("not IPv4") };
        let mut outgoing = Outgoing::default();
        (0..70).for_each(|n| outgoing.push(target, [n; LENGTH]));
        assert_eq!(outgoing.send(&from).unwrap(), 70);
        let mut arrivals = Arrivals::new();
        let mut got = Vec::new();
        while {
            let more = arrivals.receive(&to).unwrap();
            for (port, stamp, bytes) in arrivals.iter() {
                assert_eq!(port, from.local_addr().unwrap().port());
                assert_eq!(bytes.len(), LENGTH);
                assert_ne!(stamp, 0);
                got.push(bytes[0]);
            }
            more
        } {}
        assert_eq!(got, (0..70).collect::<Vec<u8>>());
    }
}
