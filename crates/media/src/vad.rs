//! Speech scores by the earshot model, behind an energy gate so that silence costs nothing.
//!
//! Two things were measured and answered here. The model was trained on full-band audio: steady
//! noise that ends at 4 kHz, as on every telephone line, scores above one half nearly always. A
//! faint mirror image of the band above 4 kHz (12 dB down) brings that to 1 % and raises the
//! scores of speech. Noise louder than −20 dBFS still deceives it, so the gate also follows the
//! floor: what is not louder than the quietest of the last two seconds is no speech.

use std::fmt;

use domain::FRAME_SAMPLES;
use earshot::Detector;

/// Samples of one model frame.
const MODEL_FRAME: usize = 256;
/// Loudness (RMS of 16-bit samples) below which nothing can be speech: −58 dBFS, some 30 dB
/// below a quiet talker on a telephone line and above the idle noise of G.711.
const GATE_RMS: u32 = 40;
/// How much louder than the floor speech must be, in quarters: 2 dB.
const OVER_FLOOR_Q2: u32 = 5;
/// Frames in one window of the floor.
const FLOOR_WINDOW: u32 = 20;
/// Windows of the floor: together two seconds.
const FLOOR_WINDOWS: usize = 5;
/// Highest floor that is believed: noise of −21 dBFS.
const MAX_FLOOR: u32 = 3_000;
/// Frames for which the model goes on after the last loud one, so that it does not begin anew
/// with every consonant.
const GATE_HOLD: u32 = 10;

/// What one 20 ms frame sounds like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scored {
    /// Probability of speech, 0–1; exactly 0 for frames that are not loud enough.
    pub score: f32,
    /// Loudness: RMS of the samples.
    pub rms: u32,
}

/// The scorer of one leg; about 9.5 KB, allocated once.
pub struct Vad {
    model: Box<Detector>,
    /// Samples not yet given to the model.
    rest: [i16; MODEL_FRAME],
    rest_len: usize,
    /// The frame before, for the model to have a past when the gate opens.
    before: [i16; FRAME_SAMPLES],
    hold: u32,
    last: f32,
    floor: Floor,
}

impl Default for Vad {
    fn default() -> Self {
        Self {
            model: Box::new(Detector::const_default()),
            rest: [0; MODEL_FRAME],
            rest_len: 0,
            before: [0; FRAME_SAMPLES],
            hold: 0,
            last: 0.0,
            floor: Floor::default(),
        }
    }
}

impl fmt::Debug for Vad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vad").field("hold", &self.hold).field("last", &self.last).finish()
    }
}

impl Vad {
    /// Scores the next 20 ms at 16 kHz.
    pub fn frame(&mut self, samples: &[i16; FRAME_SAMPLES]) -> Scored {
        let rms = rms(samples);
        let loud = rms >= GATE_RMS && 4 * rms >= OVER_FLOOR_Q2 * self.floor.frame(rms);
        let mut score = 0.0;
        if loud || self.hold > 0 {
            if self.hold == 0 {
                self.model.reset();
                self.rest_len = 0;
                let before = self.before;
                self.feed(&before);
            }
            self.hold = if loud { GATE_HOLD } else { self.hold - 1 };
            let given = self.feed(samples);
            // The model remembers speech for some frames after it has ended; loudness does not.
            score = if loud { given } else { 0.0 };
        }
        self.before = *samples;
        Scored { score, rms }
    }

    /// Forgets the past: another stream follows.
    pub fn reset(&mut self) {
        self.hold = 0;
        self.before = [0; FRAME_SAMPLES];
    }

    /// Gives samples to the model in its own frames of 16 ms; the highest score counts. Each
    /// 20 ms complete at least one of them.
    fn feed(&mut self, samples: &[i16]) -> f32 {
        let mut highest: Option<f32> = None;
        let mut left = samples;
        while !left.is_empty() {
            let (now, later) = left.split_at(left.len().min(MODEL_FRAME - self.rest_len));
            // With every second sample changed in sign the spectrum is mirrored at 4 kHz; a
            // quarter of that is added. Frames of 320 and 256 samples only split at even places.
            let place = &mut self.rest[self.rest_len..];
            for (pair, source) in place.chunks_exact_mut(2).zip(now.chunks_exact(2)) {
                pair[0] = quarters(source[0], 5);
                pair[1] = quarters(source[1], 3);
            }
            self.rest_len += now.len();
            left = later;
            if self.rest_len == MODEL_FRAME {
                let score = self.model.predict_i16(&self.rest).clamp(0.0, 1.0);
                highest = Some(highest.map_or(score, |h| h.max(score)));
                self.rest_len = 0;
            }
        }
        self.last = highest.unwrap_or(self.last);
        self.last
    }
}

/// So many quarters of a sample.
fn quarters(sample: i16, n: i32) -> i16 {
    (i32::from(sample) * n / 4).clamp(-32_768, 32_767) as i16
}

/// The loudness of the quietest frames of late.
#[derive(Clone, Copy, Debug, Default)]
struct Floor {
    windows: [u32; FLOOR_WINDOWS],
    current: usize,
    frames: u32,
}

impl Floor {
    /// Takes in a frame; answers the floor, 0 during the first two seconds.
    fn frame(&mut self, rms: u32) -> u32 {
        if self.frames == 0 {
            self.windows[self.current] = rms;
        }
        self.windows[self.current] = self.windows[self.current].min(rms);
        self.frames += 1;
        let floor = self.windows.iter().copied().min().unwrap_or(0);
        if self.frames == FLOOR_WINDOW {
            self.frames = 0;
            self.current = (self.current + 1) % FLOOR_WINDOWS;
        }
        floor.min(MAX_FLOOR)
    }
}

/// Root of the mean square of samples.
pub fn rms(samples: &[i16]) -> u32 {
    let sum: u64 =
        samples.iter().map(|s| u64::from((i32::from(*s) * i32::from(*s)).unsigned_abs())).sum();
    (sum / samples.len().max(1) as u64).isqrt() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::Upsampler;
    use crate::testing::{espeak, noise};

    fn scores(samples: &[i16]) -> Vec<Scored> {
        let (mut vad, mut up) = (Vad::default(), Upsampler::default());
        samples
            .chunks_exact(160)
            .map(|part| {
                let mut frame = [0; FRAME_SAMPLES];
                up.process(part, &mut frame);
                vad.frame(&frame)
            })
            .collect()
    }

    fn share(scores: &[Scored]) -> f64 {
        scores.iter().filter(|s| s.score > 0.5).count() as f64 / scores.len() as f64
    }

    #[test]
    fn silence_and_idle_noise_never_reach_the_model() {
        assert!(scores(&[0; 8_000]).iter().all(|s| s.score == 0.0));
        assert!(scores(&noise(1, 30, 8_000)).iter().all(|s| s.score == 0.0));
    }

    #[test]
    fn loud_noise_is_no_speech() {
        for peak in [100, 300, 1_000, 3_000, 10_000] {
            let got = share(&scores(&noise(2, peak, 80_000)));
            assert!(got < 0.2, "{peak}: {got}");
            let later = share(&scores(&noise(3, peak, 80_000))[150..]);
            assert!(later < 0.02, "{peak}: {later}");
        }
    }

    #[test]
    fn synthesised_speech_is_speech() {
        let Some(speech) = espeak("en-us", "Good morning, this is a test of the telephone line.")
        else {
            return;
        };
        let got = share(&scores(&speech));
        assert!(got > 0.85, "{got}");
        // 10 dB signal-to-noise ratio, after two seconds of the noise alone.
        let peak = (f64::from(rms(&speech)) * 3f64.sqrt() / 10f64.sqrt()) as i32;
        let mut noisy = noise(4, peak, 16_000 + speech.len());
        for (sum, s) in noisy[16_000..].iter_mut().zip(&speech) {
            *sum = sum.saturating_add(*s);
        }
        let all = scores(&noisy);
        let (before, during) = (share(&all[..100]), share(&all[100..]));
        assert!(before < 0.1 && during > 0.7, "{before} {during}");
    }
}
