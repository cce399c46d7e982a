//! The simulated network of one direction of one call: loss, delay, jitter and reordering.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use domain::Now;

use crate::chance::Chance;

/// What the network does to RTP packets, each direction for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Impairment {
    /// Percent of packets that never arrive.
    pub loss_pct: f64,
    /// Milliseconds every packet takes.
    pub delay_ms: u32,
    /// Up to so many milliseconds more, evenly spread; packets may overtake each other.
    pub jitter_ms: u32,
    /// Percent of packets that are held back behind their successors.
    pub reorder_pct: f64,
}

impl Impairment {
    /// Whether packets pass untouched.
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

/// Packets on their way.
#[derive(Debug)]
pub(crate) struct Network {
    impairment: Impairment,
    chance: Chance,
    count: u64,
    under_way: BinaryHeap<Reverse<(Now, u64, Vec<u8>)>>,
}

impl Network {
    pub(crate) fn new(impairment: Impairment, chance: Chance) -> Self {
        Self { impairment, chance, count: 0, under_way: BinaryHeap::new() }
    }

    /// Whether packets pass untouched and need not be pushed.
    pub(crate) fn is_clear(&self) -> bool {
        self.impairment.is_clear()
    }

    /// Takes a packet in; beyond [`MAX_UNDER_WAY`] it is lost, as in a full router.
    pub(crate) fn push(&mut self, now: Now, packet: &[u8]) {
        let Impairment { loss_pct, delay_ms, jitter_ms, reorder_pct } = self.impairment;
        // Drawn for every packet, lost or not, so that each setting changes only its own effect.
        let lost = self.chance.percent(loss_pct);
        let jitter = self.chance.between(0, u64::from(jitter_ms) * 1_000);
        let held = self.chance.percent(reorder_pct);
        if lost || self.under_way.len() >= MAX_UNDER_WAY {
            return;
        }
        let mut due =
            now + Duration::from_millis(u64::from(delay_ms)) + Duration::from_micros(jitter);
        if held {
            due = due + HELD_BACK;
        }
        self.count += 1;
        self.under_way.push(Reverse((due, self.count, packet.to_vec())));
    }

    /// The next packet that has arrived by `now`, with its time of arrival.
    pub(crate) fn pop(&mut self, now: Now) -> Option<(Now, Vec<u8>)> {
        if self.next_due()? > now {
            return None;
        }
        self.under_way.pop().map(|Reverse((due, _, packet))| (due, packet))
    }

    /// When the next packet arrives.
    pub(crate) fn next_due(&self) -> Option<Now> {
        self.under_way.peek().map(|Reverse((due, _, _))| *due)
    }
}

/// A second of audio at most waits on the way.
const MAX_UNDER_WAY: usize = 256;
/// Longer than one packet, so that at least one successor overtakes.
const HELD_BACK: Duration = Duration::from_millis(30);

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `n` packets 20 ms apart; returns (packet, ms under way) in order of arrival.
    fn run(impairment: Impairment, n: u32) -> Vec<(u32, u64)> {
        let mut network = Network::new(impairment, Chance::of_call(3, "13800138012", 0));
        let mut arrived = Vec::new();
        for ms in 0..u64::from(n) * 20 + 2_000 {
            let now = Now::from_millis(ms);
            if ms % 20 == 0 && ms / 20 < u64::from(n) {
                network.push(now, &((ms / 20) as u32).to_be_bytes());
            }
            while let Some((at, packet)) = network.pop(now) {
                let id = u32::from_be_bytes(packet.try_into().unwrap());
                arrived.push((id, at.as_millis() - u64::from(id) * 20));
            }
        }
        arrived
    }

    #[test]
    fn each_setting_has_its_effect() {
        let base = Impairment::default();
        assert_eq!(run(base, 50).len(), 50);

        let delayed = run(Impairment { delay_ms: 80, ..base }, 50);
        assert!(delayed.iter().all(|(_, took)| *took == 80));

        let lossy = run(Impairment { loss_pct: 10.0, ..base }, 2_000).len();
        assert!((1_740..1_860).contains(&lossy), "{lossy}");

        let jittery = run(Impairment { jitter_ms: 15, ..base }, 500);
        let most = jittery.iter().map(|p| p.1).max();
        assert!(most.is_some_and(|m| (10..=15).contains(&m)), "{most:?}");

        let shuffled = run(Impairment { reorder_pct: 20.0, ..base }, 500);
        let overtaken = shuffled.windows(2).filter(|w| w[0].0 > w[1].0).count();
        assert!((50..150).contains(&overtaken), "{overtaken}");
        assert_eq!(shuffled.len(), 500);
    }

    #[test]
    fn the_same_call_loses_the_same_packets() {
        let lossy = Impairment { loss_pct: 5.0, jitter_ms: 5, ..Impairment::default() };
        assert_eq!(run(lossy, 300), run(lossy, 300));
    }
}
