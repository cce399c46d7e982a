//! Synthesised speech as a telephone delivers it: narrow band, A-law, noise, at 16 kHz.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use media::resample::SpeechResampler;

/// A line that speech comes through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TelephoneLine {
    /// White noise this many dB below the speech.
    pub snr_db: Option<f32>,
    /// Cuts what is below 300 Hz, as old handsets and some gateways do.
    pub high_pass: bool,
    /// Share of the packets that are lost and filled up with what came before them.
    pub loss: f32,
}

/// A small seeded source of randomness (splitmix64), so that a run can be repeated.
pub struct Dice(u64);

impl Dice {
    /// A source for a seed and a text, independent of the order in which texts are handled.
    pub fn new(seed: u64, text: &str) -> Self {
        // FNV-1a.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
        });
        Self(seed ^ hash)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between 0 and 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// One of them, which must not be none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[((self.unit() * of.len() as f32) as usize).min(of.len() - 1)]
    }

    /// Normally distributed, variance 1: the sum of twelve is close enough for noise.
    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

/// Speaks a text; samples at 22,050 Hz.
pub fn speak(voice: &str, pace: u32, text: &str) -> Result<Vec<i16>, Box<dyn Error>> {
    speak_at(voice, pace, USUAL_PITCH, text)
}

/// The same at a pitch from 0 to 99.
pub fn speak_at(
    voice: &str,
    pace: u32,
    pitch: u32,
    text: &str,
) -> Result<Vec<i16>, Box<dyn Error>> {
    let (pace, pitch) = (pace.to_string(), pitch.to_string());
    let how = ["-v", voice, "-s", &pace, "-p", &pitch, "-z", "--stdout"];
    let wav = espeak(&how, text)?;
    let pcm = wav.get(WAV_HEADER..).unwrap_or_default();
    Ok(pcm.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect())
}

/// What espeak-ng, told how, writes about a text.
pub fn espeak(how: &[&str], text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut child = Command::new("espeak-ng")
        .args(how)
        .arg("--stdin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("cannot run espeak-ng: {e}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(format!("espeak-ng refused {}", how.join(" ")).into()),
    }
}

/// What arrives at the recognizer when `spoken` goes over the line, some silence around it.
pub fn over_the_line(spoken: &[i16], line: TelephoneLine, dice: &mut Dice) -> Vec<i16> {
    let narrow = resample(spoken, SPOKEN_RATE, 8_000);
    let mut samples: Vec<f32> = narrow.iter().map(|s| f32::from(*s)).collect();
    if line.high_pass {
        high_pass_300(&mut samples);
        high_pass_300(&mut samples);
    }
    level(&mut samples);
    let lead = 1_200 + (dice.unit() * 2_000.0) as usize;
    let tail = 2_400 + (dice.unit() * 2_400.0) as usize;
    let mut padded = vec![0.0; lead];
    padded.extend(&samples);
    padded.resize(lead + samples.len() + tail, 0.0);
    // A line is never digitally silent: about -75 dB of full scale when clean.
    let noise = line.snr_db.map_or(6.0, |db| active_rms(&samples) / 10_f32.powf(db / 20.0));
    let mut coded: Vec<i16> =
        padded.iter().map(|s| a_law((s + noise * dice.normal()).round() as i16)).collect();
    for packet in 1..coded.len() / PACKET {
        if dice.unit() < line.loss {
            let (before, lost) = coded.split_at_mut(packet * PACKET);
            let last = &before[before.len() - PACKET..];
            lost[..PACKET].iter_mut().zip(last).for_each(|(l, b)| *l = b / 4 * 3);
        }
    }
    resample(&coded, 8_000, 16_000)
}

/// A recording at 8 kHz (16-bit mono WAV) as it arrives over an A-law line.
pub fn human_prompt(path: &Path) -> Result<Vec<i16>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let data = bytes.windows(4).position(|w| w == b"data").ok_or("no samples in the file")?;
    let samples: Vec<i16> = bytes[data + 8..]
        .chunks_exact(2)
        .map(|b| a_law(i16::from_le_bytes([b[0], b[1]])))
        .collect();
    Ok(resample(&samples, 8_000, 16_000))
}

/// The callee's side of a stereo recording at 8 kHz, as the recognizer gets it.
pub fn callee_of_recording(path: &Path) -> Result<Vec<i16>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let data = bytes.windows(4).position(|w| w == b"data").ok_or("no samples in the file")?;
    let samples: Vec<i16> = bytes[data + 8..]
        .chunks_exact(4)
        .map(|both| i16::from_le_bytes([both[0], both[1]]))
        .collect();
    Ok(resample(&samples, 8_000, 16_000))
}

/// The same speech from a longer or shorter vocal tract: all frequencies times `factor`.
pub fn other_throat(spoken: &[i16], factor: f32) -> Vec<i16> {
    // In fiftieths: a resampler likes small ratios.
    let from = (factor * 50.0).round() as u32 * (SPOKEN_RATE / 50);
    resample(spoken, from, SPOKEN_RATE)
}

fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    let mut resampler = SpeechResampler::new(from, to);
    let mut output = Vec::new();
    resampler.push(samples, &mut output);
    resampler.finish(&mut output);
    output
}

/// Second-order high-pass (Butterworth) at 300 Hz for 8 kHz.
fn high_pass_300(samples: &mut [f32]) {
    let w = std::f32::consts::TAU * 300.0 / 8_000.0;
    let alpha = w.sin() / std::f32::consts::SQRT_2;
    let (a0, a1, a2) = (1.0 + alpha, -2.0 * w.cos(), 1.0 - alpha);
    let b = (1.0 + w.cos()) / 2.0;
    let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
    for sample in samples {
        let x = *sample;
        let y = (b * x - 2.0 * b * x1 + b * x2 - a1 * y1 - a2 * y2) / a0;
        (x2, x1, y2, y1) = (x1, x, y1, y);
        *sample = y;
    }
}

/// Brings speech to -22 dB of full scale.
fn level(samples: &mut [f32]) {
    let rms = active_rms(samples);
    if rms > 0.0 {
        samples.iter_mut().for_each(|s| *s *= 2_600.0 / rms);
    }
}

/// Root mean square over the louder 20 ms blocks, so that pauses do not count.
fn active_rms(samples: &[f32]) -> f32 {
    let powers: Vec<f32> = samples
        .chunks(160)
        .map(|b| b.iter().map(|s| s * s).sum::<f32>() / b.len() as f32)
        .collect();
    let peak = powers.iter().copied().fold(0.0, f32::max);
    let active: Vec<f32> = powers.into_iter().filter(|p| *p > peak / 100.0).collect();
    (active.iter().sum::<f32>() / active.len().max(1) as f32).sqrt()
}

/// One sample through an A-law coder and back (G.711).
fn a_law(sample: i16) -> i16 {
    let magnitude = (i32::from(sample).unsigned_abs().min(32_767) >> 3) as i32;
    let exponent = (32 - (magnitude as u32).leading_zeros() as i32 - 6).max(0);
    let decoded = if exponent == 0 {
        (magnitude >> 1 << 1) + 1
    } else {
        (magnitude >> exponent << exponent) + (1 << (exponent - 1))
    };
    let decoded = (decoded << 3).min(32_767) as i16;
    if sample < 0 { -decoded } else { decoded }
}

/// 20 ms at 8 kHz.
const PACKET: usize = 160;
/// espeak-ng delivers nothing else.
const SPOKEN_RATE: u32 = 22_050;
const WAV_HEADER: usize = 44;
/// What espeak-ng speaks at when nothing is said.
const USUAL_PITCH: u32 = 50;

/// The lines that the recognizer is tuned and measured on.
pub const LINES: [(&str, TelephoneLine); 2] = [
    ("8 kHz A-law, clean", TelephoneLine { snr_db: None, high_pass: true, loss: 0.0 }),
    ("8 kHz A-law, 10 dB noise", TelephoneLine { snr_db: Some(10.0), high_pass: true, loss: 0.0 }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_law_errs_by_less_than_four_percent() {
        for sample in [-32_000_i16, -1_234, -500, 400, 999, 7_777, 31_000] {
            let error = f32::from(a_law(sample)) - f32::from(sample);
            assert!(error.abs() <= f32::from(sample.abs()) * 0.04 + 8.0, "{sample}: {error}");
        }
    }

    #[test]
    fn dice_repeat_for_a_seed_and_differ_between_texts() {
        let roll = |seed, text| Dice::new(seed, text).unit();
        assert_eq!(roll(1, "a").to_bits(), roll(1, "a").to_bits());
        assert_ne!(roll(1, "a").to_bits(), roll(1, "b").to_bits());
        assert_ne!(roll(1, "a").to_bits(), roll(2, "a").to_bits());
    }
}
