//! What a callee may say, and how it sounds: phrase lists and learnt pronunciations.
//!
//! The pronunciations are written by `cargo run -p xtask -- learn`: each phrase, and each of its
//! parts, is one word of the dictionary, spelled in the phones of the language's acoustic model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use conversation::Expect;
use domain::Language;

use crate::sphinx::SphinxError;

/// One reply of the phrase list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The words as they are written.
    pub text: String,
    /// When it may be expected.
    pub states: States,
    /// What it means, shared by phrases that mean the same.
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
    /// May stand before a reply: “喂，我就是”.
    pub begins: bool,
    /// May stand after a reply: “我就是，什么事”.
    pub ends: bool,
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

    /// Whether it may stand before another reply in this state: in its own, or in all if it is
    /// said nowhere by itself.
    pub fn opens(self, expect: Expect) -> bool {
        let alone = self.hello || self.identity || self.talk;
        self.begins && !self.decoy && (!alone || self.holds(expect))
    }

    fn parse(letters: &str) -> Option<Self> {
        let mut states = Self::default();
        for letter in letters.chars() {
            match letter {
                'h' => states.hello = true,
                'i' => states.identity = true,
                't' => states.talk = true,
                'b' => states.begins = true,
                'e' => states.ends = true,
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
    /// Per phrase, the sequences of dictionary words that say it.
    ways: Vec<Vec<Vec<String>>>,
    /// Per word, its pronunciations.
    sounds: BTreeMap<String, Vec<String>>,
}

impl Lexicon {
    /// The built-in lexicon of a language.
    pub fn built_in(language: Language) -> Result<Self, SphinxError> {
        let (name, text) = match language {
            Language::Zh => ("zh.lexicon", include_str!("../data/zh.lexicon")),
            Language::En => ("en.lexicon", include_str!("../data/en.lexicon")),
        };
        Self::of_learnt(language, built_in_phrases(language)?, &parse_learnt(name, text)?)
    }

    /// A lexicon of learnt pronunciations: a phrase is one word of the dictionary, and a phrase of
    /// several parts that were all learnt (`好的，我知道了`) is also the sequence of its parts,
    /// between which the callee may pause.
    pub fn of_learnt(
        language: Language,
        phrases: Vec<Phrase>,
        learnt: &Pronunciations,
    ) -> Result<Self, SphinxError> {
        let mut sounds = BTreeMap::new();
        let mut word_of: BTreeMap<&str, String> = BTreeMap::new();
        for (text, variants) in learnt.iter().filter(|(_, v)| !v.is_empty()) {
            let word = format!("P{:03}", word_of.len());
            sounds.insert(word.clone(), variants.clone());
            word_of.insert(text, word);
        }
        let (mut known, mut ways) = (Vec::new(), Vec::new());
        for phrase in phrases {
            let whole = word_of.get(phrase.text.as_str()).map(|word| vec![word.clone()]);
            let parts: Option<Vec<String>> = phrase
                .text
                .split(['，', ','])
                .map(|part| word_of.get(part.trim()).cloned())
                .collect();
            let mut of_phrase: Vec<Vec<String>> = whole.into_iter().chain(parts).collect();
            of_phrase.dedup();
            match of_phrase.is_empty() {
                false => {
                    ways.push(of_phrase);
                    known.push(phrase);
                }
                // Learning leaves out decoys that sound like a reply.
                true if phrase.states.decoy => {}
                true => return Err(data("lexicon", 0, format!("no {}", phrase.text))),
            }
        }
        let used: BTreeSet<&String> = ways.iter().flatten().flatten().collect();
        sounds.retain(|word, _| used.contains(word));
        Ok(Self { language, phrases: known, ways, sounds })
    }

    /// Pronunciations of a phrase said in one go, each a sequence of phones.
    pub fn variants_of(&self, phrase: usize) -> Vec<Vec<&str>> {
        let sounds = |word: &String| self.sounds.get(word).map_or(&[][..], Vec::as_slice);
        self.ways[phrase]
            .iter()
            .filter(|way| way.len() == 1)
            .flatten()
            .flat_map(sounds)
            .map(|variant| variant.split_whitespace().collect())
            .collect()
    }

    /// The dictionary in CMU format, with the first [`DECODED`] pronunciations of each word.
    pub fn dictionary(&self) -> String {
        let mut text = String::new();
        for (word, variants) in &self.sounds {
            for (index, phones) in variants.iter().take(DECODED).enumerate() {
                // Writing to a string cannot fail.
                let _ = match index {
                    0 => writeln!(text, "{word} {phones}"),
                    n => writeln!(text, "{word}({}) {phones}", n + 1),
                };
            }
        }
        text
    }

    /// The sequences of dictionary words that say a phrase; at least one.
    pub fn ways_of(&self, phrase: usize) -> &[Vec<String>] {
        &self.ways[phrase]
    }

    /// The phones of each of a sequence of dictionary words, as they were pronounced.
    pub fn spell(&self, words: &str) -> Vec<Vec<&str>> {
        let sounds = |word: &str| -> Option<Vec<&str>> {
            let (word, variant) = word.split_once('(').unwrap_or((word, "1"));
            let variant: usize = variant.trim_end_matches(')').parse().ok()?;
            let sounds = self.sounds.get(word)?.get(variant.checked_sub(1)?)?;
            Some(sounds.split_whitespace().collect())
        };
        words.split_whitespace().filter_map(sounds).collect()
    }

    /// Every phone that occurs.
    pub fn all_phones(&self) -> BTreeSet<&str> {
        self.sounds.values().flatten().flat_map(|s| s.split_whitespace()).collect()
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
pub fn parse_learnt(file: &'static str, text: &str) -> Result<Pronunciations, SphinxError> {
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
                return Err(data(file, number, "phones before a phrase".to_owned()));
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

/// Pronunciations of a word that the decoder searches: they stand in the order of how much each
/// adds, and each costs the callee time.
const DECODED: usize = 20;

fn data(file: &'static str, line: usize, what: String) -> SphinxError {
    SphinxError::Data { file, line, what }
}

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
    fn a_phrase_of_several_parts_is_one_word_and_the_words_of_its_parts() {
        let list = "好的 | t | ack\n知道了 | t | ack\n好的，知道了 | t | ack\n猫 | x | decoy\n";
        let learnt =
            "= 好的\nHH AW D\n= 知道了\nJH D L\nJH AW L\n= 好的，知道了\nHH AW JH L\n= 猫\n";
        let lexicon = Lexicon::of_learnt(
            Language::Zh,
            parse_phrases("zh.phrases", list).unwrap(),
            &parse_learnt("zh.lexicon", learnt).unwrap(),
        )
        .unwrap();
        // The cat was not learnt: it sounded like a reply.
        assert_eq!(lexicon.phrases.len(), 3);
        let lengths: Vec<usize> = lexicon.ways_of(2).iter().map(Vec::len).collect();
        assert_eq!(lengths, [1, 2]);
        assert_eq!(lexicon.variants_of(2), [["HH", "AW", "JH", "L"]]);
        let parts = lexicon.ways_of(2)[1].join(" ");
        assert_eq!(lexicon.phones_in(&parts), 6.0);
        assert!(lexicon.dictionary().contains("(2) JH AW L\n"), "{}", lexicon.dictionary());
    }

    #[test]
    fn a_phrase_that_was_not_learnt_is_an_error() {
        let phrases = parse_phrases("en.phrases", "xyzzy | h | hello").unwrap();
        assert!(Lexicon::of_learnt(Language::En, phrases, &Pronunciations::new()).is_err());
    }

    #[test]
    fn what_was_learnt_fits_the_lists() {
        for language in [Language::Zh, Language::En] {
            let lexicon = Lexicon::built_in(language).unwrap();
            assert!(lexicon.phrases.iter().any(|p| p.states.decoy));
        }
    }

    #[test]
    fn changes_between_sequences_are_counted() {
        assert_eq!(edit_distance(&["HH", "AH", "L", "OW"], &["L", "OW"]), 2);
        assert_eq!(edit_distance::<u8>(&[], &[]), 0);
    }
}
