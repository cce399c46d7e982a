//! The `Directors` port: who leads a call, and who answers what its director asks outside.

use std::sync::Arc;

use call::CallPlan;
pub use conversation::director::{CueNo, Director, Enquiry, Unanswered};
use domain::{CallId, Masked};

use super::PortFuture;

/// Brings a running call's director what nobody asked for. Must not block; what comes after the
/// call's end goes nowhere.
pub type Unasked = Arc<dyn Fn(Masked<Vec<u8>>) + Send + Sync>;

/// An answer from outside, as bytes that only the director reads.
pub type Answered = Result<Masked<Vec<u8>>, Unanswered>;

/// Chooses directors, and asks outside for them.
pub trait Directors: Send + Sync {
    /// Who leads this call, asked once, before anything is done for it.
    fn direct(&self, plan: &CallPlan, unasked: Unasked) -> Box<dyn Director>;
    /// Asks what the director of `call` wants to know. At most one enquiry of a call is out; the
    /// future is dropped when nobody waits for its answer any more, and then nothing of it may
    /// go on.
    fn ask(&self, call: CallId, cue: CueNo, enquiry: Enquiry) -> PortFuture<'static, Answered>;
}
