//! The call record: a fold over the journal, the same for search, bill and console.

use serde::{Deserialize, Serialize};

use crate::{
    AnswerVerdict, CallAccepted, CallId, CallStatus, EndReason, Envelope, Event, Identity,
    LegEnded, LegId, LegQuality, MicroYuan, Milestones, PhoneNumber, Task, TurnTimes, WallTime,
};

/// What was said and named; stands beside an event and can be erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Texts {
    /// The number called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<PhoneNumber>,
    /// The number shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// What was asked for, exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// What its director was told, if that is not the one of the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// An utterance: as heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// An utterance of ours: as meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meant: Option<String>,
    /// Keys pressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
    /// Who the call is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addressee: Option<String>,
    /// On whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// A neutral purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

impl Texts {
    /// Texts that hold one utterance.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }
    /// Whether nothing stands here.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// We.
    Assistant,
    /// The callee.
    User,
}

/// One line of the transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Journal number of the event it comes from.
    pub seq: u64,
    /// Whose words.
    pub speaker: Speaker,
    /// The words; empty after erasure.
    pub text: String,
    /// Media time of the first sample, ms.
    pub start_ms: u64,
    /// Media time of the last sample, ms.
    pub end_ms: u64,
}

/// When we said what has to be said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// That it is an AI.
    pub ai_at: Option<WallTime>,
    /// That the call is recorded.
    pub recording_at: Option<WallTime>,
}

/// Everything known of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Which call.
    pub call: CallId,
    /// How it was accepted.
    pub accepted: CallAccepted,
    /// The number called; `None` after erasure.
    pub target: Option<PhoneNumber>,
    /// What it is for; without words after erasure. Kept apart from the facts.
    #[serde(skip)]
    pub task: Task,
    /// When it was accepted.
    pub created_at: WallTime,
    /// Where it stands.
    pub status: CallStatus,
    /// How the identity gate stands.
    pub identity: Identity,
    /// Why it ended.
    pub reason: Option<EndReason>,
    /// When things happened.
    pub milestones: Milestones,
    /// Connected time, rounded up; `None` before the end.
    pub duration_s: Option<u32>,
    /// What was charged; `None` before the end.
    pub charge: Option<MicroYuan>,
    /// What was held in all.
    pub held: MicroYuan,
    /// Which trunk carried it.
    pub trunk: Option<String>,
    /// Whether that trunk reaches no telephone.
    pub simulated: bool,
    /// Who or what picked up.
    pub answered_by: Option<AnswerVerdict>,
    /// What we disclosed, and when.
    pub disclosure: Disclosure,
    /// What was said.
    pub lines: Vec<Line>,
    /// How long the callee waited, per turn.
    pub turns: Vec<TurnTimes>,
    /// How good the callee's leg was.
    pub quality: Option<LegQuality>,
    /// Name of the stored recording.
    pub recording: Option<String>,
    /// Whether a recording will still come.
    pub recording_pending: bool,
    /// Number of the last event folded in.
    pub last_seq: u64,
}

impl CallRecord {
    /// Folds a whole journal, in order; `None` unless it begins with `CallAccepted`.
    pub fn from_journal<'a>(events: impl IntoIterator<Item = &'a Envelope>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut record = Self::begin(events.next()?)?;
        for e in events {
            record.apply(e);
        }
        Some(record)
    }

    /// The record of a call that was just accepted.
    pub fn begin(first: &Envelope) -> Option<Self> {
        let Event::CallAccepted(accepted) = &first.event else {
            return None;
        };
        Some(Self {
            call: first.call,
            accepted: (**accepted).clone(),
            target: first.texts.target.clone(),
            task: Task::of(accepted.directed_by.clone(), &first.texts),
            created_at: first.at,
            status: CallStatus::Queued,
            identity: Identity::Pending,
            reason: None,
            milestones: Milestones::default(),
            duration_s: None,
            charge: None,
            held: accepted.hold,
            trunk: None,
            simulated: false,
            answered_by: None,
            disclosure: Disclosure::default(),
            lines: Vec::new(),
            turns: Vec::new(),
            quality: None,
            recording: None,
            recording_pending: false,
            last_seq: first.seq,
        })
    }

    /// Folds one more event in.
    pub fn apply(&mut self, e: &Envelope) {
        self.last_seq = e.seq;
        match &e.event {
            // What happens to another leg is in the journal; the record is about the callee.
            Event::DialStarted { leg, .. }
            | Event::LegProgressed { leg, .. }
            | Event::LegAnswered { leg, .. }
            | Event::AnswerClassified { leg, .. }
            | Event::LegEnded(LegEnded { leg, .. })
                if *leg != LegId::CALLEE => {}
            Event::DialStarted { trunk, simulated, .. } => {
                self.advance(CallStatus::Dialing);
                self.trunk = Some(trunk.clone());
                self.simulated = *simulated;
                self.milestones.dialed_at = Some(e.at);
            }
            Event::LegProgressed { sip_code, .. } if *sip_code >= 180 => {
                self.advance(CallStatus::Ringing);
                self.milestones.ringing_at.get_or_insert(e.at);
            }
            Event::LegAnswered { .. } => {
                self.advance(CallStatus::InProgress);
                self.milestones.answered_at.get_or_insert(e.at);
            }
            Event::AnswerClassified { verdict, .. } => self.answered_by = Some(*verdict),
            Event::UtteranceSpoken(u) => {
                self.line(e, Speaker::Assistant, u.start_ms, u.end_ms);
            }
            Event::UtteranceHeard(u) => self.line(e, Speaker::User, u.start_ms, u.end_ms),
            Event::DisclosureMade { ai, recording } => {
                if *ai {
                    self.disclosure.ai_at.get_or_insert(e.at);
                }
                if *recording {
                    self.disclosure.recording_at.get_or_insert(e.at);
                }
            }
            Event::IdentityJudged { state, .. } => self.identity = *state,
            Event::TurnMeasured(t) => self.turns.push(*t),
            Event::LegEnded(leg) => self.quality = Some(leg.quality),
            Event::HoldExtended { amount, .. } => {
                self.held = MicroYuan(self.held.0.saturating_add(amount.0));
            }
            Event::CallEnded(end) => {
                self.status = end.status;
                self.reason = Some(end.reason);
                self.identity = end.identity;
                self.milestones = end.milestones;
                self.duration_s = Some(end.duration_s);
                self.charge = Some(end.charge);
                self.held = end.hold;
                self.recording_pending = end.recording_follows;
            }
            Event::RecordingStored { blob, .. } => {
                self.recording = blob.clone();
                self.recording_pending = false;
            }
            Event::ContentErased { .. } => self.erase(),
            _ => {}
        }
    }

    /// Whether the call is over.
    pub fn is_ended(&self) -> bool {
        self.status.is_terminal()
    }

    /// Whether a charge above zero was settled.
    pub fn is_billed(&self) -> bool {
        self.charge.is_some_and(|c| c > MicroYuan::ZERO)
    }

    /// How the network ended the call, as `name=value` pairs; `None` before the end.
    ///
    /// Neither quotes nor anything a person said stand in it, so that clients which cut at
    /// quotes print it whole (callout section 5.2): `result=answered; sip=200; ring_ms=6200;
    /// hung_up_by=ai`. A pair that is not known is left out.
    pub fn network_end(&self) -> Option<String> {
        if !self.is_ended() {
            return None;
        }
        let times = &self.milestones;
        let answered = times.answered_at.is_some();
        let result = if answered { "answered" } else { self.status.word() };
        let refused = self.reason.and_then(|r| r.sip_code);
        let code = if answered { Some(200) } else { refused };
        let rang = times.ringing_at.zip(times.answered_at.or(times.ended_at));
        let who = self.reason.and_then(|r| r.who);
        let pairs = [
            Some(format!("result={result}")),
            code.map(|c| format!("sip={c}")),
            rang.map(|(from, to)| format!("ring_ms={}", to.millis_since(from).max(0))),
            who.map(|w| format!("hung_up_by={}", w.word())),
        ];
        Some(pairs.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }

    fn advance(&mut self, to: CallStatus) {
        if (to as u8) > (self.status as u8) && !self.status.is_terminal() {
            self.status = to;
        }
    }

    fn line(&mut self, e: &Envelope, speaker: Speaker, start_ms: u64, end_ms: u64) {
        let text = e.texts.text.clone().unwrap_or_default();
        // By when they began: what was being said is written when it is over.
        let place = self.lines.partition_point(|l| l.start_ms <= start_ms);
        self.lines.insert(place, Line { seq: e.seq, speaker, text, start_ms, end_ms });
    }

    fn erase(&mut self) {
        self.target = None;
        self.task.erase();
        self.lines.iter_mut().for_each(|l| l.text.clear());
        self.recording = None;
        self.recording_pending = false;
    }
}
