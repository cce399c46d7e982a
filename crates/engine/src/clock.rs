//! The one place of the engine where clocks are read.

use std::time::Duration;

use call::Moment;
use domain::{Now, WallTime};

/// Reads both clocks. Monotonic time is tokio's, so that a paused runtime is virtual time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: tokio::time::Instant,
    wall_at_start: WallTime,
    virtual_wall: bool,
}

impl Clock {
    /// The real clocks.
    pub fn real() -> Self {
        Self { virtual_wall: false, ..Self::starting_at(WallTime(0)) }
    }

    /// A wall clock that begins at `wall` and runs with the (perhaps paused) runtime.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn starting_at(wall: WallTime) -> Self {
        let start = tokio::time::Instant::now();
        Self { start, wall_at_start: wall, virtual_wall: true }
    }

    /// Monotonic time.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Now {
        let ns = tokio::time::Instant::now().duration_since(self.start).as_nanos();
        Now::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    /// Time of day.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn wall(&self) -> WallTime {
        if self.virtual_wall {
            let ms = i64::try_from(self.now().as_millis()).unwrap_or(i64::MAX);
            return self.wall_at_start.plus_millis(ms);
        }
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        WallTime(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Both.
    pub fn moment(&self) -> Moment {
        Moment { now: self.now(), wall: self.wall() }
    }

    /// Waits until `at`.
    pub async fn until(&self, at: Now) {
        let ns = Duration::from_nanos(at.as_nanos());
        tokio::time::sleep_until(self.start + ns).await;
    }
}
