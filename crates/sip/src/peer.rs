//! One trunk at work: its settings, its connection if it has one, and how it stands.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::ports::trunk::TrunkEvents;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::address::Transport;
use crate::config::{SipError, TrunkConfig};
use crate::digest::Credentials;
use crate::flow::{Ends, Flow};
use crate::leg::Shared;
use crate::path::{Path, PathError};
use crate::socket;
use crate::standing::{Standing, Watched};
use crate::tls::Tls;

/// Unanswered bytes for this long mean that the connection is dead.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// A trunk.
pub(crate) struct Peer {
    pub(crate) config: TrunkConfig,
    pub(crate) standing: Arc<Standing>,
    tls: Option<Tls>,
    /// One connection for all calls. Held while one is opened, so that a burst of calls opens
    /// one and not many; this lock is waited for, never blocked on.
    slot: Mutex<Slot>,
    attempts: AtomicU64,
}

#[derive(Default)]
struct Slot {
    flow: Option<Flow>,
    failed: Option<PathError>,
}

impl Peer {
    pub(crate) fn new(config: TrunkConfig, events: Arc<dyn TrunkEvents>) -> Result<Self, SipError> {
        let tls = match config.address.transport() {
            Transport::Tls => Some(Tls::new(&config.name, &config.tls, config.address.host())?),
            Transport::Udp | Transport::Tcp => None,
        };
        let upkeep = &config.upkeep;
        let watched = match (upkeep.options_s, &tls) {
            (0, _) => Watched::No,
            (_, None) => Watched::Yes,
            (_, Some(_)) => Watched::FromTheStart,
        };
        let standing = Standing::new(&config.name, events, watched, upkeep.register);
        let standing = Arc::new(standing);
        let (slot, attempts) = (Mutex::default(), AtomicU64::new(0));
        Ok(Self { config, standing, tls, slot, attempts })
    }

    /// Who we are for it.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        Some(Credentials {
            username: self.config.username.clone()?,
            password: self.config.password.clone()?,
            realm: self.config.realm.clone(),
        })
    }

    /// The way to it now: over TCP and TLS the connection there is, or a new one.
    pub(crate) async fn path(&self, shared: &Shared) -> Result<Path, PathError> {
        let found = match self.config.address.transport() {
            Transport::Udp => self.udp(shared).await,
            transport => self.stream(shared, transport).await,
        };
        if let Err(error) = &found {
            self.standing.silent(&error.to_string());
        }
        found
    }

    async fn udp(&self, shared: &Shared) -> Result<Path, PathError> {
        let v4 = shared.local.is_ipv4();
        let peer = self.resolve(shared, |addr| addr.is_ipv4() == v4).await?;
        let seen = if shared.local.ip().is_unspecified() {
            let route = socket::route_to(peer);
            route.map_err(|e| PathError::Unreachable { peer, why: e.to_string() })?.ip()
        } else {
            shared.local.ip()
        };
        let ip = shared.advertise.unwrap_or(seen);
        Ok(Path::udp(SocketAddr::new(ip, shared.local.port()), peer))
    }

    async fn stream(&self, shared: &Shared, transport: Transport) -> Result<Path, PathError> {
        let seen = self.attempts.load(Ordering::SeqCst);
        let mut slot = self.slot.lock().await;
        let alive = |flow: &Flow| !flow.closed.is_cancelled();
        if slot.flow.as_ref().is_none_or(|flow| !alive(flow)) {
            let tried_meanwhile = self.attempts.load(Ordering::SeqCst) != seen;
            if tried_meanwhile && let Some(error) = &slot.failed {
                return Err(error.clone());
            }
            slot.flow = None;
            let opened = self.open(shared, transport).await;
            self.attempts.fetch_add(1, Ordering::SeqCst);
            slot.failed = opened.as_ref().err().cloned();
            slot.flow = Some(opened?);
        }
        let Some(flow) = &slot.flow else {
            return Err(PathError::TooLate);
        };
        let ip = shared.advertise.unwrap_or(flow.local.ip());
        Ok(Path {
            transport,
            local: SocketAddr::new(ip, flow.local.port()),
            peer: flow.peer,
            connection: Some(flow.connection.clone()),
            closed: flow.closed.clone(),
        })
    }

    async fn open(&self, shared: &Shared, transport: Transport) -> Result<Flow, PathError> {
        let house = &shared.house;
        let limit = shared.timers.connect();
        let peer = self.resolve(shared, |_| true).await?;
        let unreachable = |why: String| PathError::Unreachable { peer, why };
        let tcp = timeout(limit, TcpStream::connect(peer)).await;
        let tcp = tcp.map_err(|_| PathError::TooLate)?.map_err(|e| unreachable(e.to_string()))?;
        let local = tcp.local_addr().map_err(|e| unreachable(e.to_string()))?;
        tune(&tcp);
        let ends = Ends { local, peer, transport };
        let standing = self.standing.clone();
        let flow = match &self.tls {
            None => Flow::start(house, standing, ends, tcp).await,
            Some(tls) => {
                let secured = timeout(limit, tls.connect(tcp)).await;
                let secured = secured.map_err(|_| PathError::TooLate)??;
                Flow::start(house, standing, ends, secured).await
            }
        };
        flow.map_err(|e| unreachable(e.to_string()))
    }

    async fn resolve(
        &self,
        shared: &Shared,
        fits: impl Fn(&SocketAddr) -> bool,
    ) -> Result<SocketAddr, PathError> {
        let (host, port) = (self.config.address.host(), self.config.address.port());
        let none = || PathError::NoAddress { host: host.to_owned() };
        let names = tokio::net::lookup_host((host, port));
        let found = timeout(shared.timers.connect(), names).await;
        let mut found = found.map_err(|_| PathError::TooLate)?.map_err(|_| none())?;
        found.find(fits).ok_or_else(none)
    }
}

/// Small messages leave at once, and a peer that vanished is noticed. What the system does not
/// know how to do, it does without.
fn tune(tcp: &TcpStream) {
    let _ = tcp.set_nodelay(true);
    let socket = SockRef::from(tcp);
    let keepalive =
        TcpKeepalive::new().with_time(DEAD_AFTER).with_interval(DEAD_AFTER / 4).with_retries(4);
    let _ = socket.set_tcp_keepalive(&keepalive);
    let _ = socket.set_tcp_user_timeout(Some(DEAD_AFTER));
}
