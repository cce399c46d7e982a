//! The `Recognizer` port: frames in, text out. Endpointing stays ours.

pub use conversation::{Certainty, Expect};
use domain::{Frame, Language, Masked, MediaTime};

use super::PortFuture;
use super::synthesizer::SpeechError;

/// How a leg's speech is to be recognized.
#[derive(Clone, Debug, Default)]
pub struct RecognizerOptions {
    /// The language spoken.
    pub language: Language,
    /// Preset by name; the adapter's default if absent.
    pub preset: Option<String>,
}

/// One utterance as recognized.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// The words; empty if `unclear`.
    pub text: Masked<String>,
    /// Between 0 and 1, where the recognizer can tell.
    pub confidence: Option<f32>,
    /// Something was said, but it cannot be told what. Never unlocks content.
    pub unclear: bool,
    /// How far it may be believed: the adapter alone knows what its engine's figures are worth.
    pub certainty: Certainty,
}

impl Heard {
    /// Speech of which nothing could be made.
    pub fn unclear() -> Self {
        Self { unclear: true, ..Self::default() }
    }
    /// Speech that was understood, by an engine that has no doubts or tells of none.
    pub fn text(text: impl Into<String>) -> Self {
        let certainty = Certainty::Certain;
        Self { text: Masked::new(text.into()), confidence: None, unclear: false, certainty }
    }
}

/// Recognizes the speech of one leg.
pub trait RecognizerSession: Send {
    /// Takes 20 ms of audio. Frames come in order, only around speech, prefix included; a gap in
    /// media time is silence. Must not block; what exceeds 30 s of one utterance is dropped.
    fn push(&mut self, frame: &Frame);
    /// Finishes the utterance that lies in `start..end`: what was pushed before `start` and up
    /// to `end` is consumed. The future must not borrow the session.
    fn finish(
        &mut self,
        start: MediaTime,
        end: MediaTime,
        expect: Expect,
    ) -> PortFuture<'static, Result<Heard, SpeechError>>;
    /// What lies in `start..end` so far, without consuming anything: a look at short speech whose
    /// utterance may go on. `None` if it cannot be told early; the utterance is then waited for.
    /// The future must not borrow the session.
    fn glance(
        &self,
        _start: MediaTime,
        _end: MediaTime,
        _expect: Expect,
    ) -> PortFuture<'static, Result<Option<Heard>, SpeechError>> {
        Box::pin(async { Ok(None) })
    }
    /// Forgets audio that belongs to no utterance.
    fn discard(&mut self);
}

/// A glance by a session that can be copied: what [`RecognizerSession::finish`] of its copy says.
pub fn glance_by(
    finish: PortFuture<'static, Result<Heard, SpeechError>>,
) -> PortFuture<'static, Result<Option<Heard>, SpeechError>> {
    Box::pin(async { finish.await.map(Some) })
}

/// Makes sessions.
pub trait Recognizer: Send + Sync {
    /// A session for one leg.
    fn open(&self, options: &RecognizerOptions) -> Result<Box<dyn RecognizerSession>, SpeechError>;
}
