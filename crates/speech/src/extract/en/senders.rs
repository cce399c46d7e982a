//! On whose behalf an English requirement is made.

use crate::extract::scan::strip_words;

/// The sender that a clause names, and what is left of the clause.
pub fn signed(clause: &str) -> Option<(String, String)> {
    let s = clause.trim();
    introduced(s).or_else(|| on_behalf(s)).or_else(|| asked(s)).filter(|(name, _)| fits(name))
}

/// A signature on the last line: — Anna.
pub fn signature(line: &str) -> Option<String> {
    let line = line.trim();
    let dashed = line.trim_start_matches(['-', '—', '–', ',']);
    let closed = strip_words(line, &["signed", "regards", "best", "sincerely", "yours", "from"]);
    let name = if dashed.len() < line.len() { dashed } else { closed? };
    let name = name.trim_matches([' ', ',', ':', '.']);
    let named = name.starts_with(char::is_uppercase) && name.split_whitespace().count() <= 4;
    (named && fits(name)).then(|| name.to_owned())
}

/// The part of the sender that may be said before the identity is known.
pub fn neutral(sender: &str) -> Option<String> {
    let lower = sender.to_lowercase();
    let digits = sender.chars().filter(char::is_ascii_digit).count();
    let telling = ["his ", "her ", "their ", "your "].iter().any(|w| lower.contains(w));
    let name = if telling {
        let upper =
            sender.split_whitespace().rev().take_while(|w| w.starts_with(char::is_uppercase));
        let mut words: Vec<&str> = upper.collect();
        words.reverse();
        words.join(" ")
    } else {
        sender.to_owned()
    };
    (!name.is_empty() && name.chars().count() <= 40 && digits < 4).then_some(name)
}

/// I am Anna, my name is Anna, this is City Dental, say it's from Anna.
fn introduced(s: &str) -> Option<(String, String)> {
    let after = strip_words(
        s,
        &[
            "i am",
            "i'm",
            "my name is",
            "this is",
            "we are",
            "we're",
            "say it is from",
            "say it's from",
            "tell him it's from",
            "tell her it's from",
            "the message is from",
            "you are calling from",
            "you're calling from",
            "you are calling on behalf of",
            "you're calling on behalf of",
            "i am calling from",
            "i'm calling from",
            "say you are from",
            "say you're from",
            "it's",
            "it is",
            "its",
            "you call on behalf of",
            "calling from",
            "calling on behalf of",
        ],
    )?;
    let (name, rest) = proper(after)?;
    let rest = strip_words(rest, &["and", "here"]).unwrap_or(rest);
    let done = rest.is_empty() || rest.len() < after.len() && s.contains(" and ");
    let acting = strip_words(rest, &["from", "at", "of", "with"]);
    if let Some(place) = acting
        && let Some((org, "")) = proper(place)
    {
        let word = rest.split(' ').next().unwrap_or("from");
        return Some((format!("{name} {word} {org}"), String::new()));
    }
    done.then(|| (name.to_owned(), rest.to_owned()))
}

/// On behalf of City Dental, call…; call John on behalf of City Dental and…; you are the
/// assistant of City Dental.
fn on_behalf(s: &str) -> Option<(String, String)> {
    let lower = s.to_ascii_lowercase();
    for phrase in [
        "on behalf of ",
        "in the name of ",
        "you are an assistant for ",
        "you are the assistant of ",
        "you are the receptionist at ",
        "you are the receptionist of ",
        "you are a receptionist at ",
        "you are an assistant at ",
        "you work for ",
        "acting for ",
        "you are an agent for ",
        "you are an assistant of ",
        "you represent ",
    ] {
        let Some(at) = lower.find(phrase) else {
            continue;
        };
        let (name, rest) = proper(&s[at + phrase.len()..])?;
        let before = if phrase.starts_with("you") { "" } else { s[..at].trim_end() };
        let rest = strip_words(rest, &["and"]).filter(|_| before.is_empty()).unwrap_or(rest);
        let gap = if before.is_empty() || rest.is_empty() { "" } else { " " };
        return Some((name.to_owned(), format!("{before}{gap}{rest}")));
    }
    None
}

/// Anna wants you to call Bob, Anna asked me to tell Bob.
fn asked(s: &str) -> Option<(String, String)> {
    let (name, rest) = proper(s)?;
    let rest = strip_words(
        rest,
        &[
            "wants you to",
            "asks you to",
            "asked you to",
            "would like you to",
            "asked me to",
            "wants me to",
            "needs you to",
            "wants to",
            "would like to",
        ],
    )?;
    super::heads::head(rest, false).map(|_| (name.to_owned(), rest.to_owned()))
}

/// A run of capitalised words, with small ones like "of" and "the" between them.
fn proper(s: &str) -> Option<(&str, &str)> {
    let s = s.trim_start();
    let (skip, body) = match strip_words(s, &["the"]) {
        Some(rest) => (s.len() - rest.len(), rest),
        None => (0, s),
    };
    let mut end = 0;
    let mut at = 0;
    for word in body.split_inclusive(' ') {
        let plain = word.trim_end();
        let upper = plain.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
        let small = at > 0 && matches!(plain, "of" | "&" | "the" | "de" | "van" | "von" | "and");
        if !(upper || small) || plain == "I" {
            break;
        }
        at += word.len();
        if upper {
            end = at - (word.len() - plain.len());
        }
    }
    let name = &s[..skip + end];
    (end > 0 && name.starts_with(|c: char| c.is_uppercase() || skip > 0 && c == 't'))
        .then(|| (name, s[skip + end..].trim_start()))
}

fn fits(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.chars().count() <= 60
        && !["ai", "robot", "human", "i", "monday", "today"].contains(&lower.as_str())
        && name.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_found_in_many_forms() {
        for (text, sender, rest) in [
            ("I am Anna Bell", "Anna Bell", ""),
            ("This is City Dental", "City Dental", ""),
            ("On behalf of City Dental", "City Dental", ""),
            (
                "Call John Smith on behalf of Bank of Oak and tell him",
                "Bank of Oak",
                "Call John Smith and tell him",
            ),
            ("Anna wants you to call Bob", "Anna", "call Bob"),
            ("You are calling from Acme", "Acme", ""),
        ] {
            let got = signed(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((got.0.as_str(), got.1.as_str()), (sender, rest), "{text}");
        }
        for text in ["I am late", "this is urgent", "Call Bob", "I'm human"] {
            assert_eq!(signed(text), None, "{text}");
        }
    }
}
