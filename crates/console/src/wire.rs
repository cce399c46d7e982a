//! The JSON of `/v1`: exact texts, the names of the specification, times as RFC 3339.

use domain::{
    CallRecord, LegQuality, MicroYuan, PhoneNumber, Speaker, TurnTimes, VoiceChoice, WallTime,
};
use domain::{Refusal, Surface};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One call without what was said.
#[derive(Serialize, ToSchema)]
pub struct CallSummary {
    call_id: String,
    /// Through which door it came: `callout`, `smartcall`, `realtime`.
    surface: &'static str,
    /// `phone` or `web`.
    kind: &'static str,
    /// Names the calls of one request.
    /// The id that another dialect gave it; null without one.
    alias: Option<String>,
    batch_id: String,
    /// The saved agent it came from.
    agent_id: Option<i64>,
    /// `queued`, `dialing`, `ringing`, `in_progress`, or how it ended.
    status: &'static str,
    /// The number called; empty after erasure.
    phones: String,
    /// What was asked for, exact.
    user_requirement: String,
    model_engine: String,
    voice_id: String,
    /// `zh` or `en`.
    language: &'static str,
    /// Connected time, rounded up; null before the end.
    duration_seconds: Option<u32>,
    /// What was charged, CNY; null before the end.
    #[schema(value_type = Option<f64>)]
    cost: Option<Box<RawValue>>,
    /// The same in millionths.
    cost_micro_yuan: Option<i64>,
    /// Whether a charge above zero is in the ledger.
    billed: bool,
    /// Whether the callee is the addressee; null where no gate applies.
    identity: Option<&'static str>,
    /// Why it ended; null before the end.
    end_reason: Option<&'static str>,
    /// `ai`, `callee`, `owner`, `carrier`, `platform`; null if nothing was dialled.
    hung_up_by: Option<&'static str>,
    created_at: String,
    dialed_at: Option<String>,
    ringing_at: Option<String>,
    answered_at: Option<String>,
    ended_at: Option<String>,
    /// Whether the recording can be fetched.
    recording_ready: bool,
    /// Which trunk carried it; null before the dialling.
    trunk: Option<String>,
    /// Whether that trunk reaches no telephone.
    simulated: bool,
}

/// One call with everything that is known of it.
#[derive(Serialize, ToSchema)]
pub struct CallDetail {
    #[serde(flatten)]
    call: CallSummary,
    /// How the network ended it, as `name=value` pairs; null before the end.
    provider_response: Option<String>,
    /// Who or what picked up: `human`, `voicemail`, `screening`.
    answered_by: Option<String>,
    disclosure: DisclosureTimes,
    /// What was said; absent before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_content: Option<Vec<Utterance>>,
    /// What was said so far, with its place in the call.
    transcript: Vec<TranscriptLine>,
    /// How long the callee waited for each reply.
    turns: Vec<Turn>,
    /// What the packets of the callee's leg were like; null before its end.
    quality: Option<Quality>,
}

/// When we said what has to be said.
#[derive(Serialize, ToSchema)]
struct DisclosureTimes {
    /// That it is an AI.
    ai_at: Option<String>,
    /// That the call is recorded.
    recording_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Utterance {
    /// `assistant` or `user`.
    role: &'static str,
    content: String,
}

#[derive(Serialize, ToSchema)]
struct TranscriptLine {
    /// Number in the call's journal, as in `events`.
    seq: u64,
    /// `assistant` or `user`.
    role: &'static str,
    content: String,
    /// Media time since the answer.
    start_ms: u64,
    end_ms: u64,
}

/// Where the time of one reply went, in milliseconds.
#[derive(Serialize, ToSchema)]
pub struct Turn {
    /// Counts turns of the callee from 1.
    turn: u32,
    /// Silence waited for.
    endpoint_ms: u64,
    /// Until the text was known.
    recognizer_ms: u64,
    /// Until the first words of the reply.
    responder_ms: u64,
    /// Until the first audio of the reply.
    synthesizer_ms: u64,
    /// Until the first packet of it was sent.
    playout_ms: u64,
    /// From the end of the callee's speech to the first packet.
    total_ms: u64,
}

/// What the packets of the callee's leg were like.
#[derive(Serialize, ToSchema)]
struct Quality {
    packets: u64,
    lost: u64,
    /// Packets dropped because they were not the peer's.
    strangers: u64,
    /// Packets dropped because it was not known yet who the peer is.
    early: u64,
    jitter_ms: u32,
    round_trip_ms: Option<u32>,
}

/// A page of calls, newest first.
#[derive(Serialize, ToSchema)]
pub struct CallPage {
    pub items: Vec<CallSummary>,
    pub has_more: bool,
    /// What to send as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// What a hang-up met.
#[derive(Serialize, ToSchema)]
pub struct HangUpReply {
    pub call_id: String,
    /// Where the call stood.
    pub status: &'static str,
    /// Whether there was nothing left to do.
    pub already_ended: bool,
}

impl CallSummary {
    /// One call without what was said.
    pub fn of(record: &CallRecord) -> Result<Self, Refusal> {
        let accepted = &record.accepted;
        let VoiceChoice { model, voice, .. } = &accepted.terms.voice;
        let times = &record.milestones;
        let phone = record.target.as_ref().map(PhoneNumber::reveal);
        let gated = accepted.surface == Surface::Callout;
        Ok(Self {
            call_id: record.call.to_string(),
            surface: accepted.surface.word(),
            kind: "phone",
            alias: accepted.alias.clone(),
            batch_id: accepted.batch.to_string(),
            agent_id: accepted.terms.agent,
            status: record.status.word(),
            phones: phone.unwrap_or_default().to_owned(),
            user_requirement: record.task.requirement().reveal().clone(),
            model_engine: model.clone(),
            voice_id: voice.clone(),
            language: accepted.terms.turn.language.code(),
            duration_seconds: record.duration_s,
            cost: record.charge.map(money).transpose()?,
            cost_micro_yuan: record.charge.map(|c| c.0),
            billed: record.is_billed(),
            identity: gated.then(|| record.identity.word()),
            end_reason: record.reason.map(|r| r.what.word()),
            hung_up_by: record.reason.and_then(|r| r.who).map(|w| w.word()),
            created_at: record.created_at.to_string(),
            dialed_at: time(times.dialed_at),
            ringing_at: time(times.ringing_at),
            answered_at: time(times.answered_at),
            ended_at: time(times.ended_at),
            recording_ready: record.recording.is_some(),
            trunk: record.trunk.clone(),
            simulated: record.simulated,
        })
    }
}

impl CallDetail {
    /// One call with everything that is known of it.
    pub fn of(record: &CallRecord) -> Result<Self, Refusal> {
        let ended = record.is_ended();
        let said = || record.lines.iter().filter(|l| !l.text.is_empty());
        let transcript = said().map(|l| TranscriptLine {
            seq: l.seq,
            role: role(l.speaker),
            content: l.text.clone(),
            start_ms: l.start_ms,
            end_ms: l.end_ms,
        });
        let content = said().map(|l| Utterance { role: role(l.speaker), content: l.text.clone() });
        Ok(Self {
            call: CallSummary::of(record)?,
            provider_response: record.network_end(),
            answered_by: record.answered_by.and_then(word),
            disclosure: DisclosureTimes {
                ai_at: time(record.disclosure.ai_at),
                recording_at: time(record.disclosure.recording_at),
            },
            call_content: ended.then(|| content.collect()),
            transcript: transcript.collect(),
            turns: record.turns.iter().map(Turn::of).collect(),
            quality: record.quality.as_ref().map(Quality::of),
        })
    }
}

impl Turn {
    /// Where the time of one reply went.
    pub fn of(t: &TurnTimes) -> Self {
        Self {
            turn: t.turn,
            endpoint_ms: t.endpoint_ms,
            recognizer_ms: t.recognizer_ms,
            responder_ms: t.responder_ms,
            synthesizer_ms: t.synthesizer_ms,
            playout_ms: t.playout_ms,
            total_ms: t.total_ms,
        }
    }
}

impl Quality {
    fn of(q: &LegQuality) -> Self {
        Self {
            packets: q.packets,
            lost: q.lost,
            strangers: q.strangers,
            early: q.early,
            jitter_ms: q.jitter_ms,
            round_trip_ms: q.round_trip_ms,
        }
    }
}

/// `assistant` or `user`.
pub fn role(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Assistant => "assistant",
        Speaker::User => "user",
    }
}

/// Money as a decimal number; never by way of a float.
pub fn money(amount: MicroYuan) -> Result<Box<RawValue>, Refusal> {
    RawValue::from_string(amount.to_string()).map_err(|_| Refusal::Internal)
}

fn time(at: Option<WallTime>) -> Option<String> {
    at.map(|t| t.to_string())
}

/// The journal's own word for a value of a closed list.
fn word(value: impl Serialize) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    value.as_str().map(str::to_owned)
}
