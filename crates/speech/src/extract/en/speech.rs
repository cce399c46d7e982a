//! Turns what an English instruction says about a person into what is said to that person.

use super::names;
use crate::extract::scan::strip_words;
use crate::extract::{Scene, Verb};

/// The words that introduce a clause. `first`: it is the first of the message.
pub fn lead(verb: Verb, first: bool, sender: Option<&str>) -> String {
    let s = sender.unwrap_or_default();
    let (with, without, later) = match verb {
        Verb::Plain => ("has this message for you:", "I have this message for you:", ""),
        Verb::Call => ("asked me to call you", "I am calling", ""),
        Verb::Tell => ("asked me to let you know", "I am calling to let you know", ""),
        Verb::Remind => ("asked me to remind you", "I am calling to remind you", "please remember"),
        Verb::Request => ("would like you", "I am calling to ask you", "please"),
        Verb::Ask => ("would like to know", "I am calling to ask", "and may I ask"),
        Verb::Confirm => ("would like to confirm", "I am calling to confirm", "please confirm"),
        Verb::Invite => {
            ("would like to invite you", "I am calling to invite you", "you are invited")
        }
        Verb::Thank => ("asked me to thank you", "I am calling to thank you", "thank you"),
        Verb::Congratulate => ("congratulates you", "I am calling to congratulate you", ""),
        Verb::Wish => ("wishes you", "I am calling to wish you", "wishing you"),
        Verb::Apologise => ("asked me to apologize", "I am calling to apologize", "apologies"),
    };
    match (first, sender) {
        (false, _) => later.to_owned(),
        (true, Some(_)) => format!("{s} {with}"),
        (true, None) => without.to_owned(),
    }
}

/// A clause after its instruction, said to the addressee.
pub fn clause(verb: Verb, rest: &str, scene: &mut Scene) -> String {
    let said = to_you(rest, scene);
    if verb == Verb::Tell
        && let Some(after) = strip_words(&said, &["that"])
    {
        return format!("that {after}");
    }
    said
}

/// Pronouns and names replaced: the addressee becomes "you", the sender is named. Quotes stay.
pub fn to_you(text: &str, scene: &mut Scene) -> String {
    note_others(text, scene);
    let named = match &scene.addressee {
        Some(name) if scene.sender.as_deref() != Some(name) => replace_name(text, name),
        _ => text.to_owned(),
    };
    let words: Vec<&str> = named.split(' ').collect();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut agree = Agree::None;
    let mut in_quote = false;
    for (at, word) in words.iter().enumerate() {
        let marks = word.matches(['"', '“', '”']).count();
        if in_quote || marks > 0 {
            in_quote ^= marks % 2 == 1;
            agree = Agree::None;
            out.push((*word).to_owned());
            continue;
        }
        let core = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'');
        let (before, after) = word.split_once(core).unwrap_or(("", ""));
        let next = words.get(at + 1).copied().unwrap_or_default();
        let (new, then) = match agree {
            _ if core.is_empty() => (String::new(), agree),
            Agree::None => pronoun(core, word.ends_with(core), next, scene),
            _ => agreed(core, agree),
        };
        out.push(format!("{before}{new}{after}"));
        agree = if word.ends_with(core) { then } else { Agree::None };
    }
    out.join(" ")
}

/// Which subject the next verb has to agree with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agree {
    None,
    /// A third person became "you": needs → need.
    You,
    /// "I" became a name: need → needs.
    Name,
}

fn pronoun(core: &str, open: bool, next: &str, scene: &Scene) -> (String, Agree) {
    let lower = core.to_lowercase();
    let mine =
        |c: char| !scene.third && (scene.pronoun == Some('t') || scene.matches_pronoun(Some(c)));
    let they = scene.pronoun == Some('t') && !scene.third;
    let keep = (core.to_owned(), Agree::None);
    let you = |s: &str| (s.to_owned(), Agree::None);
    let speaker = || scene.speaker_en();
    match lower.as_str() {
        "he" if mine('h') => ("you".to_owned(), Agree::You),
        "she" if mine('s') => ("you".to_owned(), Agree::You),
        "they" if they => you("you"),
        "he's" if mine('h') => you(if is_participle(next) { "you have" } else { "you are" }),
        "she's" if mine('s') => you(if is_participle(next) { "you have" } else { "you are" }),
        "he'll" if mine('h') => you("you will"),
        "she'll" if mine('s') => you("you will"),
        "he'd" if mine('h') => you("you would"),
        "she'd" if mine('s') => you("you would"),
        "him" if mine('h') => you("you"),
        "his" if mine('h') => you("your"),
        "himself" if mine('h') => you("yourself"),
        "her" if mine('s') => you(if open && owns(next) { "your" } else { "you" }),
        "hers" if mine('s') => you("yours"),
        "herself" if mine('s') => you("yourself"),
        "them" if they => you("you"),
        "their" if they => you("your"),
        "i" if core == "I" => (speaker(), Agree::Name),
        "i'm" => (format!("{} is", speaker()), Agree::None),
        "i'll" => (format!("{} will", speaker()), Agree::None),
        "i've" => (format!("{} has", speaker()), Agree::None),
        "i'd" => (format!("{} would", speaker()), Agree::None),
        "me" => (speaker(), Agree::None),
        "my" => (format!("{}'s", speaker()), Agree::None),
        "mine" => (format!("{}'s", speaker()), Agree::None),
        "you're" if core == "You're" => keep,
        _ => keep,
    }
}

/// The verb after a changed subject.
fn agreed(core: &str, agree: Agree) -> (String, Agree) {
    let lower = core.to_lowercase();
    if lower.ends_with("ly")
        || matches!(lower.as_str(), "also" | "still" | "just" | "now" | "and" | "never" | "always")
    {
        return (core.to_owned(), if lower == "and" { Agree::None } else { agree });
    }
    let pairs = [
        ("is", "are", "am"),
        ("was", "were", "was"),
        ("has", "have", "have"),
        ("does", "do", "do"),
        ("isn't", "aren't", "am not"),
        ("wasn't", "weren't", "wasn't"),
        ("hasn't", "haven't", "haven't"),
        ("doesn't", "don't", "don't"),
    ];
    let new = match agree {
        Agree::You => pairs
            .iter()
            .find(|(he, ..)| *he == lower)
            .map_or_else(|| plural(&lower), |(_, you, _)| (*you).to_owned()),
        _ => pairs
            .iter()
            .find(|(.., i)| *i == lower)
            .map_or_else(|| singular(&lower), |(he, ..)| (*he).to_owned()),
    };
    (new, Agree::None)
}

/// needs → need.
fn plural(verb: &str) -> String {
    let s = verb;
    if s.len() < 4
        || !s.ends_with('s')
        || s.ends_with("ss")
        || s.ends_with("us")
        || s.contains('\'')
    {
        s.to_owned()
    } else if let Some(stem) = s.strip_suffix("ies") {
        format!("{stem}y")
    } else if ["sses", "shes", "ches", "xes", "goes", "zzes"].iter().any(|e| s.ends_with(e)) {
        s[..s.len() - 2].to_owned()
    } else {
        s[..s.len() - 1].to_owned()
    }
}

/// need → needs; what is no plain present stays.
fn singular(verb: &str) -> String {
    let stays = verb.ends_with("ed")
        || verb.ends_with('s')
        || verb.contains('\'')
        || verb.starts_with(|c: char| c.is_ascii_digit())
        || MODALS.contains(&verb);
    if stays {
        verb.to_owned()
    } else if verb.ends_with("ch")
        || verb.ends_with("sh")
        || verb.ends_with('x')
        || verb.ends_with("go")
    {
        format!("{verb}es")
    } else {
        format!("{verb}s")
    }
}

/// Whether "her" before this word owns it.
fn owns(next: &str) -> bool {
    let lower = next.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    !lower.is_empty()
        && !AFTER_OBJECT.contains(&lower.as_str())
        && !lower.starts_with(|c: char| c.is_ascii_digit())
}

fn is_participle(next: &str) -> bool {
    let next = next.trim_end_matches(|c: char| !c.is_alphanumeric());
    next.ends_with("ed") || ["been", "got", "won", "had", "gone"].contains(&next)
}

/// John's → your, John has → you have, John → you.
fn replace_name(text: &str, name: &str) -> String {
    let mut out = text.to_owned();
    let first = name.split_whitespace().find(|w| !names::is_title(w)).unwrap_or(name);
    for form in [name, first] {
        if form.len() < 3 || name.starts_with("the ") {
            continue;
        }
        let mut done = String::new();
        let mut rest = out.as_str();
        while let Some(at) = rest.find(form) {
            let before = rest[..at].chars().last();
            let after = &rest[at + form.len()..];
            let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let longer = after.starts_with(' ') && after[1..].starts_with(char::is_uppercase);
            done.push_str(&rest[..at]);
            if word(before) || word(after.chars().next()) || longer || before == Some('"') {
                done.push_str(form);
                rest = after;
            } else if let Some(owned) = after.strip_prefix("'s") {
                done.push_str("your");
                rest = owned;
            } else {
                let (you, left) = agree_after_name(after);
                done.push_str(&you);
                rest = left;
            }
        }
        done.push_str(rest);
        out = done;
    }
    out
}

fn agree_after_name(after: &str) -> (String, &str) {
    for (he, you) in
        [("is", "are"), ("has", "have"), ("was", "were"), ("does", "do"), ("needs", "need")]
    {
        if after.starts_with(' ')
            && let Some(rest) = strip_words(&after[1..], &[he])
        {
            let gap = if rest.is_empty() { 0 } else { rest.len() + 1 };
            return (format!("you {you}"), &after[after.len() - gap..]);
        }
    }
    ("you".to_owned(), after)
}

/// Somebody else as the subject: from then on he and she may be theirs.
fn note_others(text: &str, scene: &mut Scene) {
    let start = strip_words(text, &["that", "because", "but", "since", "so"]).unwrap_or(text);
    if let Some((names::Person::Named(name), rest)) = names::person(start)
        && start.starts_with(char::is_uppercase)
        && !name.starts_with("the ")
        && !rest.is_empty()
    {
        let known = scene.addressee.as_deref().unwrap_or_default();
        let own = known.split_whitespace().any(|w| name.split_whitespace().any(|n| n == w));
        let verb = ["is", "was", "has", "will", "can", "can't", "cannot", "won't", "had", "isn't"];
        scene.third |= !own && strip_words(rest, &verb).is_some();
    }
}

const MODALS: &[&str] = &[
    "will", "can", "should", "must", "could", "would", "may", "might", "shall", "cannot", "was",
    "had", "did", "went", "got", "made", "sent", "left", "met", "said", "told", "bought", "paid",
    "found", "lost", "took", "put", "came", "booked", "saw", "gave", "at", "in", "on", "to", "and",
    "or", "about", "for", "with", "of",
];
const AFTER_OBJECT: &[&str] = &[
    "to",
    "that",
    "about",
    "at",
    "on",
    "in",
    "if",
    "whether",
    "for",
    "by",
    "and",
    "or",
    "know",
    "when",
    "where",
    "what",
    "how",
    "why",
    "before",
    "after",
    "tomorrow",
    "today",
    "tonight",
    "a",
    "an",
    "the",
    "with",
    "from",
    "not",
    "as",
    "again",
    "back",
    "this",
    "because",
    "so",
    "please",
    "until",
    "once",
    "next",
    "who",
    "is",
    "up",
    "now",
    "immediately",
    "soon",
    "later",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addressee_becomes_you_and_the_sender_is_named() {
        let scene = || Scene {
            addressee: Some("John Smith".to_owned()),
            sender: Some("Anna".to_owned()),
            ..Scene::default()
        };
        for (text, want) in [
            ("his appointment with Dr. Lee has moved", "your appointment with Dr. Lee has moved"),
            ("he needs to bring his ID", "you need to bring your ID"),
            ("I am late and need him", "Anna is late and need you"),
            ("call me back", "call Anna back"),
            ("John's order is ready", "your order is ready"),
            ("John has won", "you have won"),
            ("Mary is ill and she can't come", "Mary is ill and she can't come"),
            ("he said \"I love her\"", "you said \"I love her\""),
        ] {
            assert_eq!(to_you(text, &mut scene()), want, "{text}");
        }
    }
}
