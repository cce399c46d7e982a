//! Money as whole micro-yuan, and the price of a call.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// An amount of money: 1 CNY = 1,000,000. Never a float.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MicroYuan(pub i64);

impl MicroYuan {
    /// Nothing.
    pub const ZERO: MicroYuan = MicroYuan(0);

    /// Sum, or `None` beyond 64 bits.
    pub const fn checked_add(self, other: MicroYuan) -> Option<MicroYuan> {
        match self.0.checked_add(other.0) {
            Some(v) => Some(MicroYuan(v)),
            None => None,
        }
    }
    /// The same amount with the other sign.
    pub const fn negated(self) -> MicroYuan {
        MicroYuan(-self.0)
    }
}

impl Sum for MicroYuan {
    fn sum<I: Iterator<Item = MicroYuan>>(amounts: I) -> MicroYuan {
        amounts.fold(MicroYuan::ZERO, |a, b| MicroYuan(a.0.saturating_add(b.0)))
    }
}

impl fmt::Display for MicroYuan {
    /// Decimal CNY with two to six decimals: `0.30`, `-1.234567` (callout section 4.1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let abs = self.0.unsigned_abs();
        let mut decimals = format!("{:06}", abs % 1_000_000);
        while decimals.len() > 2 && decimals.ends_with('0') {
            decimals.pop();
        }
        write!(f, "{sign}{}.{decimals}", abs / 1_000_000)
    }
}

/// How connected time becomes money (setting `billing.rounding`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Every started minute counts whole.
    #[default]
    StartedMinute,
    /// By the second, rounded up to the micro-yuan.
    Second,
}

/// The price of a call, copied into it at acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Micro-yuan for one minute.
    pub micro_yuan_per_minute: i64,
    /// How seconds are rounded.
    pub rounding: Rounding,
}

impl Price {
    /// What to hold for `seconds` of call (callout section 8): whole minutes.
    pub const fn hold(&self, seconds: u32) -> MicroYuan {
        MicroYuan(self.micro_yuan_per_minute * seconds.div_ceil(60) as i64)
    }
    /// What `seconds` of connected time cost (callout section 8).
    pub const fn charge(&self, seconds: u32) -> MicroYuan {
        match self.rounding {
            Rounding::StartedMinute => self.hold(seconds),
            Rounding::Second => {
                let product = self.micro_yuan_per_minute * seconds as i64;
                MicroYuan((product + 59) / 60)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_prints_two_to_six_decimals() {
        for (v, text) in [
            (0, "0.00"),
            (300_000, "0.30"),
            (1_234_567, "1.234567"),
            (-10_000_000, "-10.00"),
            (5, "0.000005"),
        ] {
            assert_eq!(MicroYuan(v).to_string(), text);
        }
    }

    #[test]
    fn charges_follow_the_table() {
        let minute = Price { micro_yuan_per_minute: 300_000, rounding: Rounding::StartedMinute };
        for (s, minutes) in [(0, 0), (1, 1), (60, 1), (61, 2), (300, 5)] {
            assert_eq!(minute.charge(s), MicroYuan(300_000 * minutes), "{s} s");
        }
        let second = Price { micro_yuan_per_minute: 100_000, rounding: Rounding::Second };
        assert_eq!(second.charge(1), MicroYuan(1_667));
        assert_eq!(second.charge(60), MicroYuan(100_000));
    }

    #[test]
    fn a_charge_never_exceeds_the_hold_for_the_same_time() {
        for rounding in [Rounding::StartedMinute, Rounding::Second] {
            let p = Price { micro_yuan_per_minute: 123_457, rounding };
            for s in 0..4_000 {
                assert!(p.charge(s) <= p.hold(s));
            }
        }
    }
}
