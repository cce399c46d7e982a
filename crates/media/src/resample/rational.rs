//! Rational resampling of synthesizer output by a windowed sinc; off the lanes, so it may
//! allocate.

use std::f64::consts::PI;

/// Input samples under the filter on each side, before stretching for lower output rates.
const ZEROS: usize = 16;

/// A streaming resampler between two fixed rates, such as 22,050 → 8,000 Hz.
#[derive(Clone, Debug)]
pub struct SpeechResampler {
    /// Output samples per `step` input samples.
    phases: usize,
    step: usize,
    taps: usize,
    /// `phases` rows of `taps` coefficients.
    table: Vec<f32>,
    /// Input not yet out of the filter's reach.
    line: Vec<f32>,
    /// Position of the next output sample, in `phases`ths of an input sample from `line[0]`.
    next: usize,
}

impl SpeechResampler {
    /// A resampler from `from` to `to` samples a second; a rate of zero counts as one.
    pub fn new(from: u32, to: u32) -> Self {
        let (from, to) = (from.max(1), to.max(1));
        let divisor = gcd(from, to);
        let (step, phases) = ((from / divisor) as usize, (to / divisor) as usize);
        // Below the lower of the two Nyquist frequencies, with a small guard band.
        let cutoff = 0.94 * (f64::from(to) / f64::from(from)).min(1.0);
        let side = (ZEROS as f64 / cutoff).ceil() as usize;
        let taps = 2 * side;
        let table = table(phases, taps, cutoff);
        // Half a filter of silence first, so that the output is not delayed against the input.
        Self { phases, step, taps, table, line: vec![0.0; side - 1], next: 0 }
    }

    /// Takes input and appends what can be computed of the output.
    pub fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        self.line.extend(input.iter().map(|s| f32::from(*s)));
        let mut start = self.next / self.phases;
        while let Some(window) = self.line.get(start..start + self.taps) {
            let row = &self.table[self.next % self.phases * self.taps..][..self.taps];
            let sum: f32 = window.iter().zip(row).map(|(s, c)| s * c).sum();
            out.push(sum.round().clamp(-32_768.0, 32_767.0) as i16);
            self.next += self.step;
            start = self.next / self.phases;
        }
        let used = start.min(self.line.len());
        self.line.drain(..used);
        self.next -= used * self.phases;
    }

    /// Appends the rest of the output after the last input.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        self.push(&vec![0; self.taps / 2], out);
    }
}

/// Coefficients for each fractional position: sinc at the cutoff under a Blackman window, each
/// row scaled to unity gain.
fn table(phases: usize, taps: usize, cutoff: f64) -> Vec<f32> {
    let side = (taps / 2) as f64;
    let mut table = Vec::with_capacity(phases * taps);
    for phase in 0..phases {
        let centre = side - 1.0 + phase as f64 / phases as f64;
        let row: Vec<f64> = (0..taps)
            .map(|tap| {
                let t = tap as f64 - centre;
                let x = PI * t * cutoff;
                let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
                let angle = PI * (t / side).clamp(-1.0, 1.0);
                sinc * (0.42 + 0.5 * angle.cos() + 0.08 * (2.0 * angle).cos())
            })
            .collect();
        let gain: f64 = row.iter().sum();
        table.extend(row.iter().map(|c| (c / gain) as f32));
    }
    table
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{level_at, sine};

    fn run(from: u32, to: u32, input: &[i16], piece: usize) -> Vec<i16> {
        let mut resampler = SpeechResampler::new(from, to);
        let mut out = Vec::new();
        for part in input.chunks(piece) {
            resampler.push(part, &mut out);
        }
        resampler.finish(&mut out);
        out
    }

    #[test]
    fn synthesizer_rates_keep_pitch_level_and_length() {
        for (from, to) in [(22_050, 8_000), (22_050, 16_000), (16_000, 8_000), (8_000, 16_000)] {
            for hz in [300.0, 1_000.0, 3_000.0] {
                let input = sine(hz, from, 10_000.0, from as usize);
                let out = run(from, to, &input, 700);
                let want = to as usize;
                assert!(out.len().abs_diff(want) <= 2, "{from}->{to}: {} of {want}", out.len());
                let level = level_at(&out[200..out.len() - 200], to, hz);
                assert!((level - 10_000.0).abs() < 500.0, "{from}->{to} {hz}: {level}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_does_not_fold_back() {
        for hz in [4_600.0, 6_000.0, 9_000.0] {
            let out = run(22_050, 8_000, &sine(hz, 22_050, 10_000.0, 22_050), 512);
            let peak = out[200..7_800].iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!(peak < 100, "{hz}: {peak}");
        }
    }

    #[test]
    fn pieces_do_not_change_the_stream() {
        let input = sine(440.0, 22_050, 8_000.0, 10_000);
        assert_eq!(run(22_050, 8_000, &input, 10_000), run(22_050, 8_000, &input, 33));
    }
}
