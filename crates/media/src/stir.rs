//! Whether somebody may be beginning to speak: a rise of loudness, known before a voice is.
//!
//! Many words begin with noise (“请问”, “sorry”), which the speech model takes for a voice only
//! when the vowel comes, up to 150 ms later. Whoever speaks into ours should be given way at their
//! first sound. So a rise is believed for a moment: either speech follows, or it was a door.

use domain::FRAME_MS;

use crate::noise_floor::NoiseFloor;

/// Least loudness of a rise, as root mean square: −44 dBFS.
const LEAST_RMS: u32 = 200;
/// How much louder than the floor: 12 dB.
const OVER_FLOOR: u32 = 4;
/// Frames looked at: 80 ms.
const WINDOW: u32 = 4;
/// Loud frames among them that make a rise, 60 ms: a click is in two of them at most.
const LOUD_FRAMES: u32 = 3;
/// It is over after so many frames that are not loud, 80 ms: longer than the stops of consonants.
const QUIET_FRAMES: u32 = 4;
/// A voice shows within 300 ms.
const LIMIT_FRAMES: u32 = (300 / FRAME_MS) as u32;
/// What was no voice makes deaf for two seconds, and each further one for twice as long as the one
/// before: on a noisy line speech alone counts.
const DEAF_FRAMES: u32 = (2_000 / FRAME_MS) as u32;
/// At most for 32 seconds.
const MOST_DEAF_FRAMES: u32 = 16 * DEAF_FRAMES;

/// Watches the loudness of one leg.
#[derive(Clone, Copy, Debug)]
pub struct StirDetector {
    floor: NoiseFloor,
    /// The last frames, newest in the lowest bit: loud or not.
    recent: u32,
    /// How long the rise has lasted, in frames; 0 while there is none.
    frames: u32,
    deaf_for: u32,
    next_deaf: u32,
}

impl Default for StirDetector {
    fn default() -> Self {
        let floor = NoiseFloor::default();
        Self { floor, recent: 0, frames: 0, deaf_for: 0, next_deaf: DEAF_FRAMES }
    }
}

impl StirDetector {
    /// Takes in 20 ms: how loud the callee's line is (RMS), and whether somebody is known to speak.
    /// `None` where nothing of the line is heard (no packet came, a tone is played, we are held):
    /// that is no quiet which the line could rise from.
    pub fn frame(&mut self, rms: Option<u32>, speaking: bool) {
        let rises = |rms| rms >= LEAST_RMS.max(OVER_FLOOR * self.floor.frame(rms));
        let loud = rms.is_some_and(rises);
        self.recent = (self.recent << 1) | u32::from(loud);
        self.deaf_for = self.deaf_for.saturating_sub(1);
        if speaking {
            if self.frames > 0 {
                self.next_deaf = DEAF_FRAMES;
            }
            (self.frames, self.recent) = (0, 0);
        } else if self.frames == 0 {
            let window = self.recent & ((1 << WINDOW) - 1);
            self.frames = u32::from(window.count_ones() >= LOUD_FRAMES && self.deaf_for == 0);
        } else {
            let quiet = self.recent.trailing_zeros() >= QUIET_FRAMES;
            self.frames = if quiet || self.frames >= LIMIT_FRAMES { 0 } else { self.frames + 1 };
            if self.frames == 0 {
                self.deaf_for = self.next_deaf;
                self.next_deaf = (2 * self.next_deaf).min(MOST_DEAF_FRAMES);
            }
        }
    }

    /// Whether somebody may be beginning to speak.
    pub const fn is_stirring(&self) -> bool {
        self.frames > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stirs(detector: &mut StirDetector, rms: u32) -> bool {
        detector.frame(Some(rms), false);
        detector.is_stirring()
    }

    /// One sign per frame: `#` loud, `.` quiet, ` ` nothing, `v` loud and known to be a voice.
    /// Answers the same with `!` where somebody may be beginning to speak.
    fn run(detector: &mut StirDetector, frames: &str) -> String {
        let stirs = |sign: char| {
            let rms = if sign == '.' { 60 } else { 800 };
            detector.frame((sign != ' ').then_some(rms), sign == 'v');
            if detector.is_stirring() { '!' } else { sign }
        };
        frames.chars().map(stirs).collect()
    }

    #[test]
    fn a_rise_is_believed_until_a_voice_or_silence_or_the_limit() {
        for (frames, want) in [
            // A click, and two that are apart.
            ("..##......", "..##......"),
            ("..##...##..", "..##...##.."),
            ("..###vvvvv", "..##!vvvvv"),
            ("..#.##vvvv", "..#.#!vvvv"),
            // The stop of a consonant, and a door.
            ("..###...##vv", "..##!!!!!!vv"),
            ("..###......", "..##!!!!..."),
            ("..#####################", "..##!!!!!!!!!!!!!!!####"),
            // Nothing to rise from.
            ("     ##########", "     ##########"),
            ("..   #####", "..   ##!!!"),
        ] {
            assert_eq!(run(&mut StirDetector::default(), frames), want, "{frames}");
        }
    }

    #[test]
    fn what_is_no_louder_than_the_line_is_no_rise() {
        let after = |line: u32, rms: u32| {
            let mut detector = StirDetector::default();
            assert!((0..100).all(|_| !stirs(&mut detector, line)), "{line}");
            (0..10).any(|_| stirs(&mut detector, rms))
        };
        assert!(!after(10, 199) && after(10, 200));
        assert!(!after(500, 1_999) && after(500, 2_000));
        // Nothing is known yet that a first sound could be louder than.
        let mut detector = StirDetector::default();
        assert!((0..100).all(|_| !stirs(&mut detector, 3_000)));
    }

    #[test]
    fn on_a_noisy_line_speech_alone_counts_ever_longer() {
        let mut detector = StirDetector::default();
        let line = "..###....".repeat(800);
        let told = run(&mut detector, &line);
        let begins: Vec<usize> = told
            .char_indices()
            .filter(|(n, c)| *c == '!' && !told[..*n].ends_with('!'))
            .map(|(n, _)| n / 50)
            .collect();
        // Seconds: after 2, 4, 8, 16, 32 and then every 32.
        assert_eq!(begins, [0, 2, 6, 14, 30, 62, 95, 127]);
        // A voice after a rise brings the trust back.
        run(&mut detector, &".".repeat(2_000));
        assert_eq!(run(&mut detector, "###vvv......###......"), "##!vvv......##!!!!...");
        let later = run(&mut detector, &format!("{}###", ".".repeat(100)));
        assert!(later.ends_with('!'), "{later}");
    }
}
