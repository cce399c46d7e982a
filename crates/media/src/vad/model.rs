//! The earshot model behind a spectrum of our own.
//!
//! The crate's [`Detector`](earshot::Detector) spends most of its time on a transform written for
//! systems without floating-point vectors, and keeps five kilobytes of scratch for each stream.
//! What it feeds to its network is described by a few numbers (window, emphasis, mel bands), so
//! here the same features are made from the same samples with `realfft`; a test holds the scores
//! of both against each other. The crate's version is fixed, because the trait by which the
//! network is reached alone is not promised to stay.

use std::fmt;
use std::sync::{Arc, LazyLock};

use earshot::{DefaultPredictor, Predictor};
use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

/// Samples from one score to the next: 16 ms.
pub(super) const HOP: usize = 256;
/// Samples that one score looks at.
const WINDOW: usize = 768;
const TRANSFORM: usize = 1_024;
const BINS: usize = TRANSFORM / 2 + 1;
/// What the transform may want beside its input and output.
const SCRATCH: usize = TRANSFORM / 2;
/// What the network may want: as much as the crate gives it.
const NETWORK_SCRATCH: usize = 1_026;
/// Bands of one spectrum, and spectra that the network sees at once.
const BANDS: usize = 40;
const CONTEXT: usize = 3;
const EMPHASIS: f32 = 0.97;
/// Power of 16-bit samples in terms of full scale.
const POWER: f32 = 1.0 / (32_768.0 * 32_768.0);
/// Lowest and highest frequency of the bands, and the rate they are meant for, Hz.
const BAND_HZ: (f64, f64) = (72.0, 7_600.0);
const RATE_HZ: f64 = 16_000.0;

/// What a score is worked out in; one value serves all streams of a thread, about 12 KB.
#[derive(Clone, Debug)]
pub struct Scratch {
    /// The window, and then what the network wants.
    wave: [f32; NETWORK_SCRATCH],
    spectrum: [Complex32; BINS],
    transform: [Complex32; SCRATCH],
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// What stands in it at first means nothing.
    pub const fn new() -> Self {
        let zero = Complex32::new(0.0, 0.0);
        Self { wave: [0.0; NETWORK_SCRATCH], spectrum: [zero; BINS], transform: [zero; SCRATCH] }
    }
}

/// Scores one stream; 2.3 KB.
pub(super) struct Model {
    network: DefaultPredictor,
    /// One sample before the window, for the emphasis, and the window; the newest come last.
    line: [i16; 1 + WINDOW],
    /// How many of the newest [`HOP`] are there.
    fresh: usize,
    features: [f32; BANDS * CONTEXT],
    tables: &'static Tables,
}

/// What all streams share.
struct Tables {
    transform: Arc<dyn RealToComplex<f32>>,
    hann: [f32; WINDOW],
    /// First bin of each stretch between the corners of the bands; a band rises over one stretch
    /// and falls over the next.
    corners: [usize; BANDS + 2],
    /// For each bin from the first corner on: how far it lies between its corners, 0–1.
    rise: Vec<f32>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::new);

impl Tables {
    fn new() -> Self {
        let transform = RealFftPlanner::new().plan_fft_forward(TRANSFORM);
        // Said at the start rather than by scores of zero.
        assert!(transform.get_scratch_len() <= SCRATCH, "the transform wants more scratch");
        let turn = std::f64::consts::PI / WINDOW as f64;
        let hann = std::array::from_fn(|n| (turn * n as f64).sin().powi(2) as f32);
        let mel = |hz: f64| 2_595.0 * (1.0 + hz / 700.0).log10();
        let (low, high) = (mel(BAND_HZ.0), mel(BAND_HZ.1));
        let corners: [usize; BANDS + 2] = std::array::from_fn(|n| {
            let mel = low + (high - low) * n as f64 / (BANDS + 1) as f64;
            let hz = 700.0 * (10f64.powf(mel / 2_595.0) - 1.0);
            ((TRANSFORM + 1) as f64 * hz / RATE_HZ) as usize
        });
        let stretches = corners.windows(2);
        let rise = stretches.flat_map(|c| {
            let len = c[1] - c[0];
            (0..len).map(move |n| n as f32 / len as f32)
        });
        Self { transform, hann, corners, rise: rise.collect() }
    }
}

impl Default for Model {
    fn default() -> Self {
        Self {
            network: DefaultPredictor::new(),
            line: [0; 1 + WINDOW],
            fresh: 0,
            features: [0.0; BANDS * CONTEXT],
            tables: &TABLES,
        }
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("fresh", &self.fresh).finish_non_exhaustive()
    }
}

impl Model {
    /// Forgets the past: another stream follows.
    pub fn reset(&mut self) {
        self.network.reset();
        self.line.fill(0);
        self.fresh = 0;
        self.features.fill(0.0);
    }

    /// Room for samples at 16 kHz: at most `want` of them, fewer where a score comes first. Once
    /// they are written, [`Model::taken`] says so.
    pub fn room(&mut self, want: usize) -> &mut [i16] {
        let from = 1 + WINDOW - HOP + self.fresh;
        let len = want.min(HOP - self.fresh);
        &mut self.line[from..from + len]
    }

    /// So many samples were written; the score of the last 48 ms, 0–1, every [`HOP`] samples.
    pub fn taken(&mut self, samples: usize, scratch: &mut Scratch) -> Option<f32> {
        self.fresh += samples;
        if self.fresh < HOP {
            return None;
        }
        self.fresh = 0;
        let score = self.score(scratch);
        self.line.copy_within(HOP.., 0);
        Some(score)
    }

    fn score(&mut self, scratch: &mut Scratch) -> f32 {
        let Scratch { wave, spectrum, transform } = scratch;
        let (window, rest) = wave[..TRANSFORM].split_at_mut(WINDOW);
        let pairs = self.line[1..].iter().zip(&self.line[..WINDOW]);
        for ((out, (sample, before)), hann) in window.iter_mut().zip(pairs).zip(&self.tables.hann) {
            *out = (f32::from(*sample) - EMPHASIS * f32::from(*before)) * hann;
        }
        rest.fill(0.0);
        let room = &mut transform[..self.tables.transform.get_scratch_len()];
        // Fails for wrong lengths alone, and these are constants.
        let _ = self.tables.transform.process_with_scratch(&mut wave[..TRANSFORM], spectrum, room);
        self.features.copy_within(BANDS.., 0);
        let newest = &mut self.features[BANDS * (CONTEXT - 1)..];
        bands(self.tables, spectrum, newest);
        self.network.normalize(newest);
        self.network.predict(&self.features, wave).clamp(0.0, 1.0)
    }
}

/// Logarithms of the power in each band.
fn bands(tables: &Tables, spectrum: &[Complex32; BINS], out: &mut [f32]) {
    let powers: [f32; BINS] = std::array::from_fn(|n| spectrum[n].norm_sqr() * POWER);
    // A band rises over the stretch of its own number and falls over the next; what the first
    // stretch falls by belongs to none, so the sums are one longer.
    let mut sums = [0.0f32; BANDS + 2];
    let mut rise = tables.rise.as_slice();
    for (n, corner) in tables.corners.windows(2).enumerate() {
        let powers = &powers[corner[0]..corner[1]];
        let (here, later) = rise.split_at(powers.len());
        rise = later;
        let (rising, falling) = split(powers, here);
        sums[n + 1] += rising;
        sums[n] += falling;
    }
    for (out, sum) in out.iter_mut().zip(&sums[1..]) {
        *out = (sum + 1e-20).ln();
    }
}

/// What of `powers` belongs to the band that rises, and to the one that falls.
fn split(powers: &[f32], rise: &[f32]) -> (f32, f32) {
    const LANES: usize = 4;
    let (mut rising, mut falling) = ([0.0f32; LANES], [0.0f32; LANES]);
    let (powers, rise) = (powers.chunks_exact(LANES), rise.chunks_exact(LANES));
    for (n, (p, r)) in powers.remainder().iter().zip(rise.remainder()).enumerate() {
        rising[n] = p * r;
        falling[n] = p * (1.0 - r);
    }
    for (p, r) in powers.zip(rise) {
        for n in 0..LANES {
            rising[n] += p[n] * r[n];
            falling[n] += p[n] * (1.0 - r[n]);
        }
    }
    (rising.iter().sum(), falling.iter().sum())
}

#[cfg(test)]
mod tests {
    use earshot::Detector;

    use super::*;
    use crate::testing::{espeak, noise};

    #[test]
    fn the_corners_of_the_bands_are_those_of_the_crate() {
        let corners = TABLES.corners;
        assert_eq!((corners[0], corners[1], corners[20]), (4, 7, 112));
        assert_eq!((corners[40], corners[41]), (456, 486));
    }

    /// Highest difference between our scores and those of the crate's own detector.
    fn difference(samples: &[i16]) -> f32 {
        let (mut ours, mut theirs) = (Model::default(), Box::new(Detector::const_default()));
        let mut scratch = Scratch::new();
        let mut most = 0.0f32;
        for hop in samples.chunks_exact(HOP) {
            ours.room(HOP).copy_from_slice(hop);
            let score = ours.taken(HOP, &mut scratch).unwrap();
            most = most.max((score - theirs.predict_i16(hop)).abs());
        }
        most
    }

    #[test]
    fn scores_are_those_of_the_crate() {
        for peak in [0, 1, 30, 1_000, 30_000] {
            let got = difference(&noise(3, peak, 160_000));
            assert!(got < 0.002, "noise of {peak}: {got}");
        }
        let Some(speech) = espeak("en-us", "Good morning, this is a test of the telephone.") else {
            return;
        };
        for gain in [1, 8, 64] {
            let quiet: Vec<i16> = speech.iter().map(|s| s / gain).collect();
            let got = difference(&quiet);
            assert!(got < 0.002, "speech at 1/{gain}: {got}");
        }
    }
}
