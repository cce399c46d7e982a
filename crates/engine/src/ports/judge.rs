//! The `Judge` port: what the requirement is about, and what a reply means.
//!
//! `judge` never sees the content: it gets the question that was asked and what was heard.

pub use conversation::{Meaning, Question};
use domain::{Brief, Language, Masked};

use super::PortFuture;
use super::recognizer::Heard;
use super::synthesizer::SpeechError;

/// A reply to be judged.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What had been asked.
    pub question: Question,
    /// Name of the person the call is for, if one is known.
    pub addressee: Option<Masked<String>>,
    /// What was heard.
    pub heard: Heard,
    /// The language of the call.
    pub language: Language,
}

/// Judges, by rules or by a model.
pub trait Judge: Send + Sync {
    /// Its name, for the journal.
    fn name(&self) -> &'static str;
    /// Draws from a requirement what may be known before identity; nothing of the content.
    fn brief(
        &self,
        requirement: Masked<String>,
        language: Language,
    ) -> PortFuture<'static, Result<Brief, SpeechError>>;
    /// What a reply means.
    fn judge(&self, reply: Reply) -> PortFuture<'static, Result<Meaning, SpeechError>>;
}
