//! The places of a lane's legs on its wheel: one turn is 20 ms, and each of its slots has its legs.
//!
//! With all legs at one moment of the turn a packet is late by what all the legs before it took
//! longer than usual. Spread over the turn it waits for those of its own slot alone, and the rest
//! of the turn makes up for a slow spell.

use std::collections::HashMap;
use std::sync::Arc;

use domain::PlaylistId;
use media::leg::Leg;
use media::prefetch;

use crate::lanes::wire::Wire;
use crate::plane::{LegKey, Waiting};

/// One leg on the lane.
pub(crate) struct Seat {
    pub(crate) key: LegKey,
    pub(crate) leg: Box<Leg>,
    pub(crate) wire: Box<dyn Wire>,
    /// Playlists up to this one were cut; audio that still comes for them is thrown away.
    pub(crate) cut_until: PlaylistId,
    pub(crate) packets: u64,
    pub(crate) idle_ticks: u32,
    pub(crate) flowing: bool,
    pub(crate) connected: bool,
    /// Samples that came to be played, whatever became of them.
    pub(crate) given: u64,
    /// Whoever feeds the leg holds the other end.
    pub(crate) waiting: Arc<Waiting>,
}

impl Seat {
    /// For a leg that exchanges nothing yet.
    pub(crate) fn new(
        key: LegKey,
        leg: Box<Leg>,
        wire: Box<dyn Wire>,
        waiting: Arc<Waiting>,
    ) -> Self {
        Self {
            given: 0,
            waiting,
            key,
            leg,
            wire,
            cut_until: PlaylistId(0),
            packets: 0,
            idle_ticks: 0,
            flowing: true,
            connected: false,
        }
    }
}

/// Where a seat is; true until another leg leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    slot: usize,
    row: usize,
}

/// All seats of a lane.
pub(crate) struct Wheel {
    slots: Vec<Vec<Seat>>,
    places: HashMap<LegKey, Place>,
}

impl Wheel {
    /// Of so many slots, and prepared for so many legs.
    pub(crate) fn new(slots: usize, legs: usize) -> Self {
        // A leg goes where the fewest are, so that no slot outgrows its share.
        let slot = |_| Vec::with_capacity(legs.div_ceil(slots));
        Self { slots: (0..slots).map(slot).collect(), places: HashMap::with_capacity(legs) }
    }

    /// Legs on the wheel.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The places of a slot, as many as there are now.
    pub(crate) fn places(&self, slot: usize) -> impl Iterator<Item = Place> + use<> {
        (0..self.slots[slot].len()).map(move |row| Place { slot, row })
    }

    /// Whether nobody sits in a slot.
    pub(crate) fn is_free(&self, slot: usize) -> bool {
        self.slots[slot].is_empty()
    }

    /// Where a leg sits.
    pub(crate) fn find(&self, key: LegKey) -> Option<Place> {
        self.places.get(&key).copied()
    }

    /// The seat of a place.
    pub(crate) fn seat(&mut self, place: Place) -> &mut Seat {
        &mut self.slots[place.slot][place.row]
    }

    /// Brings the next legs near while the one of this place is served: each step needs what the
    /// one before it brought.
    pub(crate) fn prefetch_after(&self, place: Place) {
        let row = &self.slots[place.slot];
        if let Some(seat) = row.get(place.row + 3) {
            prefetch(seat);
        }
        if let Some(seat) = row.get(place.row + 2) {
            prefetch(&*seat.leg);
            prefetch(&*seat.wire);
        }
        if let Some(seat) = row.get(place.row + 1) {
            seat.leg.prefetch_parts();
        }
        if let Some(seat) = row.get(place.row) {
            seat.leg.prefetch_samples();
        }
    }

    /// Takes a leg in, where the fewest are.
    pub(crate) fn add(&mut self, seat: Seat) {
        let slot = (0..self.slots.len()).min_by_key(|n| self.slots[*n].len()).unwrap_or(0);
        self.places.insert(seat.key, Place { slot, row: self.slots[slot].len() });
        self.slots[slot].push(seat);
    }

    /// Lets a leg go; the last one of its slot takes its place.
    pub(crate) fn remove(&mut self, place: Place) -> Seat {
        let seat = self.slots[place.slot].swap_remove(place.row);
        self.places.remove(&seat.key);
        if let Some(moved) = self.slots[place.slot].get(place.row) {
            self.places.insert(moved.key, place);
        }
        seat
    }
}

impl Place {
    /// Spreads what is rarely done over `rounds` turns: whether it is this one's.
    pub(crate) fn is_due(self, turn: u64, rounds: u64) -> bool {
        self.row as u64 % rounds == turn % rounds
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use domain::{CallId, LegId};
    use media::leg::LegSetup;

    use super::*;
    use crate::lanes::pool::PortPool;

    fn key(n: u8) -> LegKey {
        LegKey { call: CallId::from_parts(0, [n; 10]), leg: LegId::CALLEE }
    }

    #[test]
    fn legs_are_spread_and_found_wherever_others_leave() {
        let pool = Arc::new(PortPool::new(IpAddr::V4(Ipv4Addr::LOCALHOST), (28_000, 28_998)));
        let mut wheel = Wheel::new(10, 24);
        for n in 0..24 {
            let leg = Box::new(Leg::new(LegSetup::new(key(n).leg, 1, 2, 3)));
            wheel.add(Seat::new(key(n), leg, Box::new(pool.open().unwrap()), Arc::default()));
        }
        let filled = |wheel: &Wheel| -> Vec<usize> {
            (0..10).map(|slot| wheel.places(slot).count()).collect()
        };
        assert_eq!(filled(&wheel), [3, 3, 3, 3, 2, 2, 2, 2, 2, 2]);

        for n in [0, 13, 23, 4] {
            let place = wheel.find(key(n)).unwrap();
            assert_eq!(wheel.remove(place).key, key(n));
            assert_eq!(wheel.find(key(n)), None);
        }
        for n in (0..24).filter(|n| ![0, 13, 23, 4].contains(n)) {
            let place = wheel.find(key(n)).unwrap();
            assert_eq!(wheel.seat(place).key, key(n));
        }
        assert_eq!((wheel.len(), filled(&wheel).iter().sum::<usize>()), (20, 20));
    }

    #[test]
    fn what_is_rare_comes_once_in_its_rounds() {
        for row in 0..40 {
            let due = (0..20).filter(|turn| Place { slot: 3, row }.is_due(*turn, 10)).count();
            assert_eq!(due, 2);
        }
    }
}
