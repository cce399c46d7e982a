//! The SIP side as a whole: one socket, one endpoint, all trunks, all legs.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{CallId, LegId};
use engine::ports::trunk::{Trunk, TrunkCommand, TrunkEvents};
use rsipstack::EndpointBuilder;
use rsipstack::transaction::Endpoint;
use rsipstack::transaction::endpoint::EndpointOption;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipConnection, TransportLayer};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::arrival::Arrivals;
use crate::config::{SipConfig, SipError, TrunkAddress, TrunkConfig, check_text};
use crate::dispatch;
use crate::exchange::Sender;
use crate::leg::{self, Leg, Shared};
use crate::registry::Registry;
use crate::socket::SipSocket;

/// All trunks of this process, as the engine's `Trunk` port.
pub struct SipTrunks {
    shared: Arc<Shared>,
    trunks: RwLock<HashMap<String, Arc<TrunkConfig>>>,
    legs: TaskTracker,
    closed: CancellationToken,
    runtime: Handle,
}

impl SipTrunks {
    /// Listens and is ready to dial. Must be called inside a tokio runtime, in which the SIP side
    /// then lives until [`SipTrunks::shutdown`].
    pub async fn start(
        config: SipConfig,
        events: Arc<dyn TrunkEvents>,
    ) -> Result<Arc<Self>, SipError> {
        check_text("user_agent", &config.user_agent)?;
        let registry = Arc::new(Registry::default());
        let socket = Arc::new(SipSocket::bind(config.listen, registry.clone())?);
        let cannot = |cause: String| SipError::CannotListen { addr: config.listen, cause };
        let local = socket.local().map_err(|e| cannot(e.to_string()))?;
        let closed = CancellationToken::new();
        let external = config.advertise.map(|ip| SocketAddr::new(ip, local.port()));
        let connection = UdpConnection::from_socket(socket, external, Some(closed.clone()))
            .await
            .map_err(|e| cannot(e.to_string()))?;
        let transport = TransportLayer::new(closed.clone());
        transport.add_transport(SipConnection::Udp(connection));
        let endpoint = endpoint(transport, &config, closed.clone());
        let requests = endpoint.incoming_transactions().map_err(|e| cannot(e.to_string()))?;
        let tasks = TaskTracker::new();
        let inner = endpoint.inner.clone();
        tasks.spawn(async move { endpoint.serve().await });
        tasks.spawn(dispatch::run(requests, registry.clone(), closed.clone()));
        let shared = Shared {
            sender: Sender { endpoint: inner, tasks },
            events,
            registry,
            timers: config.timers,
            user_agent: config.user_agent,
            local,
            advertise: config.advertise,
            drain: CancellationToken::new(),
            kill: CancellationToken::new(),
        };
        let started = Arc::new(Self {
            shared: Arc::new(shared),
            trunks: RwLock::default(),
            legs: TaskTracker::new(),
            closed,
            runtime: Handle::current(),
        });
        for trunk in config.trunks {
            if let Err(error) = started.add(trunk) {
                started.shutdown().await;
                return Err(error);
            }
        }
        Ok(started)
    }

    /// Adds a trunk; its name must be new.
    pub fn add(&self, trunk: TrunkConfig) -> Result<(), SipError> {
        trunk.check()?;
        let mut trunks = self.trunks.write().unwrap_or_else(PoisonError::into_inner);
        if trunks.contains_key(&trunk.name) {
            return Err(SipError::DuplicateTrunk { name: trunk.name });
        }
        trunks.insert(trunk.name.clone(), Arc::new(trunk));
        Ok(())
    }

    /// Name and address of each trunk, by name.
    pub fn targets(&self) -> Vec<(String, TrunkAddress)> {
        let trunks = self.trunks.read().unwrap_or_else(PoisonError::into_inner);
        let target = |t: &Arc<TrunkConfig>| (t.name.clone(), t.address.clone());
        let mut targets: Vec<_> = trunks.values().map(target).collect();
        targets.sort_by(|a, b| a.0.cmp(&b.0));
        targets
    }

    /// Where we listen, with the port the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.local
    }

    /// Legs that have not ended.
    pub fn live_legs(&self) -> usize {
        self.shared.registry.legs()
    }

    /// Dialogs that are kept; equal to the legs except for moments.
    pub fn live_dialogs(&self) -> usize {
        self.shared.registry.dialogs()
    }

    /// Transactions of the stack: running, and ended ones kept for repeated messages (64 * T1).
    pub fn transactions(&self) -> (usize, usize) {
        let stats = self.shared.sender.endpoint.get_stats();
        (stats.running_transactions, stats.finished_transactions)
    }

    /// Cancels and hangs up what lives, for at most `shutdown_ms`, then closes the socket. Every
    /// leg is told its end before this returns; later orders end as `TransportFailed`.
    pub async fn shutdown(&self) {
        let shared = &self.shared;
        shared.drain.cancel();
        self.legs.close();
        if timeout(shared.timers.shutdown(), self.legs.wait()).await.is_err() {
            tracing::warn!(legs = self.live_legs(), "legs did not end in time and are dropped");
            shared.kill.cancel();
            self.legs.wait().await;
        }
        self.closed.cancel();
        shared.sender.tasks.close();
        // What waits for answers that cannot come any more ends by itself; nobody needs it.
        let _ = timeout(shared.timers.t1(), shared.sender.tasks.wait()).await;
    }

    fn dial(&self, call: CallId, leg: LegId, order: engine::ports::trunk::DialOrder) {
        let Some((entered, inbox)) = Leg::enter(self.shared.clone(), call, leg) else {
            tracing::error!(%call, %leg, "dialled again while it lives; the order is dropped");
            return;
        };
        let trunks = self.trunks.read().unwrap_or_else(PoisonError::into_inner);
        let draining = self.shared.drain.is_cancelled();
        let trunk = trunks.get(&*order.trunk).filter(|_| !draining).cloned();
        drop(trunks);
        self.legs.spawn_on(leg::run(entered, inbox, order, trunk), &self.runtime);
    }
}

fn endpoint(transport: TransportLayer, config: &SipConfig, closed: CancellationToken) -> Endpoint {
    let option = EndpointOption {
        t1: config.timers.t1(),
        t2: config.timers.t1() * 8,
        t4: config.timers.t1() * 10,
        t1x64: config.timers.transaction(),
        // Timer C is a proxy's. At its end the stack would forget an INVITE whose phone still
        // rings; a leg has its own limit and cancels.
        timerc: config.timers.answer() * 2 + config.timers.transaction() * 2,
        callid_suffix: Some("waihu".to_owned()),
        ..EndpointOption::default()
    };
    EndpointBuilder::new()
        .with_user_agent(&config.user_agent)
        .with_transport_layer(transport)
        .with_cancel_token(closed)
        .with_option(option)
        .with_inspector(Box::new(Arrivals))
        .build()
}

impl Trunk for SipTrunks {
    fn submit(&self, call: CallId, leg: LegId, command: TrunkCommand) {
        match command {
            TrunkCommand::Dial(order) => self.dial(call, leg, order),
            command => {
                if !self.shared.registry.command(call, leg, command) {
                    tracing::debug!(%call, %leg, "command for a leg that has ended");
                }
            }
        }
    }
}

impl Drop for SipTrunks {
    fn drop(&mut self) {
        self.shared.kill.cancel();
        self.closed.cancel();
    }
}
