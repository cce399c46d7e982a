//! Codecs of the phone line: G.711, G.722 and Opus, encoded and decoded into given slices.
//!
//! A codec has two rates: that of its samples and that of its RTP clock. They differ for G.722
//! (16,000 samples on a clock of 8,000, a mistake RFC 3551 section 4.5.2 keeps for good) and for
//! Opus, which we run at 16,000 samples on its fixed clock of 48,000 (RFC 7587 section 4.1).

mod coders;
mod opus;

pub use coders::{Decoders, Encoders};
pub use opus::OpusCoders;

/// Longest packet taken, ms.
pub const MAX_PACKET_MS: u32 = 60;
/// Most samples one packet holds: [`MAX_PACKET_MS`] at 16,000 a second.
pub const MAX_PACKET_SAMPLES: usize = 960;
/// RTCP and comfort noise aside, the payload types below this one are fixed by RFC 3551.
const OPUS_PAYLOAD_TYPE: u8 = 111;

/// A codec that can be negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodecId {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus, one channel, wideband.
    Opus,
}

impl CodecId {
    /// Every codec, in the order in which one would be tried that has no wishes.
    pub const ALL: &'static [CodecId] =
        &[CodecId::Pcma, CodecId::Pcmu, CodecId::G722, CodecId::Opus];
    /// What every telephone line carries.
    pub const NARROW: &'static [CodecId] = &[CodecId::Pcma, CodecId::Pcmu];

    /// Samples a second of the decoded audio.
    pub const fn sample_rate(self) -> u32 {
        match self {
            CodecId::Pcma | CodecId::Pcmu => 8_000,
            CodecId::G722 | CodecId::Opus => 16_000,
        }
    }
    /// RTP timestamp units a second.
    pub const fn clock_rate(self) -> u32 {
        match self {
            CodecId::Pcma | CodecId::Pcmu | CodecId::G722 => 8_000,
            CodecId::Opus => 48_000,
        }
    }
    /// Samples in `ms` milliseconds of audio.
    pub const fn samples_per_packet(self, ms: u32) -> usize {
        (self.sample_rate() / 1_000 * ms) as usize
    }
    /// Timestamp units that a payload lasts; 0 if that cannot be told.
    pub fn units_in(self, payload: &[u8]) -> usize {
        match self {
            CodecId::Pcma | CodecId::Pcmu | CodecId::G722 => payload.len(),
            CodecId::Opus => opus::units_in(payload),
        }
    }
    /// Samples that so many timestamp units are.
    pub const fn samples_of(self, units: usize) -> usize {
        units * self.sample_rate() as usize / self.clock_rate() as usize
    }
    /// Timestamp units that so many samples are, rounded up.
    pub const fn units_of(self, samples: usize) -> usize {
        (samples * self.clock_rate() as usize).div_ceil(self.sample_rate() as usize)
    }
    /// Name in the journal and in settings, where case does not matter; SDP has its own way to
    /// write it ([`CodecId::rtpmap`]).
    pub const fn name(self) -> &'static str {
        match self {
            CodecId::Pcma => "PCMA",
            CodecId::Pcmu => "PCMU",
            CodecId::G722 => "G722",
            CodecId::Opus => "opus",
        }
    }
    /// What `a=rtpmap` says of it. Opus is always announced with two channels (RFC 7587
    /// section 7); what is sent has one.
    pub const fn rtpmap(self) -> &'static str {
        match self {
            CodecId::Pcma => "PCMA/8000",
            CodecId::Pcmu => "PCMU/8000",
            CodecId::G722 => "G722/8000",
            CodecId::Opus => "opus/48000/2",
        }
    }
    /// What `a=fmtp` says of it: for Opus that more than 8 kHz of bandwidth is of no use to us,
    /// and that forward error correction is understood (RFC 7587 section 6.1).
    pub const fn fmtp(self) -> Option<&'static str> {
        match self {
            CodecId::Opus => {
                Some("maxplaybackrate=16000;sprop-maxcapturerate=16000;useinbandfec=1")
            }
            _ => None,
        }
    }
    /// The payload type RFC 3551 fixes for it.
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            CodecId::Pcma => Some(8),
            CodecId::Pcmu => Some(0),
            CodecId::G722 => Some(9),
            CodecId::Opus => None,
        }
    }
    /// The payload type under which we offer it.
    pub const fn offered_payload_type(self) -> u8 {
        match self.static_payload_type() {
            Some(fixed) => fixed,
            None => OPUS_PAYLOAD_TYPE,
        }
    }
    /// The codec that a static payload type names.
    pub const fn from_static_payload_type(payload_type: u8) -> Option<CodecId> {
        match payload_type {
            8 => Some(CodecId::Pcma),
            0 => Some(CodecId::Pcmu),
            9 => Some(CodecId::G722),
            _ => None,
        }
    }
    /// The codec that an SDP encoding name means; names are not case-sensitive.
    pub fn from_name(name: &str) -> Option<CodecId> {
        Self::ALL.iter().copied().find(|c| c.name().eq_ignore_ascii_case(name))
    }
}

/// Encoder and decoder of one stream for one codec, for those who are not on a lane.
#[derive(Debug)]
pub struct Codec {
    id: CodecId,
    decoders: Decoders,
    encoders: Encoders,
}

impl Codec {
    /// A codec in its initial state. Opus allocates here, nothing does later.
    pub fn new(id: CodecId) -> Self {
        let (mut decoders, mut encoders) = (Decoders::default(), Encoders::default());
        if id == CodecId::Opus
            && let Some(opus) = OpusCoders::new()
        {
            let (decoder, encoder) = opus.split();
            (decoders.opus, encoders.opus) = (Some(decoder), Some(encoder));
        }
        Self { id, decoders, encoders }
    }
    /// Which one it is.
    pub const fn id(&self) -> CodecId {
        self.id
    }

    /// Decodes a payload into `out`; returns how many samples were written. What does not fit
    /// into `out` is left out.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        self.decoders.decode(self.id, payload, out)
    }

    /// Encodes samples into `out`; returns how many bytes were written. What does not fit into
    /// `out` is left out. Opus takes 20 ms at a time.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        self.encoders.encode(self.id, samples, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{level_at, sine};

    #[test]
    fn g711_stays_within_its_quantisation_of_the_original() {
        for id in CodecId::NARROW {
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
    fn wideband_keeps_what_a_narrow_line_cannot_carry() {
        for id in [CodecId::G722, CodecId::Opus] {
            for hz in [440.0, 2_000.0, 5_500.0] {
                let mut codec = Codec::new(id);
                let tone = sine(hz, id.sample_rate(), 8_000.0, 16_000);
                let mut heard = Vec::new();
                for frame in tone.chunks_exact(id.samples_per_packet(20)) {
                    let (mut bytes, mut back) = ([0u8; 480], [0i16; MAX_PACKET_SAMPLES]);
                    let len = codec.encode(frame, &mut bytes);
                    assert_eq!(id.units_in(&bytes[..len]), id.clock_rate() as usize / 50);
                    let got = codec.decode(&bytes[..len], &mut back);
                    assert_eq!(got, frame.len(), "{id:?}");
                    heard.extend(&back[..got]);
                }
                let level = level_at(&heard[3_200..], id.sample_rate(), hz);
                assert!((5_500.0..10_500.0).contains(&level), "{id:?} {hz}: {level}");
            }
        }
    }

    #[test]
    fn samples_and_clock_units_are_told_apart() {
        for (id, samples, units) in [
            (CodecId::Pcma, 160, 160),
            (CodecId::G722, 320, 160),
            (CodecId::G722, 321, 161),
            (CodecId::Opus, 320, 960),
        ] {
            assert_eq!(id.units_of(samples), units, "{id:?}");
            assert!(id.samples_of(units).abs_diff(samples) <= 1, "{id:?}");
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
            let fixed = id.static_payload_type();
            assert!(fixed.is_none_or(|p| CodecId::from_static_payload_type(p) == Some(*id)));
        }
        assert_eq!(CodecId::from_name("G729"), None);
    }
}
