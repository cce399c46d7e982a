//! The one writer: units of work that meet share a transaction and one flush, but fail alone.

use std::sync::{Mutex, PoisonError};

use domain::WallTime;
use engine::ports::directory::NewKey;
use engine::ports::records::{Batch, CommitError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::link::Link;
use crate::sweep::Broom;

/// Units of work that wait for the writer. When it is full, callers wait for room: a customer's
/// request then takes longer, and nothing is lost.
const QUEUE: usize = 1024;
/// Units that share one flush at most, so that the first of them does not wait for a thousand.
const GROUP: usize = 256;

/// Something that is done wholly or not at all.
pub(crate) enum Work {
    Batch(Batch),
    AddAccount {
        login: String,
        at: WallTime,
    },
    AddKey(NewKey),
    /// Deletes a batch of claims that have expired.
    Sweep {
        now: WallTime,
    },
}

/// The number of what was made, or how many were deleted, or zero.
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
    pub(crate) fn start(link: Link, broom: Broom) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE);
        let task = Mutex::new(Some(tokio::spawn(write(link, messages, broom))));
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
    CommitError::Unavailable { cause: "the store is closed".to_owned() }
}

async fn write(mut link: Link, mut messages: mpsc::Receiver<Message>, mut broom: Broom) {
    loop {
        let first = tokio::select! {
            message = messages.recv() => message,
            work = broom.due() => {
                let swept = link.run(&[work]).await;
                broom.swept(gone(swept));
                continue;
            }
        };
        let Some(first) = first else { break };
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
    link.close().await;
}

/// How many claims a sweep deleted. What a failed one left is there for the next.
fn gone(swept: Result<Vec<Outcome>, sqlx::Error>) -> i64 {
    let cause = match swept {
        Ok(outcomes) => match outcomes.into_iter().next() {
            Some(Ok(gone)) => return gone,
            Some(Err(refused)) => refused.to_string(),
            None => return 0,
        },
        Err(error) => error.to_string(),
    };
    tracing::warn!(cause, "expired claims not deleted");
    0
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

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
