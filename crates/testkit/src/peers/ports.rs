//! Ports for programs that cannot be told to take any.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// An even port of loopback and the fifteen after it, for UDP and TCP; nobody else who asks here,
/// in whatever process, gets one of them until this is dropped.
///
/// They lie below those that the system gives out by itself (Linux: from 32768 on): between the
/// look and the start of the program that is to have them, no other connection takes them.
#[derive(Debug)]
pub struct Ports {
    first: u16,
    _lock: TcpListener,
}

impl Ports {
    /// How many there are.
    pub const COUNT: u16 = 16;

    /// Takes as many that are free.
    ///
    /// # Panics
    ///
    /// If all of them are taken.
    #[must_use]
    pub fn take() -> Self {
        const LOWEST: u16 = 20_000;
        const SLOTS: u16 = 500;
        const LOCKS: u16 = LOWEST + SLOTS * Ports::COUNT;
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Processes that start one after the other begin far from each other.
        let begin = std::process::id() % u32::from(SLOTS) * 37;
        for _ in 0..SLOTS {
            let turn = begin + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            let slot = (turn % u32::from(SLOTS)) as u16;
            let first = LOWEST + slot * Self::COUNT;
            let Ok(lock) = TcpListener::bind((Ipv4Addr::LOCALHOST, LOCKS + slot)) else {
                continue;
            };
            if (first..first + Self::COUNT).all(free) {
                return Self { first, _lock: lock };
            }
        }
        panic!("all ports for programs under test are taken");
    }

    /// The first of them.
    #[must_use]
    pub fn first(&self) -> u16 {
        self.first
    }
}

fn free(port: u16) -> bool {
    let at = (Ipv4Addr::LOCALHOST, port);
    UdpSocket::bind(at).is_ok() && TcpListener::bind(at).is_ok()
}

/// Whether somebody listens on a UDP port here. Who tries to bind the port to find out takes it
/// for a moment, and the program that is waited for may come just then.
#[must_use]
pub fn listens_udp(port: u16) -> bool {
    listed(["udp", "udp6"], port, None)
}

/// Whether somebody listens on a TCP port here, found out without a connection to it.
#[must_use]
pub fn listens_tcp(port: u16) -> bool {
    listed(["tcp", "tcp6"], port, Some("0A"))
}

/// Whether the kernel's tables have this port (proc(5), `/proc/net/tcp`), in this state.
fn listed(tables: [&str; 2], port: u16, state: Option<&str>) -> bool {
    let ending = format!(":{port:04X}");
    tables.iter().any(|table| {
        let text = std::fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        text.lines().skip(1).any(|line| {
            let mut words = line.split_whitespace().skip(1);
            let (local, _, found) = (words.next(), words.next(), words.next());
            local.is_some_and(|l| l.ends_with(&ending)) && state.is_none_or(|s| found == Some(s))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_is_seen() {
        let ports = Ports::take();
        let port = ports.first();
        assert!(!listens_udp(port) && !listens_tcp(port));
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, port));
        assert!(udp.is_ok() && listens_udp(port) && !listens_tcp(port));
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        assert!(tcp.is_ok() && listens_tcp(port));
        drop((udp, tcp));
        assert!(!listens_udp(port) && !listens_tcp(port));
    }
}
