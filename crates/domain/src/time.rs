//! The three kinds of time, as three types that do not mix.
//!
//! *Now* is for waiting on people and machines (ring, silence, idle, vendors). *Media time*
//! counts samples heard or played; everything about speech uses it, so a phone, a bursty
//! WebSocket and a replay agree. *Wall time* is what a record shows to people.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point on the monotonic clock of one process, in nanoseconds since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Now(u64);

impl Now {
    /// A point `ns` nanoseconds after the start of the clock.
    pub const fn from_nanos(ns: u64) -> Self {
        Self(ns)
    }
    /// A point `ms` milliseconds after the start of the clock.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * 1_000_000)
    }
    /// Nanoseconds since the start of the clock.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
    /// Milliseconds since the start of the clock, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }
    /// How long after `earlier` this is; zero if it is not after it.
    pub const fn since(self, earlier: Now) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Now {
    type Output = Now;
    fn add(self, d: Duration) -> Now {
        Now(self.0.saturating_add(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Now {
    type Output = Now;
    fn sub(self, d: Duration) -> Now {
        Now(self.0.saturating_sub(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Ticks of media time in one millisecond: 48 kHz holds 8, 16, 24 and 48 kHz samples exactly.
pub const MEDIA_TICKS_PER_MS: u64 = 48;

/// Media time: audio heard or played on one leg since its answer, in ticks of 1/48,000 s.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MediaTime(u64);

impl MediaTime {
    /// The answer itself.
    pub const ZERO: MediaTime = MediaTime(0);

    /// `n` samples at `rate` samples a second; `rate` must divide 48,000.
    pub const fn from_samples(n: u64, rate: u32) -> Self {
        Self(n * (48_000 / rate as u64))
    }
    /// `ms` milliseconds of audio.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * MEDIA_TICKS_PER_MS)
    }
    /// Milliseconds of audio, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / MEDIA_TICKS_PER_MS
    }
    /// Whole samples at `rate` samples a second.
    pub const fn as_samples(self, rate: u32) -> u64 {
        self.0 / (48_000 / rate as u64)
    }
    /// Audio between `earlier` and this; zero if it is not after it.
    pub const fn since(self, earlier: MediaTime) -> MediaTime {
        MediaTime(self.0.saturating_sub(earlier.0))
    }
}

impl Add for MediaTime {
    type Output = MediaTime;
    fn add(self, other: MediaTime) -> MediaTime {
        MediaTime(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MediaTime {
    fn add_assign(&mut self, other: MediaTime) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl Sub for MediaTime {
    type Output = MediaTime;
    fn sub(self, other: MediaTime) -> MediaTime {
        self.since(other)
    }
}

/// Time of day, in milliseconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct WallTime(pub i64);

impl WallTime {
    /// Milliseconds from `earlier` to this; negative if the clock was set back.
    pub const fn millis_since(self, earlier: WallTime) -> i64 {
        self.0 - earlier.0
    }
    /// This moment plus `ms` milliseconds.
    pub const fn plus_millis(self, ms: i64) -> WallTime {
        WallTime(self.0.saturating_add(ms))
    }
}

impl fmt::Display for WallTime {
    /// RFC 3339, UTC, with milliseconds: `2026-01-31T08:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.div_euclid(86_400_000);
        let ms = self.0.rem_euclid(86_400_000);
        let (y, m, d) = civil_from_days(days);
        let (h, min, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(f, "{y:04}-{m:02}-{d:02}T{h:02}:{min:02}:{s:02}.{:03}Z", ms % 1000)
    }
}

/// Gregorian date of a day count since 1970-01-01, by shifting the year to begin in March so
/// that the leap day is its last.
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_reads_as_rfc3339() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_132_800_123, "2026-11-20T00:00:00.123Z"),
        ] {
            assert_eq!(WallTime(ms).to_string(), text);
        }
    }

    #[test]
    fn media_time_is_exact_at_every_codec_rate() {
        for rate in [8_000, 16_000, 24_000, 48_000] {
            let one = MediaTime::from_samples(1, rate);
            assert_eq!(one.as_samples(rate), 1);
            assert_eq!(MediaTime::from_samples(u64::from(rate), rate).as_millis(), 1000);
        }
    }
}
