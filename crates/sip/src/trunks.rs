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

use crate::address::TrunkAddress;
use crate::arrival::{Arrivals, Datagrams};
use crate::config::{SipConfig, SipError, TrunkConfig, check_text};
use crate::dispatch;
use crate::exchange::Sender;
use crate::flow::House;
use crate::late::Sleepers;
use crate::leg::{self, Leg, Shared};
use crate::peer::Peer;
use crate::register;
use crate::registry::Registry;
use crate::socket::SipSocket;
use crate::standing::TrunkHealth;
use crate::upkeep;

/// All trunks of this process, as the engine's `Trunk` port.
pub struct SipTrunks {
    shared: Arc<Shared>,
    trunks: RwLock<HashMap<String, Arc<Peer>>>,
    legs: TaskTracker,
    /// What is done for trunks without calls.
    upkeep: TaskTracker,
    /// Ends it, and takes registrations back.
    leave: CancellationToken,
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
        let late = Arc::new(Sleepers::default());
        let endpoint = endpoint(transport, &config, closed.clone(), late.clone());
        let requests = endpoint.incoming_transactions().map_err(|e| cannot(e.to_string()))?;
        let tasks = TaskTracker::new();
        let inner = endpoint.inner.clone();
        tasks.spawn(async move { endpoint.serve().await });
        tasks.spawn(dispatch::run(requests, registry.clone(), closed.clone()));
        let house = House {
            endpoint: inner.clone(),
            registry: registry.clone(),
            tasks: tasks.clone(),
            closed: closed.clone(),
            keepalive: config.timers.keepalive(),
        };
        let shared = Shared {
            sender: Sender { endpoint: inner, tasks },
            house,
            events,
            registry,
            timers: config.timers,
            user_agent: config.user_agent,
            local,
            advertise: config.advertise,
            late,
            drain: CancellationToken::new(),
            kill: CancellationToken::new(),
        };
        let started = Arc::new(Self {
            shared: Arc::new(shared),
            trunks: RwLock::default(),
            legs: TaskTracker::new(),
            upkeep: TaskTracker::new(),
            leave: CancellationToken::new(),
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
        let name = trunk.name.clone();
        let peer = Arc::new(Peer::new(trunk, self.shared.events.clone())?);
        if peer.config.upkeep.register {
            let own = (self.shared.clone(), peer.clone(), self.leave.clone());
            let task = register::keep_registered(own.0, own.1, own.2);
            self.upkeep.spawn_on(task, &self.runtime);
        }
        if peer.config.upkeep.options_s > 0 {
            let own = (self.shared.clone(), peer.clone(), self.leave.clone());
            let task = upkeep::keep_asking(own.0, own.1, own.2);
            self.upkeep.spawn_on(task, &self.runtime);
        }
        trunks.insert(name, peer);
        Ok(())
    }

    /// How each trunk stands, by name.
    pub fn health(&self) -> Vec<TrunkHealth> {
        let trunks = self.trunks.read().unwrap_or_else(PoisonError::into_inner);
        let health = |p: &Arc<Peer>| p.standing.health(p.config.address.clone());
        let mut found: Vec<_> = trunks.values().map(health).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// Asks a trunk with OPTIONS whether it is there; the status it answers with, or why not.
    pub async fn ask(&self, trunk: &str) -> Result<u16, String> {
        // The lock is gone with the block, before anything is awaited.
        let peer = {
            let trunks = self.trunks.read().unwrap_or_else(PoisonError::into_inner);
            trunks.get(trunk).cloned()
        };
        let peer = peer.ok_or_else(|| format!("no trunk is named {trunk:?}"))?;
        upkeep::ask(&self.shared, &peer).await.map_err(|error| error.to_string())
    }

    /// Name and address of each trunk, by name.
    pub fn targets(&self) -> Vec<(String, TrunkAddress)> {
        let trunks = self.trunks.read().unwrap_or_else(PoisonError::into_inner);
        let target = |p: &Arc<Peer>| (p.config.name.clone(), p.config.address.clone());
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

    /// Transactions of the stack: running, and ended ones kept for repeated messages (64 * T1),
    /// INVITEs of ended legs among them.
    pub fn transactions(&self) -> (usize, usize) {
        let stats = self.shared.sender.endpoint.get_stats();
        (stats.running_transactions, stats.finished_transactions + self.shared.late.len())
    }

    /// Cancels and hangs up what lives, for at most `shutdown_ms`, takes registrations back, for
    /// at most half of that, then closes socket and connections. Every leg is told its end before
    /// this returns; later orders end as `TransportFailed`.
    pub async fn shutdown(&self) {
        let shared = &self.shared;
        shared.drain.cancel();
        self.legs.close();
        if timeout(shared.timers.shutdown(), self.legs.wait()).await.is_err() {
            tracing::warn!(legs = self.live_legs(), "legs did not end in time and are dropped");
            shared.kill.cancel();
            self.legs.wait().await;
        }
        self.leave.cancel();
        self.upkeep.close();
        let _ = timeout(shared.timers.shutdown(), self.upkeep.wait()).await;
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

fn endpoint(
    transport: TransportLayer,
    config: &SipConfig,
    closed: CancellationToken,
    late: Arc<Sleepers>,
) -> Endpoint {
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
        .with_inspector(Box::new(Arrivals {
            first: Box::new(move |response| late.rouse(response)),
        }))
        .with_target_locator(Box::new(Datagrams))
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
        self.leave.cancel();
        self.closed.cancel();
    }
}
