//! The engine's hold on its [`Runtime`]: both clocks, waiting, and starting tasks.

use std::sync::Arc;
use std::time::Duration;

use call::Moment;
use domain::{Now, WallTime};

use crate::runtime::{Job, Runtime, Tokio};

/// Both clocks and the tasks that live by them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Arc<dyn Runtime>);

impl Clock {
    /// The machine's clocks, on tokio.
    pub fn real() -> Self {
        Self(Arc::new(Tokio::new(None)))
    }

    /// A wall clock that begins at `wall` and runs with tokio's (perhaps paused) time.
    pub fn starting_at(wall: WallTime) -> Self {
        Self(Arc::new(Tokio::new(Some(wall))))
    }

    /// Another runtime's.
    pub fn of(runtime: Arc<dyn Runtime>) -> Self {
        Self(runtime)
    }

    /// Monotonic time.
    pub fn now(&self) -> Now {
        self.0.now()
    }

    /// Time of day.
    pub fn wall(&self) -> WallTime {
        self.0.wall()
    }

    /// Both.
    pub fn moment(&self) -> Moment {
        Moment { now: self.now(), wall: self.wall() }
    }

    /// Waits until `at`.
    pub async fn until(&self, at: Now) {
        self.0.sleep_until(at).await;
    }

    /// Waits so long.
    pub async fn sleep(&self, time: Duration) {
        self.until(self.now() + time).await;
    }

    /// Waits until `at`, or for ever.
    pub(crate) async fn until_some(&self, at: Option<Now>) {
        match at {
            Some(at) => self.until(at).await,
            None => std::future::pending().await,
        }
    }

    /// What `work` comes to, if that takes no longer than `limit`.
    pub async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.sleep(limit) => None,
        }
    }

    /// Runs `work` beside everything else.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Arc<dyn Job> {
        self.0.spawn(Box::pin(work))
    }
}
