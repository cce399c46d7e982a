//! Words that the built-in director shares with its judge and its responder.

use crate::director::Tag;
use crate::words::Expect;

/// What the callee had been asked when they spoke.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Question {
    /// Nothing yet: the words after the answer.
    Hello,
    /// “Is that you?”
    Identity,
    /// “Shall we never call you again?”
    OptOut,
    /// Anything after identity was confirmed.
    #[default]
    Talk,
}

impl Question {
    const ALL: [Self; 4] = [Self::Hello, Self::Identity, Self::OptOut, Self::Talk];

    /// What may be heard while this question stands.
    pub const fn expect(self) -> Expect {
        match self {
            Self::Hello => Expect::Hello,
            // Both are answered by yes or no.
            Self::Identity | Self::OptOut => Expect::Identity,
            Self::Talk => Expect::Talk,
        }
    }

    /// As a label on what is heard.
    pub(super) const fn tag(self) -> Tag {
        Tag(self as u8)
    }

    pub(super) fn of(tag: Tag) -> Self {
        Self::ALL.into_iter().find(|q| q.tag() == tag).unwrap_or_default()
    }
}

/// What a reply means for the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// “Yes, that is me.”
    Confirmed,
    /// “Wrong number.”
    Denied,
    /// Somebody who knows the addressee, or a machine that asks who is calling.
    ThirdParty,
    /// “I do not want to talk now.”
    Refused,
    /// “Never call again.”
    OptOut,
    /// “Are you a robot?”
    AsksRobot,
    /// “Who is this? What is it about?”
    AsksWho,
    /// A greeting and nothing more.
    Greeting,
    /// A machine's greeting: leave a message.
    Voicemail,
    /// A machine that asks for name and reason of the call.
    Screening,
    /// “Wait a moment.”
    HoldOn,
    /// “Pardon?”
    AsksRepeat,
    /// “Uh-huh”: the callee listens and does not want the floor.
    Backchannel,
    /// “Yes, right”: an answer if we asked something, else the callee listens.
    Agrees,
    /// “Goodbye.”
    Goodbye,
    /// Something else that was understood; a responder decides.
    Other,
    /// Cannot be told. Never unlocks content.
    #[default]
    Unclear,
}

/// Why a reply is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Identity has just been confirmed: deliver the message.
    Deliver,
    /// The callee said something (the last line of the history).
    Reply,
    /// The callee has been silent.
    Silence {
        /// How often in a row, from 1.
        times: u32,
    },
}
