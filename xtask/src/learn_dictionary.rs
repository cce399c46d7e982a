//! English words as the acoustic model's own dictionary pronounces them.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use speech::lexicon::plain_words;

/// Words with their first pronunciation.
#[derive(Clone, Debug, Default)]
pub struct Dictionary(BTreeMap<String, String>);

impl Dictionary {
    /// Reads a dictionary in CMU format: a word, a blank, its phones; `word(2)` is left out.
    pub fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self::parse(&String::from_utf8_lossy(&std::fs::read(path)?)))
    }

    fn parse(text: &str) -> Self {
        let words = text.lines().filter_map(|line| line.split_once(' '));
        Self(words.map(|(word, phones)| (word.to_owned(), phones.trim().to_owned())).collect())
    }

    /// Phones of a text, if all its words are known.
    pub fn pronounce(&self, text: &str) -> Option<String> {
        let words = plain_words(text);
        let phones: Option<Vec<&str>> =
            words.iter().map(|word| self.0.get(word).map(String::as_str)).collect();
        phones.filter(|p| !p.is_empty()).map(|p| p.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_its_words_one_after_the_other() {
        let dictionary = Dictionary::parse("hello HH AH L OW\nhello(2) HH EH L OW\nyou Y UW\n");
        assert_eq!(dictionary.pronounce("Hello, you").as_deref(), Some("HH AH L OW Y UW"));
        assert_eq!(dictionary.pronounce("hello there"), None);
        assert_eq!(Dictionary::default().pronounce("你好"), None);
    }
}
