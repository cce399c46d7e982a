//! The writing connection: a group of units in one transaction, each in a savepoint if one fails.

use std::time::Duration;

use domain::{Envelope, Event};
use sqlx::{Any, AnyConnection, Connection, Executor, Row, Transaction};

use crate::config::Target;
use crate::dialect::{self, Dialect};
use crate::unit::{self, UnitError};
use crate::writer::{Outcome, Work};

/// The writing connection, made again when it broke.
pub(crate) struct Link {
    target: Target,
    setup: Vec<&'static str>,
    conn: Option<AnyConnection>,
}

/// Where a group failed.
enum GroupError {
    /// Before it began.
    Begin(sqlx::Error),
    /// Before its commit: nothing was done.
    Later(sqlx::Error),
    /// In its commit, of which only the database knows the end.
    Commit { error: sqlx::Error, mark: Option<String>, outcomes: Vec<Outcome> },
}

impl Link {
    pub(crate) fn new(target: Target, setup: &[&'static str]) -> Self {
        Self { target, setup: setup.to_vec(), conn: None }
    }

    /// The connection, made if there is none.
    pub(crate) async fn take(&mut self) -> Result<AnyConnection, sqlx::Error> {
        match self.conn.take() {
            Some(conn) => Ok(conn),
            None => dialect::connect(&self.target, &self.setup).await,
        }
    }

    /// Keeps a healthy connection for the next group.
    pub(crate) fn give_back(&mut self, conn: AnyConnection) {
        self.conn = Some(conn);
    }

    /// Ends the connection in an orderly way.
    pub(crate) async fn close(&mut self) {
        if let Some(conn) = self.conn.take() {
            // Closing can fail only in ways that a restart repairs from the log.
            let _ = conn.close().await;
        }
    }

    /// Runs a group of units in one transaction. An error means that none of them was done.
    pub(crate) async fn run(&mut self, works: &[Work]) -> Result<Vec<Outcome>, sqlx::Error> {
        let dialect = Dialect::of(&self.target);
        loop {
            let reused = self.conn.is_some();
            let mut conn = self.take().await?;
            match run_group(&mut conn, dialect, works).await {
                Ok(outcomes) => {
                    if let Some(scrub) = dialect.scrub().filter(|_| works.iter().any(erases)) {
                        // A reader in the way puts it off to the next checkpoint.
                        let _ = conn.execute(scrub).await;
                    }
                    self.give_back(conn);
                    return Ok(outcomes);
                }
                Err(e) => {
                    // Closing rolls back whatever state the failure left behind.
                    let _ = conn.close_hard().await;
                    match e {
                        // The server went away while nothing was written: try a new connection.
                        GroupError::Begin(_) if reused => {}
                        GroupError::Begin(e) | GroupError::Later(e) => return Err(e),
                        GroupError::Commit { error, mark, outcomes } => {
                            match self.was_committed(mark).await {
                                true => return Ok(outcomes),
                                false => return Err(error),
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Link {
    /// Asks over a new connection whether a marked transaction was committed.
    async fn was_committed(&mut self, mark: Option<String>) -> bool {
        let question = Dialect::of(&self.target).transaction_fate();
        let (Some(question), Some(mark)) = (question, mark) else {
            return false;
        };
        for _ in 0..FATE_TRIES {
            match self.fate(question, &mark).await {
                Ok(Some(fate)) if fate == "committed" => return true,
                Ok(Some(fate)) if fate == "aborted" => return false,
                Ok(_) => {}
                Err(e) => tracing::warn!(cause = %e, "cannot ask what became of a commit"),
            }
            tokio::time::sleep(FATE_PAUSE).await;
        }
        tracing::error!(mark, "whether this transaction was committed is not known");
        false
    }

    async fn fate(
        &mut self,
        question: &'static str,
        mark: &str,
    ) -> Result<Option<String>, sqlx::Error> {
        let mut conn = self.take().await?;
        let row = sqlx::query(question).bind(mark).fetch_one(&mut conn).await?;
        self.give_back(conn);
        row.try_get(0)
    }
}

/// How often, and how far apart, a broken commit is asked after: 10 s in all, in which a restarted
/// server is back and an orphaned transaction of a dead connection is over.
const FATE_TRIES: u32 = 40;
const FATE_PAUSE: Duration = Duration::from_millis(250);

fn erases(work: &Work) -> bool {
    let Work::Batch(batch) = work else {
        return false;
    };
    let is_erasure = |e: &Envelope| matches!(e.event, Event::ContentErased { .. });
    batch.events.iter().any(is_erasure)
}

async fn run_group(
    conn: &mut AnyConnection,
    dialect: Dialect,
    works: &[Work],
) -> Result<Vec<Outcome>, GroupError> {
    match run_together(conn, dialect, works).await? {
        Some(outcomes) => Ok(outcomes),
        None => run_apart(conn, dialect, works).await,
    }
}

/// Units hardly ever fail, so a group is tried without savepoints first: each of them is two
/// statements, and each statement a way to the database and back. `None` if one of several failed;
/// then nothing was done.
async fn run_together(
    conn: &mut AnyConnection,
    dialect: Dialect,
    works: &[Work],
) -> Result<Option<Vec<Outcome>>, GroupError> {
    let mut tx = conn.begin_with(dialect.begin_writing()).await.map_err(GroupError::Begin)?;
    let mut outcomes = Vec::with_capacity(works.len());
    for work in works {
        match unit::perform(&mut tx, work).await {
            Ok(number) => outcomes.push(Ok(number)),
            Err(e) => {
                // A full disk or a lost connection took the transaction along; then this fails.
                tx.rollback().await.map_err(GroupError::Later)?;
                let alone = works.len() == 1;
                return Ok(alone.then(|| vec![Err(e.into_refusal())]));
            }
        }
    }
    commit(tx, dialect, outcomes).await.map(Some)
}

/// Each unit in a savepoint, so that one that fails leaves the others alone.
async fn run_apart(
    conn: &mut AnyConnection,
    dialect: Dialect,
    works: &[Work],
) -> Result<Vec<Outcome>, GroupError> {
    let mut tx = conn.begin_with(dialect.begin_writing()).await.map_err(GroupError::Begin)?;
    let mut outcomes = Vec::with_capacity(works.len());
    for work in works {
        let outcome = run_unit(&mut tx, work).await.map_err(GroupError::Later)?;
        outcomes.push(outcome);
    }
    if outcomes.iter().all(Result::is_err) {
        tx.rollback().await.map_err(GroupError::Later)?;
        return Ok(outcomes);
    }
    commit(tx, dialect, outcomes).await
}

async fn commit(
    mut tx: Transaction<'_, Any>,
    dialect: Dialect,
    outcomes: Vec<Outcome>,
) -> Result<Vec<Outcome>, GroupError> {
    let mark = match dialect.transaction_mark() {
        Some(sql) => Some(mark(&mut tx, sql).await.map_err(GroupError::Later)?),
        None => None,
    };
    match tx.commit().await {
        Ok(()) => Ok(outcomes),
        Err(error) => Err(GroupError::Commit { error, mark, outcomes }),
    }
}

async fn mark(conn: &mut AnyConnection, sql: &'static str) -> Result<String, sqlx::Error> {
    sqlx::query(sql).fetch_one(conn).await?.try_get(0)
}

/// Runs one unit inside a savepoint. `Err` means that the whole transaction is lost.
async fn run_unit(conn: &mut AnyConnection, work: &Work) -> Result<Outcome, sqlx::Error> {
    step(conn, "SAVEPOINT unit").await?;
    match unit::perform(conn, work).await {
        Ok(number) => {
            step(conn, "RELEASE SAVEPOINT unit").await?;
            Ok(Ok(number))
        }
        Err(e) => match (step(conn, "ROLLBACK TO SAVEPOINT unit").await, e) {
            (Ok(()), e) => {
                step(conn, "RELEASE SAVEPOINT unit").await?;
                Ok(Err(e.into_refusal()))
            }
            // A full disk or a lost connection took the transaction along.
            (Err(_), UnitError::Database(e)) => Err(e),
            (Err(e), UnitError::Refused(_)) => Err(e),
        },
    }
}

async fn step(conn: &mut AnyConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(conn).await.map(|_| ())
}
