//! The encoders and decoders of one leg, side by side, because a call may change its codec.

use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};

use super::CodecId;
use super::opus::{OpusIn, OpusOut};

/// Decoders of one leg: about 700 bytes, and Opus where it was brought.
#[derive(Default)]
pub struct Decoders {
    g722: G722Decoder,
    pub(crate) opus: Option<Box<OpusIn>>,
}

/// Encoders of one leg: about 700 bytes, and Opus where it was brought.
#[derive(Default)]
pub struct Encoders {
    g722: G722Encoder,
    pub(crate) opus: Option<Box<OpusOut>>,
}

impl Decoders {
    /// Decodes a payload into `out`; returns how many samples were written, 0 for a payload
    /// that cannot be read. What does not fit is left out. Allocates nothing.
    pub fn decode(&mut self, codec: CodecId, payload: &[u8], out: &mut [i16]) -> usize {
        let room = out.len();
        match codec {
            CodecId::Pcma => {
                PcmaDecoder::new().decode_into(&payload[..payload.len().min(room)], out)
            }
            CodecId::Pcmu => {
                PcmuDecoder::new().decode_into(&payload[..payload.len().min(room)], out)
            }
            CodecId::G722 => {
                self.g722.decode_frame_into(&payload[..payload.len().min(room / 2)], out)
            }
            CodecId::Opus => return self.opus.as_mut().map_or(0, |o| o.decode(payload, out)),
        }
        .unwrap_or(0)
    }

    /// Whether a codec can be decoded here.
    pub const fn knows(&self, codec: CodecId) -> bool {
        !matches!(codec, CodecId::Opus) || self.opus.is_some()
    }

    /// Forgets the stream of a codec that is begun anew.
    pub fn reset(&mut self, codec: CodecId) {
        if codec == CodecId::G722 {
            self.g722 = G722Decoder::new();
        }
    }
}

impl Encoders {
    /// Encodes samples into `out`; returns how many bytes were written. What does not fit is
    /// left out. Allocates nothing.
    pub fn encode(&mut self, codec: CodecId, samples: &[i16], out: &mut [u8]) -> usize {
        let room = out.len();
        match codec {
            CodecId::Pcma => {
                PcmaEncoder::new().encode_into(&samples[..samples.len().min(room)], out)
            }
            CodecId::Pcmu => {
                PcmuEncoder::new().encode_into(&samples[..samples.len().min(room)], out)
            }
            CodecId::G722 => {
                let pairs = (samples.len() / 2).min(room);
                self.g722.encode_into(&samples[..2 * pairs], out)
            }
            CodecId::Opus => return self.opus.as_mut().map_or(0, |o| o.encode(samples, out)),
        }
        .unwrap_or(0)
    }

    /// Begins a stream anew.
    pub fn reset(&mut self, codec: CodecId) {
        if codec == CodecId::G722 {
            self.g722 = G722Encoder::new();
        }
    }
}

impl std::fmt::Debug for Decoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoders").field("opus", &self.opus.is_some()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Encoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoders").field("opus", &self.opus.is_some()).finish_non_exhaustive()
    }
}
