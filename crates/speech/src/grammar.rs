//! A closed grammar for each state of the dialogue, as JSGF, and the way back from words to text.

use std::collections::HashMap;
use std::sync::Arc;

use conversation::Expect;
use domain::Language;

use crate::lexicon::{Lexicon, States};

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

/// The grammar of a state: one of its phrases with something before and after it, a decoy, or an
/// announcement of one to four sentences.
pub fn jsgf(lexicon: &Lexicon, expect: Expect) -> String {
    let name = name_of(expect);
    let list = |wanted: &dyn Fn(States) -> bool| -> Vec<String> {
        (0..lexicon.phrases.len())
            .filter(|n| wanted(lexicon.phrases[*n].states))
            .flat_map(|n| lexicon.ways_of(n).iter().map(|way| way.join(" ")))
            .collect()
    };
    let mut rules = String::new();
    let mut rule = |name: &str, words: Vec<String>| {
        let some = !words.is_empty();
        if some {
            rules.push_str(&format!("<{name}> = {};\n", words.join(" | ")));
        }
        some
    };
    let mut public = Vec::new();
    let begins = rule("begin", list(&|s| s.opens(expect)));
    let ends = rule("end", list(&|s| s.ends && !s.decoy));
    if rule("reply", list(&|s| s.holds(expect) && !s.decoy && !s.chained)) {
        let begin = if begins { "[<begin>] " } else { "" };
        let end = if ends { " [<end>]" } else { "" };
        public.push(format!("{begin}<reply>{end}"));
    }
    if rule("part", list(&|s| s.holds(expect) && s.chained)) {
        // An announcement is bounded: an unbounded loop would swallow any speech.
        public.push("<part> [<part> [<part> [<part>]]]".to_owned());
    }
    public.extend(list(&|s| s.decoy));
    format!("#JSGF V1.0;\ngrammar {name};\npublic <{name}> = {};\n{rules}", public.join(" | "))
}

/// What a sequence of dictionary words stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The phrases of the lexicon, by number, in the order they were said.
    pub phrases: Vec<usize>,
    /// The text as the phrase list writes it.
    pub text: String,
    /// Part of an announcement, which may be long.
    pub chained: bool,
    /// No reply at all, only something that sounds like one.
    pub decoy: bool,
}

/// Turns dictionary words back into the text of the phrase list.
pub struct Reader {
    lexicon: Arc<Lexicon>,
    phrases: HashMap<String, usize>,
}

impl Reader {
    /// A reader for the phrases of a lexicon.
    pub fn new(lexicon: Arc<Lexicon>) -> Self {
        let phrases = (0..lexicon.phrases.len())
            .flat_map(|n| lexicon.ways_of(n).iter().map(move |way| (way.join(" "), n)))
            .collect();
        Self { lexicon, phrases }
    }

    /// The text of a decoder's words, cut into the longest phrases from the left.
    pub fn read(&self, words: &str) -> Option<Reading> {
        let all: Vec<&str> = words.split_whitespace().collect();
        let mut phrases = Vec::new();
        let mut from = 0;
        while from < all.len() {
            let (to, phrase) = (from + 1..=all.len())
                .rev()
                .find_map(|to| Some((to, *self.phrases.get(&all[from..to].join(" "))?)))?;
            phrases.push(phrase);
            from = to;
        }
        let between = match self.lexicon.language {
            Language::Zh => "，",
            Language::En => ", ",
        };
        let of = |n: &usize| &self.lexicon.phrases[*n];
        let texts: Vec<&str> = phrases.iter().map(|n| of(n).text.as_str()).collect();
        (!phrases.is_empty()).then(|| Reading {
            text: texts.join(between),
            chained: phrases.iter().any(|n| of(n).states.chained),
            decoy: phrases.iter().any(|n| of(n).states.decoy),
            phrases,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::{parse_learnt, parse_phrases};

    fn lexicon() -> Lexicon {
        let list = "hello | hib | hello\nno | it | no\nleave it | hg | voicemail\n\
                    that's all | t | no_more\nwindow | x | decoy\n";
        let learnt = "= hello\nHH\n= no\nN\n= leave it\nL IH\n= that's all\nDH AO\n\
                      = window\nW IH N\n";
        let phrases = parse_phrases("en.phrases", list).unwrap();
        let learnt = parse_learnt("en.lexicon", learnt).unwrap();
        Lexicon::of_learnt(Language::En, phrases, &learnt).unwrap()
    }

    #[test]
    fn each_state_has_its_own_phrases_and_all_decoys() {
        let lexicon = lexicon();
        for (expect, rules) in [
            (
                Expect::Hello,
                "public <hello> = [<begin>] <reply> | <part> [<part> [<part> [<part>]]] | P004;\n\
                 <begin> = P000;\n<reply> = P000;\n<part> = P001;\n",
            ),
            (
                Expect::Identity,
                "public <identity> = [<begin>] <reply> | P004;\n\
                 <begin> = P000;\n<reply> = P000 | P002;\n",
            ),
            (
                Expect::Talk,
                "public <talk> = <reply> | P004;\n\
                 <reply> = P002 | P003;\n",
            ),
        ] {
            let text = jsgf(&lexicon, expect);
            assert!(text.ends_with(rules), "{text}");
        }
    }

    #[test]
    fn words_are_read_back_as_written() {
        let reader = Reader::new(Arc::new(lexicon()));
        let text = |words: &str| reader.read(words).map(|r| r.text);
        assert_eq!(text("P000").as_deref(), Some("hello"));
        assert_eq!(text("P001 P001").as_deref(), Some("leave it, leave it"));
        assert_eq!(text("P000 P002 P003").as_deref(), Some("hello, no, that's all"));
        assert_eq!(text("P999"), None);
        assert_eq!(reader.read("P004").map(|r| r.decoy), Some(true));
        assert_eq!(
            reader.read("P000 P001").map(|r| (r.chained, r.phrases)),
            Some((true, vec![0, 2]))
        );
    }
}
