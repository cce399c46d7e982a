//! Packets on their way through a network that loses, delays, reorders and repeats them.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Now;

use crate::chance::Chance;
use crate::plan::Network;

/// One direction of a network.
pub(crate) struct Flight<P> {
    network: Network,
    chance: Chance,
    /// By arrival and then by the order in which they were sent.
    flying: BTreeMap<(Now, u64), P>,
    sent: u64,
}

impl<P: Clone> Flight<P> {
    /// `direction` makes the two directions of one network differ.
    pub(crate) fn new(network: Network, direction: u64) -> Self {
        let chance = Chance::new(network.seed ^ direction);
        Self { network, chance, flying: BTreeMap::new(), sent: 0 }
    }

    /// Number of the packet that is sent next, or not sent: each place is numbered.
    pub(crate) fn next(&self) -> u64 {
        self.sent
    }

    /// Sends a packet, or nothing in its place.
    pub(crate) fn send(&mut self, now: Now, packet: Option<P>) {
        let n = self.sent;
        self.sent += 1;
        let mut may = |permille: u32| self.chance.below(1_000) < u64::from(permille);
        let Some(packet) = packet.filter(|_| !may(self.network.loss_permille)) else {
            return;
        };
        let (twice, late) = (may(self.network.twice_permille), may(self.network.late_permille));
        for copy in 0..=u64::from(twice) {
            let mut ms = self.network.delay_ms + self.chance.below(self.network.jitter_ms + 1);
            // Out of order: behind two or three that were sent later.
            ms += if late { 50 } else { 0 } + copy * 7;
            let at = now + Duration::from_millis(ms);
            self.flying.insert((at, n * 2 + copy), packet.clone());
        }
    }

    /// The next packet that has arrived by now.
    pub(crate) fn arrived(&mut self, now: Now) -> Option<P> {
        let first = self.flying.first_entry().filter(|f| f.key().0 <= now)?;
        Some(first.remove())
    }
}
