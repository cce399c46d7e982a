//! Signals and measurements for the tests of this crate.

use std::f64::consts::TAU;

/// A sine of `amplitude` peak.
pub fn sine(hz: f64, rate: u32, amplitude: f64, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| (amplitude * (TAU * hz * n as f64 / f64::from(rate)).sin()).round() as i16)
        .collect()
}

/// Peak amplitude of the component at `hz`.
pub fn level_at(samples: &[i16], rate: u32, hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, s) in samples.iter().enumerate() {
        let phase = TAU * hz * n as f64 / f64::from(rate);
        re += f64::from(*s) * phase.cos();
        im += f64::from(*s) * phase.sin();
    }
    2.0 * (re * re + im * im).sqrt() / samples.len() as f64
}

/// White noise of the given peak, the same for the same seed.
pub fn noise(seed: u64, peak: i32, samples: usize) -> Vec<i16> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..samples)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 33) as i32 % (2 * peak + 1) - peak) as i16
        })
        .collect()
}

/// A vowel-like sound at 8 kHz: pulses of `pitch` Hz through three resonances, with the vibrato
/// and the loudness contour of a voice.
pub fn vowel(pitch: f64, formants: [f64; 3], samples: usize) -> Vec<i16> {
    let mut states = [[0.0f64; 2]; 3];
    let mut phase = 0.0;
    (0..samples)
        .map(|n| {
            let t = n as f64 / 8_000.0;
            phase += pitch * (1.0 + 0.03 * (TAU * 5.0 * t).sin() - 0.1 * t) / 8_000.0;
            let pulse = if phase >= 1.0 {
                phase -= 1.0;
                1.0
            } else {
                0.0
            };
            let mut sum = 0.0;
            for (state, hz) in states.iter_mut().zip(formants) {
                let r = (-std::f64::consts::PI * 90.0 / 8_000.0).exp();
                let y = pulse + 2.0 * r * (TAU * hz / 8_000.0).cos() * state[0] - r * r * state[1];
                *state = [y, state[0]];
                sum += y;
            }
            let envelope = 0.6 + 0.4 * (TAU * 3.0 * t).sin();
            (sum * 2_500.0 * envelope).clamp(-32_000.0, 32_000.0) as i16
        })
        .collect()
}

/// Speech of the embedded synthesizer at 8 kHz, where the program exists.
pub fn espeak(voice: &str, text: &str) -> Option<Vec<i16>> {
    let out = std::process::Command::new("espeak-ng")
        .args(["-v", voice, "-s", "200", "-z", "--stdout", "--", text])
        .output()
        .ok()?;
    let pcm: Vec<i16> =
        out.stdout.get(44..)?.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let mut samples = Vec::new();
    let mut resampler = crate::resample::SpeechResampler::new(22_050, 8_000);
    resampler.push(&pcm, &mut samples);
    resampler.finish(&mut samples);
    Some(samples)
}

/// Bytes from their hexadecimal digits.
pub fn hex(digits: &str) -> Vec<u8> {
    let pair = |n: usize| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).unwrap();
    (0..digits.len() / 2).map(pair).collect()
}
