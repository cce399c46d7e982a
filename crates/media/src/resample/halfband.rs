//! Doubling and halving of the sample rate by one half-band FIR in its two polyphase branches.

/// Non-zero coefficients beside the centre, in 65,536ths: an ideal half-band response of 47 taps
/// under a Kaiser window (β = 6), scaled to unity gain. The centre is one half, the others zero.
/// At 16 kHz: −0.1 dB at 3.4 kHz, below −45 dB from 4.6 kHz.
const TAPS: [i16; 12] =
    [20_769, -6_664, 3_702, -2_351, 1_557, -1_036, 676, -425, 253, -139, 67, -25];
/// Samples on each side of the centre that one branch sees.
const SIDE: usize = TAPS.len();
/// The same from outside to the middle.
const RISING: [i16; SIDE] = rising();
/// History of one branch.
const SPAN: usize = 2 * SIDE;
/// Samples handled at once; longer input is taken in pieces.
const PIECE: usize = 160;
/// New samples that are made side by side.
const LANES: usize = 16;

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
            let wave: [f32; SPAN + PIECE] = std::array::from_fn(|n| f32::from(line[n]));
            let mut made = [0i16; 2 * PIECE];
            for (block, pairs) in made.chunks_exact_mut(2 * LANES).enumerate() {
                let at = block * LANES;
                let between = between(&wave[at + 1..]);
                let own = &line[at + SIDE..];
                for ((pair, own), new) in pairs.chunks_exact_mut(2).zip(own).zip(between) {
                    pair.copy_from_slice(&[*own, new]);
                }
            }
            let len = out.len().min(2 * piece.len()) / 2 * 2;
            out[..len].copy_from_slice(&made[..len]);
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
                let centre = i64::from(even[n + 1]) << 15;
                let window = &odd[n + 1..n + 1 + SPAN];
                *sample = clip((centre + branch(window) + 0x8000) >> 16);
            }
            self.even.copy_from_slice(&even[pairs..pairs + SIDE]);
            self.odd.copy_from_slice(&odd[pairs..pairs + SPAN]);
        }
    }
}

/// The samples that lie between those of `wave`, from the middle of its first window on. In
/// floating point, because processors have few ways to multiply integers side by side; it is
/// exact to some thousandths of a sample.
fn between(wave: &[f32]) -> [i16; LANES] {
    let mut sums = [0.0f32; LANES];
    for (k, tap) in TAPS.iter().enumerate() {
        let tap = f32::from(*tap) / 32_768.0;
        let (before, after) = (&wave[SIDE - 1 - k..][..LANES], &wave[SIDE + k..][..LANES]);
        for n in 0..LANES {
            sums[n] += tap * (before[n] + after[n]);
        }
    }
    sums.map(|sum| rounded(sum).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16)
}

/// The nearest whole number to one of less than 22 bits: added to a number whose last bit is
/// worth one, it leaves its whole part there.
fn rounded(x: f32) -> i32 {
    const UNIT: f32 = 12_582_912.0;
    (x + UNIT).to_bits().cast_signed() - UNIT.to_bits().cast_signed()
}

/// The odd branch: [`TAPS`] mirrored around the middle of `window`.
fn branch(window: &[i16]) -> i64 {
    // Products of 16 by 16 bits are what processors add up in pairs. Each side fits into 32 bits
    // at full scale, both together may not.
    let (before, after) = window.split_at(SIDE);
    i64::from(side(before, &RISING)) + i64::from(side(after, &TAPS))
}

fn side(samples: &[i16], taps: &[i16; SIDE]) -> i32 {
    samples.iter().zip(taps).map(|(s, tap)| i32::from(*s) * i32::from(*tap)).sum()
}

const fn rising() -> [i16; SIDE] {
    let mut taps = TAPS;
    let mut n = 0;
    while n < SIDE {
        taps[n] = TAPS[SIDE - 1 - n];
        n += 1;
    }
    taps
}

fn clip(value: i64) -> i16 {
    value.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
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

    #[test]
    fn the_worst_sound_there_is_does_not_overflow() {
        // Signs that all agree with those of the taps, at full scale and below zero.
        for top in [i16::MAX, i16::MIN] {
            let bottom = if top == i16::MAX { i16::MIN } else { i16::MAX };
            let sign = |tap: &i16| if *tap > 0 { top } else { bottom };
            let window: Vec<i16> = RISING.iter().chain(&TAPS).map(sign).collect();
            let worst = [window.clone(), window].concat();
            assert!(up(&worst).contains(&top));
            assert!(down(&[worst.clone(), worst].concat()).len() == 48);
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
