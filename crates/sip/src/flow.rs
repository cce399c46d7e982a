//! One connection of a TCP or TLS trunk: what the stack sends goes out, what arrives goes to it.
//!
//! The stack has connections of its own. They read a missing Content-Length as none, add a
//! length of any size without a check, know one TLS configuration for all peers, and do not say
//! when a request has left. Here the stack is given a channel, and the socket is ours.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{HeadersExt, Method, SipMessage};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipConnection, TransportEvent};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::address::Transport;
use crate::framing::{Broken, Framer, Piece};
use crate::mend::{Came, mend};
use crate::path::{carrier, sip_addr};
use crate::registry::{Registry, Wire};
use crate::standing::Standing;
use crate::tls;
use crate::unknown;

/// Messages that may wait for the socket; transactions wait when it is full.
const OUT_QUEUE: usize = 64;
/// A peer that takes nothing for this long is gone.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Read at once.
const CHUNK: usize = 16 << 10;
/// What keeps a quiet connection open, and asks for an answer (RFC 5626 section 3.5.1).
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";
/// Answers of our own that may wait for the socket: to pings, and to methods that the stack does
/// not know. What exceeds it is not answered.
const OWN_QUEUE: usize = 8;

/// What all connections need.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) endpoint: EndpointInnerRef,
    pub(crate) registry: Arc<Registry>,
    pub(crate) tasks: TaskTracker,
    /// Closes every connection.
    pub(crate) closed: CancellationToken,
    pub(crate) keepalive: Duration,
}

/// A connection that is open, or was.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) connection: SipConnection,
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    /// Cancelled when it is gone.
    pub(crate) closed: CancellationToken,
}

/// Between whom it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) transport: Transport,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Over {
    #[error("closed by the peer")]
    Closed,
    #[error("{0}")]
    Broken(#[from] Broken),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the peer takes nothing")]
    Stuck,
    #[error("stopping")]
    Stopping,
}

impl Flow {
    /// Serves a connected stream in a task of its own.
    pub(crate) async fn start(
        house: &House,
        trunk: Arc<Standing>,
        ends: Ends,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
    ) -> rsipstack::Result<Self> {
        let (out, queue) = mpsc::channel(OUT_QUEUE);
        let (own, own_queue) = mpsc::channel(OWN_QUEUE);
        let closed = house.closed.child_token();
        #[expect(clippy::disallowed_methods, reason = "the stack's type; nothing is ever sent")]
        let (_, unused) = mpsc::unbounded_channel();
        let addr = sip_addr(ends.peer, ends.transport);
        let channel =
            ChannelConnection::create_connection_bounded(unused, out, addr, Some(closed.clone()))
                .await?;
        let connection = SipConnection::Channel(channel);
        let flow = Self { connection, local: ends.local, peer: ends.peer, closed: closed.clone() };
        let (read, write) = tokio::io::split(stream);
        let reader = Reader { house: house.clone(), flow: flow.clone(), ends, own };
        let registry = house.registry.clone();
        let keepalive = house.keepalive;
        house.tasks.spawn(async move {
            let mut writer = Writer { queue, own: own_queue, registry, keepalive };
            let over = tokio::select! {
                over = reader.run(read) => over,
                over = writer.run(write) => over,
                () = closed.cancelled() => Over::Stopping,
            };
            let name = trunk.name();
            if let Over::Io(error) = &over
                && let Some(why) = tls::alert(error)
            {
                // With TLS 1.3 a peer that refuses us says so when the handshake seems over.
                tracing::warn!(trunk = name, %why, "connection to a trunk refused");
                trunk.silent(&why);
            } else {
                tracing::info!(trunk = name, why = %over, "connection to a trunk ended");
            }
            closed.cancel();
            writer.close();
        });
        Ok(flow)
    }
}

struct Reader {
    house: House,
    flow: Flow,
    ends: Ends,
    own: mpsc::Sender<Vec<u8>>,
}

impl Reader {
    async fn run<S: AsyncRead + AsyncWrite>(&self, mut read: ReadHalf<S>) -> Over {
        let mut framer = Framer::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            match read.read(&mut chunk).await {
                Ok(0) => return Over::Closed,
                Ok(n) => framer.push(&chunk[..n]),
                Err(error) => return error.into(),
            }
            loop {
                match framer.next() {
                    Ok(None) => break,
                    Ok(Some(Piece::Ping)) => drop(self.own.try_send(PONG.to_vec())),
                    Ok(Some(Piece::Message(bytes))) => self.take(&bytes).await,
                    Err(broken) => return broken.into(),
                }
            }
        }
    }

    /// Hands a message to the stack. One that cannot be read harms no other.
    async fn take(&self, bytes: &[u8]) {
        let peer = self.ends.peer;
        let message = SipMessage::try_from(&*mend(bytes, Came::Stream)).and_then(|message| {
            let seen = carrier(self.ends.transport);
            SipConnection::update_msg_received(message, peer, seen)
                .map_err(|error| rsipstack::sip::Error::ParseError(error.to_string()))
        });
        let message = match message {
            Ok(message) => message,
            Err(_) => {
                match unknown::refusal(bytes, peer) {
                    Some(answer) => drop(self.own.try_send(answer)),
                    None => {
                        tracing::debug!(%peer, bytes = bytes.len(), "a message could not be read");
                    }
                }
                return;
            }
        };
        let from = sip_addr(peer, self.ends.transport);
        let connection = self.flow.connection.clone();
        let taken = self.house.endpoint.on_received_message(message, connection, &from).await;
        if taken.is_err() {
            tracing::debug!(%peer, "a message was not taken");
        }
    }
}

struct Writer {
    queue: mpsc::Receiver<TransportEvent>,
    own: mpsc::Receiver<Vec<u8>>,
    registry: Arc<Registry>,
    keepalive: Duration,
}

impl Writer {
    async fn run<S: AsyncRead + AsyncWrite>(&mut self, mut write: WriteHalf<S>) -> Over {
        loop {
            let sent = tokio::select! {
                biased;
                event = self.queue.recv() => match event {
                    Some(TransportEvent::Incoming(message, ..)) => {
                        let sent = put(&mut write, &message.to_bytes()).await;
                        let state = if sent.is_ok() { Wire::Sent } else { Wire::Failed };
                        self.note(&message, state);
                        sent
                    }
                    Some(_) => Ok(()),
                    None => Err(Over::Stopping),
                },
                Some(answer) = self.own.recv() => put(&mut write, &answer).await,
                () = sleep(self.keepalive) => put(&mut write, PING).await,
            };
            if let Err(over) = sent {
                return over;
            }
        }
    }

    /// Tells the leg of an INVITE whether it has left.
    fn note(&self, message: &SipMessage, state: Wire) {
        if let SipMessage::Request(request) = message
            && request.method == Method::Invite
            && let Ok(id) = request.call_id_header()
        {
            self.registry.note_wire(id.value(), state);
        }
    }

    /// What still waits never leaves.
    fn close(&mut self) {
        self.queue.close();
        while let Ok(event) = self.queue.try_recv() {
            if let TransportEvent::Incoming(message, ..) = event {
                self.note(&message, Wire::Failed);
            }
        }
    }
}

async fn put<W: AsyncWrite + Unpin>(write: &mut W, bytes: &[u8]) -> Result<(), Over> {
    let written = async {
        write.write_all(bytes).await?;
        write.flush().await
    };
    timeout(WRITE_LIMIT, written).await.map_err(|_| Over::Stuck)?.map_err(Over::from)
}
