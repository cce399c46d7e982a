//! What was audible of one call, against what its journal says.

use conversation::SpeechClass;
use domain::{CallRecord, Envelope, Event, Identity, UtteranceSpoken};

use crate::invariant::{Findings, Invariant};
use crate::plane::Audible;

/// Checks content, disclosure and transcript against what was audible.
pub(crate) fn check(
    journal: &[Envelope],
    record: &CallRecord,
    audible: &[Audible],
    led_outside: bool,
    found: &mut Findings,
) {
    secrecy(journal, audible, found);
    // Who leads from outside has no gate, and nothing of the requirement to tell.
    if !led_outside {
        disclosure(record, audible, found);
    }
    transcript(journal, audible, found);
}

/// Content is audible only after identity was confirmed.
fn secrecy(journal: &[Envelope], audible: &[Audible], found: &mut Findings) {
    let confirmed = journal
        .iter()
        .find(|e| matches!(e.event, Event::IdentityJudged { state: Identity::Confirmed, .. }));
    let from = confirmed.and_then(|e| e.media_ms);
    let Some(first) = audible.iter().find(|a| a.class == SpeechClass::Content) else {
        return;
    };
    let allowed = from.is_some_and(|from| first.from.as_millis() >= from);
    found.need(Invariant::Secrecy, allowed, || {
        format!("content from {} ms, identity from {from:?}", first.from.as_millis())
    });
}

/// The first thing a person hears is the opening, and it is noted when it was heard whole.
fn disclosure(record: &CallRecord, audible: &[Audible], found: &mut Findings) {
    let machine = record.identity == Identity::Voicemail;
    let early_end = matches!(record.identity, Identity::Refused);
    if let Some(first) = audible.first().filter(|_| !machine && !early_end) {
        let opens = first.class == SpeechClass::Opening;
        found.need(Invariant::Disclosure, opens, || format!("at first {first:?}"));
    }
    let content = audible.iter().any(|a| a.class == SpeechClass::Content);
    let told = record.disclosure.ai_at.is_some();
    found.need(Invariant::Disclosure, told || !content, || "content, not disclosed".to_owned());
}

/// The transcript holds what was sent: no character less, and none that was not audible.
fn transcript(journal: &[Envelope], audible: &[Audible], found: &mut Findings) {
    let mut rest = audible;
    // Lines whose audio broke off leave gaps; else it is the beginning that was heard.
    let fault =
        |e: &Envelope| matches!(&e.event, Event::FaultNoted { part, .. } if part == "synthesizer");
    let broken = journal.iter().any(fault);
    for e in journal {
        let Event::UtteranceSpoken(u) = &e.event else {
            continue;
        };
        let text = e.texts.text.as_deref().unwrap_or_default();
        found.need(Invariant::Heard, !text.is_empty(), || "an empty utterance".to_owned());
        if let Some(meant) = &e.texts.meant {
            let begins = meant.starts_with(text) || broken;
            found.need(Invariant::Heard, begins, || format!("{text} does not begin {meant}"));
            found.need(Invariant::Heard, u.cut, || format!("{text} of {meant}, and no cut"));
        }
        // What was cut before its first character ended is no utterance.
        let before = rest.iter().take_while(|a| a.to.as_millis() <= u.start_ms).count();
        unspoken(&rest[..before], found);
        rest = &rest[before..];
        let mine = rest.iter().take_while(|a| a.from.as_millis() < u.end_ms).count();
        let (lines, later) = rest.split_at(mine);
        rest = later;
        let rounded = e.texts.meant.as_deref().map_or(0, |meant| word_after(meant, text));
        utterance(u, (text, rounded), lines, found);
    }
    // What is left was too short for a character.
    unspoken(rest, found);
}

fn unspoken(lines: &[Audible], found: &mut Findings) {
    let whole: u32 = lines.iter().map(|a| a.whole).sum();
    found.need(Invariant::Heard, whole == 0, || {
        format!("audible, but not in the transcript: {lines:?}")
    });
}

/// How much of a word or number follows `text` in `meant`: a transcript is rounded down to whole
/// ones, so that many characters may have been audible besides.
fn word_after(meant: &str, text: &str) -> u32 {
    let last: String = text.chars().skip(text.chars().count().saturating_sub(4)).collect();
    let rest = meant.rfind(&last).map_or("", |at| &meant[at + last.len()..]);
    rest.chars().take_while(char::is_ascii_alphanumeric).count() as u32
}

/// `rounded`: so many characters may be missing at the end of `text`.
fn utterance(
    u: &UtteranceSpoken,
    (text, rounded): (&str, u32),
    lines: &[Audible],
    found: &mut Findings,
) {
    let chars = text.chars().count() as u32;
    let whole: u32 = lines.iter().map(|a| a.whole).sum();
    let begun: u32 = lines.iter().map(|a| a.begun).sum();
    found.need(Invariant::Heard, whole <= chars + rounded && chars <= begun, || {
        format!("{text}: {chars} characters, audible {whole} to {begun}: {u:?} {lines:?}")
    });
    // A fade of 5 ms hides the first samples from the account.
    let from = lines.first().map_or(u.start_ms, |a| a.from.as_millis());
    found.need(Invariant::Heard, from.abs_diff(u.start_ms) <= 5, || {
        format!("{text} began at {from} ms, not at {} ms", u.start_ms)
    });
}
