//! What a customer asks for: parsed once at a dialect's door, never looked at as text again.

use serde::{Deserialize, Serialize};

use crate::{CallLimits, Language, Masked, PhoneNumber, Texts, TurnSettings};

/// Through which door a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Surface {
    /// The Stepone skill's REST + SSE.
    Callout,
    /// dyvms SmartCall.
    Smartcall,
    /// The Realtime WebSocket.
    Realtime,
}

impl Surface {
    /// The word shown under `/v1`.
    pub const fn word(self) -> &'static str {
        match self {
            Surface::Callout => "callout",
            Surface::Smartcall => "smartcall",
            Surface::Realtime => "realtime",
        }
    }
}

/// With which engines and which voice we speak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceChoice {
    /// Name of the model: a set of engines.
    pub model: String,
    /// Name of the voice.
    pub voice: String,
    /// Emotion of that voice.
    pub emotion: String,
    /// Loudness 0–100, 50 is the voice's own.
    pub volume: u8,
    /// Pace 0–100, 50 is the voice's own.
    pub speed: u8,
}

/// How one call is to be made: one value from the request to the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// A saved prompt it came from.
    pub agent: Option<i64>,
    /// Engines and voice.
    pub voice: VoiceChoice,
    /// How turns are taken, the language included.
    pub turn: TurnSettings,
    /// How long things may last.
    pub limits: CallLimits,
    /// Whether the call is recorded.
    pub record: bool,
}

/// What a call is for, and so who directs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// A customer's text, exact; its content is for the addressee alone. The director of the
    /// house finds in it what to say.
    Requirement(Masked<String>),
    /// An order to another director, which alone can read it.
    Directed {
        /// Name of the director.
        by: String,
        /// The order, as that director's dialect writes it.
        order: Masked<String>,
    },
}

impl Default for Task {
    fn default() -> Self {
        Task::Requirement(Masked::default())
    }
}

impl Task {
    /// The task whose words stand beside a call's first event.
    pub fn of(directed_by: Option<String>, texts: &Texts) -> Self {
        let text = |text: &Option<String>| Masked::new(text.clone().unwrap_or_default());
        match directed_by {
            Some(by) => Task::Directed { by, order: text(&texts.order) },
            None => Task::Requirement(text(&texts.requirement)),
        }
    }

    /// Forgets its words.
    pub fn erase(&mut self) {
        let (Task::Requirement(words) | Task::Directed { order: words, .. }) = self;
        *words = Masked::default();
    }

    /// The customer's text; empty where a call is directed otherwise.
    pub fn requirement(&self) -> Masked<String> {
        match self {
            Task::Requirement(text) => text.clone(),
            Task::Directed { .. } => Masked::default(),
        }
    }
}

/// A wish to reach one number and say something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRequest {
    /// Who is called.
    pub target: PhoneNumber,
    /// What is wanted.
    pub task: Task,
    /// Another id under which the call is found, unique within the account.
    pub alias: Option<String>,
    /// How it is to be made.
    pub terms: Terms,
}

/// What may be known before the callee's identity is confirmed; nothing of the content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Who the call is for.
    pub addressee: Option<String>,
    /// On whose behalf it is made.
    pub sender: Option<String>,
    /// A neutral purpose that reveals nothing.
    pub purpose: Option<String>,
    /// The language of the call.
    pub language: Language,
}
