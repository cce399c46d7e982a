//! How a request of ours gets to a trunk: from which address of ours, over what, to where.

use std::net::SocketAddr;

use rsipstack::sip::{HostWithPort, Transport as Carrier};
use rsipstack::transport::{SipAddr, SipConnection};
use tokio_util::sync::CancellationToken;

use crate::address::Transport;

/// Why there is no way to a trunk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    #[error("the name {host} does not resolve")]
    NoAddress { host: String },
    #[error("no connection to {peer}: {why}")]
    Unreachable { peer: SocketAddr, why: String },
    #[error("the certificate of {name} is refused: {why}")]
    Certificate { name: String, why: String },
    #[error("TLS handshake failed: {why}")]
    Handshake { why: String },
    #[error("not in time")]
    TooLate,
}

/// One way to a trunk.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) transport: Transport,
    /// Our address as the peer is told it.
    pub(crate) local: SocketAddr,
    /// Where requests outside of dialogs go.
    pub(crate) peer: SocketAddr,
    /// The connection of a TCP or TLS trunk.
    pub(crate) connection: Option<SipConnection>,
    /// Cancelled when that connection is gone; never over UDP.
    pub(crate) closed: CancellationToken,
}

impl Path {
    /// Datagrams from our socket.
    pub(crate) fn udp(local: SocketAddr, peer: SocketAddr) -> Self {
        let closed = CancellationToken::new();
        Self { transport: Transport::Udp, local, peer, connection: None, closed }
    }

    /// `SIP/2.0/TCP host:port`, the beginning of a `Via` of ours.
    pub(crate) fn sent_by(&self) -> String {
        format!("SIP/2.0/{} {}", self.transport.token(), HostWithPort::from(self.local))
    }

    /// A URI of ours under which this peer reaches us. Over TCP and TLS it names our end of the
    /// connection, which peers find among those they have (RFC 5923); we listen for no others.
    pub(crate) fn contact(&self, user: &str) -> String {
        let host = HostWithPort::from(self.local);
        format!("<sip:{user}@{host}{}>", self.transport.parameter())
    }
}

/// An address as the stack writes it.
pub(crate) fn sip_addr(addr: SocketAddr, transport: Transport) -> SipAddr {
    let mut addr = SipAddr::from(addr);
    addr.r#type = Some(carrier(transport));
    addr
}

/// Our transports as the stack names them.
pub(crate) fn carrier(transport: Transport) -> Carrier {
    match transport {
        Transport::Udp => Carrier::Udp,
        Transport::Tcp => Carrier::Tcp,
        Transport::Tls => Carrier::Tls,
    }
}
