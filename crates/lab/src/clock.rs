//! The lab's one clock: everything else is given the time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{Now, WallTime};

/// Monotonic time since the lab started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the lab's one clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Now {
        Now::from_nanos(u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// When `now` will be, for a timer.
    pub(crate) fn instant(self, now: Now) -> Instant {
        self.0 + Duration::from_nanos(now.as_nanos())
    }

    #[expect(clippy::disallowed_methods, reason = "reports carry the time of day")]
    pub(crate) fn wall() -> WallTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
