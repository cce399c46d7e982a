//! Our UDP socket under the SIP stack: large buffers, and an eye on what left it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rsipstack::platform::net::UdpSocket as StackSocket;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use crate::config::SipError;
use crate::mend::{Came, mend};
use crate::registry::{Registry, Wire};
use crate::unknown;

/// Room for a burst of set-ups: 200 at once need about 1 MB. The system may grant less
/// (`net.core.rmem_max`).
const BUFFER: usize = 4 << 20;

/// No datagram is longer.
const LONGEST: usize = 65_535;

/// The socket as the stack sees it; tells each leg when its INVITE has left.
pub(crate) struct SipSocket {
    inner: UdpSocket,
    registry: Arc<Registry>,
    /// What is read into, while nobody reads. The lock is held for taking and giving only.
    spare: Mutex<Vec<u8>>,
    /// Datagrams that were too long.
    lost: AtomicU64,
}

impl SipSocket {
    /// Binds, without address reuse: two programs on one SIP port lose each other's answers.
    pub(crate) fn bind(addr: SocketAddr, registry: Arc<Registry>) -> Result<Self, SipError> {
        let inner = open(addr).map_err(|cause| match cause.kind() {
            io::ErrorKind::AddrInUse => SipError::PortInUse { addr },
            _ => SipError::CannotListen { addr, cause: cause.to_string() },
        })?;
        Ok(Self { inner, registry, spare: Mutex::default(), lost: AtomicU64::new(0) })
    }

    pub(crate) fn local(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Room for a whole datagram: the stack's own would cut a long one without a word.
    fn room(&self) -> Vec<u8> {
        let kept = std::mem::take(&mut *self.spare());
        if kept.is_empty() { vec![0; LONGEST] } else { kept }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<u8>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told ever more rarely, so that nobody fills the log.
    fn too_long(&self, bytes: usize, from: SocketAddr) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if lost.is_power_of_two() {
            tracing::warn!(%from, bytes, lost, "a datagram is too long to be read and is dropped");
        }
    }
}

fn open(addr: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // A smaller buffer than asked for is no reason not to start.
    let _ = socket.set_recv_buffer_size(BUFFER);
    let _ = socket.set_send_buffer_size(BUFFER);
    socket.bind(&addr.into())?;
    UdpSocket::from_std(socket.into())
}

/// The local address from which the system would reach `peer`; sends nothing.
pub(crate) fn route_to(peer: SocketAddr) -> io::Result<SocketAddr> {
    let any: SocketAddr =
        if peer.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let probe = std::net::UdpSocket::bind(any)?;
    probe.connect(peer)?;
    probe.local_addr()
}

/// The value of Call-ID in a message that we wrote ourselves.
fn call_id(message: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b"\r\nCall-ID: ";
    let start = message.windows(NAME.len()).position(|w| w == NAME)? + NAME.len();
    let rest = &message[start..];
    let end = rest.iter().position(|b| *b == b'\r')?;
    std::str::from_utf8(&rest[..end]).ok()
}

#[async_trait]
impl StackSocket for SipSocket {
    async fn recv_from(&self, buf: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let mut own = self.room();
        loop {
            match self.inner.recv_from(&mut own).await {
                Ok((n, from)) => match unknown::refusal(&own[..n], from) {
                    // Lost like any datagram if it cannot be sent; the peer asks again.
                    Some(answer) => drop(self.inner.send_to(&answer, from).await),
                    None => {
                        let message = mend(&own[..n], Came::Datagram);
                        let Some(room) = buf.get_mut(..message.len()) else {
                            self.too_long(n, from);
                            continue;
                        };
                        room.copy_from_slice(&message);
                        let n = message.len();
                        drop(message);
                        *self.spare() = own;
                        return Ok((n, from));
                    }
                },
                Err(error) => {
                    // The stack asks again at once; an error that stays must not eat a core.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    return Err(error.into());
                }
            }
        }
    }

    async fn send_to(&self, buf: &[u8], addr: SocketAddr) -> rsipstack::Result<usize> {
        let sent = self.inner.send_to(buf, addr).await;
        if buf.starts_with(b"INVITE ")
            && let Some(id) = call_id(buf)
        {
            let state = if sent.is_ok() { Wire::Sent } else { Wire::Failed };
            self.registry.note_wire(id, state);
        }
        Ok(sent?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.inner.local_addr()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_told_with_its_address() {
        let first = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = first.local_addr().unwrap();
        let error = SipSocket::bind(addr, Arc::default()).err().unwrap();
        assert_eq!(error, SipError::PortInUse { addr });
        assert!(error.to_string().contains(&addr.to_string()));
    }

    #[test]
    fn call_ids_are_found() {
        let message = b"INVITE sip:x SIP/2.0\r\nVia: v\r\nCall-ID: a@b\r\n\r\n";
        assert_eq!(call_id(message), Some("a@b"));
        assert_eq!(call_id(b"INVITE sip:x SIP/2.0\r\nCall-ID: a"), None);
    }
}
