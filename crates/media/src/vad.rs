//! Speech scores by the earshot model, behind an energy gate so that silence costs nothing, and
//! with every second question left out where the answer is hardly in doubt.
//!
//! Two things were measured and answered here. The model was trained on full-band audio: steady
//! noise that ends at 4 kHz, as on every telephone line, scores above one half nearly always. A
//! faint mirror image of the band above 4 kHz (12 dB down) brings that to 1 % and raises the
//! scores of speech. Noise louder than −20 dBFS still deceives it, so the gate also follows the
//! floor: what is not louder than the quietest of the last two seconds is no speech.
//!
//! The model takes most of a leg's time, and onsets are what it is needed for: of them no frame
//! is left out. In the middle of speech, and in the short silences between words, it is asked
//! about every second frame, and its last answer stands for the one between.

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

/// Scores from which on a frame is speech beyond doubt.
const SURE: f32 = 0.8;
/// So many of them in a row before every second frame is left out: 100 ms, by which an onset has
/// been told.
const SURE_RUN: u32 = 5;

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
    /// Frames in a row that were speech beyond doubt.
    sure: u32,
    /// The frame before was left out.
    left_out: bool,
    last: f32,
    floor: Floor,
    #[cfg(test)]
    asked: u32,
}

impl Default for Vad {
    fn default() -> Self {
        Self {
            model: Box::new(Detector::const_default()),
            rest: [0; MODEL_FRAME],
            rest_len: 0,
            before: [0; FRAME_SAMPLES],
            hold: 0,
            sure: 0,
            left_out: false,
            last: 0.0,
            floor: Floor::default(),
            #[cfg(test)]
            asked: 0,
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
                self.sure = 0;
                self.left_out = false;
                let before = self.before;
                self.feed(&before);
            }
            self.hold = if loud { GATE_HOLD } else { self.hold - 1 };
            let given = self.ask(loud, samples);
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

    /// What the model says of a frame, or what it said of the one before.
    fn ask(&mut self, loud: bool, samples: &[i16; FRAME_SAMPLES]) -> f32 {
        let sure = !loud || self.sure >= SURE_RUN;
        self.left_out = sure && !self.left_out;
        if self.left_out {
            return self.last;
        }
        #[cfg(test)]
        {
            self.asked += 1;
        }
        let given = self.feed(samples);
        if loud {
            self.sure = if given >= SURE { self.sure + 1 } else { 0 };
        }
        given
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

    /// The same without leaving anything out.
    fn all_asked(samples: &[i16]) -> Vec<Scored> {
        let (mut vad, mut up) = (Vad::default(), Upsampler::default());
        let asked = |part: &[i16]| {
            let mut frame = [0; FRAME_SAMPLES];
            up.process(part, &mut frame);
            (vad.sure, vad.left_out) = (0, true);
            vad.frame(&frame)
        };
        samples.chunks_exact(160).map(asked).collect()
    }

    /// Begin and end of each stretch of speech, in frames.
    fn stretches(scores: &[Scored]) -> Vec<(u64, u64)> {
        use crate::activity::{Activity, ActivityDetector};
        let mut detector = ActivityDetector::new(500);
        let (mut begun, mut all) = (0, Vec::new());
        for (n, scored) in scores.iter().enumerate() {
            match detector.frame(domain::MediaTime::from_millis(20 * n as u64), scored.score) {
                Some(Activity::Started(at)) => begun = at.as_millis() / 20,
                Some(Activity::Stopped(at)) => all.push((begun, at.as_millis() / 20)),
                None => {}
            }
        }
        all
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

    /// Speech at several levels over several noises, each after a second of that noise alone.
    fn scenes() -> Vec<(String, Vec<i16>)> {
        let text = "Good morning. This is a test, of the telephone line; can you hear me? Yes!";
        let Some(speech) = espeak("en-us", text) else { return Vec::new() };
        let mut all = Vec::new();
        for level_db in [0, -12, -24] {
            for noise_peak in [0, 20, 200] {
                let gain = 10f64.powf(f64::from(level_db) / 20.0);
                let mut line = noise(5, noise_peak, 8_000 + speech.len() + 8_000);
                for (sum, s) in line[8_000..].iter_mut().zip(&speech) {
                    *sum = sum.saturating_add((f64::from(*s) * gain) as i16);
                }
                all.push((format!("{level_db} dB over {noise_peak}"), line));
            }
        }
        all
    }

    #[test]
    fn leaving_frames_out_moves_no_onset_and_no_end_by_more_than_two_frames() {
        for (scene, line) in scenes() {
            let (spared, full) = (stretches(&scores(&line)), stretches(&all_asked(&line)));
            assert_eq!(spared.len(), full.len(), "{scene}: {spared:?} {full:?}");
            for (a, b) in spared.iter().zip(&full) {
                assert_eq!(a.0, b.0, "{scene}");
                assert!(a.1.abs_diff(b.1) <= 2, "{scene}: {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn quiet_speech_opens_the_gate_at_its_first_syllable() {
        for (scene, line) in scenes().into_iter().filter(|(s, _)| s.ends_with("over 20")) {
            // Where the clean speech first rises above the gate itself, in frames.
            let spoken: Vec<u32> = line.chunks_exact(160).map(rms).collect();
            let first = spoken.iter().position(|r| *r >= GATE_RMS).unwrap();
            let got = stretches(&scores(&line));
            let from = got.first().map(|s| s.0 as usize);
            assert!(from.is_some_and(|from| from <= first + 5), "{scene}: {first} {got:?}");
        }
    }

    #[test]
    fn a_third_of_the_questions_is_spared_in_speech() {
        let Some(speech) = espeak("en-us", "One long sentence that goes on and on and on.") else {
            return;
        };
        let (mut vad, mut up) = (Vad::default(), Upsampler::default());
        for part in speech.chunks_exact(160) {
            let mut frame = [0; FRAME_SAMPLES];
            up.process(part, &mut frame);
            vad.frame(&frame);
        }
        let frames = (speech.len() / 160) as u32;
        assert!(vad.asked * 3 < frames * 2, "{} of {frames}", vad.asked);
    }
}
