//! Everything random in the lab: small numbers drawn from the seed, the number and the call count.

/// A seeded source of choices (SplitMix64), the same on every machine.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The choices of the `nth` call (from 0) to one number.
    pub fn of_call(seed: u64, number: &str, nth: u64) -> Self {
        // FNV-1a spreads numbers that differ in one digit.
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for byte in number.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut chance = Self(seed ^ hash.rotate_left(17) ^ nth.wrapping_mul(0x9e37_79b9));
        chance.draw();
        chance
    }

    /// A second source whose draws do not disturb this one's.
    pub fn fork(&mut self) -> Self {
        Self(self.draw())
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.draw() % (high.saturating_sub(low) + 1)
    }

    /// True in `percent` of a hundred cases.
    pub fn percent(&mut self, percent: f64) -> bool {
        percent > 0.0 && self.unit() * 100.0 < percent
    }

    /// A sample of noise with mean 0 and standard deviation 1, near enough to a Gaussian.
    pub fn noise(&mut self) -> f32 {
        let bits = self.draw();
        // Four uniform 16-bit numbers from one draw: variance 1/3 of the half range together.
        let sum: i64 = (0..4).map(|n| i64::from((bits >> (16 * n)) as u16) - 32_768).sum();
        sum as f32 / 32_768.0 * 0.866
    }

    fn unit(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_call_same_choices_and_no_others() {
        let draws = |seed, number, nth| {
            let mut c = Chance::of_call(seed, number, nth);
            [c.draw(), c.draw(), c.draw()]
        };
        assert_eq!(draws(1, "13800138000", 0), draws(1, "13800138000", 0));
        for other in
            [draws(2, "13800138000", 0), draws(1, "13800138001", 0), draws(1, "13800138000", 1)]
        {
            assert_ne!(draws(1, "13800138000", 0), other);
        }
    }

    #[test]
    fn ranges_percentages_and_noise_are_what_they_say() {
        let mut c = Chance::of_call(7, "x", 0);
        assert!((0..1_000).all(|_| (3..=5).contains(&c.between(3, 5))));
        let hits = (0..10_000).filter(|_| c.percent(3.0)).count();
        assert!((200..400).contains(&hits), "{hits}");
        assert!(!(0..1_000).any(|_| c.percent(0.0)));
        let power: f32 = (0..10_000).map(|_| c.noise().powi(2)).sum::<f32>() / 10_000.0;
        assert!((0.9..1.1).contains(&power), "{power}");
    }
}
