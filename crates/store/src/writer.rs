//! The one writer: units of work that meet share a transaction and one flush, but fail alone.

use std::sync::{Mutex, PoisonError};

use domain::{Event, WallTime};
use engine::ports::directory::NewKey;
use engine::ports::records::{Batch, CommitError};
use sqlx::{AnyConnection, Connection, Executor};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::Target;
use crate::dialect::{self, Dialect};
use crate::unit::{self, UnitError};

/// Units of work that wait for the writer. When it is full, callers wait for room: a customer's
/// request then takes longer, and nothing is lost.
const QUEUE: usize = 1024;
/// Units that share one flush at most, so that the first of them does not wait for a thousand.
const GROUP: usize = 256;

/// Something that is done wholly or not at all.
pub(crate) enum Work {
    Batch(Batch),
    AddAccount { login: String, at: WallTime },
    AddKey(NewKey),
}

/// The number of what was made, or zero.
pub(crate) type Outcome = Result<i64, CommitError>;

enum Message {
    Job(Box<Job>),
    Close,
}

struct Job {
    work: Work,
    reply: oneshot::Sender<Outcome>,
}

/// The way to the writing task.
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
    /// Taken by the first `close`, which waits for the task's end.
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(link: Link) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE);
        let task = Mutex::new(Some(tokio::spawn(write(link, messages))));
        Self { queue, task }
    }

    /// Queues `work` and waits until it is durable or refused. Work that was queued is done even
    /// if the caller stops waiting.
    pub(crate) async fn submit(&self, work: Work) -> Outcome {
        let (reply, answer) = oneshot::channel();
        let job = Message::Job(Box::new(Job { work, reply }));
        self.queue.send(job).await.map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Lets the task do what is queued and waits for its end.
    pub(crate) async fn close(&self) {
        // An error means that it is closed already.
        let _ = self.queue.send(Message::Close).await;
        let task = self.task.lock();
        let task = task.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

fn closed() -> CommitError {
    CommitError::Unavailable {
        cause: "the store is closed".to_owned(),
    }
}

async fn write(mut link: Link, mut messages: mpsc::Receiver<Message>) {
    while let Some(first) = messages.recv().await {
        let mut jobs = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Job(job) => jobs.push(*job),
                // What is in the queue still comes out of it.
                Message::Close => messages.close(),
            }
            next = match jobs.len() {
                GROUP => None,
                _ => messages.try_recv().ok(),
            };
        }
        if !jobs.is_empty() {
            flush(&mut link, jobs).await;
        }
    }
    if let Some(conn) = link.conn.take() {
        // Closing can fail only in ways that a restart repairs from the log.
        let _ = conn.close().await;
    }
}

/// Runs a group and answers everyone in it.
async fn flush(link: &mut Link, jobs: Vec<Job>) {
    let (works, replies): (Vec<_>, Vec<_>) = jobs.into_iter().map(|j| (j.work, j.reply)).unzip();
    let outcomes = match link.run(&works).await {
        Ok(outcomes) => outcomes,
        Err(e) => {
            let cause = e.to_string();
            tracing::error!(units = works.len(), cause, "units of work not committed");
            let failed = CommitError::Unavailable { cause };
            vec![Err(failed); works.len()]
        }
    };
    for (reply, outcome) in replies.into_iter().zip(outcomes) {
        // Nobody waits any more: the work is done all the same.
        let _ = reply.send(outcome);
    }
}

/// The writing connection, made again when it broke.
pub(crate) struct Link {
    target: Target,
    setup: Vec<&'static str>,
    conn: Option<AnyConnection>,
}

/// Where a group failed: before or after it began.
enum GroupError {
    Begin(sqlx::Error),
    Later(sqlx::Error),
}

impl Link {
    pub(crate) fn new(target: Target, setup: &[&'static str]) -> Self {
        Self {
            target,
            setup: setup.to_vec(),
            conn: None,
        }
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

    /// Runs a group of units in one transaction. An error means that none of them was done.
    async fn run(&mut self, works: &[Work]) -> Result<Vec<Outcome>, sqlx::Error> {
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
                    }
                }
            }
        }
    }
}

fn erases(work: &Work) -> bool {
    let Work::Batch(batch) = work else {
        return false;
    };
    let is_erasure = |e: &domain::Envelope| matches!(e.event, Event::ContentErased { .. });
    batch.events.iter().any(is_erasure)
}

async fn run_group(
    conn: &mut AnyConnection,
    dialect: Dialect,
    works: &[Work],
) -> Result<Vec<Outcome>, GroupError> {
    let mut tx = conn
        .begin_with(dialect.begin_writing())
        .await
        .map_err(GroupError::Begin)?;
    let mut outcomes = Vec::with_capacity(works.len());
    for work in works {
        let outcome = run_unit(&mut tx, work).await.map_err(GroupError::Later)?;
        outcomes.push(outcome);
    }
    if outcomes.iter().all(Result::is_err) {
        tx.rollback().await.map_err(GroupError::Later)?;
    } else {
        tx.commit().await.map_err(GroupError::Later)?;
    }
    Ok(outcomes)
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

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
