//! Whether the person on the phone is the one the call is for.

use serde::{Deserialize, Serialize};

use crate::UtteranceNo;

/// State of the identity gate (callout section 7.3, closed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Not asked or not answered yet.
    #[default]
    Pending,
    /// The callee said so.
    Confirmed,
    /// Somebody else.
    Denied,
    /// Somebody who knows the addressee.
    ThirdParty,
    /// Nothing that could be understood.
    Unclear,
    /// Does not want to talk.
    Refused,
    /// A machine.
    Voicemail,
    /// Never answered.
    NotReached,
}

impl Identity {
    /// Every value, in the order of the specification.
    pub const ALL: &'static [Identity] = &[
        Identity::Pending,
        Identity::Confirmed,
        Identity::Denied,
        Identity::ThirdParty,
        Identity::Unclear,
        Identity::Refused,
        Identity::Voicemail,
        Identity::NotReached,
    ];

    /// The word of the specification.
    pub const fn word(self) -> &'static str {
        match self {
            Identity::Pending => "pending",
            Identity::Confirmed => "confirmed",
            Identity::Denied => "denied",
            Identity::ThirdParty => "third_party",
            Identity::Unclear => "unclear",
            Identity::Refused => "refused",
            Identity::Voicemail => "voicemail",
            Identity::NotReached => "not_reached",
        }
    }
    /// The value that a word of the specification names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|i| i.word() == word)
    }
}

/// What a judgement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// An utterance of the callee.
    Utterance(UtteranceNo),
    /// A key the callee pressed.
    Key(char),
    /// Silence, a tone, or the end of the call.
    Absence,
}
