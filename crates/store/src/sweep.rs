//! Deleting what has expired: claims, in batches that no one waits for.
//!
//! A claim's stored reply is the reply itself, byte for byte, phone numbers included. It cannot be
//! masked: a client that repeats a request is owed the same bytes, and would take other ones for
//! another outcome. So it is kept whole and not for long: it goes with its claim, at most
//! [`EVERY`] after that has expired, and SQLite overwrites it (`secure_delete`).

use std::time::Duration;

use domain::WallTime;
use sqlx::AnyConnection;
use tokio::time::{MissedTickBehavior, interval};

use crate::unit::{UnitError, wall_clock};
use crate::writer::Work;

/// Claims deleted in one unit of work: some milliseconds in which others wait.
pub(crate) const BATCH: i64 = 500;
/// How often it is looked for what has expired.
const EVERY: Duration = Duration::from_secs(3_600);
/// The pause before the next batch when there may be more.
const PAUSE: Duration = Duration::from_secs(1);

/// When to sweep: at once, then every hour, and soon again after a full batch.
pub(crate) struct Broom(Option<tokio::time::Interval>);

impl Broom {
    /// One that never moves, for tools beside a serving process.
    pub(crate) fn idle() -> Self {
        Self(None)
    }

    pub(crate) fn new() -> Self {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Some(ticks))
    }

    /// Waits until there is something to do.
    pub(crate) async fn due(&mut self) -> Work {
        match &mut self.0 {
            Some(ticks) => ticks.tick().await,
            None => std::future::pending().await,
        };
        Work::Sweep { now: wall_clock() }
    }

    /// Hears how many claims went.
    pub(crate) fn swept(&mut self, gone: i64) {
        if let Some(ticks) = self.0.as_mut().filter(|_| gone >= BATCH) {
            ticks.reset_after(PAUSE);
        }
    }
}

/// Deletes one batch of claims that have expired by `now`; how many.
pub(crate) async fn claims(conn: &mut AnyConnection, now: WallTime) -> Result<i64, UnitError> {
    let gone = sqlx::query(
        "DELETE FROM claims WHERE (kind, account, name) IN ( \
         SELECT kind, account, name FROM claims WHERE expires_at <= $1 \
         ORDER BY expires_at LIMIT $2)",
    )
    .bind(now.0)
    .bind(BATCH)
    .execute(conn)
    .await?;
    Ok(i64::try_from(gone.rows_affected()).unwrap_or(i64::MAX))
}
