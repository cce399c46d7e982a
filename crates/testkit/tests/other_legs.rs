//! A record is about the callee: what happens to another leg of the call is in its journal alone.

use domain::{
    AnswerVerdict, CallRecord, CallStatus, EndReason, EndWhat, Event, LegEnded, LegId, LegQuality,
    Texts, Who,
};
use testkit::desk::fake::{accepted, envelope};

fn dialled(leg: LegId, trunk: &str, simulated: bool) -> Event {
    Event::DialStarted { leg, attempt: 1, trunk: trunk.into(), simulated, node: "n".into() }
}

#[test]
fn a_second_leg_changes_nothing_of_what_is_known_of_the_first() {
    let quality = |packets| LegQuality { packets, ..LegQuality::default() };
    let ended = |leg, packets| {
        let reason = EndReason::new(EndWhat::CalleeHungUp, Who::Callee);
        Event::LegEnded(LegEnded { leg, reason, quality: quality(packets) })
    };
    let answered = |leg| Event::LegAnswered { leg, codec: "PCMA".into() };
    let other = LegId(1);
    let events = [
        dialled(LegId::CALLEE, "lab", true),
        Event::LegProgressed { leg: LegId::CALLEE, sip_code: 180, early_media: false },
        answered(LegId::CALLEE),
        Event::AnswerClassified { leg: LegId::CALLEE, verdict: AnswerVerdict::Human },
        dialled(other, "desk", false),
        Event::LegProgressed { leg: other, sip_code: 180, early_media: false },
        answered(other),
        Event::AnswerClassified { leg: other, verdict: AnswerVerdict::Voicemail },
        ended(other, 7),
        ended(LegId::CALLEE, 500),
        ended(other, 9),
    ];
    let mut journal = vec![accepted(1, "13800138000", "x")];
    for (n, event) in events.into_iter().enumerate() {
        let seq = n as u64 + 2;
        journal.push(envelope(1, seq, seq as i64 * 1_000, event, Texts::default()));
    }
    let record = CallRecord::from_journal(&journal).unwrap();
    assert_eq!(record.trunk.as_deref(), Some("lab"));
    assert!(record.simulated);
    assert_eq!(record.status, CallStatus::InProgress);
    assert_eq!(record.answered_by, Some(AnswerVerdict::Human));
    assert_eq!(record.milestones.dialed_at, Some(journal[1].at));
    assert_eq!(record.milestones.ringing_at, Some(journal[2].at));
    assert_eq!(record.milestones.answered_at, Some(journal[3].at));
    assert_eq!(record.quality.map(|q| q.packets), Some(500));
}
