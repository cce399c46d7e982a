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
use crate::recognizer_near::{Nearness, Neighbours};
use crate::recognizer_phones::{Aligner, Fit};
use crate::sphinx::{Sphinx, SphinxError};
use crate::sphinx_decoder::Decoder;

/// The best phrase for an utterance, with what decides whether it is believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
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
    /// Whether it is to be believed is a second question:
    /// [`Limits::accept`](crate::recognizer_limits::Limits::accept).
    pub fn best(&mut self, samples: &[i16], expect: Expect) -> Result<Option<Match>, SphinxError> {
        let quiet_db = quiet_db(around_speech(samples));
        // What never rises above its own floor is a hiss or a tone.
        if quiet_db < STEADY_DB {
            return Ok(None);
        }
        let spoken = loud_blocks(samples).map_or(0, |loud| (loud.len() * BLOCK / FRAME) as u32);
        let samples = prepare(samples);
        let samples = samples.as_slice();
        if samples.len() < SHORTEST_SAMPLES {
            return Ok(None);
        }
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
        Ok(Some(Match {
            gap: (free.score.saturating_sub(said.score)) as f32 / said.frames() as f32,
            cost: free.score.saturating_neg() as f32 / free.frames() as f32,
            frames: said.frames(),
            spoken,
            phones: self.lexicon.phones_in(&said.words),
            near: self.neighbours.measure(&free.words, &reading.phrases),
            fit,
            quiet_db,
            tags: reading.phrases.iter().map(|n| of(n).tag.clone()).collect(),
            decoy: reading.decoy,
            chained: reading.chained,
            text: reading.text,
        }))
    }
}

/// What is decoded of an utterance: the speech and exactly 200 ms on each side, with a little
/// noise. Empty if there is no speech.
///
/// The cepstral mean is taken over what is decoded, so more or less silence around a reply would
/// make the same reply sound different; what an utterance lacks is filled up at the level of its
/// quiet parts. Noise makes digitally silent lines like others. It is the same for the same
/// audio, so a decode can be repeated.
pub fn prepare(samples: &[i16]) -> Vec<i16> {
    let Some(loud) = loud_blocks(samples) else {
        return Vec::new();
    };
    let speech = around_speech(samples);
    let floor = 10_f32.powf(floor_db(speech) / 20.0);
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
    let mut noise = || uniform() + uniform() + uniform();
    let before = PAD_BLOCKS.saturating_sub(loud.start) * BLOCK;
    let after = ((loud.end + PAD_BLOCKS) * BLOCK).saturating_sub(samples.len());
    let quiet = |count: usize| std::iter::repeat_n(None, count);
    quiet(before)
        .chain(speech.iter().map(|s| Some(f32::from(*s))))
        .chain(quiet(after))
        // `as` saturates.
        .map(|s| (s.unwrap_or_else(|| floor * noise()) + level * noise()).round() as i16)
        .collect()
}

/// Level of the quietest tenth, dB over one quantisation step.
fn floor_db(samples: &[i16]) -> f32 {
    let mut levels: Vec<f32> = samples.chunks(BLOCK).map(level_db).collect();
    levels.sort_by(f32::total_cmp);
    levels.get(levels.len() / 10).copied().unwrap_or_default()
}

/// How far the quietest tenth lies below the speech, dB, at most [`QUIET_DB`].
fn quiet_db(samples: &[i16]) -> f32 {
    (20.0 * active_level(samples).max(1.0).log10() - floor_db(samples)).clamp(0.0, QUIET_DB)
}

/// Root mean square over the blocks within 20 dB of the loudest.
fn active_level(samples: &[i16]) -> f32 {
    let levels: Vec<f32> = samples.chunks(BLOCK).map(level_db).collect();
    let peak = levels.iter().copied().fold(0.0, f32::max);
    let active: Vec<f32> = levels.into_iter().filter(|db| *db > peak - 20.0).collect();
    let power: f32 = active.iter().map(|db| 10_f32.powf(db / 10.0)).sum();
    (power / active.len().max(1) as f32).sqrt()
}

/// The part of an utterance with speech in it and at most 200 ms on each side.
fn around_speech(samples: &[i16]) -> &[i16] {
    let Some(loud) = loud_blocks(samples) else {
        return &[];
    };
    let from = loud.start.saturating_sub(PAD_BLOCKS) * BLOCK;
    let to = ((loud.end + PAD_BLOCKS) * BLOCK).min(samples.len());
    &samples[from..to]
}

/// The blocks from the first to the last that stand out; `None` in silence.
fn loud_blocks(samples: &[i16]) -> Option<std::ops::Range<usize>> {
    let levels: Vec<f32> = samples.chunks(BLOCK).map(level_db).collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let floor = *sorted.get(sorted.len() / 10)?;
    let peak = *sorted.last()?;
    if peak < SILENCE_DB {
        return None;
    }
    let threshold = floor.max(peak - 40.0) + ((peak - floor) * 0.3).min(12.0);
    let loud = |level: &f32| *level >= threshold;
    let first = levels.iter().position(loud)?;
    let last = levels.iter().rposition(loud)?;
    Some(first..last + 1)
}

/// Power of a block in dB over one quantisation step.
fn level_db(block: &[i16]) -> f32 {
    let power: f32 = block.iter().map(|s| f32::from(*s) * f32::from(*s)).sum();
    10.0 * (power / block.len().max(1) as f32 + 1.0).log10()
}

/// 20 ms at 16 kHz.
const BLOCK: usize = 320;
/// 10 ms: a frame of the decoder.
const FRAME: usize = 160;
/// Noise this far below the speech is added.
const DITHER_DB: f32 = 22.0;
/// 200 ms.
const PAD_BLOCKS: usize = 10;
/// 100 ms: nothing shorter is a word.
const SHORTEST_SAMPLES: usize = 1_600;
/// Louder than this somewhere, or it is silence: about -60 dB of full scale.
const SILENCE_DB: f32 = 30.0;
/// Speech rises further above the line's noise than this, even at 6 dB of it.
const STEADY_DB: f32 = 4.0;
/// Quieter than this below the speech makes no difference.
const QUIET_DB: f32 = 30.0;

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
    fn a_tight_utterance_is_filled_up_to_200_ms_of_quiet() {
        let said: Vec<i16> = (0..8_000).map(|n| if n % 20 < 10 { 8_000 } else { -8_000 }).collect();
        for (before, after) in [(0, 0), (1_600, 0), (0, 1_600), (16_000, 16_000)] {
            let samples = [vec![0; before], said.clone(), vec![0; after]].concat();
            let prepared = prepare(&samples);
            assert!((14_080..=14_720).contains(&prepared.len()), "{}", prepared.len());
        }
        assert!(prepare(&[0; 16_000]).is_empty());
    }

    #[test]
    fn noise_shows_as_a_small_distance_between_speech_and_quiet() {
        let tone = |quiet: i16| -> Vec<i16> {
            let level = |n: usize| if n < 8_000 { quiet } else { 8_000 };
            (0..16_000).map(|n| if n % 20 < 10 { level(n) } else { -level(n) }).collect()
        };
        assert_eq!(quiet_db(&tone(1)), QUIET_DB);
        assert!((6.0..11.0).contains(&quiet_db(&tone(2_530))), "{}", quiet_db(&tone(2_530)));
        assert_eq!(quiet_db(&[]), 0.0);
    }
}
