//! What one tick of a leg produces; one value per lane is reused for all its legs.

use std::net::SocketAddr;

use domain::{FRAME_SAMPLES, Frame, MediaTime};

use crate::recording::StereoBlock;
use crate::vad::Scratch;

/// Frames one tick can bring: at an onset the prefix (at most 380 ms) and what it took to notice.
pub const MAX_FRAMES: usize = 24;
/// Largest datagram we send: header, the largest payload, and what encryption adds.
const MAX_DATAGRAM: usize = 512;

/// A datagram to be sent.
#[derive(Clone, Debug)]
pub struct Datagram {
    pub(super) bytes: [u8; MAX_DATAGRAM],
    pub(super) len: usize,
    pub(super) to: Option<SocketAddr>,
}

impl Datagram {
    const EMPTY: Datagram = Datagram { bytes: [0; MAX_DATAGRAM], len: 0, to: None };

    /// Where to and what, if there is anything to send.
    pub fn get(&self) -> Option<(SocketAddr, &[u8])> {
        self.to.filter(|_| self.len > 0).map(|to| (to, &self.bytes[..self.len]))
    }
}

/// Results of one tick, and what they are worked out in; about 29 KB.
#[derive(Clone, Debug)]
pub struct Tick {
    /// The RTP packet; to be sent from the leg's RTP socket.
    pub rtp: Datagram,
    /// An RTCP packet, about every five seconds; to be sent from the socket one port above.
    pub rtcp: Datagram,
    /// What was heard and said, if the leg is recorded and answered.
    pub stereo: Option<StereoBlock>,
    frames: [Frame; MAX_FRAMES],
    frame_count: usize,
    pub(super) scratch: Scratch,
}

impl Default for Tick {
    fn default() -> Self {
        Self::new()
    }
}

impl Tick {
    /// An empty one.
    pub const fn new() -> Self {
        let frame = Frame { at: MediaTime::ZERO, samples: [0; FRAME_SAMPLES] };
        Self {
            rtp: Datagram::EMPTY,
            rtcp: Datagram::EMPTY,
            stereo: None,
            frames: [frame; MAX_FRAMES],
            frame_count: 0,
            scratch: Scratch::new(),
        }
    }

    /// Frames for the recognizer, in order: none outside an utterance and before the answer, one
    /// inside, several in the tick of an onset.
    pub fn frames(&self) -> &[Frame] {
        &self.frames[..self.frame_count]
    }

    pub(super) fn clear(&mut self) {
        self.rtp.to = None;
        self.rtcp.to = None;
        self.stereo = None;
        self.frame_count = 0;
    }

    pub(super) fn drop_frames(&mut self) {
        self.frame_count = 0;
    }

    /// Adds a frame; more than [`MAX_FRAMES`] cannot come, the newest would be lost.
    pub(super) fn push_frame(&mut self, frame: &Frame) {
        if let Some(place) = self.frames.get_mut(self.frame_count) {
            *place = *frame;
            self.frame_count += 1;
        }
    }
}
