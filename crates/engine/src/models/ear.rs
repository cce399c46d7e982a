//! The ear: one leg's recognizer session, fed by the lane's collector and asked by the call.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use conversation::{Expect, HeardText, Input as Talk};
use domain::{CallId, Frame, MediaTime, UtteranceNo};

use super::glance::Glanced;
use super::mind::Judging;
use super::{Tasks, Tell};
use crate::clock::Clock;
use crate::plane;
use crate::ports::recognizer::{Heard, Recognizer, RecognizerOptions, RecognizerSession};

/// A session behind a lock: frames come from the lane's collector, finishes from the call. Both
/// hold it for microseconds.
struct SessionEar(Mutex<Box<dyn RecognizerSession>>);

impl plane::Ear for SessionEar {
    fn frame(&self, frame: &Frame) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
    }
}

/// Hears one leg. Dropping it ends what it has under way.
pub(crate) struct Ear {
    call: CallId,
    session: Option<Arc<SessionEar>>,
    tell: Tell,
    tasks: Tasks,
    glanced: Glanced,
}

impl Ear {
    /// An ear with a session of its own. A missing recognizer is met at the first utterance: it
    /// counts as unclear.
    pub(crate) fn open(
        call: CallId,
        recognizer: &dyn Recognizer,
        options: &RecognizerOptions,
        clock: Clock,
        tell: Tell,
    ) -> Self {
        let session = match recognizer.open(options) {
            Ok(session) => Some(Arc::new(SessionEar(Mutex::new(session)))),
            Err(error) => {
                tracing::warn!(%call, %error, "no recognizer for this call");
                None
            }
        };
        Self { call, session, tell, tasks: Tasks::new(clock), glanced: Glanced::default() }
    }

    /// Where the leg's frames go.
    pub(crate) fn frames(&self) -> Option<Arc<dyn plane::Ear>> {
        self.session.clone().map(|ear| ear as Arc<dyn plane::Ear>)
    }

    /// Recognizes the utterance that lies in `range`; the answer is told.
    pub(crate) fn recognize(&mut self, n: UtteranceNo, range: Range<MediaTime>, expect: Expect) {
        let Some(ear) = &self.session else {
            (self.tell)(Talk::Heard(n, Some(as_text(Heard::unclear()))));
            return;
        };
        let finish = {
            let mut session = ear.0.lock().unwrap_or_else(PoisonError::into_inner);
            session.finish(range.start, range.end, expect)
        };
        if let Some(heard) = self.glanced.take(&range) {
            (self.tell)(Talk::Heard(n, Some(as_text(heard))));
            return;
        }
        let (call, tell) = (self.call, self.tell.clone());
        self.tasks.spawn(async move {
            let heard = match finish.await {
                Ok(heard) => Some(as_text(heard)),
                Err(error) => {
                    tracing::warn!(%call, %error, "recognition failed");
                    None
                }
            };
            tell(Talk::Heard(n, heard));
        });
    }

    /// Recognizes and judges what may be only the beginning of an utterance. An answer that
    /// fails or comes late is no loss: the utterance is recognized when it is over.
    pub(crate) fn glance(&mut self, n: u32, range: Range<MediaTime>, judging: Judging) {
        let Some(ear) = &self.session else {
            return;
        };
        let looking = {
            let session = ear.0.lock().unwrap_or_else(PoisonError::into_inner);
            session.glance(range.start, range.end, judging.question().expect())
        };
        let (tell, glanced) = (self.tell.clone(), self.glanced.clone());
        self.tasks.spawn(async move {
            let Ok(Some(heard)) = looking.await else {
                tell(Talk::Glanced(n, None));
                return;
            };
            glanced.keep(range, heard.clone());
            let text = as_text(heard);
            let meaning = judging.of(text.clone()).await;
            tell(Talk::Glanced(n, meaning.map(|m| (text, m))));
        });
    }
}

fn as_text(heard: Heard) -> HeardText {
    let confidence_milli = heard.confidence.map(|c| (c.clamp(0.0, 1.0) * 1_000.0) as u32);
    let Heard { text, unclear, certainty, .. } = heard;
    HeardText { text, confidence_milli, unclear, certainty }
}
