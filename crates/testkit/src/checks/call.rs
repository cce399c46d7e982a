//! One call's journal, record and bill.

use domain::{CallEnded, CallRecord, CallStatus, Envelope, Event, Identity, MicroYuan};

use crate::invariant::{Findings, Invariant};
use crate::memory::MemoryStore;

/// Checks what is stored of one ended call.
pub(crate) fn check(store: &MemoryStore, stored: &CallRecord, found: &mut Findings) {
    let journal = store.journal(stored.call);
    let Some(end) = ends_once(&journal, found) else {
        return;
    };
    let Some(record) = CallRecord::from_journal(&journal) else {
        return found.need(Invariant::EndsOnce, false, || "no acceptance at first".to_owned());
    };
    found.need(Invariant::Record, record == *stored, || {
        format!("stored is {stored:?}, the journal gives {record:?}")
    });
    statuses(&journal, found);
    path(&journal, found);
    charge(&record, &end, found);
}

/// One INVITE at most, and its intent was durable.
pub(crate) fn dialled(journal: &[Envelope], times: u32, found: &mut Findings) {
    let intents = journal.iter().filter(|e| matches!(e.event, Event::DialStarted { .. })).count();
    found.need(Invariant::DialledOnce, times <= 1, || format!("dialled {times} times"));
    found.need(Invariant::DialledOnce, times as usize <= intents, || {
        format!("dialled {times} times on {intents} durable intents")
    });
}

/// Numbers without gaps, one beginning, one end, and nothing but its recording after that.
fn ends_once(journal: &[Envelope], found: &mut Findings) -> Option<CallEnded> {
    let wrong = journal.iter().enumerate().find(|(i, e)| e.seq != *i as u64 + 1);
    found.need(Invariant::EndsOnce, wrong.is_none(), || format!("a gap: {wrong:?}"));
    let begun = |e: &&Envelope| matches!(e.event, Event::CallAccepted(_));
    let begins = journal.iter().filter(begun).count();
    let first = journal.first().is_some_and(|e| begun(&e));
    found.need(Invariant::EndsOnce, begins == 1 && first, || format!("{begins} beginnings"));
    let ended = |e: &Envelope| matches!(e.event, Event::CallEnded(_));
    let ends = journal.iter().filter(|e| ended(e)).count();
    found.need(Invariant::EndsOnce, ends == 1, || format!("{ends} ends: {journal:?}"));
    let at = journal.iter().position(ended)?;
    let after = &journal[at + 1..];
    let late = |e: &Envelope| matches!(e.event, Event::RecordingStored { .. });
    let quiet = after.iter().all(late) && after.len() <= 1;
    found.need(Invariant::EndsOnce, quiet, || format!("after the end: {after:?}"));
    let back = journal.windows(2).find(|w| w[0].at > w[1].at);
    found.need(Invariant::LegalPath, back.is_none(), || format!("time runs back: {back:?}"));
    match &journal[at].event {
        Event::CallEnded(end) => Some(*end),
        _ => None,
    }
}

/// Statuses only move down their order, and the last one is terminal.
fn statuses(journal: &[Envelope], found: &mut Findings) {
    let Some(mut record) = journal.first().and_then(CallRecord::begin) else {
        return;
    };
    let mut before = record.status;
    for e in &journal[1..] {
        record.apply(e);
        let now = record.status;
        let down = now as u8 >= before as u8 && (!before.is_terminal() || now == before);
        found.need(Invariant::LegalPath, down, || format!("{before:?}, then {now:?}"));
        before = now;
    }
    found.need(Invariant::LegalPath, before.is_terminal(), || format!("it rests at {before:?}"));
}

/// Nothing rings before the intent to dial, nobody speaks before the answer; both come once.
fn path(journal: &[Envelope], found: &mut Findings) {
    let (mut intents, mut answers) = (0, 0);
    for e in journal {
        let allowed = match &e.event {
            Event::DialStarted { .. } => {
                intents += 1;
                intents == 1 && answers == 0
            }
            Event::LegAnswered { .. } => {
                answers += 1;
                intents == 1 && answers == 1
            }
            Event::LegProgressed { .. } => intents == 1 && answers == 0,
            Event::LegEnded(_) => intents == 1,
            Event::UtteranceSpoken(_)
            | Event::UtteranceHeard(_)
            | Event::IdentityJudged { .. }
            | Event::DisclosureMade { .. }
            | Event::HoldExtended { .. }
            | Event::CalleeOptedOut { .. } => answers == 1,
            _ => true,
        };
        found.need(Invariant::LegalPath, allowed, || {
            format!("after {intents} intents and {answers} answers: {e:?}")
        });
    }
}

/// Connected time costs its price, faults of ours and unanswered calls cost nothing.
fn charge(record: &CallRecord, end: &CallEnded, found: &mut Findings) {
    let mut need = |holds: bool, what: &str| {
        found.need(Invariant::Charge, holds, || format!("{what}: {end:?}"));
    };
    let free = record.milestones.answered_at.is_none() || end.reason.what.is_platform_fault();
    let price = record.accepted.price.charge(end.duration_s);
    let want = if free { MicroYuan::ZERO } else { price };
    need(end.charge == want, "not the price of its time");
    need(end.charge <= end.hold, "more charged than held");
    need(end.status == end.reason.what.status(), "status and reason differ");
    if record.milestones.answered_at.is_none() {
        let nobody = end.duration_s == 0 && end.identity == Identity::NotReached;
        need(nobody, "nobody answered");
        let talks = matches!(end.status, CallStatus::Completed | CallStatus::Voicemail);
        need(!talks, "nobody answered");
    } else {
        let judged = !matches!(end.identity, Identity::NotReached | Identity::Pending);
        need(judged, "answered, and no word on who it was");
    }
}
