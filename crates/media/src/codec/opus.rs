//! Opus (RFC 6716, RFC 7587): one channel of 16,000 samples, with its own concealment and its
//! own forward error correction.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use opus_rs::{Application, OpusDecoder, OpusEncoder};

use super::MAX_PACKET_SAMPLES;

/// Samples a second on our side of the codec: the wideband of a telephone.
const RATE: i32 = 16_000;
/// Timestamp units of one of our samples.
const UNITS_PER_SAMPLE: usize = 3;
/// Samples of the shortest stretch that can be concealed: 2.5 ms.
const QUANTUM: usize = 40;
/// Samples of 20 ms, the only length that is encoded.
const FRAME: usize = 320;
/// What speech needs in wideband with forward error correction (RFC 7587 section 3.1.1).
const BITS_PER_SECOND: i32 = 24_000;
/// Work spent on encoding, 0–10. Each step up costs every leg of a lane; from 2 on it is twice
/// the work and more.
const COMPLEXITY: i32 = 1;
/// Loss for which the forward error correction is made, percent.
const EXPECTED_LOSS: i32 = 10;

/// Decoder and encoder of one leg: together some 490 KB, so they are made off the lane and only
/// for a leg that agreed on Opus.
pub struct OpusCoders {
    decoder: Box<OpusIn>,
    encoder: Box<OpusOut>,
}

/// Decodes one stream.
pub(crate) struct OpusIn {
    decoder: OpusDecoder,
    decoded: [f32; MAX_PACKET_SAMPLES],
    /// It has failed in a way that leaves its state in doubt; it is not used again.
    broken: bool,
}

/// Encodes one stream.
pub(crate) struct OpusOut {
    encoder: OpusEncoder,
}

impl OpusCoders {
    /// New ones; `None` only if the library refuses its own constants.
    pub fn new() -> Option<Box<Self>> {
        let decoder = OpusDecoder::new(RATE, 1).ok()?;
        let mut encoder = OpusEncoder::new(RATE, 1, Application::Voip).ok()?;
        encoder.bitrate_bps = BITS_PER_SECOND;
        encoder.complexity = COMPLEXITY;
        encoder.use_inband_fec = true;
        encoder.packet_loss_perc = EXPECTED_LOSS;
        let decoded = [0.0; MAX_PACKET_SAMPLES];
        let decoder = Box::new(OpusIn { decoder, decoded, broken: false });
        Some(Box::new(Self { decoder, encoder: Box::new(OpusOut { encoder }) }))
    }

    pub(crate) fn split(self) -> (Box<OpusIn>, Box<OpusOut>) {
        (self.decoder, self.encoder)
    }
}

impl OpusIn {
    /// Decodes a packet; returns how many samples were written, 0 for one that cannot be read.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let len = units_in(payload) / UNITS_PER_SAMPLE;
        // One byte is a packet without audio: its length is concealed.
        self.run(len, out, |decoder, into| decoder.decode(payload, len, into))
    }

    /// Fills `out` in place of packets that are missing. `next` is the packet after them, if it
    /// came: the last of what is missing may stand in it, in poorer quality.
    pub fn conceal(&mut self, next: Option<&[u8]>, out: &mut [i16]) -> usize {
        let len = out.len() / QUANTUM * QUANTUM;
        self.run(len, out, |decoder, into| match next {
            Some(next) => decoder.decode_fec(next, len, into),
            None => decoder.decode(&[], len, into),
        })
    }

    /// What a stranger sends is read by much code that is not ours: if it panics, the leg loses
    /// its hearing and not the lane its thread.
    fn run(
        &mut self,
        len: usize,
        out: &mut [i16],
        work: impl FnOnce(&mut OpusDecoder, &mut [f32]) -> Result<usize, &'static str>,
    ) -> usize {
        let Some(into) = self.decoded.get_mut(..len).filter(|_| len > 0 && !self.broken) else {
            return 0;
        };
        let decoder = &mut self.decoder;
        let Ok(done) = catch_unwind(AssertUnwindSafe(|| work(decoder, into))) else {
            self.broken = true;
            return 0;
        };
        let done = done.unwrap_or(0).min(len).min(out.len());
        for (sample, value) in out.iter_mut().zip(&self.decoded[..done]) {
            *sample = (value * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
        }
        done
    }
}

impl OpusOut {
    /// Encodes 20 ms; returns the length of the packet, 0 if that was not possible or it is
    /// another length, of which the library knows some and panics at others.
    pub fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        if samples.len() != FRAME {
            return 0;
        }
        self.encoder.encode_i16(samples, samples.len(), out).unwrap_or(0)
    }
}

impl fmt::Debug for OpusCoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpusCoders")
    }
}

/// Timestamp units of a packet, from its first two bytes (RFC 6716 section 3.1); 0 if they make
/// no sense.
pub(super) fn units_in(payload: &[u8]) -> usize {
    let Some(&toc) = payload.first() else {
        return 0;
    };
    let frame = match toc >> 3 {
        silk @ 0..=11 => [480, 960, 1_920, 2_880][usize::from(silk & 3)],
        hybrid @ 12..=15 => [480, 960][usize::from(hybrid & 1)],
        celt => [120, 240, 480, 960][usize::from(celt & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => payload.get(1).map_or(0, |b| usize::from(b & 0x3f)),
    };
    frame * frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{level_at, sine};

    fn coders() -> (Box<OpusIn>, Box<OpusOut>) {
        OpusCoders::new().unwrap().split()
    }

    /// Found by fuzzing: 40 ms in one piece ran past the end of the library's own memory.
    #[test]
    fn only_packets_of_20_ms_are_encoded() {
        let (_, mut encoder) = OpusCoders::new().unwrap().split();
        let mut out = [0; 1_500];
        for (samples, encodes) in [(320, true), (640, false), (160, false), (1, false), (0, false)]
        {
            let len = encoder.encode(&vec![1_000; samples], &mut out);
            assert_eq!(len > 0, encodes, "{samples} samples");
        }
        assert!(encoder.encode(&[1_000; 320], &mut out) > 0, "and it still works");
    }

    #[test]
    fn the_length_of_a_packet_stands_in_its_first_bytes() {
        for (bytes, units) in [
            (&[][..], 0),
            (&[0x48][..], 960),         // SILK wideband, 20 ms
            (&[0x58, 1][..], 2_880),    // 60 ms
            (&[0x49, 1][..], 1_920),    // two of 20 ms
            (&[0x4b, 0x83][..], 2_880), // three of 20 ms
            (&[0x4b][..], 0),
            (&[0x78][..], 960), // hybrid
            (&[0xe0][..], 120), // CELT, 2.5 ms
            (&[0xf8][..], 960),
        ] {
            assert_eq!(units_in(bytes), units, "{bytes:x?}");
        }
    }

    #[test]
    fn what_is_lost_is_made_up_from_the_packet_after_it() {
        let (mut decoder, mut encoder) = coders();
        let voice = sine(400.0, 16_000, 8_000.0, 16_000);
        let packets: Vec<Vec<u8>> = voice
            .chunks_exact(320)
            .map(|c| {
                let mut out = [0; 480];
                let len = encoder.encode(c, &mut out);
                out[..len].to_vec()
            })
            .collect();
        let mut heard = Vec::new();
        for (n, packet) in packets.iter().enumerate() {
            let mut out = [0; 320];
            let len = match n % 10 {
                5 => decoder.conceal(packets.get(n + 1).map(Vec::as_slice), &mut out),
                _ => decoder.decode(packet, &mut out),
            };
            assert_eq!(len, 320, "{n}");
            heard.extend(out);
        }
        let level = level_at(&heard[4_800..14_400], 16_000, 400.0);
        assert!((6_500.0..9_500.0).contains(&level), "{level}");
        let mut out = [0; 320];
        assert_eq!(decoder.conceal(None, &mut out), 320);
    }

    #[test]
    fn nonsense_makes_no_sound_and_no_harm() {
        let (mut decoder, mut encoder) = coders();
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for n in 0..3_000 {
            let bytes: Vec<u8> = (0..n % 120).map(|_| next()).collect();
            let mut out = [0; 1_280];
            assert!(decoder.decode(&bytes, &mut out) <= MAX_PACKET_SAMPLES);
            decoder.conceal(Some(&bytes), &mut out[..320]);
        }
        assert!(!decoder.broken);
        assert_eq!(encoder.encode(&[0; 7], &mut [0; 100]), 0);
    }
}
