//! Codecs of the phone line: G.711 A-law and µ-law, encoded and decoded into given slices.

use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder, Encoder};

/// A codec that can be negotiated. G.722 and Opus join here; their state joins in [`Codec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodecId {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
}

impl CodecId {
    /// Every codec, in the order in which we offer them.
    pub const ALL: &'static [CodecId] = &[CodecId::Pcma, CodecId::Pcmu];

    /// Samples a second of the decoded audio.
    pub const fn sample_rate(self) -> u32 {
        match self {
            CodecId::Pcma | CodecId::Pcmu => 8_000,
        }
    }
    /// RTP timestamp units a second (differs from the sample rate for G.722).
    pub const fn clock_rate(self) -> u32 {
        match self {
            CodecId::Pcma | CodecId::Pcmu => 8_000,
        }
    }
    /// Samples in `ms` milliseconds of audio.
    pub const fn samples_per_packet(self, ms: u32) -> usize {
        (self.sample_rate() / 1_000 * ms) as usize
    }
    /// Decoded samples that `bytes` bytes of payload hold.
    pub const fn samples_in(self, bytes: usize) -> usize {
        match self {
            CodecId::Pcma | CodecId::Pcmu => bytes,
        }
    }
    /// Name in SDP `rtpmap` and in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            CodecId::Pcma => "PCMA",
            CodecId::Pcmu => "PCMU",
        }
    }
    /// The payload type RFC 3551 fixes for it.
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            CodecId::Pcma => Some(8),
            CodecId::Pcmu => Some(0),
        }
    }
    /// The codec that a static payload type names.
    pub const fn from_static_payload_type(payload_type: u8) -> Option<CodecId> {
        match payload_type {
            8 => Some(CodecId::Pcma),
            0 => Some(CodecId::Pcmu),
            _ => None,
        }
    }
    /// The codec that an SDP encoding name means; names are not case-sensitive.
    pub fn from_name(name: &str) -> Option<CodecId> {
        Self::ALL.iter().copied().find(|c| c.name().eq_ignore_ascii_case(name))
    }
}

/// Encoder and decoder of one leg for one codec.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    id: CodecId,
}

impl Codec {
    /// A codec in its initial state.
    pub const fn new(id: CodecId) -> Self {
        Self { id }
    }
    /// Which one it is.
    pub const fn id(&self) -> CodecId {
        self.id
    }

    /// Decodes a payload into `out`; returns how many samples were written. What does not fit
    /// into `out` is left out.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let payload = &payload[..payload.len().min(out.len())];
        let done = match self.id {
            CodecId::Pcma => PcmaDecoder::new().decode_into(payload, out),
            CodecId::Pcmu => PcmuDecoder::new().decode_into(payload, out),
        };
        done.unwrap_or(0)
    }

    /// Encodes samples into `out`; returns how many bytes were written. What does not fit into
    /// `out` is left out.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        let samples = &samples[..samples.len().min(out.len())];
        let done = match self.id {
            CodecId::Pcma => PcmaEncoder::new().encode_into(samples, out),
            CodecId::Pcmu => PcmuEncoder::new().encode_into(samples, out),
        };
        done.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g711_stays_within_its_quantisation_of_the_original() {
        for id in CodecId::ALL {
            let mut codec = Codec::new(*id);
            for step in -640..=640 {
                let sample = (step * 51).clamp(-32_000, 32_000) as i16;
                let mut byte = [0u8];
                let mut back = [0i16];
                assert_eq!(codec.encode(&[sample], &mut byte), 1);
                assert_eq!(codec.decode(&byte, &mut back), 1);
                let error = (i32::from(back[0]) - i32::from(sample)).abs();
                let bound = (i32::from(sample).abs() / 24).max(16);
                assert!(error <= bound, "{id:?} {sample} -> {} -> {}", byte[0], back[0]);
            }
        }
    }

    #[test]
    fn silence_has_the_bytes_other_peers_send() {
        for (id, want) in [(CodecId::Pcma, 0xd5), (CodecId::Pcmu, 0xff)] {
            let mut out = [0u8; 160];
            assert_eq!(Codec::new(id).encode(&[0; 160], &mut out), 160);
            assert!(out.iter().all(|b| *b == want), "{id:?} {:x}", out[0]);
        }
    }

    #[test]
    fn small_targets_take_what_fits() {
        let mut out = [0i16; 10];
        assert_eq!(Codec::new(CodecId::Pcma).decode(&[0xd5; 160], &mut out), 10);
        assert_eq!(Codec::new(CodecId::Pcma).decode(&[], &mut out), 0);
        assert_eq!(Codec::new(CodecId::Pcmu).encode(&out, &mut [0u8; 4]), 4);
    }

    #[test]
    fn names_and_payload_types_name_the_same_codec() {
        for id in CodecId::ALL {
            assert_eq!(CodecId::from_name(&id.name().to_lowercase()), Some(*id));
            assert_eq!(
                id.static_payload_type().and_then(CodecId::from_static_payload_type),
                Some(*id)
            );
        }
        assert_eq!(CodecId::from_name("G729"), None);
    }
}
