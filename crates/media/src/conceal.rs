//! Loss concealment by repeating the last pitch period, fading out within 60 ms.

/// Samples remembered: two of the longest periods and what the pitch search compares.
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

/// The concealment of one leg at 8,000 samples a second; about 1.3 KB.
#[derive(Clone, Debug)]
pub struct Concealer {
    history: [i16; HISTORY],
    /// One period of the sound before the loss, made to join its own beginning.
    period: [i16; MAX_PERIOD],
    period_len: usize,
    /// Samples concealed since the last good one.
    run: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Self { history: [0; HISTORY], period: [0; MAX_PERIOD], period_len: MIN_PERIOD, run: 0 }
    }
}

impl Concealer {
    /// Takes note of received audio; its beginning is blended with the concealment before it.
    pub fn received(&mut self, samples: &mut [i16]) {
        if self.run > 0 {
            for (n, sample) in samples.iter_mut().take(BLEND).enumerate() {
                let old = i32::from(self.concealed(self.run + n));
                let blended = old * (BLEND - n) as i32 + i32::from(*sample) * n as i32;
                *sample = (blended / BLEND as i32) as i16;
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
        self.run = (self.run + out.len()).min(FADED);
        self.remember(out);
    }

    fn concealed(&self, at: usize) -> i16 {
        if at >= FADED {
            return 0;
        }
        let gain = if at < HELD { FADED - HELD } else { FADED - at } as i32;
        (i32::from(self.period[at % self.period_len]) * gain / (FADED - HELD) as i32) as i16
    }

    fn take_period(&mut self) {
        let len = pitch_period(&self.history);
        let start = HISTORY - len;
        let blended = (len / 4).max(1);
        for n in 0..len {
            let sample = i32::from(self.history[start + n]);
            // The last quarter turns into what came before the period, so that its end and its
            // beginning fit together when it repeats.
            let turn = n.saturating_sub(len - blended) as i32;
            let before = i32::from(self.history[start - len + n]);
            let mixed = sample * (blended as i32 - turn) + before * turn;
            self.period[n] = (mixed / blended as i32) as i16;
        }
        self.period_len = len;
    }

    fn remember(&mut self, samples: &[i16]) {
        let tail = &samples[samples.len().saturating_sub(HISTORY)..];
        self.history.copy_within(tail.len().., 0);
        self.history[HISTORY - tail.len()..].copy_from_slice(tail);
    }
}

/// The lag at which the end of `history` resembles itself most: searched on every second sample
/// and lag first, then exactly around the best.
fn pitch_period(history: &[i16; HISTORY]) -> usize {
    let coarse = (MIN_PERIOD..=MAX_PERIOD).step_by(2);
    let best = best_lag(history, coarse, 2);
    let near = best.saturating_sub(1).max(MIN_PERIOD)..=(best + 1).min(MAX_PERIOD);
    best_lag(history, near, 1)
}

fn best_lag(history: &[i16], lags: impl Iterator<Item = usize>, step: usize) -> usize {
    let recent = &history[HISTORY - COMPARED..];
    let mut best = (f32::MIN, MAX_PERIOD);
    for lag in lags {
        let past = &history[HISTORY - COMPARED - lag..HISTORY - lag];
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
        for hz in [80.0, 125.0, 210.0, 333.0] {
            let wave = sine(hz, 8_000, 8_000.0, 1_000);
            let mut c = Concealer::default();
            let mut head = wave[..800].to_vec();
            c.received(&mut head);
            let mut out = [0i16; 80];
            c.lost(&mut out);
            let error: Vec<i16> = out.iter().zip(&wave[800..]).map(|(a, b)| a - b).collect();
            assert!(rms(&error) < 0.25 * rms(&wave[800..880]), "{hz}: {}", rms(&error));
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
    fn loss_before_any_audio_is_silence() {
        let mut out = [5i16; 160];
        Concealer::default().lost(&mut out);
        assert_eq!(out, [0; 160]);
    }
}
