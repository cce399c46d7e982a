//! Percentiles of many durations in little memory.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Width of a bucket, µs.
const STEP_US: u64 = 10;
/// Buckets: ten seconds; what is longer counts as the longest, its own value kept as `max`. Pages
/// of buckets that nothing falls into take no memory.
const BUCKETS: usize = 1_000_000;

/// Collects durations.
#[derive(Clone, Debug)]
pub struct Spread {
    buckets: Vec<u32>,
    count: u64,
    max_us: u64,
}

/// What a [`Spread`] tells, ms; a percentile is the upper end of its bucket of 10 µs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many durations.
    pub count: u64,
    /// Half are not longer.
    pub p50_ms: f64,
    /// 99 % are not longer.
    pub p99_ms: f64,
    /// 99.9 % are not longer.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Default for Spread {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max_us: 0 }
    }
}

impl Spread {
    /// Takes in a duration; a negative one counts as none.
    pub fn add_ns(&mut self, ns: i64) {
        let us = u64::try_from(ns / 1_000).unwrap_or(0);
        let at = usize::try_from(us / STEP_US).unwrap_or(BUCKETS);
        self.buckets[at.min(BUCKETS - 1)] += 1;
        self.count += 1;
        self.max_us = self.max_us.max(us);
    }

    /// Whether nothing came together.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What came together.
    pub fn percentiles(&self) -> Percentiles {
        Percentiles {
            count: self.count,
            p50_ms: self.at(0.5),
            p99_ms: self.at(0.99),
            p999_ms: self.at(0.999),
            max_ms: self.max_us as f64 / 1_000.0,
        }
    }

    fn at(&self, share: f64) -> f64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (n, count) in self.buckets.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted && seen > 0 {
                let end = (n as u64 + 1) * STEP_US;
                return end.min(self.max_us) as f64 / 1_000.0;
            }
        }
        0.0
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {:.2}  p99 {:.2}  p99.9 {:.2}  max {:.2} ms",
            self.p50_ms, self.p99_ms, self.p999_ms, self.max_ms
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_upper_ends_of_their_buckets() {
        let mut spread = Spread::default();
        assert_eq!(spread.percentiles(), Percentiles::default());
        for us in 1..=1_000 {
            spread.add_ns(us * 1_000);
        }
        spread.add_ns(-5);
        let got = spread.percentiles();
        assert_eq!(got.count, 1_001);
        assert_eq!((got.p50_ms, got.p99_ms), (0.51, 1.0));
        spread.add_ns(17_000_000_000);
        assert_eq!(spread.percentiles().max_ms, 17_000.0);
    }
}
