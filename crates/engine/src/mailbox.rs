//! The bounded way into a running call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use call::Input;
use domain::{Credential, EndWhat, Who};
use tokio::sync::mpsc;

/// What a running call is sent.
#[derive(Debug)]
pub enum Mail {
    /// For the call core.
    Input(Input),
    /// Somebody wants it to end.
    HangUp {
        /// Why.
        what: EndWhat,
        /// Who.
        who: Who,
        /// By what credential, if a customer asked.
        credential: Option<Credential>,
    },
    /// The recorder is done with the call's recording.
    Recorded(Recorded),
}

impl Mail {
    /// The owner wants the call to end.
    pub(crate) fn from_owner(credential: Credential) -> Self {
        let what = EndWhat::OwnerHungUp;
        Self::HangUp { what, who: Who::Owner, credential: Some(credential) }
    }
}

/// What became of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Name of the blob; `None` if it failed.
    pub blob: Option<String>,
    /// SHA-256 of its bytes.
    pub sha256: Option<String>,
    /// Its length, ms.
    pub duration_ms: u64,
    /// Blocks that the writer could not take in time.
    pub lost_blocks: u64,
}

/// Mail a call may have waiting. A call drains its mail in microseconds, so a full box means a
/// call that no longer runs.
const CAPACITY: usize = 512;

/// A bounded mailbox. Overflow rule: what does not fit is dropped, the box is marked overrun,
/// and the call ends itself as a fault of the platform as soon as it runs again.
#[derive(Clone, Debug)]
pub struct Mailbox {
    to: mpsc::Sender<Mail>,
    overrun: Arc<AtomicBool>,
}

impl Mailbox {
    /// A mailbox and the end that empties it. Calls make their own; whoever drives a media plane
    /// without a call makes one for each leg.
    pub fn new() -> (Self, mpsc::Receiver<Mail>) {
        let (to, from) = mpsc::channel(CAPACITY);
        (Self { to, overrun: Arc::default() }, from)
    }

    /// Puts mail in, without waiting.
    pub fn send(&self, mail: Mail) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.to.try_send(mail) {
            self.overrun.store(true, Ordering::Relaxed);
        }
    }

    /// Puts an input for the call core in, without waiting.
    pub fn input(&self, input: Input) {
        self.send(Mail::Input(input));
    }

    /// Whether mail was lost.
    pub(crate) fn is_overrun(&self) -> bool {
        self.overrun.load(Ordering::Relaxed)
    }
}
