//! What of an utterance is decoded: the speech, a fixed measure of quiet around it, a little noise.

/// The speech of an utterance and the quiet around it.
///
/// The cepstral mean is taken over what is decoded, so more or less silence around a reply would
/// make the same reply sound different: exactly 200 ms stand on each side, and what an utterance
/// lacks of them is filled up at the level of its quiet parts.
pub struct Cut<'a> {
    /// The speech and at most 200 ms on each side.
    speech: &'a [i16],
    /// Samples of quiet that are lacking before and after.
    lacking: (usize, usize),
    /// Frames of 10 ms from the first loud one to the last.
    pub spoken: u32,
    /// How far the quietest tenth lies below the speech, dB, at most 30.
    pub quiet_db: f32,
}

impl<'a> Cut<'a> {
    /// Cuts an utterance at 16 kHz; `None` if there is no speech in it.
    pub fn of(samples: &'a [i16]) -> Option<Self> {
        let loud = loud_blocks(samples)?;
        let (from, to) = (loud.start.saturating_sub(PAD_BLOCKS) * BLOCK, loud.end + PAD_BLOCKS);
        let speech = &samples[from..(to * BLOCK).min(samples.len())];
        let before = PAD_BLOCKS.saturating_sub(loud.start) * BLOCK;
        let after = (to * BLOCK).saturating_sub(samples.len());
        let spoken = (loud.len() * BLOCK / FRAME) as u32;
        Some(Self { speech, lacking: (before, after), spoken, quiet_db: quiet_db(speech) })
    }

    /// What is decoded: with a little noise, which makes digitally silent lines like others.
    ///
    /// Each take has other noise, and every second one begins half a frame of the decoder earlier.
    /// A take is always the same, so a decode can be repeated.
    pub fn take(&self, number: u32) -> Vec<i16> {
        let floor = 10_f32.powf(floor_db(self.speech) / 20.0);
        let level = active_level(self.speech) * 10_f32.powf(-DITHER_DB / 20.0);
        let mut state = FIRST_NOISE ^ number.wrapping_mul(OTHER_NOISE);
        let mut uniform = || {
            // Marsaglia's xorshift; quality does not matter here, speed and repetition do.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        // Three uniform values have a variance of 1 together.
        let mut noise = || uniform() + uniform() + uniform();
        let (before, after) = self.lacking;
        let shift = FRAME / 2 * (number % 2) as usize;
        let quiet = |count: usize| std::iter::repeat_n(None, count);
        quiet(before + shift)
            .chain(self.speech.iter().map(|s| Some(f32::from(*s))))
            .chain(quiet(after))
            // `as` saturates.
            .map(|s| (s.unwrap_or_else(|| floor * noise()) + level * noise()).round() as i16)
            .collect()
    }
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
const FIRST_NOISE: u32 = 0x9e37_79b9;
const OTHER_NOISE: u32 = 0x85eb_ca6b;
/// Noise this far below the speech is added.
const DITHER_DB: f32 = 22.0;
/// 200 ms.
const PAD_BLOCKS: usize = 10;
/// Louder than this somewhere, or it is silence: about -60 dB of full scale.
const SILENCE_DB: f32 = 30.0;
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
        let cut = Cut::of(&samples).unwrap().speech;
        assert!((10_000..11_500).contains(&cut.len()), "{}", cut.len());
        assert!(Cut::of(&vec![0; 16_000]).is_none());
        assert!(Cut::of(&[]).is_none());
    }

    #[test]
    fn a_tight_utterance_is_filled_up_to_200_ms_of_quiet() {
        let said: Vec<i16> = (0..8_000).map(|n| if n % 20 < 10 { 8_000 } else { -8_000 }).collect();
        for (before, after) in [(0, 0), (1_600, 0), (0, 1_600), (16_000, 16_000)] {
            let samples = [vec![0; before], said.clone(), vec![0; after]].concat();
            let prepared = Cut::of(&samples).unwrap().take(0);
            assert!((14_080..=14_720).contains(&prepared.len()), "{}", prepared.len());
        }
    }

    #[test]
    fn a_second_take_begins_half_a_frame_earlier_and_has_other_noise() {
        let said: Vec<i16> = (0..8_000).map(|n| if n % 20 < 10 { 8_000 } else { -8_000 }).collect();
        let cut = Cut::of(&said).unwrap();
        let [first, second] = [0, 1].map(|take| cut.take(take));
        assert_eq!(second.len(), first.len() + FRAME / 2);
        assert_eq!(first, cut.take(0));
        let power = |samples: &[i16]| samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
        assert!((power(&first) / power(&second) - 1.0).abs() < 0.02);
        assert!(first.iter().zip(&second[FRAME / 2..]).filter(|(a, b)| a != b).count() > 8_000);
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
