//! One utterance against the grammar of a dialogue state, with the right to say “unclear”.
//!
//! A grammar decoder always finds its best phrase, also for a cough. What a free loop of phones
//! makes of the same audio tells whether to believe it: how much better it scores, how near what
//! it wrote down lies to the phrase and to phrases that mean something else, and how long the
//! phrase took. `recognizer_limits` weighs them.

use std::sync::Arc;

use conversation::Expect;

use crate::grammar::{self, Reader};
use crate::lexicon::Lexicon;
use crate::model::Model;
use crate::recognizer_cut::Cut;
use crate::recognizer_limits::{AGREED, Measures, measures};
use crate::recognizer_near::{Nearness, Neighbours};
use crate::recognizer_phones::{Aligner, Fit};
use crate::sphinx::{Sphinx, SphinxError};
use crate::sphinx_decoder::Decoder;

/// The best phrase for an utterance, with what decides whether it is believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The take that fits better.
    pub take: Take,
    /// What was measured, the mean of all takes.
    pub measures: Measures,
}

/// What one decode of an utterance made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Take {
    /// The phrase as the list writes it.
    pub text: String,
    /// What the phrases mean: their tags in the list, in the order they were said.
    pub tags: Vec<String>,
    /// How much better the phone loop scored, per frame of 10 ms. Small is good.
    pub gap: f32,
    /// What the phone loop's best path costs per frame: large is unlike anything the model knows.
    pub cost: f32,
    /// Frames from the first word to the last.
    pub frames: u32,
    /// Frames from the first loud one to the last: all that was said.
    pub spoken: u32,
    /// Phones the phrase has.
    pub phones: f32,
    /// How near the phone loop's own words are.
    pub near: Nearness,
    /// How well its single phones fit.
    pub fit: Fit,
    /// How far the quiet parts lie below the speech, dB.
    pub quiet_db: f32,
    /// Something that only sounds like a reply.
    pub decoy: bool,
    /// An announcement of one or more sentences.
    pub chained: bool,
}

/// The decoders of one language in one thread: about 25 MB. Decoding blocks.
pub struct PhraseDecoder {
    words: Decoder,
    phones: Decoder,
    aligner: Aligner,
    lexicon: Arc<Lexicon>,
    reader: Reader,
    neighbours: Neighbours,
}

impl PhraseDecoder {
    /// Decoders for all states of a lexicon.
    pub fn new(library: &Arc<Sphinx>, lexicon: Arc<Lexicon>) -> Result<Self, SphinxError> {
        let model = &Model::built_in(lexicon.language)?;
        let mut words = Decoder::of_words(library, model, &lexicon.dictionary())?;
        for expect in grammar::STATES {
            words.add_grammar(grammar::name_of(expect), &grammar::jsgf(&lexicon, expect))?;
        }
        let phones = Decoder::of_phones(library, model)?;
        let aligner = Aligner::new(library, model, &lexicon.all_phones())?;
        let reader = Reader::new(Arc::clone(&lexicon));
        let neighbours = Neighbours::new(&lexicon);
        Ok(Self { words, phones, aligner, lexicon, reader, neighbours })
    }

    /// The best phrase for an utterance at 16 kHz; `None` if there is no speech in it.
    ///
    /// Where the decoder's frames happen to lie decides on words at the edge of belief. So an
    /// utterance is decoded a second time, its frames elsewhere, unless one is `sure` after the
    /// first. Whether the phrase is to be believed is another question:
    /// [`Limits::accept`](crate::recognizer_limits::Limits::accept).
    pub fn best(
        &mut self,
        samples: &[i16],
        expect: Expect,
        sure: impl FnOnce(&Match) -> bool,
    ) -> Result<Option<Match>, SphinxError> {
        // What never rises above its own floor is a hiss or a tone.
        let Some(cut) = Cut::of(samples).filter(|cut| cut.quiet_db >= STEADY_DB) else {
            return Ok(None);
        };
        let first = self.take(&cut, expect, 0)?.map(Match::of);
        if first.as_ref().is_some_and(sure) {
            return Ok(first);
        }
        let second = self.take(&cut, expect, 1)?.map(Match::of);
        Ok(match (first, second) {
            (Some(first), Some(second)) => Some(first.with(second)),
            (first, second) => first.or(second).map(Match::alone),
        })
    }

    fn take(
        &mut self,
        cut: &Cut,
        expect: Expect,
        number: u32,
    ) -> Result<Option<Take>, SphinxError> {
        let samples = &cut.take(number);
        self.words.use_grammar(grammar::name_of(expect))?;
        let (words, phones) = (&mut self.words, &mut self.phones);
        // Two decoders, two cores: the callee waits for the slower one only.
        let (said, free) = std::thread::scope(|scope| {
            let free = scope.spawn(|| phones.decode(samples));
            let said = words.decode(samples);
            (said, free.join().unwrap_or(Err(SphinxError::Stopped)))
        });
        let (Some(said), Some(free)) = (said?, free?) else {
            return Ok(None);
        };
        let Some(reading) = self.reader.read(&said.words) else {
            return Ok(None);
        };
        let spelt = self.lexicon.spell(&said.words);
        let Some(fit) = self.aligner.fit(samples, &spelt, &free)? else {
            return Ok(None);
        };
        let of = |n: &usize| &self.lexicon.phrases[*n];
        Ok(Some(Take {
            gap: (free.score.saturating_sub(said.score)) as f32 / said.frames() as f32,
            cost: free.score.saturating_neg() as f32 / free.frames() as f32,
            frames: said.frames(),
            spoken: cut.spoken,
            phones: self.lexicon.phones_in(&said.words),
            near: self.neighbours.measure(&free.words, &reading.phrases),
            fit,
            quiet_db: cut.quiet_db,
            tags: reading.phrases.iter().map(|n| of(n).tag.clone()).collect(),
            decoy: reading.decoy,
            chained: reading.chained,
            text: reading.text,
        }))
    }
}

impl Match {
    /// One take alone, as if another one agreed.
    pub(crate) fn of(take: Take) -> Self {
        Self { measures: measures(&take), take }
    }

    /// No other take bears it out.
    fn alone(mut self) -> Self {
        self.measures[AGREED] = 0.0;
        self
    }

    /// Both takes together; if they mean different things, the better one of them.
    fn with(self, other: Self) -> Self {
        let agreed = self.take.tags == other.take.tags;
        let (mut better, worse) =
            if self.take.gap <= other.take.gap { (self, other) } else { (other, self) };
        if !agreed {
            return better.alone();
        }
        for (mean, other) in better.measures.iter_mut().zip(worse.measures) {
            *mean = f32::midpoint(*mean, other);
        }
        better
    }
}

/// Speech rises further above the line's noise than this, even at 6 dB of it.
const STEADY_DB: f32 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str, tag: &str, gap: f32) -> Match {
        Match::of(Take {
            text: text.to_owned(),
            tags: vec![tag.to_owned()],
            gap,
            cost: 20.0,
            frames: 24,
            spoken: 24,
            phones: 3.0,
            near: Nearness { own: 0.1, kind: 0.1, other: 0.6, heard: 3 },
            fit: Fit::default(),
            quiet_db: 30.0,
            decoy: false,
            chained: false,
        })
    }

    #[test]
    fn takes_of_one_meaning_are_weighed_together_whichever_came_first() {
        let (yes, yeah) = (heard("yes", "yes", 10.0), heard("yeah", "yes", 20.0));
        for both in [yes.clone().with(yeah.clone()), yeah.with(yes)] {
            assert_eq!((both.take.text.as_str(), both.measures[AGREED]), ("yes", 1.0));
            assert!((both.measures[0] - 1.5).abs() < 1e-6, "{:?}", both.measures);
        }
    }

    #[test]
    fn of_takes_that_mean_different_things_the_better_one_is_left_alone() {
        let (yes, no) = (heard("yes", "yes", 10.0), heard("no", "no", 20.0));
        for both in [yes.clone().with(no.clone()), no.with(yes.clone())] {
            assert_eq!((both.take.text.as_str(), both.measures[AGREED]), ("yes", 0.0));
            assert_eq!(both.measures[..AGREED], yes.measures[..AGREED]);
        }
        assert_eq!(heard("yes", "yes", 10.0).alone().measures[AGREED], 0.0);
    }
}
