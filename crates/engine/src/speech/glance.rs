//! A look at speech whose utterance may go on (see the conversation's glances).

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use call::Input;
use conversation::Input as Talk;
use conversation::{Expect, Question};
use domain::{Masked, MediaTime};

use super::{SpeechWork, as_text};
use crate::ports::judge::Reply;
use crate::ports::recognizer::Heard;

/// A stretch of media time and what was heard in it.
type Seen = (Range<MediaTime>, Heard);

/// The last glance: an utterance that turns out to be just that is not recognized twice.
#[derive(Clone, Default)]
pub(super) struct Glanced(Arc<Mutex<Option<Seen>>>);

impl Glanced {
    /// What was heard, if exactly this stretch was looked at; forgets it.
    pub(super) fn take(&self, start: MediaTime, end: MediaTime) -> Option<Heard> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        last.filter(|(range, _)| *range == (start..end)).map(|(_, heard)| heard)
    }

    fn keep(&self, range: Range<MediaTime>, heard: Heard) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((range, heard));
    }
}

impl SpeechWork {
    /// Recognizes and judges what may be only the beginning of an utterance. An answer that
    /// fails or comes late is no loss: the utterance is recognized when it is over.
    pub(crate) fn glance(
        &mut self,
        n: u32,
        range: Range<MediaTime>,
        question: Question,
        addressee: Option<String>,
    ) {
        let (mailbox, glanced) = (self.mailbox.clone(), self.glanced.clone());
        let Some(ear) = &self.ear else {
            return;
        };
        let looking = {
            let session = ear.0.lock().unwrap_or_else(PoisonError::into_inner);
            session.glance(range.start, range.end, Expect::of(question))
        };
        let (judge, language) = (self.parts.judge.clone(), self.request.turn.language);
        let addressee = addressee.map(Masked::new);
        self.spawn(async move {
            let Ok(Some(heard)) = looking.await else {
                mailbox.input(Input::Talk(Talk::Glanced(n, None)));
                return;
            };
            glanced.keep(range, heard.clone());
            let text = as_text(heard.clone());
            let heard = Heard { confidence: None, ..heard };
            let meaning = judge.judge(Reply { question, addressee, heard, language }).await.ok();
            mailbox.input(Input::Talk(Talk::Glanced(n, meaning.map(|m| (text, m)))));
        });
    }
}
