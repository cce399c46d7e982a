//! Two sockets and the bad network between them: what comes to one leaves by the other.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Now;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Ends, MEDIA, SENT, SIP, Shared, lock};
use crate::chance::Chance;
use crate::impair::Network;

/// Media that has been silent for so long is over.
const IDLE: Duration = Duration::from_secs(60);
/// No datagram of SIP or RTP is longer; what is, is cut.
const LONGEST: usize = 9_000;

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToCallee,
    ToCaller,
}

/// One stream of datagrams, both ways.
pub(crate) struct Link {
    shared: Arc<Shared>,
    /// Faces the caller.
    near: UdpSocket,
    /// Faces the callee.
    far: UdpSocket,
    ends: Arc<Mutex<Ends>>,
    to_callee: Network,
    to_caller: Network,
    /// For what the network does not do: doubling and damage.
    chance: Chance,
}

enum Happening {
    Came(Way, usize, SocketAddr),
    Due,
    Failed,
    Stop,
}

impl Link {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        near: UdpSocket,
        far: UdpSocket,
        ends: Arc<Mutex<Ends>>,
        name: &str,
    ) -> Self {
        Self {
            near,
            far,
            ends,
            to_callee: shared.network(name, Way::ToCallee),
            to_caller: shared.network(name, Way::ToCaller),
            chance: Chance::of_call(shared.config.seed, name, 2),
            shared: Arc::clone(shared),
        }
    }

    /// Carries SIP until the relay ends. The caller is whoever spoke last on its side.
    pub(crate) async fn carry_signalling(mut self) {
        let Ok((near, far)) = self.near.local_addr().and_then(|n| Ok((n, self.far.local_addr()?)))
        else {
            return;
        };
        let callee = self.shared.config.callee;
        let mut buffer = vec![0; LONGEST];
        loop {
            match self.next(&mut buffer).await {
                Happening::Came(way, n, from) => {
                    self.shared.note(SIP);
                    let caller = match way {
                        Way::ToCallee => *lock(&self.ends).caller.insert(from),
                        Way::ToCaller => lock(&self.ends).caller.unwrap_or(near),
                    };
                    let names = match way {
                        Way::ToCallee => [(caller, far), (near, callee)],
                        Way::ToCaller => [(far, caller), (callee, near)],
                    };
                    let message = self.shared.translate(&buffer[..n], way, &names);
                    self.push(way, message);
                }
                Happening::Due | Happening::Failed => {}
                Happening::Stop => return,
            }
            self.deliver().await;
        }
    }

    /// Carries RTP or RTCP until nothing has come for [`IDLE`].
    pub(crate) async fn carry_media(mut self) {
        let mut buffer = vec![0; LONGEST];
        loop {
            let Ok(happening) = timeout(IDLE, self.next(&mut buffer)).await else { return };
            match happening {
                Happening::Came(way, n, _) => {
                    self.shared.note(MEDIA);
                    self.push(way, buffer[..n].to_vec());
                }
                Happening::Due | Happening::Failed => {}
                Happening::Stop => return,
            }
            self.deliver().await;
        }
    }

    async fn next(&self, buffer: &mut [u8]) -> Happening {
        let due = self.to_callee.next_due().into_iter().chain(self.to_caller.next_due()).min();
        let until = due.map(|due| Instant::from_std(self.shared.clock.instant(due)));
        let due = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = self.shared.stop.cancelled() => Happening::Stop,
            () = due => Happening::Due,
            _ = self.near.readable() => take(&self.near, Way::ToCallee, buffer),
            _ = self.far.readable() => take(&self.far, Way::ToCaller, buffer),
        }
    }

    fn push(&mut self, way: Way, mut datagram: Vec<u8>) {
        let now = self.shared.clock.now();
        let (duplicate, corrupt) =
            (self.shared.config.duplicate_pct, self.shared.config.corrupt_pct);
        let doubled = self.chance.percent(duplicate);
        let damaged = self.chance.percent(corrupt);
        let (place, change) = (self.chance.draw() as usize, self.chance.between(1, 255) as u8);
        if damaged && !datagram.is_empty() {
            let place = place % datagram.len();
            datagram[place] ^= change;
        }
        let network = match way {
            Way::ToCallee => &mut self.to_callee,
            Way::ToCaller => &mut self.to_caller,
        };
        for _ in 0..=u8::from(doubled) {
            network.push(now, &datagram);
        }
    }

    /// Sends what has arrived by now.
    async fn deliver(&mut self) {
        let now: Now = self.shared.clock.now();
        let (caller, callee) = {
            let ends = lock(&self.ends);
            (ends.caller, ends.callee)
        };
        while let Some((_, datagram)) = self.to_callee.pop(now) {
            self.send(&self.far, &datagram, callee).await;
        }
        while let Some((_, datagram)) = self.to_caller.pop(now) {
            self.send(&self.near, &datagram, caller).await;
        }
    }

    async fn send(&self, socket: &UdpSocket, datagram: &[u8], to: Option<SocketAddr>) {
        if let Some(to) = to {
            self.shared.note(SENT);
            // What cannot be sent is lost, as on any network.
            let _ = socket.send_to(datagram, to).await;
        }
    }
}

fn take(socket: &UdpSocket, way: Way, buffer: &mut [u8]) -> Happening {
    match socket.try_recv_from(buffer) {
        Ok((n, from)) => Happening::Came(way, n, from),
        // Nothing there after all, or nobody listens where we sent to.
        Err(_) => Happening::Failed,
    }
}
