//! When an utterance is over: by silence, with more patience when it sounds unfinished.
//!
//! The rule. An utterance ends after `pause_ms` of silence. It gets `hold_off_ms` more when it
//! sounds as if the speaker only paused in mid-sentence, which is taken to be so when it already
//! holds a second of speech (a shorter one is a reply such as “yes, speaking”, complete in
//! itself) and either
//! - its last stretch of speech, since a gap of 200 ms or more, is shorter than 400 ms: a word
//!   of hesitation; or
//! - its last 120 ms of speech are less than 3 dB quieter than its mean: voices sink towards the
//!   end of a sentence and break off level before its continuation.
//!
//! After 15 s an utterance is closed by force, and what goes on begins the next.

use domain::{FRAME_MS, MediaTime, TurnSettings};

/// Longest utterance, ms.
pub const MAX_UTTERANCE_MS: u64 = 15_000;
/// Speech below which an utterance is a reply complete in itself, ms.
const REPLY_MS: u64 = 1_000;
/// A last stretch shorter than this is a hesitation, ms.
const HESITATION_MS: u64 = 400;
/// A gap of this length separates stretches, ms.
const GAP_MS: u64 = 200;
/// Speech frames looked at for the decay of the voice: 120 ms.
const TAIL_FRAMES: usize = 6;

/// The end of an utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UtteranceEnd {
    /// Its first sample.
    pub start: MediaTime,
    /// After its last speech.
    pub end: MediaTime,
    /// When it was taken as over.
    pub closed: MediaTime,
    /// It was too long and may go on.
    pub forced: bool,
}

/// Watches one leg for the ends of utterances.
#[derive(Clone, Copy, Debug)]
pub struct Endpointer {
    pause_ms: u64,
    hold_off_ms: u64,
    utterance: Option<Utterance>,
}

#[derive(Clone, Copy, Debug)]
struct Utterance {
    start: MediaTime,
    end: MediaTime,
    speech_frames: u64,
    stretch_frames: u64,
    energy: u64,
    tail: [u64; TAIL_FRAMES],
}

impl Endpointer {
    /// An endpointer with the pauses of `settings`.
    pub fn new(settings: &TurnSettings) -> Self {
        let settings = settings.clamped();
        Self {
            pause_ms: u64::from(settings.pause_ms),
            hold_off_ms: u64::from(settings.hold_off_ms),
            utterance: None,
        }
    }

    /// Changes the pauses; an open utterance goes on.
    pub fn set(&mut self, settings: &TurnSettings) {
        *self = Self { utterance: self.utterance, ..Self::new(settings) };
    }

    /// Opens an utterance whose speech began at `start`, unless one is open.
    pub fn open(&mut self, start: MediaTime) {
        self.utterance.get_or_insert(Utterance {
            start,
            end: start,
            speech_frames: 0,
            stretch_frames: 0,
            energy: 0,
            tail: [0; TAIL_FRAMES],
        });
    }

    /// Takes in the frame that began at `at`: its loudness and whether it is speech.
    pub fn frame(&mut self, at: MediaTime, speech: bool, rms: u32) -> Option<UtteranceEnd> {
        let u = self.utterance.as_mut()?;
        let closed = at + MediaTime::from_millis(FRAME_MS);
        if speech {
            u.speech(closed, rms);
        }
        let silence_ms = closed.since(u.end).as_millis();
        let patience = if u.sounds_unfinished() { self.hold_off_ms } else { 0 };
        let forced = closed.since(u.start).as_millis() >= MAX_UTTERANCE_MS;
        if silence_ms < self.pause_ms + patience && !forced {
            return None;
        }
        let ended = UtteranceEnd { start: u.start, end: u.end, closed, forced };
        self.utterance = None;
        Some(ended)
    }

    /// Whether an utterance is open.
    pub const fn is_open(&self) -> bool {
        self.utterance.is_some()
    }
    /// When the open utterance began.
    pub fn start(&self) -> Option<MediaTime> {
        self.utterance.map(|u| u.start)
    }

    /// Closes an open utterance at `at`, whatever it sounds like.
    pub fn close(&mut self, at: MediaTime) -> Option<UtteranceEnd> {
        let u = self.utterance.take()?;
        Some(UtteranceEnd { start: u.start, end: u.end, closed: at, forced: true })
    }
}

impl Utterance {
    fn speech(&mut self, closed: MediaTime, rms: u32) {
        let gap = closed.since(self.end).as_millis().saturating_sub(FRAME_MS);
        self.stretch_frames = if gap >= GAP_MS { 1 } else { self.stretch_frames + 1 };
        self.speech_frames += 1;
        self.end = closed;
        let power = u64::from(rms) * u64::from(rms);
        self.energy += power;
        self.tail.rotate_left(1);
        self.tail[TAIL_FRAMES - 1] = power;
    }

    fn sounds_unfinished(&self) -> bool {
        if self.speech_frames * FRAME_MS < REPLY_MS {
            return false;
        }
        let tail = self.tail.iter().sum::<u64>() / TAIL_FRAMES as u64;
        let mean = self.energy / self.speech_frames;
        // 3 dB are half the power.
        self.stretch_frames * FRAME_MS < HESITATION_MS || tail * 2 > mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loudness of speech per frame as a digit, `.` for silence; answers `start-end@closed`.
    fn run(frames: &str) -> Vec<String> {
        let settings = TurnSettings { pause_ms: 400, hold_off_ms: 200, ..TurnSettings::default() };
        let mut endpointer = Endpointer::new(&settings);
        let mut ends = Vec::new();
        for (n, sign) in frames.chars().enumerate() {
            let at = MediaTime::from_millis(20 * n as u64);
            let level = sign.to_digit(10);
            if level.is_some() {
                endpointer.open(at);
            }
            let end = endpointer.frame(at, level.is_some(), level.unwrap_or(0) * 1_000);
            ends.extend(end.map(|e| {
                let forced = if e.forced { "!" } else { "" };
                let (s, t) = (e.start.as_millis(), e.end.as_millis());
                format!("{s}-{t}@{}{forced}", e.closed.as_millis())
            }));
        }
        ends
    }

    #[test]
    fn short_replies_and_sinking_voices_close_after_the_pause() {
        let pause = ".".repeat(40);
        assert_eq!(run(&format!("5555{pause}")), ["0-80@480"]);
        let sinking = format!("{}432111", "5".repeat(50));
        assert_eq!(run(&format!("{sinking}{pause}")), ["0-1120@1520"]);
    }

    #[test]
    fn what_sounds_unfinished_gets_the_hold_off() {
        let pause = ".".repeat(40);
        let level = "5".repeat(60);
        assert_eq!(run(&format!("{level}{pause}")), ["0-1200@1800"]);
        let hesitating = format!("{level}{}55551111", ".".repeat(15));
        assert_eq!(run(&format!("{hesitating}{pause}")), ["0-1660@2260"]);
    }

    #[test]
    fn a_pause_shorter_than_asked_joins_what_it_separates() {
        let text = format!("555{}555{}", ".".repeat(19), ".".repeat(30));
        assert_eq!(run(&text), ["0-500@900"]);
    }

    #[test]
    fn endless_talk_is_cut_into_utterances() {
        let ends = run(&"5".repeat(1_600));
        assert_eq!(ends, ["0-15000@15000!", "15000-30000@30000!"]);
    }
}
