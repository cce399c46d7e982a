//! What the engine lives in: time that passes and tasks that run.
//!
//! The engine never asks tokio for either. It asks a [`Runtime`], of which there are two: the
//! real one here, on tokio, and the simulator's in `testkit`, which decides by a seed who runs
//! next. What is left of tokio elsewhere in the engine are its channels, which know no runtime.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::{Now, WallTime};

use crate::ports::PortFuture;

/// Gives time and runs tasks.
pub trait Runtime: fmt::Debug + Send + Sync {
    /// Monotonic time since the start.
    fn now(&self) -> Now;
    /// Time of day.
    fn wall(&self) -> WallTime;
    /// Ends at `at`, or at once if that has passed. Dropping it leaves nothing behind.
    fn sleep_until(&self, at: Now) -> PortFuture<'static, ()>;
    /// Runs `work` beside everything else, to its end unless it is aborted.
    fn spawn(&self, work: PortFuture<'static, ()>) -> Arc<dyn Job>;
}

/// A task that was started.
pub trait Job: Send + Sync {
    /// Ends it at its next wait.
    fn abort(&self);
    /// Whether nothing of it is left.
    fn is_finished(&self) -> bool;
}

/// Time and tasks on tokio. Monotonic time is tokio's, so a paused runtime is virtual time.
#[derive(Debug)]
pub(crate) struct Tokio {
    start: tokio::time::Instant,
    /// The wall clock begins here and runs with the runtime; `None` is the machine's.
    wall_at_start: Option<WallTime>,
}

impl Tokio {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub(crate) fn new(wall_at_start: Option<WallTime>) -> Self {
        Self { start: tokio::time::Instant::now(), wall_at_start }
    }
}

impl Runtime for Tokio {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Now {
        let ns = tokio::time::Instant::now().duration_since(self.start).as_nanos();
        Now::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn wall(&self) -> WallTime {
        if let Some(wall) = self.wall_at_start {
            let ms = i64::try_from(self.now().as_millis()).unwrap_or(i64::MAX);
            return wall.plus_millis(ms);
        }
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        WallTime(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
    }

    fn sleep_until(&self, at: Now) -> PortFuture<'static, ()> {
        let at = self.start + Duration::from_nanos(at.as_nanos());
        Box::pin(tokio::time::sleep_until(at))
    }

    fn spawn(&self, work: PortFuture<'static, ()>) -> Arc<dyn Job> {
        Arc::new(tokio::spawn(work).abort_handle())
    }
}

impl Job for tokio::task::AbortHandle {
    fn abort(&self) {
        tokio::task::AbortHandle::abort(self);
    }
    fn is_finished(&self) -> bool {
        tokio::task::AbortHandle::is_finished(self)
    }
}
