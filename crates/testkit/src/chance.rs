//! Seeded chance, and ids that repeat with the seed.

use std::cell::Cell;

/// A small generator (SplitMix64): the same seed gives the same numbers for ever.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Numbers that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 for `n` = 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n.max(1)
    }

    /// A number within `from..=to`.
    pub fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }
}

thread_local! {
    // Per thread, because the engine takes a plain function and tests run side by side.
    static IDS: Cell<u64> = const { Cell::new(1) };
}

/// From now on ids made on this thread follow from `seed`.
pub fn reseed_ids(seed: u64) {
    IDS.with(|ids| ids.set(seed));
}

/// Ten bytes for a new id; the engine's `random` part.
pub fn ten_bytes() -> [u8; 10] {
    IDS.with(|ids| {
        let mut chance = Chance::new(ids.get());
        let (a, b) = (chance.bits(), chance.bits());
        ids.set(a);
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&a.to_be_bytes());
        bytes[8..].copy_from_slice(&b.to_be_bytes()[..2]);
        bytes
    })
}
