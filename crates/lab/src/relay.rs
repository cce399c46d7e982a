//! A bad network between two SIP parties that are not told of it: it loses, delays, shuffles,
//! doubles and damages datagrams, signalling and media alike, by a seed.
//!
//! Unlike [`Impairment`] in a lab's settings, which each callee applies to its own RTP, the relay
//! stands outside of both ends and knows neither. To each side it is the other one: it puts its
//! own addresses into what passes (Via, Contact, Request-URI, SDP), as an application gateway
//! does. It follows a caller and one callee's address; digest credentials do not pass, because
//! they prove an address that is rewritten.

mod link;
mod rewrite;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::impair::{Impairment, Network};
use link::{Link, Way};
use rewrite::{Body, call_id, number, pass, rewritten};

/// Calls whose media it carries at a time; the media of further ones does not arrive.
const MAX_CALLS: usize = 512;

/// What a relay stands between, and what it does.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// The callee's SIP address.
    pub callee: SocketAddr,
    /// Where every loss and delay comes from. Sockets are real: which datagrams are hit is the
    /// seed's choice, when they come is not.
    pub seed: u64,
    /// Loss, delay, jitter and order, each direction for itself.
    pub impairment: Impairment,
    /// Percent of datagrams that arrive twice.
    pub duplicate_pct: f64,
    /// Percent of datagrams of which one byte arrives changed.
    pub corrupt_pct: f64,
}

impl RelayConfig {
    /// A relay that changes nothing yet.
    pub fn to(callee: SocketAddr) -> Self {
        Self {
            callee,
            seed: 1,
            impairment: Impairment::default(),
            duplicate_pct: 0.0,
            corrupt_pct: 0.0,
        }
    }
}

/// What passed, in datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayCounts {
    /// Signalling that came in.
    pub sip: u64,
    /// Media that came in.
    pub media: u64,
    /// Sent on, both kinds, doubled ones twice.
    pub sent: u64,
    /// Calls whose media was carried.
    pub calls: u64,
}

/// A running relay; it ends when it is dropped.
#[derive(Debug)]
pub struct Relay {
    local: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    config: RelayConfig,
    clock: Clock,
    ip: IpAddr,
    /// Media of calls by Call-ID.
    calls: Mutex<HashMap<String, Arc<Media>>>,
    counts: [AtomicU64; 4],
    stop: CancellationToken,
}

/// The two ends of a stream, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub(crate) caller: Option<SocketAddr>,
    pub(crate) callee: Option<SocketAddr>,
}

/// The media of one call: our ports, and whose they stand for.
#[derive(Debug)]
struct Media {
    /// What the caller is told instead of the callee's port.
    near: u16,
    /// What the callee is told instead of the caller's.
    far: u16,
    rtp: Arc<Mutex<Ends>>,
    rtcp: Arc<Mutex<Ends>>,
}

impl Relay {
    /// Listens on the callee's address, on a port of its own.
    ///
    /// # Errors
    /// What the system says about the sockets.
    pub async fn start(config: RelayConfig) -> io::Result<Self> {
        let ip = config.callee.ip();
        let near = UdpSocket::bind((ip, 0)).await?;
        let far = UdpSocket::bind((ip, 0)).await?;
        let local = near.local_addr()?;
        let ends = Ends { caller: None, callee: Some(config.callee) };
        let shared = Arc::new(Shared {
            config,
            clock: Clock::start(),
            ip,
            calls: Mutex::default(),
            counts: Default::default(),
            stop: CancellationToken::new(),
        });
        let link = Link::new(&shared, near, far, Arc::new(Mutex::new(ends)), "sip");
        tokio::spawn(link.carry_signalling());
        Ok(Self { local, shared })
    }

    /// Where the caller finds the callee now.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// What has passed so far.
    pub fn counts(&self) -> RelayCounts {
        let [sip, media, sent, calls] = [0, 1, 2, 3].map(|n| self.shared.count(n));
        RelayCounts { sip, media, sent, calls }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

const SIP: usize = 0;
const MEDIA: usize = 1;
const SENT: usize = 2;
const CALLS: usize = 3;

impl Shared {
    fn count(&self, what: usize) -> u64 {
        self.counts[what].load(Ordering::Relaxed)
    }

    fn note(&self, what: usize) {
        self.counts[what].fetch_add(1, Ordering::Relaxed);
    }

    fn network(&self, name: &str, way: Way) -> Network {
        let chance = Chance::of_call(self.config.seed, name, way as u64);
        Network::new(self.config.impairment, chance)
    }

    /// A message as the other side shall read it; opens the ports of the call whose media it
    /// describes.
    fn translate(
        self: &Arc<Self>,
        message: &[u8],
        way: Way,
        names: &[(SocketAddr, SocketAddr)],
    ) -> Vec<u8> {
        // What is no text is passed on as it is: it is not ours to mend.
        let Ok(text) = std::str::from_utf8(message) else {
            return message.to_vec();
        };
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return message.to_vec();
        };
        let head = rewritten(head, names);
        let body = match Body::read(body).zip(call_id(&head)) {
            Some((described, id)) => match self.media(id, number(&head)) {
                Some(media) => media.describe(body, &described, way, self.ip),
                None => body.to_owned(),
            },
            None => body.to_owned(),
        };
        pass(&head, &body).into_bytes()
    }

    /// The media of a call, opened at its first description; `None` if there are too many, or no
    /// ports.
    fn media(self: &Arc<Self>, id: &str, number: &str) -> Option<Arc<Media>> {
        let mut calls = lock(&self.calls);
        if let Some(media) = calls.get(id) {
            return Some(media.clone());
        }
        if calls.len() >= MAX_CALLS {
            return None;
        }
        let (near, far) = (pair(self.ip)?, pair(self.ip)?);
        let port = |socket: &UdpSocket| socket.local_addr().ok().map(|a| a.port());
        let media = Arc::new(Media {
            near: port(&near.0)?,
            far: port(&far.0)?,
            rtp: Arc::default(),
            rtcp: Arc::default(),
        });
        self.note(CALLS);
        calls.insert(id.to_owned(), media.clone());
        drop(calls);
        let rtp = Link::new(self, near.0, far.0, media.rtp.clone(), &format!("{number}/rtp"));
        let rtcp = Link::new(self, near.1, far.1, media.rtcp.clone(), &format!("{number}/rtcp"));
        let (shared, id) = (self.clone(), id.to_owned());
        tokio::spawn(async move {
            // Both end when nothing has come for a while.
            tokio::join!(rtp.carry_media(), rtcp.carry_media());
            lock(&shared.calls).remove(&id);
        });
        Some(media)
    }
}

impl Media {
    /// Takes in where a side wants its media, and names our port in its place.
    fn describe(&self, body: &str, described: &Body, way: Way, ip: IpAddr) -> String {
        let wanted = SocketAddr::new(described.ip, described.port);
        let control = SocketAddr::new(described.ip, described.port.wrapping_add(1));
        let (mut rtp, mut rtcp) = (lock(&self.rtp), lock(&self.rtcp));
        let ours = match way {
            Way::ToCallee => {
                (rtp.caller, rtcp.caller) = (Some(wanted), Some(control));
                self.far
            }
            Way::ToCaller => {
                (rtp.callee, rtcp.callee) = (Some(wanted), Some(control));
                self.near
            }
        };
        described.with(body, ip, ours)
    }
}

/// Two sockets on an even port and the next.
fn pair(ip: IpAddr) -> Option<(UdpSocket, UdpSocket)> {
    let open = |port| {
        let socket = std::net::UdpSocket::bind((ip, port)).ok()?;
        socket.set_nonblocking(true).ok()?;
        UdpSocket::from_std(socket).ok()
    };
    for _ in 0..64 {
        let first = open(0)?;
        let port = first.local_addr().ok()?.port();
        if port.is_multiple_of(2)
            && let Some(second) = open(port + 1)
        {
            return Some((first, second));
        }
    }
    None
}

/// A panic elsewhere leaves what is kept here whole: every change is one insert, remove or store.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
