//! The callee's voice for a leg that listens by itself: speech to the ear, with the number of the
//! words in the lowest bits of its G.711, where nobody hears it.

use media::codec::{Codec, CodecId};

/// Samples of 20 ms at 8 kHz.
pub(super) const SAMPLES: usize = 160;
/// Three seconds of a synthesised voice without its pauses, A-law; see `fixtures/README.md`.
const VOICE: &[u8] = include_bytes!("../../fixtures/voice.alaw");
/// Begins each copy of a number.
const SIGN: u16 = 0xB5C3;
const COPY_BITS: usize = 16 + 32;
const COPIES: usize = SAMPLES / COPY_BITS;
/// Loudness of [`VOICE`].
const LOUD: u32 = 1_000;

/// Speaks with one codec of G.711.
#[derive(Debug)]
pub(super) struct Voice {
    codec: Codec,
    known: Codec,
    at: usize,
    noise: u32,
}

impl Voice {
    pub(super) fn new(codec: CodecId) -> Self {
        Self { codec: Codec::new(codec), known: Codec::new(CodecId::Pcma), at: 0, noise: 1 }
    }

    /// The next 20 ms of speech or silence, as a payload.
    pub(super) fn speak(&mut self, says: Option<(u32, u32)>) -> [u8; SAMPLES] {
        let mut payload = [0; SAMPLES];
        let Some((words, loudness)) = says else {
            self.codec.encode(&[8; SAMPLES], &mut payload);
            return payload;
        };
        let mut samples = [0i16; SAMPLES];
        self.known.decode(&VOICE[self.at..self.at + SAMPLES], &mut samples);
        self.at = (self.at + SAMPLES) % VOICE.len();
        for s in &mut samples {
            *s = (i64::from(*s) * i64::from(loudness) / i64::from(LOUD)) as i16;
        }
        self.codec.encode(&samples, &mut payload);
        for (n, byte) in payload.iter_mut().take(COPIES * COPY_BITS).enumerate() {
            *byte = *byte & !1 | bit(words, n % COPY_BITS);
        }
        payload
    }

    /// The next 20 ms of loud noise, which holds no number.
    pub(super) fn rustle(&mut self) -> [u8; SAMPLES] {
        let mut samples = [0i16; SAMPLES];
        for s in &mut samples {
            self.noise = self.noise.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            *s = (self.noise >> 18) as i16 - 8_192;
        }
        let mut payload = [0; SAMPLES];
        self.codec.encode(&samples, &mut payload);
        payload.map(|byte| byte & !1)
    }

    /// The number of the words in 20 ms that were heard, if a copy came through whole.
    pub(super) fn read(&mut self, heard: &[i16; SAMPLES]) -> Option<u32> {
        let mut payload = [0; SAMPLES];
        self.codec.encode(heard, &mut payload);
        payload.chunks_exact(COPY_BITS).find_map(|copy| {
            let word = |bits: &[u8]| bits.iter().fold(0u32, |n, b| n << 1 | u32::from(b & 1));
            (word(&copy[..16]) == u32::from(SIGN)).then(|| word(&copy[16..]))
        })
    }
}

/// Bit `n` of a copy: sign, then number, highest first.
fn bit(words: u32, n: usize) -> u8 {
    let whole = u64::from(SIGN) << 32 | u64::from(words);
    (whole >> (COPY_BITS - 1 - n) & 1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_pass_through_g711_and_silence_has_none() {
        for codec in CodecId::NARROW {
            let mut voice = Voice::new(*codec);
            for (words, loudness) in [(0, 1_000), (7, 100), (u32::MAX, 1_000), (70_000, 100)] {
                let payload = voice.speak(Some((words, loudness)));
                let mut heard = [0; SAMPLES];
                Codec::new(*codec).decode(&payload, &mut heard);
                assert_eq!(voice.read(&heard), Some(words), "{codec:?}");
            }
            let mut heard = [0; SAMPLES];
            Codec::new(*codec).decode(&voice.speak(None), &mut heard);
            assert_eq!(voice.read(&heard), None);
            Codec::new(*codec).decode(&voice.rustle(), &mut heard);
            assert_eq!(voice.read(&heard), None);
        }
    }
}
