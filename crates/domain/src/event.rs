//! The journal's closed list of events; record, receipts and bill are folds over it.
//!
//! Facts (order, times, money, words of closed lists) stand in the event. What a person said or
//! is called stands beside it in [`Texts`](crate::Texts), which can be erased. Fields are only
//! ever added; readers skip what they do not know.

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, BatchId, CallId, CallStatus, Credential, EndReason, Evidence, Identity, ItemId,
    LegId, MicroYuan, PlaylistId, Price, Surface, Terms, Texts, UtteranceNo, WallTime,
};

/// One numbered entry of a call's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Whose journal.
    pub call: CallId,
    /// From 1, without gaps, per call.
    pub seq: u64,
    /// When, by the wall clock.
    pub at: WallTime,
    /// Milliseconds of media time since the answer; absent before it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub media_ms: Option<u64>,
    /// Version of the format.
    pub v: u8,
    /// What happened.
    pub event: Event,
    /// What was said and named; erasable.
    #[serde(skip)]
    pub texts: Texts,
}

/// What can happen to a call. Closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Awaited. Texts: target, requirement or order.
    CallAccepted(Box<CallAccepted>),
    /// What may be known before identity. Texts: addressee, sender, purpose.
    BriefPrepared {
        /// Which judge made it.
        by: String,
    },
    /// Awaited: durable before any INVITE. Texts: target, caller.
    DialStarted {
        /// Which leg.
        leg: LegId,
        /// Counts attempts of this leg; always 1.
        attempt: u32,
        /// Which trunk.
        trunk: String,
        /// Whether that trunk reaches no telephone.
        simulated: bool,
        /// Which process.
        node: String,
    },
    /// A provisional answer.
    LegProgressed {
        /// Which leg.
        leg: LegId,
        /// 180, 183, …
        sip_code: u16,
        /// Whether it carried media.
        early_media: bool,
    },
    /// The call was picked up.
    LegAnswered {
        /// Which leg.
        leg: LegId,
        /// Name of the codec: `PCMA`, `PCMU`.
        codec: String,
    },
    /// Who or what picked up.
    AnswerClassified {
        /// Which leg.
        leg: LegId,
        /// The verdict.
        verdict: AnswerVerdict,
    },
    /// Something began, paused or ceased to be played.
    PlaybackChanged {
        /// Which playlist.
        playlist: PlaylistId,
        /// Which item of it.
        item: ItemId,
        /// What became of it.
        state: PlaybackState,
        /// How much of the item had been sent, ms.
        offset_ms: u64,
    },
    /// We said something. Texts: text (as heard), meant.
    UtteranceSpoken(UtteranceSpoken),
    /// The callee said something. Texts: text.
    UtteranceHeard(UtteranceHeard),
    /// Texts: keys.
    KeysPressed {
        /// Which leg.
        leg: LegId,
    },
    /// We said what has to be said.
    DisclosureMade {
        /// That it is an AI.
        ai: bool,
        /// That the call is recorded.
        recording: bool,
    },
    /// The identity gate moved.
    IdentityJudged {
        /// To which state.
        state: Identity,
        /// On what grounds.
        evidence: Evidence,
    },
    /// Awaited: the number joins the account's opt-out list in the same unit of work.
    CalleeOptedOut {
        /// On what grounds.
        evidence: Evidence,
    },
    /// A director answered a cue.
    CueAnswered {
        /// Which cue, counted per call.
        cue: u32,
        /// What kind of cue.
        kind: String,
        /// Which director or responder.
        by: String,
        /// What came of it.
        outcome: String,
        /// How long it took, ms.
        took_ms: u64,
    },
    /// A tool was called by the responder.
    ToolCalled {
        /// Its name.
        tool: String,
        /// What came of it.
        outcome: String,
        /// How long it took, ms.
        took_ms: u64,
    },
    /// How long the callee waited for us, and where the time went.
    TurnMeasured(TurnTimes),
    /// Two legs hear each other.
    LegsBridged {
        /// Which legs.
        legs: Vec<LegId>,
        /// Whether one only listens.
        listen: bool,
    },
    /// A leg is over.
    LegEnded(LegEnded),
    /// Awaited. The hold grew.
    HoldExtended {
        /// By how much.
        amount: MicroYuan,
        /// How much connected time is covered now, s.
        until_s: u32,
    },
    /// Somebody gave a command.
    CommandAccepted {
        /// Which one.
        command: String,
        /// By what credential.
        credential: Credential,
    },
    /// Something failed and was coped with.
    FaultNoted {
        /// Which part.
        part: String,
        /// What failed.
        code: String,
        /// What was done instead.
        fallback: String,
    },
    /// Awaited. The end, with everything the bill needs.
    CallEnded(CallEnded),
    /// The recording is on disk, or is not.
    RecordingStored {
        /// Name of the blob; `None` if it failed.
        blob: Option<String>,
        /// SHA-256 of its bytes, hex.
        sha256: Option<String>,
        /// When its first sample was heard.
        begin: WallTime,
        /// Its length.
        duration_ms: u64,
        /// Audio blocks that the writer could not take in time, 20 ms each.
        lost_blocks: u64,
    },
    /// Awaited. Texts and recording are gone.
    ContentErased {
        /// By whom.
        by: String,
    },
}

impl Event {
    /// Whether the engine acts or answers only after the commit.
    pub const fn is_awaited(&self) -> bool {
        matches!(
            self,
            Event::CallAccepted(_)
                | Event::DialStarted { .. }
                | Event::CalleeOptedOut { .. }
                | Event::HoldExtended { .. }
                | Event::CallEnded(_)
                | Event::ContentErased { .. }
        )
    }
}

/// The first event of every call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAccepted {
    /// Through which door.
    pub surface: Surface,
    /// Whose call.
    pub account: AccountId,
    /// By what credential.
    pub credential: Credential,
    /// Accepted together with.
    pub batch: BatchId,
    /// Another id under which the call is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Name of the director, where it is not the one of the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directed_by: Option<String>,
    /// How it is made.
    #[serde(flatten)]
    pub terms: Terms,
    /// What it costs.
    pub price: Price,
    /// What is held for it.
    pub hold: MicroYuan,
}

/// Who or what picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerVerdict {
    /// A person.
    Human,
    /// A machine that takes messages.
    Voicemail,
    /// A machine that asks who is calling.
    Screening,
}

/// What became of a played item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaybackState {
    /// Its first sample was sent.
    Started,
    /// It stands still.
    Paused,
    /// It goes on.
    Resumed,
    /// Its last sample was sent.
    Finished,
    /// The rest of it was thrown away.
    Cut,
    /// It was never begun.
    Skipped,
}

/// Something we said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtteranceSpoken {
    /// Its number within the call.
    pub n: UtteranceNo,
    /// Media time of its first sample, ms.
    pub start_ms: u64,
    /// Media time after its last sent sample, ms.
    pub end_ms: u64,
    /// Whether it was cut short.
    pub cut: bool,
}

/// Something the callee said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtteranceHeard {
    /// Its number within the call.
    pub n: UtteranceNo,
    /// Who said it.
    pub leg: LegId,
    /// Media time of its first sample, ms.
    pub start_ms: u64,
    /// Media time of its last sample, ms.
    pub end_ms: u64,
    /// Media time at which it was taken as finished, ms.
    pub closed_ms: u64,
    /// How sure the recognizer is, in thousandths.
    pub confidence_milli: Option<u32>,
    /// Whether the recognizer could make nothing of it.
    pub unclear: bool,
    /// Whether it was heard before the answer.
    pub early: bool,
}

/// Where the time of one turn went, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnTimes {
    /// Counts turns of the callee from 1.
    pub turn: u32,
    /// Silence waited for.
    pub endpoint_ms: u64,
    /// Until the text was known.
    pub recognizer_ms: u64,
    /// Until the first words of the reply.
    pub responder_ms: u64,
    /// Until the first audio of the reply.
    pub synthesizer_ms: u64,
    /// Until the first packet of it was sent.
    pub playout_ms: u64,
    /// From the end of the callee's speech to the first packet.
    pub total_ms: u64,
}

/// The end of one leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegEnded {
    /// Which leg.
    pub leg: LegId,
    /// Why.
    pub reason: EndReason,
    /// How good it was.
    pub quality: LegQuality,
}

/// What the packets of one leg were like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegQuality {
    /// Packets taken in.
    pub packets: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets dropped because they were not the peer's.
    pub strangers: u64,
    /// Packets dropped because it was not known yet who the peer is: its own, if its media
    /// overtakes its answer, or anybody's. Journals from before this was counted have none.
    #[serde(default)]
    pub early: u64,
    /// Interarrival jitter (RFC 3550 section 6.4.1), ms.
    pub jitter_ms: u32,
    /// Round trip by RTCP, ms.
    pub round_trip_ms: Option<u32>,
    /// Media time of the last packet, ms.
    pub last_media_ms: u64,
}

/// Moments of a call, in wall time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestones {
    /// INVITE sent.
    pub dialed_at: Option<WallTime>,
    /// First 180 or 183.
    pub ringing_at: Option<WallTime>,
    /// 200 OK.
    pub answered_at: Option<WallTime>,
    /// The end.
    pub ended_at: Option<WallTime>,
}

/// The end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnded {
    /// The terminal status.
    pub status: CallStatus,
    /// Why, and who.
    pub reason: EndReason,
    /// How the identity gate stood.
    pub identity: Identity,
    /// Connected time, rounded up.
    pub duration_s: u32,
    /// What is charged.
    pub charge: MicroYuan,
    /// All that was held.
    pub hold: MicroYuan,
    /// When things happened.
    pub milestones: Milestones,
    /// Whether a recording follows.
    pub recording_follows: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_read_back_and_skip_unknown_fields() {
        let e = Event::LegProgressed { leg: LegId(0), sip_code: 180, early_media: false };
        let json = serde_json::to_string(&e).unwrap();
        assert_eq!(json, r#"{"type":"leg_progressed","leg":0,"sip_code":180,"early_media":false}"#);
        let more = json.replace('}', r#","new_field":1}"#);
        assert_eq!(serde_json::from_str::<Event>(&more).unwrap(), e);
    }
}
