//! The instruction at the start of an English clause: please call John and tell him that…

use super::names::{self, Person};
use crate::extract::scan::strip_words;
use crate::extract::{Head, Object, Verb};

/// A clause cut where a second instruction begins: … *and ask him* to call back.
pub fn pieces(clause: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut from = 0;
    while let Some(at) = clause[from..].find(" and ").map(|i| i + from) {
        let after = &clause[at + 5..];
        let after = strip_words(after, &["then", "also", "please"]).unwrap_or(after);
        let pronoun = TELLS
            .iter()
            .flat_map(|(words, _)| words.iter())
            .filter_map(|w| strip_words(after, &[w]))
            .any(|rest| strip_words(rest, &["him", "her", "them"]).is_some());
        if pronoun && at > start {
            out.push(&clause[start..at]);
            start = at + 1;
        }
        from = at + 4;
    }
    out.push(&clause[start..]);
    out
}

/// The instruction that a clause starts with. `inside`: one came before.
pub fn head(clause: &str, inside: bool) -> Option<Head> {
    let mut found: Option<Head> = None;
    let mut rest = clause.trim().to_owned();
    while let Some(next) = step(&rest, inside || found.is_some()) {
        let next = match found.take() {
            None => next,
            Some(before) if before.chains_to(&next) => before.then(next),
            Some(before) => {
                found = Some(before);
                break;
            }
        };
        let left = next.rest.trim_start_matches([' ', ',', ':', ';']).to_owned();
        let calling = next.verb == Verb::Call;
        let shorter = left.len() < rest.len();
        found = Some(Head { rest: left.clone(), ..next });
        if !shorter {
            break;
        }
        rest = if calling { without_number(&left, Verb::Call).to_owned() } else { left };
    }
    found
}

/// After "call John": what follows without the number, the place or the company he is called at.
pub fn without_number(rest: &str, verb: Verb) -> &str {
    let number = strip_words(rest, &["at", "on"]).unwrap_or(rest);
    let after = number.trim_start_matches(|c: char| c.is_ascii_digit() || "+-() ".contains(c));
    let digits = number.len() - after.len();
    if verb == Verb::Call && digits >= 5 && !after.starts_with(':') {
        after.trim_start_matches([' ', ',', '.', ':'])
    } else {
        rest
    }
}

fn step(s: &str, inside: bool) -> Option<Head> {
    let mut s = s.trim_start();
    loop {
        if let Some(h) = letting(s).or_else(|| giving(s)).or_else(|| telling(s, inside)) {
            return Some(h);
        }
        match strip_words(s, POLITE) {
            Some(rest) if !rest.is_empty() => s = rest.trim_start_matches([' ', ',']),
            _ => return None,
        }
    }
}

/// let Anna know that…
fn letting(s: &str) -> Option<Head> {
    let after = strip_words(s, &["let"])?;
    let (person, rest) = names::person(after)?;
    let rest = strip_words(rest, &["know"])?;
    Some(made(Verb::Tell, person, rest))
}

/// give Bob a call, make a phone call to Bob.
fn giving(s: &str) -> Option<Head> {
    let after = strip_words(s, &["give", "make", "place"])?;
    if let Some(rest) = strip_words(after, &["a call to", "a phone call to", "a quick call to"]) {
        let (person, rest) = names::person(rest)?;
        return Some(made(Verb::Call, person, rest));
    }
    let (person, rest) = names::person(after)?;
    let rest = strip_words(rest, &["a call", "a ring", "a quick call", "a phone call", "a buzz"])?;
    Some(made(Verb::Call, person, rest))
}

fn telling(s: &str, inside: bool) -> Option<Head> {
    let (after, verb) = TELLS
        .iter()
        .filter_map(|(words, verb)| strip_words(s, words).map(|rest| (rest, *verb)))
        .min_by_key(|(rest, _)| rest.len())?;
    // "say the car is ready": nobody follows, only the message.
    if strip_words(s, &["say"]).is_some() && strip_words(s, &["say to"]).is_none() {
        return Some(Head { verb, object: Object::None, pronoun: None, rest: after.to_owned() });
    }
    if strip_words(after, &["me", "us", "you"]).is_some() {
        return None;
    }
    if let Some((person, rest)) = names::person(after) {
        let fits = !matches!(verb, Verb::Confirm) || matches!(person, Person::Pronoun(_));
        if fits || after.starts_with(char::is_uppercase) || s.to_lowercase().contains(" with") {
            return Some(made(verb, person, rest));
        }
    }
    let alone = match verb {
        Verb::Call => false,
        Verb::Confirm => inside || strip_words(after, &["that", "if", "whether"]).is_some(),
        Verb::Ask | Verb::Tell => inside && strip_words(after, LINKS).is_some(),
        _ => inside && strip_words(after, &["about", "to", "that"]).is_some(),
    };
    alone.then(|| Head { verb, object: Object::None, pronoun: None, rest: after.to_owned() })
}

fn made(verb: Verb, person: Person, rest: &str) -> Head {
    let (object, pronoun) = match person {
        Person::Named(name) => (Object::Named(name), None),
        Person::Role(role) => (Object::Vocative(role), None),
        Person::Pronoun(p) => (Object::Pronoun, Some(p)),
    };
    let rest = match verb {
        Verb::Call => strip_words(rest, &["back", "up", "now", "politely", "kindly", "nicely"])
            .unwrap_or(rest),
        _ => rest,
    };
    // "ask him to call" asks for a deed, not for words.
    let deed = verb == Verb::Ask && strip_words(rest, &["to", "not to"]).is_some();
    let verb = if deed { Verb::Request } else { verb };
    Head { verb, object, pronoun, rest: rest.to_owned() }
}

const LINKS: &[&str] =
    &["that", "if", "whether", "what", "when", "where", "how", "who", "about", "which"];
const POLITE: &[&str] = &[
    "please",
    "could you please",
    "could you",
    "can you please",
    "can you",
    "would you",
    "kindly",
    "hi",
    "hello",
    "hey",
    "i need you to",
    "i want you to",
    "i'd like you to",
    "i would like you to",
    "help me",
    "then",
    "and then",
    "and",
    "also",
    "you should",
    "you need to",
    "you must",
    "your task is to",
    "your job is to",
    "your goal is to",
    "go ahead and",
    "just",
    "quickly",
    "next",
    "finally",
    "first",
    "to",
    "use the phone to",
    "we need to",
    "i need to",
    "i want to",
    "i'd like to",
    "i would like to",
    "we would like to",
    "we'd like to",
    "in order to",
    "make sure to",
    "be sure to",
    "don't forget to",
    "remember to",
    "so",
];
const TELLS: &[(&[&str], Verb)] = &[
    (
        &[
            "call up",
            "call",
            "phone",
            "ring up",
            "ring",
            "dial",
            "contact",
            "reach out to",
            "reach",
            "get in touch with",
            "speak to",
            "speak with",
            "talk to",
            "talk with",
            "follow up with",
            "greet",
        ],
        Verb::Call,
    ),
    (
        &[
            "tell",
            "inform",
            "notify",
            "advise",
            "update",
            "say to",
            "explain to",
            "announce to",
            "relay to",
            "pass on to",
            "send word to",
            "leave a message for",
            "message for",
            "a message for",
            "note for",
            "reminder for",
            "message",
            "alert",
            "say",
            "mention to",
            "report to",
        ],
        Verb::Tell,
    ),
    (&["remind", "warn", "urge", "nudge", "prompt"], Verb::Remind),
    (&["get", "have", "request", "instruct", "beg", "direct"], Verb::Request),
    (
        &[
            "ask",
            "check with",
            "find out from",
            "survey",
            "inquire with",
            "find out",
            "query",
            "inquire",
            "check",
        ],
        Verb::Ask,
    ),
    (&["confirm with", "verify with", "double-check with", "confirm", "verify"], Verb::Confirm),
    (&["invite"], Verb::Invite),
    (&["thank"], Verb::Thank),
    (&["congratulate"], Verb::Congratulate),
    (&["wish"], Verb::Wish),
    (&["apologize to", "apologise to"], Verb::Apologise),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_taken_apart() {
        let n = |s: &str| Object::Named(s.to_owned());
        for (text, verb, object, rest) in [
            (
                "Please call John Smith and tell him his visit",
                Verb::Tell,
                n("John Smith"),
                "his visit",
            ),
            ("let Anna know that it is late", Verb::Tell, n("Anna"), "that it is late"),
            ("give Bob a call to remind him about rent", Verb::Remind, n("Bob"), "about rent"),
            ("Call Mr. Brown at 555-0100 and ask if he", Verb::Ask, n("Mr. Brown"), "if he"),
            (
                "Call the restaurant to book a table",
                Verb::Call,
                n("the restaurant"),
                "to book a table",
            ),
            ("Invite Tom to dinner", Verb::Invite, n("Tom"), "to dinner"),
        ] {
            let got = head(text, false).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((got.verb, got.object, got.rest.as_str()), (verb, object, rest), "{text}");
        }
        assert_eq!(head("bring your passport", false), None);
        assert_eq!(
            pieces("tell him it is at 3 and ask him to confirm"),
            ["tell him it is at 3", "and ask him to confirm"]
        );
    }
}
