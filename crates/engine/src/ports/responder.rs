//! The `Responder` port: what to say next. It keeps no history; several may run at once.

pub use conversation::{Prompt, Said};
use domain::{Language, Masked};
use tokio::sync::mpsc;

use super::synthesizer::SpeechError;

/// A wish for a reply.
#[derive(Clone, Debug)]
pub struct RespondOrder {
    /// Why.
    pub prompt: Prompt,
    /// The requirement, whole. Only ever given after identity was confirmed.
    pub requirement: Masked<String>,
    /// Name of the addressee, if known.
    pub addressee: Option<Masked<String>>,
    /// What was said so far.
    pub history: Vec<Said>,
    /// The language of the call.
    pub language: Language,
    /// At most this many characters in the reply.
    pub max_chars: u32,
}

/// What a responder sends, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponderEvent {
    /// More words of the reply.
    Text(Masked<String>),
    /// The task is over: hang up after what was said.
    EndCall {
        /// Whether the task was done; else it turned out to be impossible.
        done: bool,
    },
    /// The reply is complete. Last.
    Finished,
    /// It failed. Last.
    Failed(SpeechError),
}

/// Replies.
pub trait Responder: Send + Sync {
    /// Its name, for the journal.
    fn name(&self) -> &'static str;
    /// Starts a reply. The channel is bounded; dropping the receiver ends the work.
    fn respond(&self, order: RespondOrder) -> mpsc::Receiver<ResponderEvent>;
}
