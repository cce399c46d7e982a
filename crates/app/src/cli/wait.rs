//! Asking again at a fixed interval until calls are over, and when to stop.

use std::time::Duration;

use super::exit::Exit;
use super::failure::Failure;
use super::record::Found;

/// Between two questions about the same call.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);
/// How long `call --wait` waits in all.
pub(crate) const LIMIT: Duration = Duration::from_secs(600);

/// Asks once, then at most `retries` times more while the answer may still change.
/// `retrying(i, n)` is told before each wait.
pub(crate) async fn until_ended(
    retries: u32,
    ask: impl AsyncFn() -> Result<Found, Failure>,
    mut retrying: impl FnMut(u32, u32),
) -> Result<Found, Failure> {
    for retry in 1..=retries {
        match ask().await {
            Ok(found) if !found.record.ended() => {}
            Err(failure) if failure.passes() => {}
            last => return last,
        }
        retrying(retry, retries);
        tokio::time::sleep(INTERVAL).await;
    }
    ask().await
}

/// What is known of the calls of one request.
#[derive(Debug)]
pub(crate) struct Watched {
    ids: Vec<String>,
    found: Vec<Option<Found>>,
    /// Why the last question about a call that is not over went unanswered.
    trouble: Option<Failure>,
}

impl Watched {
    /// Nothing yet.
    pub(crate) fn new(ids: Vec<String>) -> Self {
        let found = ids.iter().map(|_| None).collect();
        Self { ids, found, trouble: None }
    }

    /// Asks about each call that is not over, every [`INTERVAL`] up to [`LIMIT`], until all are.
    /// `asked` is told after each round. Ends early on a failure that time does not cure.
    pub(crate) async fn follow(
        &mut self,
        ask: impl AsyncFn(&str) -> Result<Found, Failure>,
        mut asked: impl FnMut(&Self),
    ) -> Result<(), Failure> {
        let rounds = async {
            while !self.all_ended() {
                tokio::time::sleep(INTERVAL).await;
                self.round(&ask).await?;
                asked(self);
            }
            Ok(())
        };
        tokio::time::timeout(LIMIT, rounds).await.unwrap_or(Ok(()))
    }

    async fn round(
        &mut self,
        ask: &impl AsyncFn(&str) -> Result<Found, Failure>,
    ) -> Result<(), Failure> {
        self.trouble = None;
        for (id, found) in self.ids.iter().zip(&mut self.found) {
            if found.as_ref().is_some_and(|f| f.record.ended()) {
                continue;
            }
            match ask(id).await {
                Ok(news) => *found = Some(news),
                Err(failure) if failure.passes() => self.trouble = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// The last answer about each call, in the order of the request.
    pub(crate) fn found(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().flatten()
    }

    /// Why the last round learnt nothing about a call.
    pub(crate) fn trouble(&self) -> Option<&Failure> {
        self.trouble.as_ref()
    }

    /// How many calls are over, and how many there are.
    pub(crate) fn progress(&self) -> (usize, usize) {
        (self.found().filter(|f| f.record.ended()).count(), self.ids.len())
    }

    fn all_ended(&self) -> bool {
        let (ended, all) = self.progress();
        ended == all
    }

    /// A call that failed outweighs one that is not over or was not answered.
    pub(crate) fn exit(&self) -> Exit {
        if self.found().any(|f| f.record.status() == "failed") {
            Exit::Failed
        } else if let Some(failure) = &self.trouble {
            failure.exit()
        } else if !self.all_ended() {
            Exit::Unanswered
        } else if self.found().all(|f| matches!(f.record.status(), "completed" | "voicemail")) {
            Exit::Done
        } else {
            Exit::Unanswered
        }
    }
}

#[cfg(test)]
#[path = "wait_tests.rs"]
mod tests;
