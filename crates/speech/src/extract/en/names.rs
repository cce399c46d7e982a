//! Finds who is meant at the start of an English phrase.

use crate::extract::scan::strip_words;
use crate::extract::text::is_han;

/// In what way a person is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Person {
    /// By a name or a place one can ask for.
    Named(String),
    /// By a role that one cannot ask for.
    Role(String),
    /// By a pronoun: `h`, `s` or `t`.
    Pronoun(char),
}

/// Who stands at the start, and what follows.
pub fn person(s: &str) -> Option<(Person, &str)> {
    let s = s.trim_start();
    for (words, letter) in [("him", 'h'), ("them", 't'), ("everyone", 't'), ("her", 's')] {
        if let Some(rest) = strip_words(s, &[words]) {
            let owned = letter == 's' && strip_words(rest, KIN).is_some();
            return (!owned).then_some((Person::Pronoun(letter), rest));
        }
    }
    role(s).or_else(|| capitalised(s)).or_else(|| lower_case(s))
}

/// The name that a phrase as a whole is.
pub fn whole(s: &str) -> Option<String> {
    let s = s.trim();
    match person(s)? {
        (Person::Named(name), "") => Some(name),
        _ => None,
    }
}

/// Whether a title says woman or man.
pub fn is_female(name: &str) -> Option<bool> {
    let first = name.split_whitespace().next()?.trim_end_matches('.').to_lowercase();
    match first.as_str() {
        "mrs" | "ms" | "miss" | "madam" => Some(true),
        "mr" | "sir" => Some(false),
        _ => None,
    }
}

/// Whether a role is a relation of whoever placed the call.
pub fn is_kin(role: &str) -> bool {
    KIN.contains(&role.to_lowercase().as_str())
}

/// Whether a word is one of the titles before a name.
pub fn is_title(word: &str) -> bool {
    TITLES.contains(&word.trim_end_matches('.').to_lowercase().as_str())
}

/// my friend Anna, our customer Bob, the front desk, my mother.
fn role(s: &str) -> Option<(Person, &str)> {
    let (own, after) = if let Some(rest) = strip_words(s, &["my", "our", "all", "all the"]) {
        (true, rest)
    } else {
        (false, strip_words(s, &["the", "a", "an", "this"])?)
    };
    let mut end = 0;
    for word in after.split_inclusive(' ') {
        let plain = word.trim();
        let bare = plain.trim_end_matches(|c: char| !c.is_alphanumeric());
        let upper = bare.starts_with(|c: char| c.is_ascii_uppercase());
        if STOPS.contains(&bare.to_lowercase().as_str()) || bare.is_empty() {
            break;
        }
        // our customer Bob Smith: the name counts.
        if upper && end > 0 && !after[..end].trim_end().ends_with(" of") {
            return capitalised(&after[end..]);
        }
        end += word.len();
        if bare.len() != plain.len() || after[..end].split_whitespace().count() == 5 {
            end -= word.len() - bare.len();
            break;
        }
    }
    let words = after[..end].trim();
    if words.is_empty() {
        return None;
    }
    let rest = after[after.find(words)? + words.len()..].trim_start();
    let lower = words.to_lowercase();
    let generic = GENERIC.iter().chain(KIN).any(|g| lower == *g || lower == format!("{g}s"));
    let named = !own && !generic;
    let text = if own { words.to_owned() } else { format!("the {words}") };
    let person = if named { Person::Named(text) } else { Person::Role(words.to_owned()) };
    Some((person, rest))
}

/// Mr. John Smith, Emily, Dr. Lee.
fn capitalised(s: &str) -> Option<(Person, &str)> {
    let mut end = 0;
    let mut words = 0;
    for word in s.split_inclusive(' ') {
        let plain = word.trim_end();
        let bare = plain.trim_end_matches([',', '.', '\'', ')', '"']);
        let title = is_title(bare);
        let letters = bare.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '.'));
        let upper = bare.starts_with(|c: char| c.is_uppercase() || is_han(c));
        let owner = bare.ends_with("'s") || bare.starts_with("I'");
        let lower = bare.to_lowercase();
        let stop = NOT_NAMES.contains(&lower.as_str()) || STOPS.contains(&lower.as_str());
        if !upper || !letters || owner || stop || (title && words > 0) || bare.is_empty() {
            break;
        }
        let kept = if title { plain.len() } else { bare.len() };
        words += usize::from(!title);
        end += word.len();
        if kept < plain.len() || words == 3 || !word.ends_with(' ') {
            end -= word.len() - kept;
            break;
        }
    }
    let name = s[..end].trim();
    (words > 0).then(|| (Person::Named(name.to_owned()), s[end..].trim_start()))
}

/// A name written small: one or two words, only when what follows cannot belong to it.
fn lower_case(s: &str) -> Option<(Person, &str)> {
    let mut end = 0;
    for (n, word) in s.split_inclusive(' ').enumerate() {
        let bare = word.trim().trim_end_matches([',', '.', ':']);
        let letters = bare.len() > 1 && bare.chars().all(|c| c.is_ascii_alphabetic());
        let lower = bare.to_lowercase();
        let stop = STOPS.contains(&lower.as_str());
        if stop || !letters || NOT_NAMES.contains(&lower.as_str()) || n == 2 {
            let ok = n > 0 && stop;
            return ok.then(|| named(s, end));
        }
        end += word.len();
        if bare.len() != word.trim().len() {
            return Some(named(s, end - (word.len() - bare.len())));
        }
    }
    (end > 0).then(|| named(s, end))
}

fn named(s: &str, end: usize) -> (Person, &str) {
    let name: Vec<String> =
        s[..end].split_whitespace().map(|w| w[..1].to_uppercase() + &w[1..]).collect();
    (Person::Named(name.join(" ")), s[end..].trim_start())
}

const TITLES: &[&str] =
    &["mr", "mrs", "ms", "miss", "dr", "prof", "professor", "sir", "madam", "doctor"];
const KIN: &[&str] = &[
    "mom",
    "mum",
    "mother",
    "dad",
    "father",
    "wife",
    "husband",
    "son",
    "daughter",
    "brother",
    "sister",
    "grandma",
    "grandmother",
    "grandpa",
    "grandfather",
    "aunt",
    "uncle",
    "parents",
    "family",
    "boyfriend",
    "girlfriend",
    "partner",
    "kids",
    "children",
    "boss",
    "landlord",
    "assistant",
    "roommate",
    "neighbor",
    "neighbour",
];
const GENERIC: &[&str] = &[
    "customer",
    "client",
    "patient",
    "user",
    "recipient",
    "person",
    "tenant",
    "resident",
    "student",
    "guest",
    "member",
    "employee",
    "colleague",
    "friend",
    "subscriber",
    "passenger",
    "candidate",
    "applicant",
    "caller",
    "callee",
    "number",
    "owner",
    "buyer",
    "supplier",
    "staff",
    "team",
    "team member",
    "volunteer",
    "participant",
    "phone",
];
/// Words at which a name or a role is over.
const STOPS: &[&str] = &[
    "and",
    "to",
    "that",
    "about",
    "at",
    "on",
    "in",
    "regarding",
    "for",
    "who",
    "if",
    "whether",
    "his",
    "her",
    "their",
    "with",
    "because",
    "when",
    "know",
    "tomorrow",
    "today",
    "tonight",
    "from",
    "by",
    "is",
    "are",
    "was",
    "will",
    "has",
    "have",
    "we",
    "i",
    "you",
    "your",
    "my",
    "our",
    "there",
    "the",
    "then",
    "so",
    "as",
    "before",
    "after",
    "now",
    "not",
    "what",
    "where",
    "how",
    "why",
    "which",
    "a",
    "an",
    "this",
    "please",
    "or",
    "he",
    "she",
    "they",
    "it",
    "its",
    "can",
    "should",
    "must",
    "would",
    "could",
    "next",
    "of",
    "up",
    "back",
    "again",
    "asap",
    "immediately",
    "happy",
    "until",
    "once",
    "via",
    "using",
    "a",
];
const NOT_NAMES: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "i",
    "the",
    "a",
    "an",
    "flight",
    "order",
    "room",
    "merry",
    "happy",
    "it",
    "this",
    "that",
    "me",
    "us",
    "him",
    "her",
    "them",
    "good",
    "no",
    "yes",
    "invoice",
    "package",
    "tell",
    "ask",
    "remind",
    "call",
    "please",
    "zoom",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_at_the_start() {
        let n = |s: &str| Person::Named(s.to_owned());
        let r = |s: &str| Person::Role(s.to_owned());
        for (text, want, rest) in [
            ("John Smith and tell him", n("John Smith"), "and tell him"),
            ("Dr. Lee that", n("Dr. Lee"), "that"),
            ("Emily Monday's meeting", n("Emily"), "Monday's meeting"),
            ("Anna I'm late", n("Anna"), "I'm late"),
            ("my friend Bob about", n("Bob"), "about"),
            ("the front desk to book", n("the front desk"), "to book"),
            ("my mother that", r("mother"), "that"),
            ("the customer that", r("customer"), "that"),
            ("him to come", Person::Pronoun('h'), "to come"),
            ("john smith and", n("John Smith"), "and"),
        ] {
            assert_eq!(person(text), Some((want, rest)), "{text}");
        }
        assert_eq!(person("her son is ill"), None);
    }
}
