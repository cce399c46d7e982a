//! Turn-taking without models.

mod words;

pub use words::{Expect, Meaning, Prompt, Question, Said, SpeechClass};
