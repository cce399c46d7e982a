//! Stereo recording as a 16-bit WAV: the callee left, the AI right.

/// 20 ms of one call, both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StereoBlock {
    /// Counts blocks of media time from the answer.
    pub index: u64,
    /// What the callee said, at 8,000 samples a second.
    pub left: [i16; 160],
    /// What we said.
    pub right: [i16; 160],
}
