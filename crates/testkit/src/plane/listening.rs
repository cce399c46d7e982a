//! The listening side of a leg: activity by what the script says, ends by the real endpointer.

use domain::{FRAME_SAMPLES, Frame, MediaTime, TurnSettings};
use media::endpoint::{Endpointer, UtteranceEnd};
use media::leg::Heard;
use media::stir::StirDetector;

use crate::recognizer::mark;

const TICK: MediaTime = MediaTime::from_millis(20);
/// Speech is noticed in its third frame.
const ONSET_FRAMES: u32 = 3;
/// Loudness of noise.
const NOISE: u32 = 1_000;
/// Silence after which a pause is told.
const PAUSE_MS: u64 = 120;
/// Silence after which somebody has stopped speaking.
const STOP_MS: u64 = 200;

/// See the module.
#[derive(Debug)]
pub(crate) struct Listening {
    endpointer: Endpointer,
    stir: StirDetector,
    onset: Vec<Frame>,
    speaking: Option<MediaTime>,
    last_speech: MediaTime,
}

impl Listening {
    pub(crate) fn new(turn: &TurnSettings) -> Self {
        Self {
            endpointer: Endpointer::new(turn),
            stir: StirDetector::default(),
            onset: Vec::new(),
            speaking: None,
            last_speech: MediaTime::ZERO,
        }
    }

    /// How long the current speech has lasted, ms.
    pub(crate) fn speech_ms(&self, at: MediaTime) -> u64 {
        self.speaking.map_or(0, |start| (at + TICK).since(start).as_millis())
    }

    /// Whether the callee may be beginning to speak.
    pub(crate) fn is_stirring(&self) -> bool {
        self.stir.is_stirring()
    }

    /// Closes what is being said.
    pub(crate) fn close(&mut self, at: MediaTime) -> Option<UtteranceEnd> {
        self.endpointer.close(at)
    }

    /// Listens to one tick; frames for the recognizer go to `ear`.
    pub(crate) fn tick(
        &mut self,
        at: MediaTime,
        (says, noise, present): (Option<(u32, u32)>, bool, bool),
        ear: &mut dyn FnMut(&Frame),
        tell: &mut dyn FnMut(Heard),
    ) {
        let mut frame = Frame { at, samples: [0; FRAME_SAMPLES] };
        if let Some((n, _)) = says {
            mark(&mut frame, n);
        }
        let mut new_frames = vec![frame];
        match (says, self.speaking) {
            (Some(_), Some(_)) => self.last_speech = at + TICK,
            (Some(_), None) => {
                self.onset.push(frame);
                if self.onset.len() as u32 >= ONSET_FRAMES {
                    let start = self.onset[0].at;
                    self.speaking = Some(start);
                    self.last_speech = at + TICK;
                    if !self.endpointer.is_open() {
                        self.endpointer.open(start);
                        new_frames = self.onset.clone();
                    }
                    self.onset.clear();
                    tell(Heard::SpeechStarted { start });
                }
            }
            (None, Some(_)) if (at + TICK).since(self.last_speech).as_millis() == PAUSE_MS => {
                if let Some(start) = self.endpointer.start() {
                    tell(Heard::SpeechPaused { start, end: self.last_speech });
                }
            }
            (None, Some(_)) if (at + TICK).since(self.last_speech).as_millis() >= STOP_MS => {
                self.speaking = None;
                tell(Heard::SpeechStopped { end: self.last_speech });
            }
            (None, _) => self.onset.clear(),
        }
        if self.endpointer.is_open() {
            new_frames.iter().for_each(ear);
        }
        let speech = says.is_some() && self.speaking.is_some();
        let loudness = says.map_or(0, |s| s.1);
        let noise = if noise { NOISE } else { 0 };
        let heard = present || says.is_some();
        self.stir.frame(heard.then_some(loudness.max(noise)), self.speaking.is_some());
        if let Some(end) = self.endpointer.frame(at, speech, loudness) {
            tell(Heard::UtteranceEnded(end));
            if self.speaking.is_some() {
                let start = at + TICK;
                self.endpointer.open(start);
                tell(Heard::SpeechStarted { start });
            }
        }
    }
}
