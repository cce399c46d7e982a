//! The journal of one call, as far as a test wants to tell it.

use domain::{
    CallEnded, CallRecord, CallStatus, EndReason, EndWhat, Envelope, Event, Evidence, Identity,
    LegId, MicroYuan, Milestones, Texts, UtteranceHeard, UtteranceNo, UtteranceSpoken, WallTime,
    Who,
};

use super::fake::{accepted, envelope};

const BEGIN: i64 = 1_769_846_400_000;
/// What is to be told, with signs that JSON escapes.
pub const REQUIREMENT: &str = "通知\"张三\"：明早\n10 点";

/// Accepted, dialled, ringing after one second.
pub fn ringing() -> Vec<Envelope> {
    let leg = LegId::CALLEE;
    let none = Texts::default;
    let dialled = Event::DialStarted {
        leg,
        attempt: 1,
        trunk: "lab".into(),
        simulated: true,
        node: "n".into(),
    };
    let rings = Event::LegProgressed { leg, sip_code: 180, early_media: false };
    vec![
        accepted(1, "13800138000", REQUIREMENT),
        envelope(1, 2, 500, dialled, none()),
        envelope(1, 3, 1_000, rings, none()),
    ]
}

/// Ringing, then answered, a short talk with one utterance lost to noise and one without words.
pub fn talked() -> Vec<Envelope> {
    let mut story = ringing();
    let answered = Event::LegAnswered { leg: LegId::CALLEE, codec: "PCMA".into() };
    story.push(envelope(1, 4, 7_200, answered, Texts::default()));
    story.push(spoken(5, "请问是张三吗？"));
    story.push(heard(6, "[unclear]"));
    story.push(heard(7, " \n"));
    let confirmed = Event::IdentityJudged {
        state: Identity::Confirmed,
        evidence: Evidence::Utterance(UtteranceNo(2)),
    };
    story.push(envelope(1, 8, 12_000, confirmed, Texts::default()));
    story.push(heard(9, "我说\"是\"，C:\\\n再见"));
    story
}

/// The same to its end, with a recording.
pub fn completed() -> Vec<Envelope> {
    let mut story = talked();
    story.push(end(10, 40_000, EndReason::new(EndWhat::TaskDone, Who::Ai), 33));
    let stored = Event::RecordingStored {
        blob: Some("r.wav".into()),
        sha256: Some("ab".repeat(32)),
        begin: WallTime(BEGIN + 7_200),
        duration_ms: 32_800,
        lost_blocks: 0,
    };
    story.push(envelope(1, 11, 40_500, stored, Texts::default()));
    story
}

/// Ringing, then an end without an answer.
pub fn unanswered(what: EndWhat, who: Who, sip_code: u16) -> Vec<Envelope> {
    let mut story = ringing();
    let reason = EndReason { sip_code: Some(sip_code), ..EndReason::new(what, who) };
    story.push(end(4, 2_000, reason, 0));
    story
}

/// The record that this journal gives.
pub fn record(story: &[Envelope]) -> CallRecord {
    CallRecord::from_journal(story).unwrap()
}

/// An utterance of ours.
pub fn spoken(seq: u64, text: &str) -> Envelope {
    let event = Event::UtteranceSpoken(UtteranceSpoken {
        n: UtteranceNo(seq as u32),
        start_ms: 0,
        end_ms: 1_000,
        cut: false,
    });
    envelope(1, seq, 9_000, event, Texts::of(text))
}

/// An utterance of the callee; `[unclear]` was not understood.
pub fn heard(seq: u64, text: &str) -> Envelope {
    let event = Event::UtteranceHeard(UtteranceHeard {
        n: UtteranceNo(seq as u32),
        leg: LegId::CALLEE,
        start_ms: 1_000,
        end_ms: 2_000,
        closed_ms: 2_700,
        confidence_milli: None,
        unclear: text == "[unclear]",
        early: false,
    });
    envelope(1, seq, 10_000, event, Texts::of(text))
}

/// The end of the call.
pub fn end(seq: u64, after_ms: i64, reason: EndReason, duration_s: u32) -> Envelope {
    let at = |ms: i64| Some(WallTime(BEGIN + ms));
    let status = reason.what.status();
    let answered = status == CallStatus::Completed;
    let event = Event::CallEnded(CallEnded {
        status,
        reason,
        identity: if answered { Identity::Confirmed } else { Identity::NotReached },
        duration_s,
        charge: MicroYuan(if answered { 300_000 } else { 0 }),
        hold: MicroYuan(1_500_000),
        milestones: Milestones {
            dialed_at: at(500),
            ringing_at: at(1_000),
            answered_at: at(7_200).filter(|_| answered),
            ended_at: at(after_ms),
        },
        recording_follows: answered,
    });
    envelope(1, seq, after_ms, event, Texts::default())
}

/// Everything that is told as an event, and some things that are not.
pub fn eventful() -> Vec<Envelope> {
    use domain::{Credential, KeyId, TurnTimes};
    let mut story = talked();
    let keys = Texts { keys: Some("1".into()), ..Texts::default() };
    let leg = LegId::CALLEE;
    story.push(envelope(1, 10, 13_000, Event::KeysPressed { leg }, keys));
    let turn = TurnTimes {
        turn: 1,
        endpoint_ms: 700,
        recognizer_ms: 40,
        responder_ms: 5,
        synthesizer_ms: 12,
        playout_ms: 23,
        total_ms: 780,
    };
    let command = Event::CommandAccepted {
        command: "hang_up".into(),
        credential: Credential::ApiKey(KeyId(1)),
    };
    let fault = Event::FaultNoted {
        part: "judge".into(),
        code: "timeout".into(),
        fallback: "rules".into(),
    };
    for event in [Event::TurnMeasured(turn), command, fault] {
        let seq = story.len() as u64 + 1;
        story.push(envelope(1, seq, 14_000, event, Texts::default()));
    }
    story.push(end(14, 40_000, EndReason::new(EndWhat::TaskDone, Who::Ai), 33));
    story
}
