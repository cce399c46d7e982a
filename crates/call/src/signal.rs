//! What passes between a call and the trunk that carries its legs.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{Language, PhoneNumber};

/// Where to dial, and what to say there.
#[derive(Clone, Debug)]
pub struct DialOrder {
    /// Name of the trunk by configuration.
    pub trunk: Arc<str>,
    /// Who is called; the adapter brings it into the trunk's number format.
    pub target: PhoneNumber,
    /// Which number to show; the trunk's own if absent.
    pub caller: Option<String>,
    /// Our session description (RFC 4566), sent as it is.
    pub offer: String,
    /// Sent as `Accept-Language`.
    pub language: Language,
}

/// What a trunk is told about one leg.
#[derive(Clone, Debug)]
pub enum TrunkCommand {
    /// Send an INVITE. 401, 407 and 422 continue the same attempt; 3xx is not followed.
    Dial(DialOrder),
    /// Give up before the answer. If the answer crosses it: ACK, then BYE.
    Cancel,
    /// Hang up after the answer.
    Bye,
    /// Answer the peer's re-INVITE or UPDATE: a description, or `None` for 488.
    AnswerReoffer(Option<String>),
}

/// What a trunk tells about one leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrunkEvent {
    /// The INVITE is on the wire.
    InviteSent,
    /// A provisional answer below 180: somebody is there, though nothing rings yet.
    Taken,
    /// A provisional answer from 180 on, perhaps with a session description.
    Progressed {
        /// 180, 183, …
        code: u16,
        /// The early session description.
        answer: Option<String>,
        /// The address signalling comes from; media from it is acceptable.
        signalling: IpAddr,
    },
    /// 2xx; the ACK has been sent.
    Answered {
        /// The session description; `None` confirms the last early one.
        answer: Option<String>,
        /// The address signalling comes from; media from it is acceptable.
        signalling: IpAddr,
    },
    /// A re-INVITE of the peer, or an UPDATE that describes, which may come before the answer;
    /// waits for [`TrunkCommand::AnswerReoffer`].
    Reoffered {
        /// The peer's description; `None` asks for ours.
        offer: Option<String>,
    },
    /// The peer answered an offer of ours within the call (its re-INVITE asked for one, or ours
    /// kept the session alive) with a description it had not sent before.
    Reanswered {
        /// The peer's description, in force from now on.
        answer: String,
    },
    /// A key of the telephone, told by signalling (INFO).
    KeyPressed {
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        key: char,
    },
    /// The leg is over; nothing follows.
    Ended(LegOutcome),
}

/// How a leg's signalling ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegOutcome {
    /// The peer refused before the answer, with a final status (3xx–6xx).
    Refused {
        /// The final status.
        code: u16,
    },
    /// The peer said BYE.
    PeerBye,
    /// We said BYE, and it was answered or timed out.
    OurBye,
    /// Our CANCEL took effect (487), or the answer that crossed it was ended at once.
    Canceled,
    /// No answer at all within the transaction's time (RFC 3261 timer B or F).
    TimedOut,
    /// It could not be sent: no such trunk, address or connection, or the stack failed.
    TransportFailed,
}
