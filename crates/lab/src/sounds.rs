//! Sounds that nobody says: the beep of a voicemail and ringback music, at 8 kHz.

use std::f32::consts::TAU;
use std::sync::Arc;

use crate::persona::Sound;

/// Samples of a sound. Music is 8 s long and meant to be repeated.
pub(crate) fn render(sound: Sound) -> Arc<[i16]> {
    match sound {
        Sound::Beep => (0..4_000).map(|n| tone(n, 1_000.0, 8_000.0) as i16).collect(),
        Sound::Music => (0..8 * 8_000).map(music).collect(),
    }
}

/// Four chords of two seconds; each note decays and is struck again every half second, with
/// its octave, so that it is neither a steady tone nor speech.
fn music(n: usize) -> i16 {
    const CHORDS: [[f32; 3]; 4] = [
        [261.6, 329.6, 392.0],
        [220.0, 261.6, 329.6],
        [174.6, 220.0, 261.6],
        [196.0, 246.9, 293.7],
    ];
    let chord = CHORDS[n / 16_000 % CHORDS.len()];
    let struck = (n % 4_000) as f32 / 8_000.0;
    let loud = 2_400.0 * (-3.0 * struck).exp() * (struck * 200.0).min(1.0);
    chord.iter().map(|hz| tone(n, *hz, loud) + tone(n, hz * 2.0, loud / 3.0)).sum::<f32>() as i16
}

fn tone(n: usize, hz: f32, loud: f32) -> f32 {
    loud * (TAU * hz * (n % 80_000) as f32 / 8_000.0).sin()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hearing::level;

    #[test]
    fn sounds_are_loud_enough_and_do_not_clip() {
        for (sound, samples) in [(Sound::Beep, 4_000), (Sound::Music, 64_000)] {
            let pcm = render(sound);
            assert_eq!(pcm.len(), samples);
            let peak = pcm.iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!((4_000..20_000).contains(&peak), "{sound:?} {peak}");
            assert!(level(&pcm) > 800.0, "{sound:?} {}", level(&pcm));
        }
    }
}
