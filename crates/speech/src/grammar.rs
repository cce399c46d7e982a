//! A closed grammar for each state of the dialogue, as JSGF, and the way back from words to text.

use std::collections::HashMap;

use conversation::Expect;
use domain::Language;

use crate::lexicon::Lexicon;

/// The states there is a grammar for.
pub const STATES: [Expect; 3] = [Expect::Hello, Expect::Identity, Expect::Talk];

/// Name of a state's grammar.
pub const fn name_of(expect: Expect) -> &'static str {
    match expect {
        Expect::Hello => "hello",
        Expect::Identity => "identity",
        Expect::Talk => "talk",
    }
}

/// The grammar of a state: one of its phrases, or an announcement of one to four sentences.
pub fn jsgf(lexicon: &Lexicon, expect: Expect) -> String {
    let mut single = Vec::new();
    let mut chained = Vec::new();
    for (index, phrase) in lexicon.phrases.iter().enumerate() {
        if !phrase.states.holds(expect) {
            continue;
        }
        let words = lexicon.words_of(index).join(" ");
        if phrase.states.chained {
            chained.push(words);
        } else {
            single.push(words);
        }
    }
    let name = name_of(expect);
    let mut text = format!("#JSGF V1.0;\ngrammar {name};\n");
    if chained.is_empty() {
        text.push_str(&format!("public <{name}> = {};\n", single.join(" | ")));
    } else {
        // An announcement is bounded: an unbounded loop would swallow any speech.
        text.push_str(&format!(
            "public <{name}> = {} | <g> [<g> [<g> [<g>]]];\n<g> = {};\n",
            single.join(" | "),
            chained.join(" | ")
        ));
    }
    text
}

/// What a sequence of dictionary words stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The text as the phrase list writes it.
    pub text: String,
    /// Part of an announcement, which may be long.
    pub chained: bool,
    /// No reply at all, only something that sounds like one.
    pub decoy: bool,
}

/// Turns dictionary words back into the text of the phrase list.
pub struct Reader {
    language: Language,
    phrases: HashMap<String, Reading>,
}

impl Reader {
    /// A reader for the phrases of a lexicon.
    pub fn new(lexicon: &Lexicon) -> Self {
        let phrases = lexicon.phrases.iter().enumerate().map(|(index, phrase)| {
            let reading = Reading {
                text: phrase.text.clone(),
                chained: phrase.states.chained,
                decoy: phrase.states.decoy,
            };
            (lexicon.words_of(index).join(" "), reading)
        });
        Self { language: lexicon.language, phrases: phrases.collect() }
    }

    /// The text of a decoder's words; words of several sentences are cut into phrases.
    pub fn read(&self, words: &str) -> Option<Reading> {
        if let Some(reading) = self.phrases.get(words) {
            return Some(reading.clone());
        }
        let all: Vec<&str> = words.split_whitespace().collect();
        let mut texts = Vec::new();
        let mut from = 0;
        while from < all.len() {
            let (to, reading) = (from + 1..=all.len())
                .rev()
                .find_map(|to| Some((to, self.phrases.get(&all[from..to].join(" "))?)))?;
            texts.push(reading.text.clone());
            from = to;
        }
        let between = match self.language {
            Language::Zh => "，",
            Language::En => ", ",
        };
        (!texts.is_empty()).then(|| Reading {
            text: texts.join(between),
            chained: true,
            decoy: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::parse_phrases;

    fn lexicon() -> Lexicon {
        let list =
            "hello | hi | hello\nno | it | no\nleave it | hg | voicemail\nwindow | x | decoy\n";
        let cmu = "hello HH\nno N\nleave L\nit T\nwindow W IH N D OW\n";
        Lexicon::of_words(parse_phrases("en.phrases", list).unwrap(), cmu).unwrap()
    }

    #[test]
    fn each_state_has_its_own_phrases_and_all_decoys() {
        let lexicon = lexicon();
        for (expect, rule) in [
            (
                Expect::Hello,
                "public <hello> = hello | window | <g> [<g> [<g> [<g>]]];\n<g> = leave it;",
            ),
            (Expect::Identity, "public <identity> = hello | no | window;"),
            (Expect::Talk, "public <talk> = no | window;"),
        ] {
            let text = jsgf(&lexicon, expect);
            assert!(text.contains(rule), "{text}");
        }
    }

    #[test]
    fn words_are_read_back_as_written() {
        let reader = Reader::new(&lexicon());
        let text = |words: &str| reader.read(words).map(|r| r.text);
        assert_eq!(text("hello").as_deref(), Some("hello"));
        assert_eq!(text("leave it leave it").as_deref(), Some("leave it, leave it"));
        assert_eq!(text("leave"), None);
        assert_eq!(reader.read("window").map(|r| r.decoy), Some(true));
    }
}
