//! How a call stands and how it ended: the closed table of callout section 5.2.

use serde::{Deserialize, Serialize};

macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }
        impl $name {
            /// Every value, in the order of the specification.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The word of the specification.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
            /// The value that a word of the specification names.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

words!(
    /// Where a call stands; statuses only move down this list to one terminal.
    CallStatus {
        /// Accepted, waiting for a free line.
        Queued = "queued",
        /// An INVITE is being sent.
        Dialing = "dialing",
        /// The network answered that it rings.
        Ringing = "ringing",
        /// Answered.
        InProgress = "in_progress",
        /// Was a conversation.
        Completed = "completed",
        /// A machine answered.
        Voicemail = "voicemail",
        /// Nobody answered.
        NoAnswer = "no_answer",
        /// The callee is busy.
        Busy = "busy",
        /// The callee refused the call.
        Declined = "declined",
        /// Ended before the answer by us.
        Canceled = "canceled",
        /// Could not be carried out.
        Failed = "failed",
    }
);

impl CallStatus {
    /// Whether nothing follows this status.
    pub const fn is_terminal(self) -> bool {
        !matches!(
            self,
            CallStatus::Queued | CallStatus::Dialing | CallStatus::Ringing | CallStatus::InProgress
        )
    }
}

words!(
    /// What ended a call (callout section 5.2, closed, for every dialect).
    EndWhat {
        /// The message was delivered.
        TaskDone = "task_done",
        /// The task turned out to be impossible.
        TaskImpossible = "task_impossible",
        /// The callee hung up.
        CalleeHungUp = "callee_hung_up",
        /// The owner hung up.
        OwnerHungUp = "owner_hung_up",
        /// Whoever answered is not, or did not say to be, the addressee.
        IdentityNotConfirmed = "identity_not_confirmed",
        /// The callee does not want to be called.
        OptedOut = "opted_out",
        /// Nothing was heard at all.
        Silence = "silence",
        /// The call's time limit.
        MaxDuration = "max_duration",
        /// The hold could not be extended.
        BalanceExhausted = "balance_exhausted",
        /// No packets from the callee's side.
        ConnectionLost = "connection_lost",
        /// A machine answered.
        Voicemail = "voicemail",
        /// We stopped ringing.
        RingTimeout = "ring_timeout",
        /// The network stopped ringing (408, 480).
        NoAnswer = "no_answer",
        /// Busy (486, 600).
        Busy = "busy",
        /// Declined (603).
        Declined = "declined",
        /// The owner ended it before the answer.
        Canceled = "canceled",
        /// A rule forbade it right before dialling.
        PolicyBlocked = "policy_blocked",
        /// No such number (404, 410, 484, 604).
        InvalidNumber = "invalid_number",
        /// Nobody to be found there (480 without ringing and the like).
        Unreachable = "unreachable",
        /// The trunk failed or refused.
        TrunkFailed = "trunk_failed",
        /// Waited too long for a free line.
        QueueExpired = "queue_expired",
        /// Our voice failed.
        SpeechFailed = "speech_failed",
        /// Anything else of ours failed: the store, a media lane, a mailbox.
        PlatformFailed = "platform_failed",
        /// No responder.
        ModelFailed = "model_failed",
        /// The process that carried the call is gone.
        NodeLost = "node_lost",
        /// The business service hung up (other dialects).
        ServiceHungUp = "service_hung_up",
        /// The callback failed too often (other dialects).
        CallbackFailed = "callback_failed",
        /// The second leg hung up (other dialects).
        SecondLegHungUp = "second_leg_hung_up",
        /// No usable media for the opening (other dialects).
        MediaUnusable = "media_unusable",
    }
);

impl EndWhat {
    /// The terminal status that goes with it.
    pub const fn status(self) -> CallStatus {
        use EndWhat::*;
        match self {
            TaskDone | TaskImpossible | CalleeHungUp | OwnerHungUp | IdentityNotConfirmed
            | OptedOut | Silence | MaxDuration | BalanceExhausted | ConnectionLost
            | ServiceHungUp | CallbackFailed | SecondLegHungUp => CallStatus::Completed,
            EndWhat::Voicemail => CallStatus::Voicemail,
            RingTimeout | EndWhat::NoAnswer => CallStatus::NoAnswer,
            EndWhat::Busy => CallStatus::Busy,
            EndWhat::Declined => CallStatus::Declined,
            EndWhat::Canceled | PolicyBlocked => CallStatus::Canceled,
            InvalidNumber | Unreachable | TrunkFailed | QueueExpired | SpeechFailed
            | PlatformFailed | ModelFailed | NodeLost | MediaUnusable => CallStatus::Failed,
        }
    }

    /// Who caused the end of a call that was ended from this side for this reason.
    pub const fn author(self) -> Who {
        use EndWhat::*;
        match self {
            TaskDone
            | TaskImpossible
            | IdentityNotConfirmed
            | OptedOut
            | Silence
            | EndWhat::Voicemail => Who::Ai,
            EndWhat::Declined => Who::Callee,
            OwnerHungUp | EndWhat::Canceled | ServiceHungUp | CallbackFailed => Who::Owner,
            // Heard as a tone: whoever was there has hung up, and the network says so.
            CalleeHungUp
            | SecondLegHungUp
            | ConnectionLost
            | RingTimeout
            | EndWhat::NoAnswer
            | EndWhat::Busy
            | InvalidNumber
            | Unreachable
            | TrunkFailed => Who::Carrier,
            MaxDuration | BalanceExhausted | PolicyBlocked | QueueExpired | SpeechFailed
            | PlatformFailed | ModelFailed | NodeLost | MediaUnusable => Who::Platform,
        }
    }
    /// Faults of the platform, which are never billed.
    pub const fn is_platform_fault(self) -> bool {
        use EndWhat::*;
        matches!(self, SpeechFailed | PlatformFailed | ModelFailed | NodeLost)
    }
}

words!(
    /// Who caused the end.
    Who {
        /// We spoke to the end and hung up.
        Ai = "ai",
        /// The person called.
        Callee = "callee",
        /// The account that placed the call.
        Owner = "owner",
        /// The network between.
        Carrier = "carrier",
        /// This installation.
        Platform = "platform",
    }
);

/// Why a call ended, and who caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndReason {
    /// What ended it.
    pub what: EndWhat,
    /// Who caused the end; for `hung_up_by`. `None` if nothing was dialled.
    pub who: Option<Who>,
    /// The SIP status that said so, if one did.
    pub sip_code: Option<u16>,
}

impl EndReason {
    /// A reason without a SIP status.
    pub const fn new(what: EndWhat, who: Who) -> Self {
        Self { what, who: Some(who), sip_code: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_never_billed_and_never_blamed_on_others() {
        use EndWhat::*;
        for what in [SpeechFailed, PlatformFailed, ModelFailed, NodeLost] {
            assert!(what.is_platform_fault() && what.author() == Who::Platform, "{what:?}");
            assert_eq!(what.status(), CallStatus::Failed);
        }
        for (what, who) in [
            (TaskDone, Who::Ai),
            (CalleeHungUp, Who::Carrier),
            (ServiceHungUp, Who::Owner),
            (MaxDuration, Who::Platform),
        ] {
            assert!(!what.is_platform_fault() && what.author() == who, "{what:?}");
        }
    }

    #[test]
    fn words_are_unique_and_read_back() {
        for w in EndWhat::ALL {
            assert_eq!(EndWhat::from_word(w.word()), Some(*w));
            assert!(w.status().is_terminal());
        }
        for s in CallStatus::ALL {
            assert_eq!(CallStatus::from_word(s.word()), Some(*s));
        }
    }
}
