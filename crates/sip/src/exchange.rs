//! One request of ours and its responses: a client transaction in a task of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{Host, Request, Response, SipMessage};
use rsipstack::transaction::TransactionState;
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use tokio::net::lookup_host;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::path::{Path, sip_addr};
use crate::seal;

/// Responses that may wait for their leg; the transaction waits when it is full, and the peer's
/// retransmissions make good what UDP drops meanwhile.
const RESPONSE_QUEUE: usize = 16;

/// Where a URI without a port is reached.
const USUAL_PORT: u16 = 5060;
/// How long the name in a target is looked up.
const RESOLVE_LIMIT: Duration = Duration::from_secs(2);

/// Where a request goes over UDP. Over a connection everything goes over the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goes {
    /// To the trunk's address.
    ToPeer,
    /// Where its route or its target says (RFC 3261 section 12.2.1.1).
    ByRoute,
}

/// Sends requests.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) endpoint: EndpointInnerRef,
    pub(crate) tasks: TaskTracker,
}

/// A request that was sent. Dropping it ends the transaction; the stack goes on acknowledging
/// final responses that come again.
pub(crate) struct Exchange {
    /// As it was sent.
    pub(crate) request: Arc<Request>,
    responses: mpsc::Receiver<Response>,
    task: JoinHandle<()>,
}

impl Exchange {
    /// The next response; `None` when the transaction is over. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Response> {
        self.responses.recv().await
    }

    /// A response that has come already.
    pub(crate) fn waiting(&mut self) -> Option<Response> {
        self.responses.try_recv().ok()
    }

    /// What the stack knows it by.
    pub(crate) fn key(&self) -> Option<TransactionKey> {
        TransactionKey::from_request(&self.request, TransactionRole::Client).ok()
    }

    /// The final response.
    pub(crate) async fn last(&mut self) -> Option<Response> {
        loop {
            let response = self.next().await?;
            if response.status_code.code() >= 200 {
                return Some(response);
            }
        }
    }
}

impl Sender {
    /// Sends a request and keeps its transaction running.
    pub(crate) async fn send(
        &self,
        request: Request,
        path: &Path,
        goes: Goes,
    ) -> rsipstack::Result<Exchange> {
        let kept = Arc::new(request);
        let key = TransactionKey::from_request(&kept, TransactionRole::Client)?;
        let to = match goes {
            Goes::ByRoute if path.connection.is_none() => next_hop(&kept, path).await,
            _ => path.peer,
        };
        let mut transaction = self.transaction(key, &kept, path, to);
        transaction.send().await?;
        Ok(self.keep(transaction, kept))
    }

    /// Listens again to an INVITE whose transaction is over. Sends nothing but ACKs.
    pub(crate) fn reopen(&self, invite: Request, path: &Path) -> Option<Exchange> {
        let invite = Arc::new(invite);
        let key = TransactionKey::from_request(&invite, TransactionRole::Client).ok()?;
        let mut transaction = self.transaction(key, &invite, path, path.peer);
        // With it the stack would answer a 2xx by the refusal's ACK, and tell nobody.
        self.endpoint.finished_transactions.remove(&transaction.key);
        transaction.state = TransactionState::Proceeding;
        Some(self.keep(transaction, invite))
    }

    /// Ends an INVITE for good: the stack would keep its ACK for another 64 * T1.
    pub(crate) async fn forget(&self, invite: Exchange) {
        let key = invite.key();
        drop(invite.responses);
        let _ = invite.task.await;
        if let Some(key) = key {
            self.endpoint.finished_transactions.remove(&key);
        }
    }

    fn transaction(
        &self,
        key: TransactionKey,
        request: &Request,
        path: &Path,
        to: SocketAddr,
    ) -> Transaction {
        let (endpoint, connection) = (self.endpoint.clone(), path.connection.clone());
        let over_udp = connection.is_none();
        let mut transaction = Transaction::new_client(key, request.clone(), endpoint, connection);
        if over_udp {
            // Contacts that name another transport still get datagrams: the stack would open a
            // connection of its own, past our checks.
            transaction.destination = Some(sip_addr(to, path.transport));
        }
        transaction
    }

    /// Runs a transaction in a task of its own, because it loses what it is working on if its
    /// `receive` is dropped half-way, as a `select!` in the leg would do.
    fn keep(&self, mut transaction: Transaction, request: Arc<Request>) -> Exchange {
        let (responses, queue) = mpsc::channel(RESPONSE_QUEUE);
        let task = self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = responses.closed() => return,
                    message = transaction.receive() => match message {
                        Some(SipMessage::Response(response)) => {
                            if responses.send(response).await.is_err() {
                                return;
                            }
                        }
                        Some(SipMessage::Request(_)) => {}
                        None => return,
                    },
                }
            }
        });
        Exchange { request, responses: queue, task }
    }

    /// Sends a request of which only matters that it arrives, and sees to that in a task of its
    /// own, for at most `limit`.
    pub(crate) fn see_off(&self, request: Request, path: &Path, goes: Goes, limit: Duration) {
        let (sender, path) = (self.clone(), path.clone());
        self.tasks.spawn(async move {
            let method = request.method;
            let sent = sender.send(request, &path, goes).await;
            let answered = match sent {
                Ok(mut exchange) => timeout(limit, exchange.last()).await.ok().flatten(),
                Err(_) => None,
            };
            if answered.is_none() {
                tracing::warn!(%method, peer = %path.peer, "request not answered");
            }
        });
    }
}

/// Where a request of a UDP dialog goes: its first route, else its target. What is no address,
/// or has none in time, is left to the trunk, which knows what its own headers mean.
async fn next_hop(request: &Request, path: &Path) -> SocketAddr {
    let Some(hop) = seal::next_hop(request) else {
        tracing::warn!(method = %request.method, "a target names no host; left to the trunk");
        return path.peer;
    };
    let port = hop.port.map_or(USUAL_PORT, |port| port.0);
    let name = match hop.host {
        Host::IpAddr(ip) => return SocketAddr::new(ip, port),
        Host::Domain(domain) => domain.0,
    };
    let v4 = path.peer.is_ipv4();
    let found = timeout(RESOLVE_LIMIT, lookup_host((name, port))).await;
    let mut found = found.ok().and_then(Result::ok).into_iter().flatten();
    found.find(|addr| addr.is_ipv4() == v4).unwrap_or_else(|| {
        tracing::warn!(method = %request.method, "a target's host is not known; left to the trunk");
        path.peer
    })
}
