//! One utterance against the grammar of a dialogue state, with the right to say “unclear”.
//!
//! A grammar decoder always finds its best phrase, also for a cough. Three measurements tell
//! whether to believe it: how much better a free loop of phones explains the same audio (score
//! gap per frame), whether the phrase lasted as long as its phones can last, and whether a decoy
//! won.

use std::ops::RangeInclusive;
use std::sync::Arc;

use conversation::Expect;
use domain::Language;

use crate::grammar::{self, Reader};
use crate::lexicon::Lexicon;
use crate::sphinx::{ModelPaths, Sphinx, SphinxError};
use crate::sphinx_decoder::Decoder;

/// The best phrase for an utterance, with what decides whether it is believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The phrase as the list writes it.
    pub text: String,
    /// How much better the phone loop scored, per frame of 10 ms. Small is good.
    pub gap: f32,
    /// Frames from the first word to the last.
    pub frames: u32,
    /// Phones the phrase has.
    pub phones: f32,
    /// Something that only sounds like a reply.
    pub decoy: bool,
    /// An announcement of one or more sentences.
    pub chained: bool,
}

impl Match {
    /// Confidence between 0 and 1 for the record: 1 at a gap of 0, 0.5 at the limit.
    pub fn confidence(&self, limits: &Limits) -> f32 {
        (1.0 - 0.5 * self.gap / limits.gap_for(self)).clamp(0.0, 1.0)
    }
}

/// When a match is not believed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Largest gap of a short phrase.
    pub gap_short: f32,
    /// Largest gap of a long one; between them the limit rises in a straight line.
    pub gap_long: f32,
    /// Fewest frames per phone.
    pub frames_min: f32,
    /// Most frames per phone, after [`SLACK_FRAMES`].
    pub frames_max: f32,
}

impl Limits {
    /// The limits of a language, tuned on voices used neither for learning nor for the report. On
    /// those voices right Mandarin answers lasted 7.8 frames a phone and more, words outside the
    /// list that fitted one mostly 5 to 6.9.
    pub const fn of(language: Language) -> Self {
        match language {
            Language::Zh => {
                Self { gap_short: 18.0, gap_long: 34.0, frames_min: 6.6, frames_max: 11.0 }
            }
            Language::En => {
                Self { gap_short: 30.0, gap_long: 34.0, frames_min: 6.0, frames_max: 11.0 }
            }
        }
    }

    /// The largest gap allowed for a match of this length.
    pub fn gap_for(&self, found: &Match) -> f32 {
        if found.chained {
            return CHAIN_SHARE * self.gap_long;
        }
        let t = ((found.phones - SHORT_PHONES) / (LONG_PHONES - SHORT_PHONES)).clamp(0.0, 1.0);
        self.gap_short + t * (self.gap_long - self.gap_short)
    }

    /// How many frames a match can last: its phones, and a pause at each comma.
    fn lengths(&self, found: &Match) -> RangeInclusive<f32> {
        let pauses = found.text.chars().filter(|c| matches!(c, ',' | '，')).count() as f32;
        let most = self.frames_max * found.phones + SLACK_FRAMES + PAUSE_FRAMES * pauses;
        self.frames_min * found.phones..=most
    }

    /// Whether the match is believed.
    pub fn accept(&self, found: &Match) -> bool {
        !found.decoy
            && found.gap <= self.gap_for(found)
            && self.lengths(found).contains(&(found.frames as f32))
    }
}

/// The decoders of one language in one thread: about 17 MB. Decoding blocks.
pub struct PhraseDecoder {
    words: Decoder,
    phones: Decoder,
    lexicon: Arc<Lexicon>,
    reader: Reader,
}

impl PhraseDecoder {
    /// Decoders for all states of a lexicon.
    pub fn new(
        library: &Arc<Sphinx>,
        model: &ModelPaths,
        lexicon: Arc<Lexicon>,
    ) -> Result<Self, SphinxError> {
        let mut words = Decoder::of_words(library, model, &lexicon.dictionary())?;
        for expect in grammar::STATES {
            words.add_grammar(grammar::name_of(expect), &grammar::jsgf(&lexicon, expect))?;
        }
        let phones = Decoder::of_phones(library, model)?;
        let reader = Reader::new(&lexicon);
        Ok(Self { words, phones, lexicon, reader })
    }

    /// The best phrase for an utterance at 16 kHz; `None` if there is no speech in it.
    ///
    /// Whether it is to be believed is a second question: [`Limits::accept`].
    pub fn best(&mut self, samples: &[i16], expect: Expect) -> Result<Option<Match>, SphinxError> {
        let samples = prepare(samples);
        let samples = samples.as_slice();
        if samples.len() < SHORTEST_SAMPLES {
            return Ok(None);
        }
        self.words.use_grammar(grammar::name_of(expect))?;
        let Some(said) = self.words.decode(samples)? else {
            return Ok(None);
        };
        let Some(reading) = self.reader.read(&said.words) else {
            return Ok(None);
        };
        let Some(free) = self.phones.decode(samples)? else {
            return Ok(None);
        };
        let gap = (free.score.saturating_sub(said.score)) as f32 / said.frames() as f32;
        Ok(Some(Match {
            text: reading.text,
            gap,
            frames: said.frames(),
            phones: self.lexicon.phones_in(&said.words),
            decoy: reading.decoy,
            chained: reading.chained,
        }))
    }
}

/// What is decoded of an utterance: the part around the speech, with a little noise.
///
/// The model has never heard a silent line. On A-law audio without line noise 11 of 40 phrases
/// came out right, with white noise 20 to 25 dB below the speech 30 to 32. The noise is the same
/// for the same audio, so a decode can be repeated.
pub fn prepare(samples: &[i16]) -> Vec<i16> {
    let speech = around_speech(samples);
    let level = active_level(speech) * 10_f32.powf(-DITHER_DB / 20.0);
    let mut state = 0x9e37_79b9_u32;
    let mut uniform = || {
        // Marsaglia's xorshift; quality does not matter here, speed and repetition do.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    // Three uniform values have a variance of 1 together.
    let mut noise = || level * (uniform() + uniform() + uniform());
    // `as` saturates.
    speech.iter().map(|s| (f32::from(*s) + noise()).round() as i16).collect()
}

/// Root mean square over the blocks within 20 dB of the loudest.
fn active_level(samples: &[i16]) -> f32 {
    let levels: Vec<f32> = samples.chunks(BLOCK).map(level_db).collect();
    let peak = levels.iter().copied().fold(0.0, f32::max);
    let active: Vec<f32> = levels.into_iter().filter(|db| *db > peak - 20.0).collect();
    let power: f32 = active.iter().map(|db| 10_f32.powf(db / 10.0)).sum();
    (power / active.len().max(1) as f32).sqrt()
}

/// The part of an utterance with speech in it and 200 ms on each side.
///
/// The cepstral mean is taken over what is decoded, so a second of silence before the reply would
/// make the same reply sound different.
pub fn around_speech(samples: &[i16]) -> &[i16] {
    let levels: Vec<f32> = samples.chunks(BLOCK).map(level_db).collect();
    if levels.is_empty() {
        return samples;
    }
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let floor = sorted[sorted.len() / 10];
    let peak = sorted[sorted.len() - 1];
    if peak < SILENCE_DB {
        return &[];
    }
    let threshold = floor.max(peak - 40.0) + ((peak - floor) * 0.3).min(12.0);
    let loud = |level: &f32| *level >= threshold;
    let (Some(first), Some(last)) = (levels.iter().position(loud), levels.iter().rposition(loud))
    else {
        return samples;
    };
    let from = first.saturating_sub(PAD_BLOCKS) * BLOCK;
    let to = ((last + 1 + PAD_BLOCKS) * BLOCK).min(samples.len());
    &samples[from..to]
}

/// Power of a block in dB over one quantisation step.
fn level_db(block: &[i16]) -> f32 {
    let power: f32 = block.iter().map(|s| f32::from(*s) * f32::from(*s)).sum();
    10.0 * (power / block.len().max(1) as f32 + 1.0).log10()
}

/// 20 ms at 16 kHz.
const BLOCK: usize = 320;
/// Noise this far below the speech is added.
const DITHER_DB: f32 = 22.0;
/// 200 ms.
const PAD_BLOCKS: usize = 10;
/// 100 ms: nothing shorter is a word.
const SHORTEST_SAMPLES: usize = 1_600;
/// Louder than this somewhere, or it is silence: about -60 dB of full scale.
const SILENCE_DB: f32 = 30.0;
/// A drawn-out vowel, or a pause between two words of a phrase.
const SLACK_FRAMES: f32 = 20.0;
/// Sentences in a row fit any long speech after a fashion, so they must fit better than a reply.
const CHAIN_SHARE: f32 = 0.68;
/// A pause at a comma.
const PAUSE_FRAMES: f32 = 30.0;
const SHORT_PHONES: f32 = 4.0;
const LONG_PHONES: f32 = 7.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_around_speech_is_cut_to_200_ms() {
        let mut samples = vec![0_i16; 32_000];
        for (n, s) in samples[16_000..20_000].iter_mut().enumerate() {
            *s = if n % 20 < 10 { 8_000 } else { -8_000 };
        }
        let cut = around_speech(&samples);
        assert!((10_000..11_500).contains(&cut.len()), "{}", cut.len());
        assert!(around_speech(&vec![0; 16_000]).is_empty());
        assert!(around_speech(&[]).is_empty());
    }

    #[test]
    fn each_measurement_can_refuse() {
        let limits = Limits { gap_short: 10.0, gap_long: 20.0, frames_min: 4.0, frames_max: 6.0 };
        let good = Match {
            text: "no".to_owned(),
            gap: 9.0,
            frames: 24,
            phones: 3.0,
            decoy: false,
            chained: false,
        };
        assert!(limits.accept(&good));
        assert!(!limits.accept(&Match { gap: 10.5, ..good.clone() }));
        assert!(limits.accept(&Match { gap: 14.0, phones: 6.0, frames: 48, ..good.clone() }));
        assert!(!limits.accept(&Match { frames: 42, ..good.clone() }));
        assert!(!limits.accept(&Match { frames: 9, ..good.clone() }));
        assert!(!limits.accept(&Match { decoy: true, ..good }));
    }
}
