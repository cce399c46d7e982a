//! The user agent server: takes requests from the socket and gives each to its call.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog::Dialog;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::{HeadersExt, Method, StatusCode};
use rsipstack::transaction::endpoint::{Endpoint, EndpointOption};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::TransportLayer;
use rsipstack::transport::udp::UdpConnection;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Guard;
use crate::call;
use crate::clock::Clock;
use crate::config::{LabConfig, LabError};
use crate::lane::{Lane, PhoneId};
use crate::report::{CallReport, Reports};
use crate::voices::Voices;

/// A carrier with simulated callees.
#[derive(Debug)]
pub struct Lab;

/// A running lab. Dropping it without [`LabHandle::shutdown`] stops it too, unwaited for.
#[derive(Debug)]
pub struct LabHandle {
    local: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    /// Ends the SIP endpoint, once calls had their chance to say BYE.
    stop_sip: CancellationToken,
    tasks: TaskTracker,
    /// In a lock so that `shutdown` can take it through `&self`.
    lane_thread: Mutex<Option<JoinHandle<()>>>,
}

/// What all calls of one lab share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: LabConfig,
    pub(crate) clock: Clock,
    pub(crate) local: SocketAddr,
    pub(crate) lane: Lane,
    pub(crate) voices: Voices,
    pub(crate) reports: Reports,
    guard: Option<Guard>,
    running: AtomicUsize,
    next_phone: AtomicU64,
    /// How often each number was called, so that the next call makes other choices. At most
    /// [`MOST_NUMBERS`]; further numbers share one count.
    counts: Mutex<HashMap<String, u64>>,
}

impl Lab {
    /// Opens the socket, checks the voices and starts to answer.
    ///
    /// # Errors
    /// [`LabError`], with nothing left running.
    pub async fn start(config: LabConfig) -> Result<LabHandle, LabError> {
        if config.codecs.is_empty() {
            return Err(LabError::NoCodec);
        }
        let socket = bind(config.sip)?;
        let local =
            socket.local_addr().map_err(|source| LabError::Bind { addr: config.sip, source })?;
        let voices = Voices::open(config.espeak.clone()).await?;
        let reports = Reports::open(config.out_dir.as_deref()).map_err(|source| {
            let dir = config.out_dir.clone().unwrap_or_default();
            LabError::OutDir { dir, source }
        })?;
        let clock = Clock::start();
        let (lane, thread) = Lane::start(clock).map_err(LabError::Thread)?;
        let guard = config.auth.clone().map(|auth| Guard::new(auth, config.seed));
        let shared = Arc::new(Shared {
            config,
            clock,
            local,
            lane,
            voices,
            reports,
            guard,
            running: AtomicUsize::new(0),
            next_phone: AtomicU64::new(1),
            counts: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let stop_sip = CancellationToken::new();
        let tasks = TaskTracker::new();
        let endpoint = endpoint(socket, local, &stop_sip).await?;
        let incoming = endpoint.incoming_transactions().map_err(|e| LabError::Sip(Box::new(e)))?;
        let server = Server {
            layer: Arc::new(DialogLayer::new(Arc::clone(&endpoint.inner))),
            shared: Arc::clone(&shared),
            stop: stop.clone(),
            stop_sip: stop_sip.clone(),
            tasks: tasks.clone(),
        };
        tasks.spawn(async move { endpoint.serve().await });
        let until = stop_sip.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = until.cancelled() => {}
                () = server.serve(incoming) => {}
            }
        });
        let lane_thread = Mutex::new(Some(thread));
        Ok(LabHandle { local, shared, stop, stop_sip, tasks, lane_thread })
    }
}

impl LabHandle {
    /// Where it answers SIP.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Reports of the calls that have ended, the oldest first.
    pub fn reports(&self) -> Vec<CallReport> {
        self.shared.reports.all()
    }

    /// Calls that have not ended.
    pub fn running_calls(&self) -> usize {
        self.shared.running.load(Ordering::Relaxed)
    }

    /// Ends every call (BYE, or 503 to those that still ring), then everything else.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        for _ in 0..GRACE_STEPS {
            if self.running_calls() == 0 {
                break;
            }
            tokio::time::sleep(GRACE_STEP).await;
        }
        // Final answers are sent by their transactions, a moment after the calls are gone.
        tokio::time::sleep(GRACE_STEP).await;
        self.stop_sip.cancel();
        self.tasks.wait().await;
        self.shared.lane.quit();
        let thread = self.lane_thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for LabHandle {
    fn drop(&mut self) {
        self.stop.cancel();
        self.stop_sip.cancel();
        self.shared.lane.quit();
    }
}

impl Shared {
    /// How often this number was called before; counts the call.
    pub(crate) fn count_call(&self, number: &str) -> u64 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counts.contains_key(number) || counts.len() < MOST_NUMBERS;
        let count = counts.entry(if known { number } else { "" }.to_owned()).or_default();
        *count += 1;
        *count - 1
    }

    /// A name for a phone that no other call has.
    pub(crate) fn phone_id(&self) -> PhoneId {
        self.next_phone.fetch_add(1, Ordering::Relaxed)
    }

    fn take_place(self: &Arc<Self>) -> Option<Place> {
        let place = Place(Arc::clone(self));
        // The place gives back what it took, also when it is refused right here.
        let before = self.running.fetch_add(1, Ordering::Relaxed);
        (before < self.config.max_calls).then_some(place)
    }
}

/// One of `max_calls`; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Server {
    layer: Arc<DialogLayer>,
    shared: Arc<Shared>,
    stop: CancellationToken,
    stop_sip: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    async fn serve(self, mut incoming: rsipstack::transaction::TransactionReceiver) {
        while let Some(tx) = incoming.recv().await {
            let in_dialog =
                tx.original.to_header().is_ok_and(|to| to.tag().is_ok_and(|t| t.is_some()));
            match (&tx.original.method, in_dialog) {
                (_, true) => self.in_dialog(tx),
                (Method::Invite, false) => self.invite(tx).await,
                (Method::Options, false) => reply(tx, StatusCode::OK).await,
                (Method::Ack, _) => {}
                _ => reply(tx, StatusCode::MethodNotAllowed).await,
            }
        }
    }

    /// Gives a request to its dialog, in a task of its own: a re-INVITE waits for its ACK.
    fn in_dialog(&self, mut tx: Transaction) {
        let dialog = self.layer.match_dialog(&tx);
        let until = self.stop_sip.clone();
        self.tasks.spawn(async move {
            match dialog {
                Some(Dialog::Invite(mut dialog)) => tokio::select! {
                    () = until.cancelled() => {}
                    done = dialog.handle(&mut tx) => {
                        if let Err(error) = done {
                            tracing::debug!(%error, "request within a dialog");
                        }
                    }
                },
                _ if tx.original.method == Method::Ack => {}
                _ => reply(tx, StatusCode::CallTransactionDoesNotExist).await,
            }
        });
    }

    async fn invite(&self, mut tx: Transaction) {
        if self.stop.is_cancelled() {
            return reply(tx, StatusCode::ServiceUnavailable).await;
        }
        if let Some(guard) = &self.shared.guard
            && !guard.admits(&tx.original)
        {
            let (status, header) = guard.challenge();
            if let Err(error) = tx.reply_with(status, vec![header], None).await {
                tracing::debug!(%error, "challenge not sent");
            }
            return self.keep(tx);
        }
        let Some(place) = self.shared.take_place() else {
            return reply(tx, StatusCode::ServiceUnavailable).await;
        };
        let (states, state_events) = self.layer.new_dialog_state_channel();
        let contact = format!("sip:lab@{}", self.shared.local);
        let contact = rsipstack::sip::Uri::try_from(contact.as_str()).ok();
        let mut dialog = match self.layer.get_or_create_server_invite(&tx, states, None, contact) {
            Ok(dialog) => dialog,
            Err(error) => {
                tracing::debug!(%error, "INVITE refused");
                return reply(tx, StatusCode::BadRequest).await;
            }
        };
        let parts = call::Parts {
            shared: Arc::clone(&self.shared),
            layer: Arc::clone(&self.layer),
            dialog: dialog.clone(),
            stop: self.stop.clone(),
            place,
        };
        self.tasks.spawn(call::run(parts, state_events));
        let until = self.stop_sip.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = until.cancelled() => {}
                done = dialog.handle(&mut tx) => {
                    if let Err(error) = done {
                        tracing::debug!(%error, "INVITE transaction");
                    }
                }
            }
        });
    }

    /// Keeps a refused INVITE transaction until its ACK, so that it is retransmitted if need be.
    fn keep(&self, mut tx: Transaction) {
        let until = self.stop_sip.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = until.cancelled() => {}
                () = async { while tx.receive().await.is_some() {} } => {}
            }
        });
    }
}

async fn reply(mut tx: Transaction, status: StatusCode) {
    if let Err(error) = tx.reply(status).await {
        tracing::debug!(%error, "reply not sent");
    }
}

fn bind(addr: SocketAddr) -> Result<std::net::UdpSocket, LabError> {
    let failed = |source| LabError::Bind { addr, source };
    let domain = socket2::Domain::for_address(addr);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, None).map_err(failed)?;
    // Hundreds of INVITEs at once must not be dropped by the kernel.
    socket.set_recv_buffer_size(RECEIVE_BUFFER).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    socket.bind(&addr.into()).map_err(failed)?;
    Ok(socket.into())
}

async fn endpoint(
    socket: std::net::UdpSocket,
    local: SocketAddr,
    stop: &CancellationToken,
) -> Result<Endpoint, LabError> {
    let failed = |source| LabError::Bind { addr: local, source };
    let conn = tokio::net::UdpSocket::from_std(socket).map_err(failed)?;
    let connection = UdpConnection::from_socket(Arc::new(conn), None, Some(stop.child_token()))
        .await
        .map_err(|e| LabError::Sip(Box::new(e)))?;
    let transport = TransportLayer::new(stop.child_token());
    transport.add_transport(connection.into());
    Ok(EndpointBuilder::new()
        .with_user_agent("waihu-lab")
        .with_transport_layer(transport)
        .with_cancel_token(stop.child_token())
        .with_option(EndpointOption::default())
        .with_allows(vec![
            Method::Invite,
            Method::Ack,
            Method::Cancel,
            Method::Bye,
            Method::Options,
            Method::Info,
            Method::Update,
        ])
        .build())
}

const RECEIVE_BUFFER: usize = 4 << 20;
const MOST_NUMBERS: usize = 100_000;
/// How long calls may take to end at shutdown: 2 s.
const GRACE_STEPS: u32 = 100;
const GRACE_STEP: Duration = Duration::from_millis(20);
