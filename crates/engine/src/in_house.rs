//! The director that comes with the house, for every call.

use call::CallPlan;
use conversation::{BuiltIn, Phrases};
use domain::{Brief, CallId};

use crate::ports::PortFuture;
use crate::ports::director::{Answered, CueNo, Director, Directors, Enquiry, Unanswered, Unasked};

/// Has every call led by [`BuiltIn`], which asks nobody outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct InHouse;

impl Directors for InHouse {
    fn direct(&self, plan: &CallPlan, _: Unasked) -> Box<dyn Director> {
        let request = &plan.request;
        // Names come with the brief.
        let nobody = Brief { language: request.terms.turn.language, ..Brief::default() };
        let phrases = Phrases::new(&nobody, request.target.last_four(), request.terms.record);
        Box::new(BuiltIn::new(phrases, request.terms.turn.opening, plan.voicemail_message))
    }

    fn ask(&self, _: CallId, _: CueNo, _: Enquiry) -> PortFuture<'static, Answered> {
        Box::pin(async { Err(Unanswered::Failed) })
    }
}
