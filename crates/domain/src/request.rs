//! What a customer asks for: parsed once at a dialect's door, never looked at as text again.

use serde::{Deserialize, Serialize};

use crate::{CallLimits, Language, Masked, PhoneNumber, TurnSettings};

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

/// A wish to reach one number and say something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRequest {
    /// Who is called.
    pub target: PhoneNumber,
    /// What is wanted, exact text; its content is for the addressee alone.
    pub requirement: Masked<String>,
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
