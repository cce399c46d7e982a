//! Speech scores by the earshot model, behind an energy gate so that silence costs nothing.
//!
//! Two things were measured and answered here. The model was trained on full-band audio: steady
//! noise that ends at 4 kHz, as on every telephone line, scores above one half nearly always. A
//! faint mirror image of the band above 4 kHz (12 dB down) brings that to 1 % and raises the
//! scores of speech. Noise louder than −20 dBFS still deceives it, so the gate also follows the
//! floor: what is not louder than the quietest of the last two seconds is no speech.

use std::fmt;

use domain::FRAME_SAMPLES;

mod model;

use crate::noise_floor::NoiseFloor;
use crate::prefetch;
use model::Model;
pub use model::Scratch;

/// Loudness (RMS of 16-bit samples) below which nothing can be speech: −58 dBFS, some 30 dB
/// below a quiet talker on a telephone line and above the idle noise of G.711.
const GATE_RMS: u32 = 40;
/// How much louder than the floor speech must be, in quarters: 2 dB.
const OVER_FLOOR_Q2: u32 = 5;
/// Highest floor that is believed: noise of −21 dBFS.
const MAX_FLOOR: u32 = 3_000;
/// Frames for which the model goes on after the last loud one, so that it does not begin anew
/// with every consonant.
const GATE_HOLD: usize = 10;

/// What one 20 ms frame sounds like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scored {
    /// Probability of speech, 0–1; exactly 0 for frames that are not loud enough.
    pub score: f32,
    /// Loudness: RMS of the samples.
    pub rms: u32,
}

/// The scorer of one leg; about 9 KB, allocated once.
pub struct Vad {
    model: Box<Model>,
    /// The frames since the last loud one, newest last. Their scores are not asked for, so the
    /// model is given them only when a loud one follows: most pauses are longer than the hold,
    /// and what came in them is then forgotten unheard.
    quiet: Box<[[i16; FRAME_SAMPLES]; GATE_HOLD]>,
    /// How many there are; at [`GATE_HOLD`] the gate is closed and the last one alone counts.
    quiet_len: usize,
    last: f32,
    floor: NoiseFloor,
}

impl Default for Vad {
    fn default() -> Self {
        Self {
            model: Box::default(),
            quiet: Box::new([[0; FRAME_SAMPLES]; GATE_HOLD]),
            quiet_len: GATE_HOLD,
            last: 0.0,
            floor: NoiseFloor::default(),
        }
    }
}

impl fmt::Debug for Vad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quiet = &self.quiet_len;
        f.debug_struct("Vad").field("quiet", quiet).field("last", &self.last).finish()
    }
}

impl Vad {
    /// Scores the next 20 ms at 16 kHz.
    pub fn frame(&mut self, samples: &[i16; FRAME_SAMPLES], scratch: &mut Scratch) -> Scored {
        let rms = rms(samples);
        let loud = rms >= GATE_RMS && 4 * rms >= OVER_FLOOR_Q2 * believed(&mut self.floor, rms);
        if !loud {
            // The model remembers speech for some frames after it has ended; loudness does not.
            self.keep(samples);
            return Scored { score: 0.0, rms };
        }
        let mut from = 0;
        if self.quiet_len == GATE_HOLD {
            self.model.reset();
            // The frame before, for the model to have a past when the gate opens.
            from = GATE_HOLD - 1;
        }
        for n in from..std::mem::take(&mut self.quiet_len) {
            feed(&mut self.model, &self.quiet[n], &mut self.last, scratch);
        }
        feed(&mut self.model, samples, &mut self.last, scratch);
        Scored { score: self.last, rms }
    }

    /// Brings near what the next frame will be written to.
    pub fn prefetch(&self) {
        if self.quiet_len > 0 {
            prefetch(&self.quiet[self.next_quiet()]);
        } else {
            prefetch(&*self.model);
        }
    }

    /// Forgets the past: another stream follows.
    pub fn reset(&mut self) {
        self.quiet_len = GATE_HOLD;
        self.quiet[GATE_HOLD - 1] = [0; FRAME_SAMPLES];
    }

    /// Where the next quiet frame is kept.
    fn next_quiet(&self) -> usize {
        self.quiet_len.min(GATE_HOLD - 1)
    }

    fn keep(&mut self, samples: &[i16; FRAME_SAMPLES]) {
        let place = self.next_quiet();
        self.quiet[place] = *samples;
        self.quiet_len = place + 1;
    }
}

/// Gives a frame to the model, whose own are 16 ms long; the highest score of those it completes
/// (at least one) replaces `score`.
fn feed(model: &mut Model, samples: &[i16; FRAME_SAMPLES], score: &mut f32, scratch: &mut Scratch) {
    let mut highest: Option<f32> = None;
    let mut left = samples.as_slice();
    while !left.is_empty() {
        let place = model.room(left.len());
        let (now, later) = left.split_at(place.len());
        // With every second sample changed in sign the spectrum is mirrored at 4 kHz; a quarter
        // of that is added. Frames of 320 and 256 samples only split at even places.
        for (pair, source) in place.chunks_exact_mut(2).zip(now.chunks_exact(2)) {
            pair[0] = quarters(source[0], 5);
            pair[1] = quarters(source[1], 3);
        }
        left = later;
        if let Some(given) = model.taken(now.len(), scratch) {
            highest = Some(highest.map_or(given, |h| h.max(given)));
        }
    }
    *score = highest.unwrap_or(*score);
}

/// So many quarters of a sample.
fn quarters(sample: i16, n: i32) -> i16 {
    (i32::from(sample) * n / 4).clamp(-32_768, 32_767) as i16
}

/// The floor with this frame, once it rests on two seconds.
fn believed(floor: &mut NoiseFloor, rms: u32) -> u32 {
    let quietest = floor.frame(rms);
    if floor.is_known() { quietest.min(MAX_FLOOR) } else { 0 }
}

/// Root of the mean square of samples.
pub fn rms(samples: &[i16]) -> u32 {
    // Two squares fill 32 bits exactly, without a sign; processors add such pairs at once.
    let square = |s: i16| i32::from(s) * i32::from(s);
    let pairs = samples.chunks_exact(2);
    let last: u64 = pairs.remainder().iter().map(|s| u64::from(square(*s).cast_unsigned())).sum();
    let sum: u64 =
        pairs.map(|p| u64::from(square(p[0]).wrapping_add(square(p[1])).cast_unsigned())).sum();
    ((sum + last) / samples.len().max(1) as u64).isqrt() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::Upsampler;
    use crate::testing::{espeak, noise};

    fn scores(samples: &[i16]) -> Vec<Scored> {
        let (mut vad, mut up) = (Vad::default(), Upsampler::default());
        let mut scratch = Scratch::new();
        samples
            .chunks_exact(160)
            .map(|part| {
                let mut frame = [0; FRAME_SAMPLES];
                up.process(part, &mut frame);
                vad.frame(&frame, &mut scratch)
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

    /// The same by the crate's own detector, which is given every frame as it comes.
    fn plain_scores(samples: &[i16]) -> Vec<Scored> {
        let mut model = Box::new(earshot::Detector::const_default());
        let (mut floor, mut up) = (NoiseFloor::default(), Upsampler::default());
        let (mut rest, mut before) = (Vec::new(), [0; FRAME_SAMPLES]);
        let (mut hold, mut last) = (0, 0.0f32);
        let mut feed = |model: &mut earshot::Detector, rest: &mut Vec<i16>, frame: &[i16]| {
            let mirrored = |(n, s): (usize, &i16)| quarters(*s, if n % 2 == 0 { 5 } else { 3 });
            rest.extend(frame.iter().enumerate().map(mirrored));
            let mut highest = None;
            while rest.len() >= 256 {
                let score = model.predict_i16(&rest[..256]).clamp(0.0, 1.0);
                highest = Some(highest.map_or(score, |h: f32| h.max(score)));
                rest.drain(..256);
            }
            last = highest.unwrap_or(last);
            last
        };
        let scored = |part: &[i16]| {
            let mut frame = [0; FRAME_SAMPLES];
            up.process(part, &mut frame);
            let rms = rms(&frame);
            let loud = rms >= GATE_RMS && 4 * rms >= OVER_FLOOR_Q2 * believed(&mut floor, rms);
            let mut score = 0.0;
            if loud || hold > 0 {
                if hold == 0 {
                    model.reset();
                    rest.clear();
                    feed(&mut model, &mut rest, &before);
                }
                hold = if loud { GATE_HOLD } else { hold - 1 };
                let given = feed(&mut model, &mut rest, &frame);
                score = if loud { given } else { 0.0 };
            }
            before = frame;
            Scored { score, rms }
        };
        samples.chunks_exact(160).map(scored).collect()
    }

    /// What the detector of activity and the endpointer make of scores, in frames.
    fn decided(scores: &[Scored]) -> Vec<String> {
        use crate::activity::{Activity, ActivityDetector};
        use crate::endpoint::Endpointer;
        let mut detector = ActivityDetector::new(500);
        let mut endpointer = Endpointer::new(&domain::TurnSettings::default());
        let mut all = Vec::new();
        for (n, scored) in scores.iter().enumerate() {
            let at = domain::MediaTime::from_millis(20 * n as u64);
            match detector.frame(at, scored.score) {
                Some(Activity::Started(start)) => {
                    endpointer.open(start);
                    all.push(format!("{n}: on at {}", start.as_millis() / 20));
                }
                Some(Activity::Stopped(end)) => {
                    all.push(format!("{n}: off at {}", end.as_millis() / 20));
                }
                None => {}
            }
            let speech = detector.is_speaking() && detector.silence_ms() == 0;
            if let Some(end) = endpointer.frame(at, speech, scored.rms) {
                all.push(format!("{n}: over at {}", end.end.as_millis() / 20));
            }
        }
        all
    }

    /// Speech with pauses of several lengths at several levels over several noises, each after
    /// a second of that noise alone.
    fn scenes() -> Vec<(String, Vec<i16>)> {
        let text = "Good morning. This is a test, of the telephone line; can you hear me? Yes!";
        let Some(speech) = espeak("en-us", text) else { return Vec::new() };
        let mut all = Vec::new();
        for level_db in [0, -12, -24, -36, -44] {
            for noise_peak in [0, 20, 60, 200, 800] {
                let gain = 10f64.powf(f64::from(level_db) / 20.0);
                let mut line = vec![0; 8_000];
                for pause_ms in [60, 140, 180, 220, 240, 300, 680, 1_200] {
                    line.extend(speech.iter().map(|s| (f64::from(*s) * gain) as i16));
                    line.extend(vec![0; pause_ms * 8]);
                }
                let hiss = noise(5, noise_peak, line.len());
                line.iter_mut().zip(hiss).for_each(|(s, n)| *s = s.saturating_add(n));
                all.push((format!("{level_db} dB over {noise_peak}"), line));
            }
        }
        all
    }

    #[test]
    fn what_is_decided_at_any_level_and_noise_is_what_the_plain_model_decides() {
        for (scene, line) in scenes() {
            let (ours, plain) = (scores(&line), plain_scores(&line));
            assert_eq!(decided(&ours), decided(&plain), "{scene}");
            let apart = ours.iter().zip(&plain).map(|(a, b)| (a.score - b.score).abs());
            assert!(apart.fold(0.0, f32::max) < 0.01, "{scene}");
            assert!(ours.iter().zip(&plain).all(|(a, b)| a.rms == b.rms), "{scene}");
        }
    }

    #[test]
    fn a_pause_over_noise_is_seen() {
        let Some(word) = espeak("en-us", "hello") else { return };
        let mut line = vec![0; 16_000];
        line.extend(&word);
        line.extend(vec![0; 240 * 8]);
        line.extend(&word);
        line.extend(vec![0; 8_000]);
        for peak in [20, 200] {
            let mut noisy = noise(7, peak, line.len());
            noisy.iter_mut().zip(&line).for_each(|(n, s)| *n = n.saturating_add(*s));
            let told = decided(&scores(&noisy));
            let ends = told.iter().filter(|t| t.contains("off")).count();
            assert_eq!(ends, 2, "noise of {peak}: {told:?}");
        }
    }

    #[test]
    fn speech_near_the_gate_is_heard_at_its_first_syllables() {
        let Some(speech) = espeak("en-us", "Good morning, can you hear me?") else { return };
        let loudness = rms(&speech);
        // Four and eight times as loud as the gate asks for: −46 and −40 dBFS.
        for times in [4, 8] {
            let gain = f64::from(times * GATE_RMS) / f64::from(loudness);
            let mut line = noise(9, 10, 16_000 + speech.len() + 8_000);
            for (sum, s) in line[16_000..].iter_mut().zip(&speech) {
                *sum = sum.saturating_add((f64::from(*s) * gain) as i16);
            }
            let first = line.chunks_exact(160).position(|f| rms(f) >= GATE_RMS).unwrap();
            let told = decided(&scores(&line));
            let on = told.iter().find_map(|t| t.split("on at ").nth(1)?.parse::<usize>().ok());
            assert!(on.is_some_and(|on| on <= first + 5), "{times}: {first} {told:?}");
        }
    }
}
