//! Loss concealment by repeating the last pitch period, fading out within 60 ms.

/// Samples remembered at 8,000 a second: two of the longest periods and what the pitch search
/// compares. This and all below is doubled at 16,000.
const HISTORY: usize = 480;
/// Shortest period: 400 Hz.
const MIN_PERIOD: usize = 20;
/// Longest period: 50 Hz.
const MAX_PERIOD: usize = 160;
/// Samples compared in the pitch search.
const COMPARED: usize = 160;
/// Concealed samples at full loudness: 10 ms.
const HELD: usize = 80;
/// Concealed samples after which there is silence: 60 ms.
const FADED: usize = 480;
/// Samples over which concealment and the returning audio are blended: 4 ms.
const BLEND: usize = 32;

/// The concealment of one leg at 8,000 or 16,000 samples a second; about 2.6 KB.
#[derive(Clone, Debug)]
pub struct Concealer {
    /// The newest sample is the one before `end`.
    history: [i16; 2 * HISTORY],
    end: usize,
    /// One period of the sound before the loss, made to join its own beginning.
    period: [i16; 2 * MAX_PERIOD],
    period_len: usize,
    /// Samples concealed since the last good one.
    run: usize,
    /// 1 at 8,000 samples a second, 2 at 16,000.
    scale: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Self {
            history: [0; 2 * HISTORY],
            end: HISTORY,
            period: [0; 2 * MAX_PERIOD],
            period_len: MIN_PERIOD,
            run: 0,
            scale: 1,
        }
    }
}

impl Concealer {
    /// Begins anew at `rate` samples a second, 8,000 or 16,000.
    pub fn set_rate(&mut self, rate: u32) {
        let scale = if rate > 8_000 { 2 } else { 1 };
        *self = Self { scale, end: HISTORY * scale, ..Self::default() };
    }

    /// Takes note of received audio; its beginning is blended with the concealment before it.
    pub fn received(&mut self, samples: &mut [i16]) {
        if self.run > 0 {
            let blend = BLEND * self.scale;
            for (n, sample) in samples.iter_mut().take(blend).enumerate() {
                let old = i32::from(self.concealed(self.run + n));
                let blended = old * (blend - n) as i32 + i32::from(*sample) * n as i32;
                *sample = (blended / blend as i32) as i16;
            }
            self.run = 0;
        }
        self.remember(samples);
    }

    /// Fills `out` in place of audio that is missing.
    pub fn lost(&mut self, out: &mut [i16]) {
        if self.run == 0 {
            self.take_period();
        }
        for (n, sample) in out.iter_mut().enumerate() {
            *sample = self.concealed(self.run + n);
        }
        self.run = (self.run + out.len()).min(FADED * self.scale);
        self.remember(out);
    }

    fn concealed(&self, at: usize) -> i16 {
        let (held, faded) = (HELD * self.scale, FADED * self.scale);
        if at >= faded {
            return 0;
        }
        let gain = if at < held { faded - held } else { faded - at } as i32;
        (i32::from(self.period[at % self.period_len]) * gain / (faded - held) as i32) as i16
    }

    fn take_period(&mut self) {
        let (scale, size) = (self.scale, HISTORY * self.scale);
        let history = &self.history[self.end - size..self.end];
        let len = pitch_period(history, scale);
        let start = size - len;
        let blended = (len / 4).max(1);
        for n in 0..len {
            let sample = i32::from(history[start + n]);
            // The last quarter turns into what came before the period, so that its end and its
            // beginning fit together when it repeats.
            let turn = n.saturating_sub(len - blended) as i32;
            let before = i32::from(history[start - len + n]);
            let mixed = sample * (blended as i32 - turn) + before * turn;
            self.period[n] = (mixed / blended as i32) as i16;
        }
        self.period_len = len;
    }

    fn remember(&mut self, samples: &[i16]) {
        let size = HISTORY * self.scale;
        let tail = &samples[samples.len().saturating_sub(size)..];
        if self.end + tail.len() > self.history.len() {
            let kept = size - tail.len();
            self.history.copy_within(self.end - kept..self.end, 0);
            self.end = kept;
        }
        self.history[self.end..][..tail.len()].copy_from_slice(tail);
        self.end += tail.len();
    }
}

/// The lag at which the end of `history` resembles itself most: searched on every second sample
/// and lag of 8,000 a second first, then exactly around the best.
fn pitch_period(history: &[i16], scale: usize) -> usize {
    let (shortest, longest) = (MIN_PERIOD * scale, MAX_PERIOD * scale);
    let step = 2 * scale;
    let best = best_lag(history, (shortest..=longest).step_by(step), step, scale);
    let near = (best + 1).saturating_sub(step).max(shortest)..=(best + step - 1).min(longest);
    best_lag(history, near, scale, scale)
}

fn best_lag(
    history: &[i16],
    lags: impl Iterator<Item = usize>,
    step: usize,
    scale: usize,
) -> usize {
    let (size, compared) = (history.len(), COMPARED * scale);
    let recent = &history[size - compared..];
    let mut best = (f32::MIN, MAX_PERIOD * scale);
    for lag in lags {
        let past = &history[size - compared - lag..size - lag];
        let (mut product, mut energy) = (0.0f32, 1.0f32);
        for (a, b) in recent.iter().zip(past).step_by(step) {
            product += f32::from(*a) * f32::from(*b);
            energy += f32::from(*b) * f32::from(*b);
        }
        let score = product * product.abs() / energy;
        // A multiple of the period scores as well; the shorter lag comes first and stays.
        if score > best.0 * 1.001 + 1.0 || best.0 == f32::MIN {
            best = (score, lag);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, sine, vowel};

    fn rms(samples: &[i16]) -> f64 {
        let sum: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
        (sum / samples.len() as f64).sqrt()
    }

    #[test]
    fn a_short_loss_of_a_steady_sound_is_hardly_there() {
        for (rate, scale) in [(8_000, 1), (16_000, 2)] {
            for hz in [80.0, 125.0, 210.0, 333.0] {
                let wave = sine(hz, rate, 8_000.0, 1_000 * scale);
                let (before, after) = wave.split_at(800 * scale);
                let mut c = Concealer::default();
                c.set_rate(rate);
                c.received(&mut before.to_vec());
                let mut out = vec![0i16; 80 * scale];
                c.lost(&mut out);
                let error: Vec<i16> = out.iter().zip(after).map(|(a, b)| a - b).collect();
                let limit = 0.25 * rms(&after[..80 * scale]);
                assert!(rms(&error) < limit, "{rate} {hz}: {}", rms(&error));
            }
        }
    }

    #[test]
    fn the_seams_make_no_click() {
        let wave = vowel(120.0, [700.0, 1_200.0, 2_500.0], 2_000);
        let step = |s: &[i16]| {
            s.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap()
        };
        let usual = step(&wave);
        let mut c = Concealer::default();
        let mut all = Vec::new();
        for (index, part) in wave.chunks(160).enumerate() {
            let mut part = part.to_vec();
            if index == 8 {
                c.lost(&mut part)
            } else {
                c.received(&mut part)
            }
            all.extend(part);
        }
        assert!(step(&all) <= usual * 13 / 10, "{} after {usual}", step(&all));
    }

    #[test]
    fn a_long_loss_fades_to_silence() {
        let mut c = Concealer::default();
        c.received(&mut noise(3, 9_000, 800));
        let mut last = f64::MAX;
        for tick in 0..3 {
            let mut out = [0i16; 160];
            c.lost(&mut out);
            assert!(rms(&out) < last, "{tick}");
            last = rms(&out);
        }
        let mut out = [1i16; 160];
        c.lost(&mut out);
        assert_eq!(out, [0; 160]);
    }

    #[test]
    fn what_is_remembered_does_not_depend_on_the_pieces_it_came_in() {
        for (rate, scale) in [(8_000, 1), (16_000, 2)] {
            let wave = sine(210.0, rate, 8_000.0, 2_000 * scale);
            let made = |piece: usize| {
                let mut c = Concealer::default();
                c.set_rate(rate);
                wave.chunks(piece).for_each(|part| c.received(&mut part.to_vec()));
                let mut out = vec![0i16; 200 * scale];
                c.lost(&mut out);
                out
            };
            let whole = made(wave.len());
            for piece in [1, 37, 160, 320, 479, 480, 481, 960, 1_500] {
                assert_eq!(made(piece), whole, "{rate}, pieces of {piece}");
            }
        }
    }

    #[test]
    fn loss_before_any_audio_is_silence() {
        let mut out = [5i16; 160];
        Concealer::default().lost(&mut out);
        assert_eq!(out, [0; 160]);
    }
}
