//! From samples to events: scores, speech, utterances and tones of one leg, and the frames a
//! recognizer gets.

use domain::{FRAME_MS, FRAME_SAMPLES, Frame, MediaTime, TurnSettings};

use super::event::Heard;
use super::sound::{NARROW, WIDE};
use super::tick::{MAX_FRAMES, Tick};
use crate::activity::{Activity, ActivityDetector};
use crate::endpoint::{Endpointer, UtteranceEnd};
use crate::prefetch;
use crate::resample::Upsampler;
use crate::stir::StirDetector;
use crate::tone::ToneDetector;
use crate::vad::Vad;

/// Longest prefix, ms: what fits into a tick beside the frames of the onset itself.
const MAX_PREFIX_MS: u32 = 380;

/// Silence after which a pause is told, ms: longer than the stops of consonants, and early enough
/// to be understood when speech is taken as stopped.
const PAUSE_MS: u64 = 120;

/// 20 ms of the peer's line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// At 8,000 samples a second.
    pub narrow: &'a [i16; NARROW],
    /// At 16,000, where the peer sends so much.
    pub wide: Option<&'a [i16; WIDE]>,
    /// It was heard; else it is silence or made up, because nothing came.
    pub heard: bool,
}

/// The listening side of one leg.
#[derive(Debug)]
pub(super) struct Hearing {
    upsampler: Upsampler,
    vad: Vad,
    tone: ToneDetector,
    /// The last frame belonged to a tone.
    tonal: bool,
    activity: ActivityDetector,
    stir: StirDetector,
    endpointer: Endpointer,
    prefix_ms: u32,
    /// The last frames that were not handed out.
    prefix: Box<[Frame; MAX_FRAMES]>,
    prefix_next: usize,
    prefix_len: usize,
}

impl Hearing {
    pub fn new(turn: &TurnSettings) -> Self {
        let frame = Frame { at: MediaTime::ZERO, samples: [0; FRAME_SAMPLES] };
        Self {
            upsampler: Upsampler::default(),
            vad: Vad::default(),
            tone: ToneDetector::default(),
            tonal: false,
            activity: ActivityDetector::new(turn.threshold_milli),
            stir: StirDetector::default(),
            endpointer: Endpointer::new(turn),
            prefix_ms: turn.prefix_ms.min(MAX_PREFIX_MS),
            prefix: Box::new([frame; MAX_FRAMES]),
            prefix_next: 0,
            prefix_len: 0,
        }
    }

    /// Changes the settings; what is being said goes on.
    pub fn set(&mut self, turn: &TurnSettings) {
        self.activity.set_threshold(turn.threshold_milli);
        self.endpointer.set(turn);
        self.prefix_ms = turn.prefix_ms.min(MAX_PREFIX_MS);
    }

    /// Brings near what the next tick will write to.
    pub fn prefetch(&self) {
        self.vad.prefetch();
        prefetch(&self.prefix[self.prefix_next]);
    }

    /// How long the current speech has lasted, ms.
    pub fn speech_ms(&self) -> u64 {
        self.activity.speech_ms()
    }

    /// Whether they may be beginning to speak.
    pub const fn is_stirring(&self) -> bool {
        self.stir.is_stirring()
    }

    /// Begins anew at media time zero. An open utterance is closed at `at`, the old time.
    pub fn restart(&mut self, at: MediaTime) -> Option<UtteranceEnd> {
        let open = self.endpointer.close(at);
        self.activity.reset();
        self.tone.reset();
        self.stir = StirDetector::default();
        self.prefix_len = 0;
        open
    }

    /// Nothing more will be heard: closes an open utterance.
    pub fn close(&mut self, at: MediaTime) -> Option<UtteranceEnd> {
        self.endpointer.close(at)
    }

    /// Listens to the 20 ms that begin at `at`.
    pub fn tick(
        &mut self,
        at: MediaTime,
        line: Line<'_>,
        out: &mut Tick,
        mut tell: impl FnMut(Heard),
    ) {
        let mut frame = Frame { at, samples: [0; FRAME_SAMPLES] };
        match line.wide {
            Some(wide) => frame.samples = *wide,
            None => self.upsampler.process(line.narrow, &mut frame.samples),
        }
        let toned = self.tone.frame(at, line.narrow);
        if let Some(tone) = toned.tone {
            tell(Heard::Tone(tone));
        }
        if self.tonal && !toned.tonal {
            // The model takes tones for speech, and would go on doing so for a while.
            self.vad.reset();
        }
        self.tonal = toned.tonal;
        let scored = self.vad.frame(&frame.samples, &mut out.scratch);
        let score = if toned.tonal { 0.0 } else { scored.score };
        match self.activity.frame(at, score) {
            Some(Activity::Started(start)) => {
                if !self.endpointer.is_open() {
                    self.endpointer.open(start);
                    self.hand_out_prefix(start, out);
                }
                tell(Heard::SpeechStarted { start });
            }
            Some(Activity::Stopped(end)) => tell(Heard::SpeechStopped { end }),
            None => {}
        }
        let loudness = (line.heard && !toned.tonal).then_some(scored.rms);
        self.stir.frame(loudness, self.activity.is_speaking());
        if self.activity.is_speaking()
            && self.activity.silence_ms() == PAUSE_MS
            && let Some(start) = self.endpointer.start()
        {
            let end =
                (at + MediaTime::from_millis(FRAME_MS)).since(MediaTime::from_millis(PAUSE_MS));
            tell(Heard::SpeechPaused { start, end });
        }
        if self.endpointer.is_open() {
            out.push_frame(&frame);
        } else {
            self.keep(&frame);
        }
        let speech = self.activity.is_speaking() && self.activity.silence_ms() == 0;
        if let Some(end) = self.endpointer.frame(at, speech, scored.rms) {
            tell(Heard::UtteranceEnded(end));
            if self.activity.is_speaking() {
                let start = at + MediaTime::from_millis(FRAME_MS);
                self.endpointer.open(start);
                tell(Heard::SpeechStarted { start });
            }
        }
    }

    fn keep(&mut self, frame: &Frame) {
        self.prefix[self.prefix_next] = *frame;
        self.prefix_next = (self.prefix_next + 1) % MAX_FRAMES;
        self.prefix_len = (self.prefix_len + 1).min(MAX_FRAMES);
    }

    fn hand_out_prefix(&mut self, start: MediaTime, out: &mut Tick) {
        let from = start.since(MediaTime::from_millis(self.prefix_ms.into()));
        let oldest = self.prefix_next + MAX_FRAMES - self.prefix_len;
        for n in 0..self.prefix_len {
            let frame = &self.prefix[(oldest + n) % MAX_FRAMES];
            if frame.at >= from {
                out.push_frame(frame);
            }
        }
        self.prefix_len = 0;
    }
}
