//! What of a text was heard: reads the tones of the scripted voice from a callee's recording.

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use crate::Failure;
use crate::scripted::{CHAR_SAMPLES, TONES, pitch};

/// 20 ms.
const BLOCK: usize = 160;
const HEADER: usize = 44;
/// Blocks of a character that may be missing at its edges: a fade on each side of a pause.
const EDGES: usize = 3;
/// A tone must hold this share of a block's power.
const PURE: f64 = 0.7;
const QUIET: f64 = 40_000.0;

/// Characters that were begun, and those of which something is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Characters heard.
    pub heard: u64,
    /// Characters skipped, or heard too shortly.
    pub lost: u64,
}

/// Reads a recording of 8 kHz, 16 bit, mono.
pub fn read(wav: &Path) -> Result<Vec<i16>, Failure> {
    let bytes = fs::read(wav)?;
    let body = bytes.get(HEADER..).unwrap_or_default();
    Ok(body.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect())
}

/// Follows the longest text in the recording from its first character to its last.
pub fn words(samples: &[i16]) -> Words {
    let mut longest = Words::default();
    let mut text = Text::default();
    for tone in samples.chunks_exact(BLOCK).filter_map(tone) {
        if text.take(tone) {
            continue;
        }
        // Something else begins.
        let done = std::mem::take(&mut text).over();
        if done.heard > longest.heard {
            longest = done;
        }
        text.take(tone);
    }
    let done = text.over();
    if done.heard > longest.heard { done } else { longest }
}

/// One text as far as it was heard: how many blocks of each character.
#[derive(Default)]
struct Text(Vec<usize>);

impl Text {
    /// Takes in a block; false if it does not go on with this text.
    fn take(&mut self, tone: usize) -> bool {
        let Some(at) = self.0.len().checked_sub(1) else {
            self.0 = vec![0; tone];
            self.0.push(1);
            return true;
        };
        // A step back is what a pause may repeat; up to three characters ahead are a loss.
        let back = (at + TONES - tone) % TONES;
        let ahead = (tone + TONES - at % TONES) % TONES;
        if back <= 2 {
            let place = at.saturating_sub(back);
            self.0[place] += 1;
        } else if ahead <= 3 {
            self.0.resize(at + ahead, 0);
            self.0.push(1);
        } else {
            return false;
        }
        true
    }

    fn over(self) -> Words {
        let whole = CHAR_SAMPLES / BLOCK - EDGES;
        // The last one may have been cut by the end of the call.
        let judged = self.0.len().saturating_sub(1);
        let lost = self.0[..judged].iter().filter(|blocks| **blocks < whole).count();
        Words { heard: self.0.len() as u64, lost: lost as u64 }
    }
}

/// The tone of a block; none if it is quiet or mixed.
fn tone(block: &[i16]) -> Option<usize> {
    let power: f64 = block.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / block.len() as f64;
    if power < QUIET {
        return None;
    }
    let (best, strength) = (0..TONES)
        .map(|n| (n, strength(block, f64::from(pitch(n)))))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (strength > PURE * power).then_some(best)
}

/// Power of one pitch in a block.
fn strength(block: &[i16], pitch: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, s) in block.iter().enumerate() {
        let (sin, cos) = (TAU * pitch * n as f64 / 8_000.0).sin_cos();
        re += f64::from(*s) * cos;
        im += f64::from(*s) * sin;
    }
    2.0 * (re * re + im * im) / (block.len() as f64).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(chars: impl Iterator<Item = usize>) -> Vec<i16> {
        let char = |n: usize| {
            (0..CHAR_SAMPLES).map(move |i| {
                ((f64::from(pitch(n)) * i as f64 / 8_000.0 * TAU).sin() * 6_000.0) as i16
            })
        };
        chars.flat_map(char).collect()
    }

    #[test]
    fn a_pause_loses_nothing_and_a_skipped_character_is_missed() {
        let whole = say(0..40);
        assert_eq!(words(&whole), Words { heard: 40, lost: 0 });
        let mut paused = whole[..9_000].to_vec();
        paused.extend([0; 8_000]);
        paused.extend(&whole[9_000..]);
        assert_eq!(words(&paused), Words { heard: 40, lost: 0 });
        let mut repeated = whole[..9_000].to_vec();
        repeated.extend(&whole[8_000..]);
        assert_eq!(words(&repeated), Words { heard: 40, lost: 0 });
        let skipped = say((0..10).chain(11..40));
        assert_eq!(words(&skipped), Words { heard: 40, lost: 1 });
        let other_first = [say(0..8), say(0..40)].concat();
        assert_eq!(words(&other_first), Words { heard: 40, lost: 0 });
    }
}
