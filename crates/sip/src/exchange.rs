//! One request of ours and its responses: a client transaction in a task of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::sip::{Request, Response, SipMessage, Transport};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipAddr;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// Responses that may wait for their leg; the transaction waits when it is full, and the peer's
/// retransmissions make good what UDP drops meanwhile.
const RESPONSE_QUEUE: usize = 16;

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
}

impl Exchange {
    /// The next response; `None` when the transaction is over. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Response> {
        self.responses.recv().await
    }
}

impl Sender {
    /// Sends a request and keeps its transaction running. Without `to` it goes where its route
    /// or its target says.
    pub(crate) async fn send(
        &self,
        request: Request,
        to: Option<SocketAddr>,
    ) -> rsipstack::Result<Exchange> {
        let key = TransactionKey::from_request(&request, TransactionRole::Client)?;
        let kept = Arc::new(request.clone());
        let mut transaction = Transaction::new_client(key, request, self.endpoint.clone(), None);
        transaction.destination = to.map(udp);
        let (responses, queue) = mpsc::channel(RESPONSE_QUEUE);
        transaction.send().await?;
        // A task of its own, because the transaction loses what it is working on if its
        // `receive` is dropped half-way, as a `select!` in the leg would do.
        self.tasks.spawn(async move {
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
        Ok(Exchange { request: kept, responses: queue })
    }
}

/// A UDP address as the stack writes it.
fn udp(addr: SocketAddr) -> SipAddr {
    let mut addr = SipAddr::from(addr);
    addr.r#type = Some(Transport::Udp);
    addr
}
