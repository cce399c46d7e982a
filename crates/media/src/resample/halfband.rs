//! Doubling and halving of the sample rate by one half-band FIR in its two polyphase branches.

/// Non-zero coefficients beside the centre, in 65,536ths: an ideal half-band response of 47 taps
/// under a Kaiser window (β = 6), scaled to unity gain. The centre is one half, the others zero.
/// At 16 kHz: −0.1 dB at 3.4 kHz, below −45 dB from 4.6 kHz.
const TAPS: [i32; 12] =
    [20_769, -6_664, 3_702, -2_351, 1_557, -1_036, 676, -425, 253, -139, 67, -25];
/// Samples on each side of the centre that one branch sees.
const SIDE: usize = TAPS.len();
/// History of one branch.
const SPAN: usize = 2 * SIDE;
/// Samples handled at once; longer input is taken in pieces.
const PIECE: usize = 160;

/// 8 kHz → 16 kHz. Delay: 12 input samples (1.5 ms).
#[derive(Clone, Debug)]
pub struct Upsampler {
    past: [i16; SPAN],
}

impl Default for Upsampler {
    fn default() -> Self {
        Self { past: [0; SPAN] }
    }
}

impl Upsampler {
    /// Writes two samples for each of `input`; `out` must hold twice as many, what does not fit
    /// is left out.
    pub fn process(&mut self, input: &[i16], out: &mut [i16]) {
        for (piece, out) in input.chunks(PIECE).zip(out.chunks_mut(2 * PIECE)) {
            let mut line = [0i16; SPAN + PIECE];
            line[..SPAN].copy_from_slice(&self.past);
            line[SPAN..SPAN + piece.len()].copy_from_slice(piece);
            for (n, pair) in out.chunks_exact_mut(2).take(piece.len()).enumerate() {
                // `window` ends with the newest sample; its middle pair surrounds the new point.
                let window = &line[n + 1..n + 1 + SPAN];
                pair[0] = window[SIDE - 1];
                pair[1] = clip((branch(window) + 0x4000) >> 15);
            }
            self.past.copy_from_slice(&line[piece.len()..piece.len() + SPAN]);
        }
    }

    /// Forgets the past.
    pub fn reset(&mut self) {
        self.past = [0; SPAN];
    }
}

/// 16 kHz → 8 kHz. Delay: 24 input samples (1.5 ms).
#[derive(Clone, Debug)]
pub struct Downsampler {
    even: [i16; SIDE],
    odd: [i16; SPAN],
}

impl Default for Downsampler {
    fn default() -> Self {
        Self { even: [0; SIDE], odd: [0; SPAN] }
    }
}

impl Downsampler {
    /// Writes one sample for every two of `input`, whose length must be even; `out` must hold
    /// half as many, what does not fit is left out.
    pub fn process(&mut self, input: &[i16], out: &mut [i16]) {
        for (piece, out) in input.chunks(2 * PIECE).zip(out.chunks_mut(PIECE)) {
            let mut even = [0i16; SIDE + PIECE];
            let mut odd = [0i16; SPAN + PIECE];
            even[..SIDE].copy_from_slice(&self.even);
            odd[..SPAN].copy_from_slice(&self.odd);
            let pairs = piece.len() / 2;
            for (n, pair) in piece.chunks_exact(2).enumerate() {
                even[SIDE + n] = pair[0];
                odd[SPAN + n] = pair[1];
            }
            for (n, sample) in out.iter_mut().take(pairs).enumerate() {
                let centre = i32::from(even[n + 1]) << 15;
                let window = &odd[n + 1..n + 1 + SPAN];
                *sample = clip((centre + branch(window) + 0x8000) >> 16);
            }
            self.even.copy_from_slice(&even[pairs..pairs + SIDE]);
            self.odd.copy_from_slice(&odd[pairs..pairs + SPAN]);
        }
    }
}

/// The odd branch: [`TAPS`] mirrored around the middle of `window`.
fn branch(window: &[i16]) -> i32 {
    let (before, after) = window.split_at(SIDE);
    let pairs = before.iter().rev().zip(after).zip(&TAPS);
    pairs.map(|((b, a), tap)| (i32::from(*b) + i32::from(*a)) * tap).sum()
}

fn clip(value: i32) -> i16 {
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{level_at, sine};

    #[test]
    fn the_taps_are_the_windowed_ideal_response() {
        let bessel = |x: f64| {
            let (mut sum, mut term) = (1.0, 1.0);
            for k in 1..40 {
                term *= (x / 2.0 / f64::from(k)).powi(2);
                sum += term;
            }
            sum
        };
        let raw: Vec<f64> = (0..12)
            .map(|i| {
                let k = f64::from(2 * i + 1);
                let ideal = (std::f64::consts::FRAC_PI_2 * k).sin() / (std::f64::consts::PI * k);
                ideal * bessel(6.0 * (1.0 - (k / 24.0).powi(2)).sqrt()) / bessel(6.0)
            })
            .collect();
        let scale = 0.25 / raw.iter().sum::<f64>() * 65_536.0;
        for (tap, want) in TAPS.iter().zip(&raw) {
            assert!((f64::from(*tap) - want * scale).abs() <= 0.51, "{tap} {}", want * scale);
        }
    }

    fn up(input: &[i16]) -> Vec<i16> {
        let mut out = vec![0; input.len() * 2];
        Upsampler::default().process(input, &mut out);
        out
    }

    fn down(input: &[i16]) -> Vec<i16> {
        let mut out = vec![0; input.len() / 2];
        Downsampler::default().process(input, &mut out);
        out
    }

    #[test]
    fn speech_band_passes_and_images_do_not() {
        for hz in [300.0, 1_000.0, 2_000.0, 3_000.0, 3_300.0] {
            let out = up(&sine(hz, 8_000, 10_000.0, 1_600));
            assert!(level_at(&out[400..], 16_000, hz).abs_diff_db(10_000.0) < 0.5, "{hz}");
            let image = level_at(&out[400..], 16_000, 8_000.0 - hz);
            assert!(image < 10_000.0 / 100.0, "{hz}: image {image}");
            let back = down(&sine(hz, 16_000, 10_000.0, 3_200));
            assert!(level_at(&back[400..], 8_000, hz).abs_diff_db(10_000.0) < 0.5, "{hz}");
        }
        for hz in [4_700.0, 5_500.0, 7_000.0] {
            let alias =
                level_at(&down(&sine(hz, 16_000, 10_000.0, 3_200))[400..], 8_000, 8_000.0 - hz);
            assert!(alias < 10_000.0 / 100.0, "{hz}: alias {alias}");
        }
    }

    #[test]
    fn pieces_of_any_length_give_the_same_stream() {
        let input = sine(700.0, 8_000, 9_000.0, 800);
        let whole = up(&input);
        let mut pieces = vec![0; 1_600];
        let mut upsampler = Upsampler::default();
        let mut at = 0;
        for len in [1, 7, 160, 161, 200, 271] {
            upsampler.process(&input[at..at + len], &mut pieces[2 * at..2 * (at + len)]);
            at += len;
        }
        assert_eq!(at, 800);
        assert_eq!(whole, pieces);
        let halved = down(&whole);
        let mut downsampler = Downsampler::default();
        let mut out = vec![0; 800];
        for (piece, out) in whole.chunks(320).zip(out.chunks_mut(160)) {
            downsampler.process(piece, out);
        }
        assert_eq!(out, halved);
    }

    #[test]
    fn full_scale_clips_instead_of_wrapping() {
        let square: Vec<i16> =
            (0..400).map(|n| if n / 8 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        for pair in up(&square).windows(2) {
            assert!((i32::from(pair[0]) - i32::from(pair[1])).abs() < 60_000, "{pair:?}");
        }
    }

    trait Decibels {
        fn abs_diff_db(self, other: f64) -> f64;
    }
    impl Decibels for f64 {
        fn abs_diff_db(self, other: f64) -> f64 {
            (20.0 * (self / other).log10()).abs()
        }
    }
}
