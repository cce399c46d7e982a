//! When somebody begins and stops to speak, counted in media time from speech scores.

use domain::{FRAME_MS, MediaTime};

/// Frames looked at for an onset: 100 ms.
const ONSET_WINDOW: u32 = 5;
/// Speech frames among them that make one: 60 ms.
const ONSET_FRAMES: u32 = 3;
/// Silence after which speech has stopped, ms; shorter gaps are stops of consonants.
const OFFSET_MS: u64 = 200;
/// How much lower the score may be while speech goes on.
const HYSTERESIS_MILLI: u32 = 150;

/// A change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Somebody began to speak at this time (60–100 ms ago).
    Started(MediaTime),
    /// Somebody stopped to speak at this time (200 ms ago).
    Stopped(MediaTime),
}

/// Counts speech and silence of one leg.
#[derive(Clone, Copy, Debug)]
pub struct ActivityDetector {
    threshold_milli: u32,
    /// The last frames, newest in the lowest bit.
    recent: u32,
    /// The segment that is being spoken.
    segment: Option<Segment>,
    silence_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    start: MediaTime,
    /// After its last speech frame.
    end: MediaTime,
}

impl ActivityDetector {
    /// A detector for which scores from `threshold_milli` thousandths on are speech.
    pub const fn new(threshold_milli: u32) -> Self {
        Self { threshold_milli, recent: 0, segment: None, silence_ms: 0 }
    }

    /// Changes the threshold.
    pub fn set_threshold(&mut self, threshold_milli: u32) {
        self.threshold_milli = threshold_milli;
    }

    /// Takes in the score of the frame that began at `at`.
    pub fn frame(&mut self, at: MediaTime, score: f32) -> Option<Activity> {
        let lowered = if self.segment.is_some() { HYSTERESIS_MILLI } else { 0 };
        let threshold = self.threshold_milli.saturating_sub(lowered).max(1) as f32 / 1_000.0;
        let speech = score >= threshold;
        self.recent = (self.recent << 1) | u32::from(speech);
        self.silence_ms = if speech { 0 } else { self.silence_ms + FRAME_MS };
        let after = at + MediaTime::from_millis(FRAME_MS);
        if let Some(segment) = &mut self.segment {
            if speech {
                segment.end = after;
            }
            let end = segment.end;
            if self.silence_ms < OFFSET_MS {
                return None;
            }
            self.segment = None;
            self.recent = 0;
            return Some(Activity::Stopped(end));
        }
        let window = self.recent & ((1 << ONSET_WINDOW) - 1);
        if window.count_ones() < ONSET_FRAMES {
            return None;
        }
        let frames_ago = u64::from(window.ilog2());
        let start = at.since(MediaTime::from_millis(frames_ago * FRAME_MS));
        self.segment = Some(Segment { start, end: after });
        Some(Activity::Started(start))
    }

    /// Whether somebody is speaking.
    pub const fn is_speaking(&self) -> bool {
        self.segment.is_some()
    }
    /// How long the current speech has lasted, to its last speech frame, ms.
    pub fn speech_ms(&self) -> u64 {
        self.segment.map_or(0, |s| s.end.since(s.start).as_millis())
    }
    /// Silence since the last speech frame, ms.
    pub const fn silence_ms(&self) -> u64 {
        self.silence_ms
    }
    /// Forgets everything but the threshold.
    pub fn reset(&mut self) {
        *self = Self::new(self.threshold_milli);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One sign per frame: `#` speech, `.` silence; answers changes as `frame:change@time`.
    fn run(frames: &str) -> Vec<String> {
        let mut detector = ActivityDetector::new(500);
        let mut changes = Vec::new();
        for (n, sign) in frames.chars().enumerate() {
            let score = match sign {
                '#' => 0.9,
                '~' => 0.4,
                _ => 0.1,
            };
            match detector.frame(MediaTime::from_millis(20 * n as u64), score) {
                Some(Activity::Started(at)) => changes.push(format!("{n}:on@{}", at.as_millis())),
                Some(Activity::Stopped(at)) => changes.push(format!("{n}:off@{}", at.as_millis())),
                None => {}
            }
        }
        changes
    }

    #[test]
    fn onset_and_offset_are_told_with_their_own_times() {
        for (frames, want) in [
            ("....##....", vec![]),
            ("...###...", vec!["5:on@60"]),
            ("..#.#.#...", vec!["6:on@40"]),
            ("#..#..#..#", vec![]),
            ("###..........", vec!["2:on@0", "12:off@60"]),
            ("###.........###", vec!["2:on@0"]),
            ("###~~~~~~~~~~~~~", vec!["2:on@0"]),
            ("~~~~~~~", vec![]),
            ("###..........###", vec!["2:on@0", "12:off@60", "15:on@260"]),
        ] {
            assert_eq!(run(frames), want, "{frames}");
        }
    }

    #[test]
    fn lengths_are_counted_in_media_time() {
        let mut d = ActivityDetector::new(500);
        for n in 0..10 {
            d.frame(MediaTime::from_millis(n * 20), 0.9);
        }
        assert_eq!((d.speech_ms(), d.silence_ms(), d.is_speaking()), (200, 0, true));
        d.frame(MediaTime::from_millis(200), 0.0);
        assert_eq!((d.speech_ms(), d.silence_ms()), (200, 20));
    }
}
