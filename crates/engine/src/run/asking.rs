//! What a call's director asks outside: one enquiry at a time, a task that ends with the call.

use std::sync::Arc;

use conversation::Input as Talk;
use conversation::director::{CueNo, Enquiry};
use domain::CallId;

use crate::clock::Clock;
use crate::models::{Tasks, Tell};
use crate::ports::director::Directors;
use crate::runtime::Job;

/// See the module. Dropping it ends what is under way.
pub(super) struct Asking {
    call: CallId,
    directors: Arc<dyn Directors>,
    tell: Tell,
    tasks: Tasks,
    out: Option<(CueNo, Arc<dyn Job>)>,
}

impl Asking {
    pub(super) fn new(
        call: CallId,
        directors: Arc<dyn Directors>,
        clock: Clock,
        tell: Tell,
    ) -> Self {
        Self { call, directors, tell, tasks: Tasks::new(clock), out: None }
    }

    /// Asks; the answer is told.
    pub(super) fn ask(&mut self, no: CueNo, enquiry: Enquiry) {
        let asked = self.directors.ask(self.call, no, enquiry);
        let tell = self.tell.clone();
        let job = self.tasks.spawn(async move { tell(Talk::Answered(no, asked.await)) });
        self.out = Some((no, job));
    }

    /// Nobody waits for this one any more.
    pub(super) fn unask(&mut self, no: CueNo) {
        if let Some((_, job)) = self.out.take_if(|(out, _)| *out == no) {
            job.abort();
        }
    }
}
