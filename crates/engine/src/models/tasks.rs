//! Tasks with an owner: they end with it.

use std::sync::Arc;

use crate::clock::Clock;
use crate::runtime::Job;

/// Tasks that run; finished ones are reaped with the next one, and dropping this ends the rest.
pub(crate) struct Tasks {
    clock: Clock,
    running: Vec<Arc<dyn Job>>,
}

impl Tasks {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, running: Vec::new() }
    }

    /// Runs `work`.
    pub(crate) fn spawn(
        &mut self,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Arc<dyn Job> {
        self.running.retain(|task| !task.is_finished());
        let task = self.clock.spawn(work);
        self.running.push(task.clone());
        task
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.running {
            task.abort();
        }
    }
}
