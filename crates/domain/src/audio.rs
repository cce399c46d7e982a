//! Audio as it travels between rooms: 20 ms of mono 16-bit samples at 16 kHz.

use crate::MediaTime;

/// Sample rate of every [`Frame`], in hertz.
pub const PCM_RATE: u32 = 16_000;
/// Length of every [`Frame`], in milliseconds.
pub const FRAME_MS: u64 = 20;
/// Samples in a [`Frame`].
pub const FRAME_SAMPLES: usize = 320;

/// 20 ms of what one leg heard, as a recognizer takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Media time of the first sample.
    pub at: MediaTime,
    /// Mono samples at [`PCM_RATE`].
    pub samples: [i16; FRAME_SAMPLES],
}
