//! Values of a call that decide its turns and its limits; changeable in mid-course, never
//! process configuration.

use serde::{Deserialize, Serialize};

use crate::Language;

/// When the opening is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// At the answer itself.
    AtAnswer,
    /// After the callee's first hello, or after 1.2 s of silence.
    #[default]
    AfterHello,
}

/// How turns are taken (architecture, “three masters, one floor”).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnSettings {
    /// Silence that ends an utterance, 300–1200 ms.
    pub pause_ms: u32,
    /// More silence that is waited for when the callee seems to pause in mid-sentence, ms.
    pub hold_off_ms: u32,
    /// Audio before the detected onset that belongs to the utterance, ms.
    pub prefix_ms: u32,
    /// Speech probability from which a frame counts as speech, in thousandths.
    pub threshold_milli: u32,
    /// Silence after which the callee is asked again, ms.
    pub mute_ms: u32,
    /// When the opening is spoken.
    pub opening: Opening,
    /// The language the call is held in.
    pub language: Language,
}

impl Default for TurnSettings {
    fn default() -> Self {
        Self {
            pause_ms: 700,
            hold_off_ms: 400,
            prefix_ms: 300,
            threshold_milli: 500,
            mute_ms: 6_000,
            opening: Opening::default(),
            language: Language::default(),
        }
    }
}

impl TurnSettings {
    /// The same settings with the pause inside 300–1200 ms.
    pub fn clamped(mut self) -> Self {
        self.pause_ms = self.pause_ms.clamp(300, 1200);
        self
    }
}

/// How long things may last; seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallLimits {
    /// Waiting for a free line.
    pub queue_s: u32,
    /// Ringing, 10–120.
    pub ring_s: u32,
    /// Talking, 60–3600.
    pub call_s: u32,
    /// Without a packet from the callee's side.
    pub media_timeout_s: u32,
    /// Longest time held for at once.
    pub hold_s: u32,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { queue_s: 3_600, ring_s: 30, call_s: 300, media_timeout_s: 20, hold_s: 300 }
    }
}
