//! What was heard in a look at speech whose utterance may go on (see the conversation's glances).

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use domain::MediaTime;

use crate::ports::recognizer::Heard;

/// A stretch of media time and what was heard in it.
type Seen = (Range<MediaTime>, Heard);

/// The last glance: an utterance that turns out to be just that is not recognized twice.
#[derive(Clone, Default)]
pub(super) struct Glanced(Arc<Mutex<Option<Seen>>>);

impl Glanced {
    /// What was heard, if exactly this stretch was looked at; forgets it.
    pub(super) fn take(&self, range: &Range<MediaTime>) -> Option<Heard> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        last.filter(|(seen, _)| seen == range).map(|(_, heard)| heard)
    }

    pub(super) fn keep(&self, range: Range<MediaTime>, heard: Heard) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((range, heard));
    }
}
