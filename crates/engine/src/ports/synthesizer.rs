//! The `Synthesizer` port: text in, audio with marks out; waits when it is not read.

pub use conversation::SpeechClass;
use std::sync::Arc;

use domain::{Language, Masked};
use tokio::sync::mpsc;

/// Why speech could not be made or understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpeechError {
    /// A program, library or model is missing.
    #[error("{part} is not available: {hint}")]
    Unavailable {
        /// Which part.
        part: &'static str,
        /// What to do about it.
        hint: String,
    },
    /// The voice is unknown.
    #[error("no voice named {voice}")]
    UnknownVoice {
        /// Its name.
        voice: String,
    },
    /// It began and then failed.
    #[error("{part} failed: {cause}")]
    Failed {
        /// Which part.
        part: &'static str,
        /// What happened; holds no words of the conversation.
        cause: String,
    },
}

/// The emotion that every voice has: none in particular.
pub const NEUTRAL: &str = "neutral";

/// What to say, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeakOrder {
    /// The words.
    pub text: Masked<String>,
    /// In which language.
    pub language: Language,
    /// Name of the voice.
    pub voice: String,
    /// Emotion: one that the voice names.
    pub emotion: String,
    /// Pace 0–100; 50 is natural.
    pub speed: u8,
    /// Loudness 0–100; 50 is the voice's own.
    pub volume: u8,
    /// Samples a second wanted: 8,000 or 16,000.
    pub sample_rate: u32,
    /// What kind of speech it is.
    pub class: SpeechClass,
}

/// A piece of synthesized speech.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeechChunk {
    /// Mono samples at the wanted rate; never empty. Shared, so that what is kept to be spoken
    /// again is not copied.
    pub samples: Arc<[i16]>,
    /// Characters (Unicode scalar values) of the text that are spoken when this chunk ends, as
    /// far as is known; the last chunk carries the whole count. Rising.
    pub chars_done: Option<u32>,
}

/// Speaks.
pub trait Synthesizer: Send + Sync {
    /// Starts to speak: chunks come in order, the channel closes after the last; an `Err` is the
    /// last. The channel is bounded and the synthesizer waits when it is full. Dropping the
    /// receiver ends the work.
    fn speak(&self, order: SpeakOrder) -> mpsc::Receiver<Result<SpeechChunk, SpeechError>>;
    /// The voices by name, the default of each language first.
    fn voices(&self) -> Vec<VoiceInfo>;
}

/// A voice that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceInfo {
    /// Its id.
    pub id: String,
    /// Its language.
    pub language: Language,
    /// `female` or `male`.
    pub gender: &'static str,
    /// Emotions it can speak with; [`NEUTRAL`] is the first.
    pub emotions: Vec<String>,
}

impl VoiceInfo {
    /// A voice that speaks with no emotion but [`NEUTRAL`].
    pub fn neutral(id: &str, language: Language, gender: &'static str) -> Self {
        Self { id: id.to_owned(), language, gender, emotions: vec![NEUTRAL.to_owned()] }
    }

    /// Whether it can speak with this emotion.
    pub fn has(&self, emotion: &str) -> bool {
        self.emotions.iter().any(|e| e == emotion)
    }
}
