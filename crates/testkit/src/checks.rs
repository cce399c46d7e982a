//! What must hold for every call of every world, whatever happened in it.

use conversation::SpeechClass;
use domain::{
    CallEnded, CallId, CallRecord, CallStatus, Envelope, Event, Identity, MicroYuan,
    UtteranceSpoken,
};

use crate::plane::Audible;
use crate::world::World;

/// How a call ended, as `status / end_reason / identity`.
pub fn outcome(record: &CallRecord) -> String {
    let reason = record.reason.map_or("", |r| r.what.word());
    format!("{} / {reason} / {}", record.status.word(), record.identity.word())
}

/// Checks every call, the ledger, and that nothing is left over.
///
/// # Panics
/// When something does not hold.
pub fn check_all(world: &World) {
    check_books(world);
    for record in &world.store.records() {
        check_call(world, record.call);
    }
}

/// Checks ledger, journals and records, and that nothing is left over; not what was audible,
/// of which a world knows only its own part when the process before it died.
///
/// # Panics
/// When something does not hold.
pub fn check_books(world: &World) {
    assert_eq!(world.engine.running(), 0, "calls still run");
    assert_eq!(world.engine.waiting(), 0, "calls still wait");
    assert_eq!(world.plane.open_legs(), 0, "legs leak");
    assert_eq!(world.trunk.live(), 0, "lines leak");
    let (sum, held, settled) = world.store.ledger();
    assert_eq!(sum, MicroYuan::ZERO, "the ledger does not balance");
    assert_eq!(held, MicroYuan::ZERO, "money is still held");
    let records = world.store.records();
    assert_eq!(settled.len(), records.len(), "each call has a settlement");
    assert!(settled.values().all(|n| *n == 1), "a call was settled twice: {settled:?}");
    for record in &records {
        check_record(world, record.call);
    }
}

/// Checks one ended call and what was audible of it.
///
/// # Panics
/// When something does not hold.
pub fn check_call(world: &World, call: CallId) {
    check_record(world, call);
    let (journal, audible) = (world.journal(call), world.plane.audible(call));
    check_secrecy(&journal, &audible);
    check_disclosure(&world.record(call), &audible);
    check_transcript(&journal, &audible);
}

fn check_record(world: &World, call: CallId) {
    let journal = world.journal(call);
    let end = check_journal(&journal);
    let record = CallRecord::from_journal(&journal).expect("a journal begins with acceptance");
    assert_eq!(record, world.record(call), "the record is the fold of the journal");
    check_statuses(&journal);
    check_charge(&record, &end);
}

/// Numbers without gaps, one beginning, one end, and nothing but its recording after that.
fn check_journal(journal: &[Envelope]) -> CallEnded {
    for (i, e) in journal.iter().enumerate() {
        assert_eq!(e.seq, i as u64 + 1, "a gap in the journal");
        assert_eq!(i == 0, matches!(e.event, Event::CallAccepted(_)), "one beginning");
    }
    let ends = journal.iter().filter(|e| matches!(e.event, Event::CallEnded(_)));
    assert_eq!(ends.count(), 1, "a call ends once: {journal:#?}");
    let at = journal.iter().position(|e| matches!(e.event, Event::CallEnded(_)));
    let after = &journal[at.map_or(0, |i| i + 1)..];
    let late = |e: &Envelope| matches!(e.event, Event::RecordingStored { .. });
    assert!(after.iter().all(late), "after the end: {after:?}");
    let wall = journal.windows(2).all(|w| w[0].at <= w[1].at);
    assert!(wall, "times of day rise");
    match at.map(|i| &journal[i].event) {
        Some(Event::CallEnded(end)) => *end,
        _ => panic!("no end"),
    }
}

/// Statuses only move down their order, and the last one is terminal.
fn check_statuses(journal: &[Envelope]) {
    let mut record = CallRecord::begin(&journal[0]).expect("accepted");
    let mut before = record.status;
    for e in &journal[1..] {
        record.apply(e);
        let now = record.status;
        assert!(now as u8 >= before as u8 || before == now, "{before:?} then {now:?}");
        assert!(!before.is_terminal() || now == before, "{before:?} then {now:?}");
        before = now;
    }
    assert!(before.is_terminal());
}

/// Connected time costs its price, faults of ours and unanswered calls cost nothing.
fn check_charge(record: &CallRecord, end: &CallEnded) {
    let free = record.milestones.answered_at.is_none() || end.reason.what.is_platform_fault();
    let price = record.accepted.price.charge(end.duration_s);
    let want = if free { MicroYuan::ZERO } else { price };
    assert_eq!(end.charge, want, "{:?} after {} s", end.reason, end.duration_s);
    assert!(end.charge <= end.hold, "more charged than held");
    assert_eq!(end.status, end.reason.what.status());
    if record.milestones.answered_at.is_none() {
        assert_eq!((end.duration_s, end.identity), (0, Identity::NotReached));
        let talks = matches!(end.status, CallStatus::Completed | CallStatus::Voicemail);
        assert!(!talks, "nobody answered: {:?}", end.reason);
    } else {
        assert!(!matches!(end.identity, Identity::NotReached | Identity::Pending));
    }
}

/// Content is audible only after identity was confirmed.
fn check_secrecy(journal: &[Envelope], audible: &[Audible]) {
    let confirmed = journal
        .iter()
        .find(|e| matches!(e.event, Event::IdentityJudged { state: Identity::Confirmed, .. }));
    let from = confirmed.and_then(|e| e.media_ms);
    let first = audible.iter().find(|a| a.class == SpeechClass::Content);
    if let Some(first) = first {
        let from = from.expect("content was audible without a confirmed identity");
        assert!(first.from.as_millis() >= from, "content was audible before confirmation");
    }
}

/// The first thing a person hears is the opening, and it is noted when it was heard whole.
fn check_disclosure(record: &CallRecord, audible: &[Audible]) {
    let machine = record.identity == Identity::Voicemail;
    let early_end = matches!(record.identity, Identity::Refused);
    if let Some(first) = audible.first().filter(|_| !machine && !early_end) {
        assert_eq!(first.class, SpeechClass::Opening, "{audible:?}");
    }
    if audible.iter().any(|a| a.class == SpeechClass::Content) {
        assert!(record.disclosure.ai_at.is_some(), "content without disclosure");
    }
}

/// The transcript holds what was sent: no character less, and none that was not audible.
fn check_transcript(journal: &[Envelope], audible: &[Audible]) {
    let mut rest = audible;
    for e in journal {
        let Event::UtteranceSpoken(u) = &e.event else {
            continue;
        };
        let text = e.texts.text.as_deref().unwrap_or_default();
        assert!(!text.is_empty(), "an empty utterance");
        if let Some(meant) = &e.texts.meant {
            // Lines whose audio broke off leave gaps; else it is the beginning that was heard.
            let broken = journal.iter().any(
                |e| matches!(&e.event, Event::FaultNoted { part, .. } if part == "synthesizer"),
            );
            let begins = meant.starts_with(text);
            assert!(begins || broken, "{text} is no beginning of {meant}");
            assert!(u.cut, "{text} of {meant} was heard without a cut");
        }
        // What was cut before its first character ended is no utterance.
        let before = rest.iter().take_while(|a| a.to.as_millis() <= u.start_ms).count();
        let lost: u32 = rest[..before].iter().map(|a| a.whole).sum();
        assert_eq!(lost, 0, "audible, but not in the transcript: {:?}", &rest[..before]);
        rest = &rest[before..];
        let mine = rest.iter().take_while(|a| a.from.as_millis() < u.end_ms).count();
        let (lines, later) = rest.split_at(mine);
        rest = later;
        check_utterance(u, text, lines);
    }
    // What is left was too short for a character.
    let whole: u32 = rest.iter().map(|a| a.whole).sum();
    assert_eq!(whole, 0, "audible, but not in the transcript: {rest:?}");
}

fn check_utterance(u: &UtteranceSpoken, text: &str, lines: &[Audible]) {
    let chars = text.chars().count() as u32;
    let whole: u32 = lines.iter().map(|a| a.whole).sum();
    let begun: u32 = lines.iter().map(|a| a.begun).sum();
    let fits = whole <= chars && chars <= begun;
    assert!(fits, "{text}: {chars} characters, audible {whole} to {begun}: {u:?} {lines:?}");
    // A fade of 5 ms hides the first samples from the account.
    let from = lines.first().map_or(0, |a| a.from.as_millis());
    assert!(from - u.start_ms <= 5, "{text} began at {from}, not {}", u.start_ms);
}
