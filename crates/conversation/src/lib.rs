//! Turn-taking without models.
//!
//! Speech activity and transcripts come in; turns, the floor (playlists, barge-in, pause), the
//! identity gate and wishes for recognition, judgement, replies and speech go out. There is no
//! audio here, no SIP and no HTTP: [`Conversation`] takes [`Input`]s with the time and gives
//! [`Output`]s, so the same code runs under a real call, under virtual time and in replay.
//!
//! - [`floor::Floor`] plays lines and knows what of them was heard.
//! - A [`director::Director`] is asked cues and answers with steps; [`BuiltIn`] is the one with
//!   goal, gate and responder.
//! - [`Phrases`] are the gate's fixed sentences.

mod builtin;
mod conversation;
pub mod director;
mod exchange;
pub mod floor;
mod marks;
mod patience;
mod phrases;
mod sentences;
mod stopwatch;
mod words;

pub use builtin::BuiltIn;
pub use conversation::{Conversation, UNCLEAR_TEXT};
pub use exchange::{HeardText, Input, Output, ReplyOutcome};
pub use phrases::Phrases;
pub use words::{Expect, Meaning, Prompt, Question, Said, SpeechClass};
