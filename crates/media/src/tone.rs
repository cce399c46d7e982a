//! Steady pure tones: the beep of an answering machine, ringback and busy tones; never speech.
//!
//! Two correlations estimate the frequency of the strongest component for a few operations per
//! sample, the turn of its phase within the frame makes that exact, and a single-bin transform
//! there says which share of the frame's power it carries. Speech may pass this test for a frame,
//! but its pitch and loudness do not stand still for ten frames. Tones made of two frequencies
//! (North American ringback) are not recognised.

use domain::{FRAME_MS, MediaTime};

/// Samples of one frame at 8,000 a second.
const SAMPLES: usize = 160;
/// Share of the power that must lie in one frequency.
const PURITY: f32 = 0.82;
/// Lowest and highest frequency looked for, Hz.
const BAND: std::ops::RangeInclusive<f32> = 380.0..=2_010.0;
/// How far a frame may lie from the tone so far: 2 %.
const DRIFT: f32 = 0.02;
/// How much louder or quieter than the tone so far a frame may be, as a factor of power: 3 dB.
const SWELL: f32 = 2.0;
/// Mean power below which nothing is looked for: an RMS of 100 (−50 dBFS).
const MIN_POWER: f32 = 10_000.0;
/// Most by which the second estimate of a frequency lies beside the first, Hz: half a turn in
/// half a frame.
const REFINED_BY: f32 = 8_000.0 / SAMPLES as f32 + 1.0;
/// Sums that grow side by side, because processors add several numbers at once.
const LANES: usize = 8;
const HZ_PER_RADIAN: f32 = 8_000.0 / std::f32::consts::TAU;
/// Shortest tone reported, ms.
const MIN_MS: u64 = 200;
/// Length at which a tone is reported without waiting for its end, ms.
const REPORT_MS: u64 = 400;
/// Frames that keep a tone out of the speech scores from its second one on.
const STEADY_FRAMES: u64 = 2;
/// Time within which the same tone is a repetition, ms: gateways pause for up to so long.
const CADENCE_MS: u64 = 16_000;
/// Frequencies of exchanges: 400 (UK), 425 (Europe), 440 and 450 Hz (China).
const EXCHANGE: std::ops::RangeInclusive<u32> = 390..=465;
/// Longest time from one tone to the next of busy (0.7 s) and congestion (1.4 s), ms.
const BUSY_MS: u64 = 1_700;
/// Shortest and longest time from one ringing tone to the next, ms: 3 s in some countries, 5 and
/// 6 s in most.
const RINGING_MS: std::ops::RangeInclusive<u64> = 2_500..=7_000;
/// Tones of a busy cadence after which it is one (ITU-T E.180 leaves that to us).
const BUSY_CYCLES: u32 = 3;

/// A tone of at least 200 ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Its frequency.
    pub hz: u32,
    /// Its first frame.
    pub start: MediaTime,
    /// Its length so far; at 400 ms it is reported and may still go on.
    pub duration: MediaTime,
    /// How often the same tone was heard before, each within 16 s of the one before: a cadence
    /// such as ringback or busy, not a beep.
    pub repeats: u32,
    /// From the beginning of the one before; zero for the first.
    pub period: MediaTime,
}

/// What an exchange says by the rhythm of its tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// A telephone rings somewhere.
    Ringing,
    /// It is busy, or there is no way to it, or whoever was there has hung up.
    Busy,
}

impl Tone {
    /// Whether it can be the beep of an answering machine.
    pub const fn is_beep(&self) -> bool {
        self.repeats == 0
    }

    /// What an exchange says by it, as soon as the rhythm tells.
    pub fn cadence(&self) -> Option<Cadence> {
        let period = self.period.as_millis();
        if self.repeats == 0 || !EXCHANGE.contains(&self.hz) {
            None
        } else if RINGING_MS.contains(&period) {
            Some(Cadence::Ringing)
        } else if period <= BUSY_MS && self.repeats + 1 >= BUSY_CYCLES {
            Some(Cadence::Busy)
        } else {
            None
        }
    }
}

/// What one frame tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ToneFrame {
    /// The frame belongs to a steady tone and is no speech.
    pub tonal: bool,
    /// A tone that has just become worth reporting.
    pub tone: Option<Tone>,
}

/// Looks for tones in what one leg hears.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToneDetector {
    run: Option<Run>,
    last: Option<Tone>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    hz: f32,
    power: f32,
    start: MediaTime,
    frames: u64,
    reported: bool,
}

impl ToneDetector {
    /// Takes in the 20 ms that begin at `at`.
    pub fn frame(&mut self, at: MediaTime, samples: &[i16; SAMPLES]) -> ToneFrame {
        let fits = |run: &Run, (hz, power): (f32, f32)| {
            (hz - run.hz).abs() <= run.hz * DRIFT
                && power <= run.power * SWELL
                && power * SWELL >= run.power
        };
        let found = pure_tone(samples);
        match (&mut self.run, found) {
            (Some(run), Some(new)) if fits(run, new) => {
                run.frames += 1;
                // The first frame is seldom full; later ones settle the estimate.
                run.hz += (new.0 - run.hz) / 4.0;
                run.power += (new.1 - run.power) / 2.0;
                let (steady, long) =
                    (run.frames >= STEADY_FRAMES, run.frames * FRAME_MS >= REPORT_MS);
                let tone = if long { self.report() } else { None };
                ToneFrame { tonal: steady, tone }
            }
            _ => {
                let tone = self.report();
                self.run = found.map(|(hz, power)| Run {
                    hz,
                    power,
                    start: at,
                    frames: 1,
                    reported: false,
                });
                ToneFrame { tonal: false, tone }
            }
        }
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn report(&mut self) -> Option<Tone> {
        let run = self.run.as_mut()?;
        if run.reported || run.frames * FRAME_MS < MIN_MS {
            return None;
        }
        run.reported = true;
        let before = self.last.filter(|last| {
            (last.hz as f32 - run.hz).abs() <= run.hz * 2.0 * DRIFT
                && run.start.since(last.start).as_millis() <= CADENCE_MS
        });
        let tone = Tone {
            hz: run.hz.round() as u32,
            start: run.start,
            duration: MediaTime::from_millis(run.frames * FRAME_MS),
            repeats: before.map_or(0, |last| last.repeats + 1),
            period: before.map_or(MediaTime::ZERO, |last| run.start.since(last.start)),
        };
        self.last = Some(tone);
        Some(tone)
    }
}

/// Frequency and mean power of the frame if nearly all of it is one sinusoid.
fn pure_tone(samples: &[i16; SAMPLES]) -> Option<(f32, f32)> {
    let x: [f32; SAMPLES] = std::array::from_fn(|n| f32::from(samples[n]));
    let power = dot(&x, &x) / SAMPLES as f32;
    if power < MIN_POWER {
        return None;
    }
    let near = frequency(&x)?;
    // Refining moves it by less than half a turn in half a frame.
    if near < *BAND.start() - REFINED_BY || near > *BAND.end() + REFINED_BY {
        return None;
    }
    let hz = refine(&x, near);
    if !BAND.contains(&hz) {
        return None;
    }
    let (first, second) = halves(&x, hz);
    let magnitude = (first.0 + second.0).powi(2) + (first.1 + second.1).powi(2);
    let share = 2.0 * magnitude / (SAMPLES * SAMPLES) as f32 / power;
    (share >= PURITY).then_some((hz, power))
}

/// Pisarenko's estimate from the correlations at lags one and two, which white noise leaves
/// unbiased.
fn frequency(x: &[f32; SAMPLES]) -> Option<f32> {
    let (before, middle, after) = (&x[..SAMPLES - 2], &x[1..SAMPLES - 1], &x[2..]);
    let r1 = f32::midpoint(dot(middle, before), dot(middle, after));
    let r2 = dot(before, after);
    let root = (r2 * r2 + 8.0 * r1 * r1).sqrt();
    // Two forms of one root of 2·r1·c² − r2·c − r1 = 0: neither subtracts nearly equal numbers.
    let cosine = if r2 < 0.0 { 2.0 * r1 / (root - r2) } else { (r2 + root) / (4.0 * r1) };
    (cosine.abs() <= 1.0).then(|| cosine.acos() * HZ_PER_RADIAN)
}

/// A better estimate: by how much the phase turns from one half of the frame to the other.
fn refine(x: &[f32; SAMPLES], hz: f32) -> f32 {
    let (a, b) = halves(x, hz);
    let turn = (a.0 * b.1 - a.1 * b.0).atan2(a.0 * b.0 + a.1 * b.1);
    hz + turn / (SAMPLES / 2) as f32 * HZ_PER_RADIAN
}

/// The components of both halves of the frame at `hz`, with phases that count from its start.
fn halves(x: &[f32; SAMPLES], hz: f32) -> ((f32, f32), (f32, f32)) {
    let one = (hz / HZ_PER_RADIAN).sin_cos();
    // Pointers a sample apart that turn by as many samples as there are: one that turns by one
    // sample at a time would have to wait for itself.
    let (mut re, mut im) = ([1.0f32; LANES], [0.0f32; LANES]);
    for n in 1..LANES {
        (re[n], im[n]) = turned((re[n - 1], im[n - 1]), one);
    }
    let (cos, sin) = turned((re[LANES - 1], im[LANES - 1]), one);
    let mut sums = [(0.0f32, 0.0f32); 2];
    for (part, sum) in x.chunks_exact(SAMPLES / 2).zip(&mut sums) {
        let (mut real, mut imaginary) = ([0.0f32; LANES], [0.0f32; LANES]);
        for samples in part.chunks_exact(LANES) {
            for n in 0..LANES {
                real[n] += samples[n] * re[n];
                imaginary[n] -= samples[n] * im[n];
                (re[n], im[n]) = turned((re[n], im[n]), (sin, cos));
            }
        }
        *sum = (real.iter().sum(), imaginary.iter().sum());
    }
    (sums[0], sums[1])
}

/// A pointer turned by the angle of this sine and cosine.
fn turned((re, im): (f32, f32), (sin, cos): (f32, f32)) -> (f32, f32) {
    (re * cos - im * sin, re * sin + im * cos)
}

/// Sum of the products of two signals of one length.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for n in 0..LANES {
            sums[n] += a[n] * b[n];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Codec, CodecId};
    use crate::testing::{espeak, noise, sine, vowel};

    fn run(samples: &[i16]) -> (Vec<Tone>, usize) {
        let mut detector = ToneDetector::default();
        let mut tones = Vec::new();
        let mut tonal = 0;
        for (n, part) in samples.chunks_exact(160).enumerate() {
            let got =
                detector.frame(MediaTime::from_millis(20 * n as u64), part.try_into().unwrap());
            tones.extend(got.tone);
            tonal += usize::from(got.tonal);
        }
        (tones, tonal)
    }

    /// The same after a telephone line: A-law and a little noise.
    fn over_the_line(samples: &[i16]) -> Vec<i16> {
        let mut codec = Codec::new(CodecId::Pcma);
        let mut bytes = vec![0; samples.len()];
        let mut out = vec![0; samples.len()];
        let hiss = noise(5, 60, samples.len());
        let noisy: Vec<i16> =
            samples.iter().zip(&hiss).map(|(a, b)| a.saturating_add(*b)).collect();
        codec.encode(&noisy, &mut bytes);
        codec.decode(&bytes, &mut out);
        out
    }

    fn beep(hz: f64, ms: usize, amplitude: f64) -> Vec<i16> {
        let mut all = vec![0; 1_010];
        all.extend(sine(hz, 8_000, amplitude, ms * 8));
        all.extend(vec![0; 4_000]);
        over_the_line(&all)
    }

    #[test]
    fn beeps_are_reported_once_with_pitch_and_beginning() {
        for hz in [400.0, 440.0, 850.0, 1_000.0, 1_400.0, 2_000.0] {
            for (ms, least, most) in
                [(260, 220, 280), (350, 300, 360), (500, 400, 400), (2_000, 400, 400)]
            {
                let (tones, tonal) = run(&beep(hz, ms, 6_000.0));
                assert_eq!(tones.len(), 1, "{hz} {ms}: {tones:?}");
                let tone = tones[0];
                assert!((f64::from(tone.hz) - hz).abs() < hz * 0.015 + 2.0, "{hz}: {tone:?}");
                assert!((120..=160).contains(&tone.start.as_millis()), "{tone:?}");
                let long = tone.duration.as_millis();
                assert!((least..=most).contains(&long), "{hz} {ms}: {tone:?}");
                assert!(tone.is_beep());
                assert!(tonal * 20 + 80 > ms, "{hz} {ms}: {tonal}");
            }
        }
    }

    #[test]
    fn a_beep_on_a_noisy_line_is_found() {
        for hz in [440.0, 700.0, 1_000.0, 1_400.0] {
            let mut all = sine(hz, 8_000, 6_000.0, 4_000);
            all.extend(vec![0; 2_000]);
            // 10 dB below the tone.
            let hiss = noise(8, 2_300, all.len());
            all.iter_mut().zip(hiss).for_each(|(s, n)| *s = s.saturating_add(n));
            let (tones, _) = run(&all);
            assert!(
                matches!(tones[..], [t] if (f64::from(t.hz) - hz).abs() < 10.0),
                "{hz} {tones:?}"
            );
        }
    }

    #[test]
    fn short_or_faint_tones_are_not_reported() {
        assert_eq!(run(&beep(1_000.0, 150, 6_000.0)).0, []);
        assert_eq!(run(&beep(1_000.0, 600, 80.0)).0, []);
    }

    #[test]
    fn a_cadence_is_told_from_a_beep() {
        let mut busy = Vec::new();
        for _ in 0..4 {
            busy.extend(sine(450.0, 8_000, 5_000.0, 350 * 8));
            busy.extend(vec![0; 350 * 8]);
        }
        let (tones, _) = run(&over_the_line(&busy));
        let repeats: Vec<u32> = tones.iter().map(|t| t.repeats).collect();
        assert_eq!(repeats, [0, 1, 2, 3]);
    }

    #[test]
    fn exchange_tones_are_told_by_their_rhythm_and_other_tones_are_none() {
        use Cadence::{Busy, Ringing};
        let (no, ringing, busy) = (None, Some(Ringing), Some(Busy));
        for (hz, on_ms, off_ms, want) in [
            (450.0, 1_000, 4_000, [no, ringing, ringing, ringing]),
            (425.0, 1_000, 4_000, [no, ringing, ringing, ringing]),
            (425.0, 1_000, 3_000, [no, ringing, ringing, ringing]),
            (450.0, 350, 350, [no, no, busy, busy]),
            (450.0, 700, 700, [no, no, busy, busy]),
            (425.0, 480, 480, [no, no, busy, busy]),
            // A recorded line, and somebody's melody.
            (1_400.0, 400, 4_000, [no, no, no, no]),
            (880.0, 350, 350, [no, no, no, no]),
            (450.0, 400, 12_000, [no, no, no, no]),
        ] {
            let mut line = Vec::new();
            for _ in 0..4 {
                line.extend(sine(hz, 8_000, 5_000.0, on_ms * 8));
                line.extend(vec![0; off_ms * 8]);
            }
            let (tones, _) = run(&over_the_line(&line));
            let got: Vec<Option<Cadence>> = tones.iter().map(Tone::cadence).collect();
            assert_eq!(got, want, "{hz} {on_ms}/{off_ms}: {tones:?}");
        }
    }

    #[test]
    fn voices_and_noise_are_no_tones() {
        for pitch in [85.0, 120.0, 180.0, 240.0, 320.0] {
            for formants in [
                [300.0, 870.0, 2_240.0],
                [270.0, 2_290.0, 3_010.0],
                [730.0, 1_090.0, 2_440.0],
                [530.0, 1_840.0, 2_480.0],
            ] {
                let (tones, tonal) = run(&over_the_line(&vowel(pitch, formants, 16_000)));
                assert_eq!(tones, [], "{pitch} {formants:?}");
                assert!(tonal < 5, "{pitch} {formants:?}: {tonal}");
            }
        }
        assert_eq!(run(&noise(9, 5_000, 80_000)), (vec![], 0));
    }

    #[test]
    fn synthesised_speech_is_no_tone() {
        for (voice, text) in [
            (
                "en-us",
                "You have reached the voice mail of nobody. Please leave a message after the beep.",
            ),
            ("en-us+f3", "Oooh, you knew who you were, moo. Aaah, mmmm, eeee."),
            ("cmn-latn-pinyin", "您好，请问是王先生吗？我是语音助手，嗯，哦，呜。"),
            ("cmn-latn-pinyin+f2", "对不起，您拨打的用户暂时无法接通，请稍后再拨。"),
        ] {
            let Some(speech) = espeak(voice, text) else {
                return;
            };
            let (tones, tonal) = run(&over_the_line(&speech));
            assert_eq!(tones, [], "{voice}");
            assert!(tonal * 50 < speech.len() / 160, "{voice}: {tonal} of {}", speech.len() / 160);
        }
    }
}
