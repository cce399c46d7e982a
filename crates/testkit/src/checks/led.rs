//! One call that a service outside led, against what its journal says.

use domain::{Envelope, Event};

use crate::invariant::{Findings, Invariant};
use crate::outside::{About, Led};

/// Checks a call by what was done for it.
pub(crate) fn check(journal: &[Envelope], led: &Led, found: &mut Findings) {
    for (about, what) in &led.found {
        let invariant = match about {
            About::Out => Invariant::OneCue,
            About::Answer => Invariant::Answers,
            About::Floor => Invariant::Floor,
        };
        found.need(invariant, false, || what.clone());
    }
    found.need(Invariant::OneCue, led.out == 0, || format!("{} requests are alive", led.out));
    gate(journal, found);
    answers(journal, led, found);
    said(journal, led, found);
}

/// Nobody but the built-in director has anything to do with the gate, and it asks nobody.
pub(crate) fn unled(journal: &[Envelope], found: &mut Findings) {
    let asked = journal.iter().find(|e| matches!(e.event, Event::CueAnswered { .. }));
    found.need(Invariant::Answers, asked.is_none(), || format!("nobody asked: {asked:?}"));
}

fn gate(journal: &[Envelope], found: &mut Findings) {
    let moved = journal.iter().find(|e| {
        matches!(
            e.event,
            Event::IdentityJudged { .. }
                | Event::DisclosureMade { .. }
                | Event::CalleeOptedOut { .. }
                | Event::AnswerClassified { .. }
        )
    });
    found.need(Invariant::LegalPath, moved.is_none(), || format!("a gate: {moved:?}"));
}

/// Every enquiry leaves one word, the one that its director knows; and one was out at a time.
fn answers(journal: &[Envelope], led: &Led, found: &mut Findings) {
    let (mut told, mut free) = (Vec::new(), 0);
    for e in journal {
        let Event::CueAnswered { cue, outcome, took_ms, .. } = &e.event else {
            continue;
        };
        told.push((*cue, outcome.as_str()));
        let end = e.at.0;
        let begin = end - i64::try_from(*took_ms).unwrap_or(i64::MAX);
        let alone = *took_ms == 0 || begin >= free;
        found.need(Invariant::OneCue, alone, || {
            format!("{cue} was out from {begin}, another one until {free}")
        });
        free = free.max(end);
        let in_time = outcome != "answered" || *took_ms < led.limit_ms();
        found.need(Invariant::Answers, in_time, || format!("{cue} was answered in {took_ms} ms"));
    }
    let known: Vec<(u32, &str)> = led.settled.clone();
    found.need(Invariant::Answers, told == known, || {
        format!("the journal has {told:?}, the director {known:?}")
    });
    found.need(Invariant::Answers, known.len() == led.asked as usize, || {
        format!("{} enquiries, {} are over", led.asked, known.len())
    });
}

/// The transcript has what was said, in its order, and nothing else.
fn said(journal: &[Envelope], led: &Led, found: &mut Findings) {
    let fault =
        |e: &&Envelope| matches!(&e.event, Event::FaultNoted { part, .. } if part == "synthesizer");
    if journal.iter().find(fault).is_some() {
        // Lines that could not be spoken are missing in what was meant.
        return;
    }
    let mut wanted = led.words().into_iter();
    for e in journal {
        let Event::UtteranceSpoken(_) = &e.event else {
            continue;
        };
        let meant = e.texts.meant.as_deref().or(e.texts.text.as_deref()).unwrap_or_default();
        let known = wanted.any(|words| words == meant);
        found.need(Invariant::Floor, known, || format!("said out of turn, or by nobody: {meant}"));
    }
}
