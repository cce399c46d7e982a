//! How near what a free loop of phones wrote down lies to each phrase.
//!
//! The loop hears without knowing the phrases, so its opinion is a second one: if what it wrote
//! down is far from the phrase that the grammar chose, or as near to one that means something
//! else, the choice is doubtful.

use std::collections::HashMap;

use crate::lexicon::{Lexicon, edit_distance};

/// Distances of one utterance: changed phones per phone, 0 is equal, about 1 is unrelated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearness {
    /// To what the grammar chose.
    pub own: f32,
    /// To the nearest phrase of the same meaning.
    pub kind: f32,
    /// To the nearest phrase of another meaning, decoys included.
    pub other: f32,
    /// Phones the loop wrote down.
    pub heard: usize,
}

/// The phrases of a lexicon as numbers instead of phones.
pub struct Neighbours {
    codes: HashMap<String, u8>,
    /// Per phrase its variants.
    variants: Vec<Vec<Vec<u8>>>,
    /// Per phrase a number that phrases of the same meaning share.
    kinds: Vec<usize>,
}

impl Neighbours {
    /// The neighbours of all states.
    pub fn new(lexicon: &Lexicon) -> Self {
        let mut codes = HashMap::new();
        let mut tags: Vec<&str> = Vec::new();
        let (mut variants, mut kinds) = (Vec::new(), Vec::new());
        for (number, phrase) in lexicon.phrases.iter().enumerate() {
            let numbers = lexicon.variants_of(number).into_iter();
            variants.push(
                numbers.map(|v| v.into_iter().map(|p| code(&mut codes, p)).collect()).collect(),
            );
            kinds.push(tags.iter().position(|t| *t == phrase.tag).unwrap_or_else(|| {
                tags.push(&phrase.tag);
                tags.len() - 1
            }));
        }
        Self { codes, variants, kinds }
    }

    /// Compares the loop's words with the phrases the grammar chose, by number.
    pub fn measure(&self, loop_words: &str, chosen: &[usize]) -> Nearness {
        let heard: Vec<u8> = loop_words
            .split_whitespace()
            .filter_map(|phone| self.codes.get(phone).copied())
            .take(MOST_PHONES)
            .collect();
        let own = match chosen {
            [one] if !self.variants[*one].is_empty() => self.distance(&heard, *one),
            several => self.chained(&heard, several),
        };
        let (mut kind, mut other) = (own, 1.0_f32);
        for phrase in 0..self.variants.len() {
            let distance = self.distance(&heard, phrase);
            let same = chosen.iter().any(|c| self.kinds[*c] == self.kinds[phrase]);
            let nearest = if same { &mut kind } else { &mut other };
            *nearest = nearest.min(distance);
        }
        Nearness { own, kind, other, heard: heard.len() }
    }

    /// Distance to the nearest variant of a phrase.
    fn distance(&self, heard: &[u8], phrase: usize) -> f32 {
        let mut nearest = 1.0_f32;
        for variant in &self.variants[phrase] {
            let longer = heard.len().max(variant.len()).max(1);
            // The lengths alone make this much of a difference.
            let least = heard.len().abs_diff(variant.len()) as f32 / longer as f32;
            if least < nearest {
                nearest = nearest.min(edit_distance(heard, variant) as f32 / longer as f32);
            }
        }
        nearest
    }

    /// Distance to phrases said one after the other, each in its best variant.
    fn chained(&self, heard: &[u8], phrases: &[usize]) -> f32 {
        let mut row: Vec<usize> = (0..=heard.len()).collect();
        let mut phones = 0;
        for phrase in phrases {
            let ends = self.variants[*phrase].iter().map(|v| continued(&row, heard, v));
            let best = ends.reduce(|mut best, end| {
                best.iter_mut().zip(end).for_each(|(b, e)| *b = e.min(*b));
                best
            });
            row = best.unwrap_or(row);
            phones += self.variants[*phrase].first().map_or(0, Vec::len);
        }
        row[heard.len()] as f32 / heard.len().max(phones).max(1) as f32
    }
}

/// Adds a variant to a row of edit distances.
fn continued(row: &[usize], heard: &[u8], variant: &[u8]) -> Vec<usize> {
    let mut row = row.to_vec();
    for phone in variant {
        let mut diagonal = row[0];
        row[0] += 1;
        for (j, other) in heard.iter().enumerate() {
            let change = diagonal + usize::from(phone != other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row
}

fn code(codes: &mut HashMap<String, u8>, phone: &str) -> u8 {
    // The model has 40 phones; more than 255 kinds would share the last number.
    let next = u8::try_from(codes.len()).unwrap_or(u8::MAX);
    *codes.entry(phone.to_owned()).or_insert(next)
}

/// About 15 s of speech: what is longer is no reply.
const MOST_PHONES: usize = 200;

#[cfg(test)]
mod tests {
    use domain::Language;

    use super::*;
    use crate::lexicon::{parse_learnt, parse_phrases};

    fn neighbours() -> Neighbours {
        let list = "hello | h | hello\nhi there | h | hello\nno | h | no\nlow | x | decoy\n";
        let learnt = "= hello\nHH AH L OW\nHH EH L OW\nHH AH L AH\n= hi there\nHH AY DH EH R\n\
                      = no\nN OW\nN AO\n= low\nL OW\nL AO\nL AH\n";
        let phrases = parse_phrases("en.phrases", list).unwrap();
        let learnt = parse_learnt("en.lexicon", learnt).unwrap();
        Neighbours::new(&Lexicon::of_learnt(Language::En, phrases, &learnt).unwrap())
    }

    #[test]
    fn the_loops_opinion_is_near_to_what_was_said_and_far_from_the_rest() {
        let near = neighbours().measure("SIL HH AH L OW SIL", &[0]);
        assert_eq!(near.heard, 4);
        assert_eq!(near.own, 0.0);
        assert!(near.kind <= near.own && near.other >= 0.5, "{near:?}");
    }

    #[test]
    fn another_meaning_as_near_shows() {
        let near = neighbours().measure("L OW", &[2]);
        assert!(near.other < near.own, "{near:?}");
    }

    #[test]
    fn phrases_in_a_row_are_compared_in_a_row() {
        let near = neighbours().measure("HH EH L OW N OW", &[0, 2]);
        assert_eq!(near.own, 0.0);
        assert!(neighbours().measure("HH EH L OW", &[0, 2]).own > 0.3);
    }

    #[test]
    fn nothing_heard_is_far_from_everything() {
        let near = neighbours().measure("", &[1]);
        assert_eq!((near.own, near.kind, near.other), (1.0, 1.0, 1.0));
    }
}
