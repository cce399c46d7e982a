//! What a callee may say, and how it sounds: phrase lists and learnt pronunciations.
//!
//! English words take their pronunciations from the model's own dictionary. Mandarin phrases have
//! theirs from `zh.lexicon`, learnt by `cargo run -p xtask -- learn`: each phrase is one word of
//! the dictionary, spelled in English phones the way the English acoustic model hears it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use conversation::Expect;
use domain::Language;

use crate::sphinx::{ModelPaths, SphinxError};

/// One reply of the phrase list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The words as they are written.
    pub text: String,
    /// When it may be expected.
    pub states: States,
    /// What it means, for people who read the list; nothing is judged by it.
    pub tag: String,
}

/// When a phrase may be expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// Straight after the answer.
    pub hello: bool,
    /// As an answer to “is that you?”.
    pub identity: bool,
    /// While the matter is talked about.
    pub talk: bool,
    /// Part of an announcement of several sentences.
    pub chained: bool,
    /// Sounds like a reply and is none: always in the grammar, always `unclear`.
    pub decoy: bool,
}

impl States {
    /// Whether the phrase belongs to the grammar of this state.
    pub fn holds(self, expect: Expect) -> bool {
        self.decoy
            || match expect {
                Expect::Hello => self.hello,
                Expect::Identity => self.identity,
                Expect::Talk => self.talk,
            }
    }

    fn parse(letters: &str) -> Option<Self> {
        let mut states = Self::default();
        for letter in letters.chars() {
            match letter {
                'h' => states.hello = true,
                'i' => states.identity = true,
                't' => states.talk = true,
                'g' => states.chained = true,
                'x' => states.decoy = true,
                _ => return None,
            }
        }
        (states != Self::default()).then_some(states)
    }
}

/// Pronunciations of phrases by their text, each a sequence of phones.
pub type Pronunciations = BTreeMap<String, Vec<String>>;

/// The phrases of one language with their pronunciations.
#[derive(Clone, Debug)]
pub struct Lexicon {
    /// The language.
    pub language: Language,
    /// The phrases, in the order of the list.
    pub phrases: Vec<Phrase>,
    /// Per phrase, the words of the dictionary that say it.
    words: Vec<Vec<String>>,
    /// Per word, its pronunciations.
    sounds: BTreeMap<String, Vec<String>>,
}

impl Lexicon {
    /// The built-in lexicon of a language; English reads the model's dictionary.
    pub fn built_in(language: Language, model: &ModelPaths) -> Result<Self, SphinxError> {
        let phrases = built_in_phrases(language)?;
        match language {
            Language::Zh => Self::of_learnt(phrases, &parse_learnt(ZH_LEXICON)?),
            Language::En => {
                model.check()?;
                let dictionary = std::fs::read(&model.english)
                    .map_err(|_| SphinxError::Model { path: model.english.clone() })?;
                Self::of_words(phrases, &String::from_utf8_lossy(&dictionary))
            }
        }
    }

    /// A lexicon with one dictionary word per phrase, of learnt pronunciations. A phrase of
    /// several parts (`好的，我知道了`) that was not learnt whole is the sequence of its parts.
    pub fn of_learnt(phrases: Vec<Phrase>, learnt: &Pronunciations) -> Result<Self, SphinxError> {
        let mut sounds = BTreeMap::new();
        let mut word_of: BTreeMap<String, String> = BTreeMap::new();
        for (text, variants) in learnt.iter().filter(|(_, v)| !v.is_empty()) {
            let word = format!("P{:03}", word_of.len());
            sounds.insert(word.clone(), variants.clone());
            word_of.insert(text.clone(), word);
        }
        let mut words = Vec::new();
        let mut known = Vec::new();
        for phrase in phrases {
            let whole = word_of.get(&phrase.text).map(|word| vec![word.clone()]);
            let parts = || phrase.text.split('，').map(|p| word_of.get(p).cloned()).collect();
            match whole.or_else(parts) {
                Some(sequence) => {
                    words.push(sequence);
                    known.push(phrase);
                }
                // Learning leaves out decoys that sound like a reply.
                None if phrase.states.decoy => {}
                None => return Err(data(ZH_LEXICON_NAME, 0, format!("no {}", phrase.text))),
            }
        }
        let used: BTreeSet<&String> = words.iter().flatten().collect();
        sounds.retain(|word, _| used.contains(word));
        Ok(Self { language: Language::Zh, phrases: known, words, sounds })
    }

    /// A lexicon of words found in a dictionary in CMU format.
    pub fn of_words(phrases: Vec<Phrase>, dictionary: &str) -> Result<Self, SphinxError> {
        let words: Vec<Vec<String>> = phrases.iter().map(|p| plain_words(&p.text)).collect();
        let wanted: BTreeSet<&str> = words.iter().flatten().map(String::as_str).collect();
        let mut sounds: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in dictionary.lines() {
            let Some((head, phones)) = line.split_once(' ') else {
                continue;
            };
            let word = head.split('(').next().unwrap_or(head);
            if wanted.contains(word) {
                sounds.entry(word.to_owned()).or_default().push(phones.trim().to_owned());
            }
        }
        if let Some(word) = wanted.iter().find(|w| !sounds.contains_key(**w)) {
            return Err(data("en.phrases", 0, format!("the dictionary lacks {word}")));
        }
        Ok(Self { language: Language::En, phrases, words, sounds }.without_near_decoys())
    }

    /// Leaves out the decoys that could be taken for a phrase.
    fn without_near_decoys(mut self) -> Self {
        let real: Vec<Vec<&str>> = (0..self.phrases.len())
            .filter(|n| !self.phrases[*n].states.decoy)
            .flat_map(|n| self.variants_of(n))
            .collect();
        let near = |decoy: &[&str]| {
            // A third of the phones may differ, at least one.
            let allowed = (decoy.len() / 3).max(1);
            real.iter().any(|phrase| edit_distance(decoy, phrase) <= allowed)
        };
        let kept: Vec<bool> = (0..self.phrases.len())
            .map(|n| !self.phrases[n].states.decoy || !self.variants_of(n).iter().any(|v| near(v)))
            .collect();
        let mut keep = kept.iter();
        self.phrases.retain(|_| keep.next().is_some_and(|k| *k));
        let mut keep = kept.iter();
        self.words.retain(|_| keep.next().is_some_and(|k| *k));
        let used: BTreeSet<String> = self.words.iter().flatten().cloned().collect();
        self.sounds.retain(|word, _| used.contains(word));
        self
    }

    /// Pronunciations of a phrase; of several words only the first of each.
    fn variants_of(&self, phrase: usize) -> Vec<Vec<&str>> {
        let sounds = |word: &String| self.sounds.get(word).map_or(&[][..], Vec::as_slice);
        match &self.words[phrase][..] {
            [word] => sounds(word).iter().map(|v| v.split_whitespace().collect()).collect(),
            several => vec![
                several
                    .iter()
                    .filter_map(|word| sounds(word).first())
                    .flat_map(|v| v.split_whitespace())
                    .collect(),
            ],
        }
    }

    /// The dictionary in CMU format.
    pub fn dictionary(&self) -> String {
        let mut text = String::new();
        for (word, variants) in &self.sounds {
            for (index, phones) in variants.iter().enumerate() {
                // Writing to a string cannot fail.
                let _ = match index {
                    0 => writeln!(text, "{word} {phones}"),
                    n => writeln!(text, "{word}({}) {phones}", n + 1),
                };
            }
        }
        text
    }

    /// The dictionary words of a phrase.
    pub fn words_of(&self, phrase: usize) -> &[String] {
        &self.words[phrase]
    }

    /// Phones in a sequence of dictionary words: the mean over their pronunciations.
    pub fn phones_in(&self, words: &str) -> f32 {
        words
            .split_whitespace()
            .filter_map(|word| self.sounds.get(word.split('(').next().unwrap_or(word)))
            .map(|variants| {
                let phones: usize = variants.iter().map(|v| v.split_whitespace().count()).sum();
                phones as f32 / variants.len().max(1) as f32
            })
            .sum()
    }
}

/// The built-in phrase list of a language.
pub fn built_in_phrases(language: Language) -> Result<Vec<Phrase>, SphinxError> {
    match language {
        Language::Zh => parse_phrases("zh.phrases", include_str!("../data/zh.phrases")),
        Language::En => parse_phrases("en.phrases", include_str!("../data/en.phrases")),
    }
}

/// Reads a phrase list: `text | states | tag` a line, `#` begins a comment.
pub fn parse_phrases(file: &'static str, text: &str) -> Result<Vec<Phrase>, SphinxError> {
    let mut phrases: Vec<Phrase> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let mut parts = line.split('|').map(str::trim);
        let (Some(text), Some(letters), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(data(file, number, "three columns are wanted".to_owned()));
        };
        let Some(states) = States::parse(letters) else {
            return Err(data(file, number, format!("no such states: {letters}")));
        };
        if phrases.iter().any(|p| p.text == text) {
            return Err(data(file, number, "this phrase stands twice".to_owned()));
        }
        phrases.push(Phrase { text: text.to_owned(), states, tag: tag.to_owned() });
    }
    Ok(phrases)
}

/// Reads learnt pronunciations: `= text`, then one sequence of phones a line.
pub fn parse_learnt(text: &str) -> Result<Pronunciations, SphinxError> {
    let mut learnt = Pronunciations::new();
    let mut current: Option<&mut Vec<String>> = None;
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if let Some(text) = line.strip_prefix("= ") {
            current = Some(learnt.entry(text.trim().to_owned()).or_default());
        } else {
            let Some(variants) = current.as_mut() else {
                return Err(data(ZH_LEXICON_NAME, number, "phones before a phrase".to_owned()));
            };
            variants.push(line.trim().to_owned());
        }
    }
    Ok(learnt)
}

/// The words of an English text as the dictionary spells them.
pub fn plain_words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '\''))
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Insertions, deletions and changes between two sequences.
pub fn edit_distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn data(file: &'static str, line: usize, what: String) -> SphinxError {
    SphinxError::Data { file, line, what }
}

const ZH_LEXICON_NAME: &str = "zh.lexicon";
const ZH_LEXICON: &str = include_str!("../data/zh.lexicon");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_enough_replies_of_each_kind() {
        for language in [Language::Zh, Language::En] {
            let phrases = built_in_phrases(language).unwrap();
            let real: Vec<&Phrase> = phrases.iter().filter(|p| !p.states.decoy).collect();
            assert!(real.len() >= 45, "{language:?}: {}", real.len());
            for tag in [
                "hello",
                "confirm",
                "deny",
                "wrong_number",
                "third_party",
                "busy",
                "refuse",
                "opt_out",
                "robot",
                "what",
                "when",
                "where",
                "who",
                "repeat",
                "ack",
                "yes",
                "no",
                "cannot",
                "thanks",
                "bye",
                "backchannel",
                "hold_on",
                "voicemail",
                "screening",
            ] {
                assert!(real.iter().any(|p| p.tag == tag), "{language:?} lacks {tag}");
            }
        }
    }

    #[test]
    fn a_broken_list_names_its_line() {
        for (text, line) in [("a | h | x\nb | h", 2), ("a | q | x", 1), ("a|h|x\n#\na|t|x", 3)] {
            let result = parse_phrases("zh.phrases", text);
            assert!(
                matches!(&result, Err(SphinxError::Data { line: l, .. }) if *l == line),
                "{text}: {result:?}"
            );
        }
    }

    #[test]
    fn an_english_dictionary_holds_only_our_words_with_variants() {
        let phrases = parse_phrases("en.phrases", "Hello, you | h | hello").unwrap();
        let cmu = "hello HH AH L OW\nhello(2) HH EH L OW\nworld W ER L D\nyou Y UW\n";
        let lexicon = Lexicon::of_words(phrases, cmu).unwrap();
        assert_eq!(lexicon.dictionary(), "hello HH AH L OW\nhello(2) HH EH L OW\nyou Y UW\n");
        assert_eq!(lexicon.phones_in("hello you"), 6.0);
    }

    #[test]
    fn a_decoy_that_sounds_like_a_phrase_is_left_out() {
        let list = "hello | h | hello\nlow | x | decoy\nyellow | x | decoy\nwindow | x | decoy\n";
        let cmu = "hello HH AH L OW\nlow L OW\nyellow Y EH L OW\nwindow W IH N D OW\n";
        let lexicon = Lexicon::of_words(parse_phrases("en.phrases", list).unwrap(), cmu).unwrap();
        let texts: Vec<&str> = lexicon.phrases.iter().map(|p| p.text.as_str()).collect();
        // Two changes lie between “low” or “yellow” and “hello”: far enough for the rule.
        assert_eq!(texts, ["hello", "low", "yellow", "window"]);
        assert_eq!(edit_distance(&["HH", "AH", "L", "OW"], &["L", "OW"]), 2);
    }

    #[test]
    fn a_word_the_dictionary_lacks_is_an_error() {
        let phrases = parse_phrases("en.phrases", "xyzzy | h | hello").unwrap();
        assert!(Lexicon::of_words(phrases, "you Y UW\n").is_err());
    }
}
