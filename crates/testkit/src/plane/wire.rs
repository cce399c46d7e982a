//! The callee's packets on their way to us: a network that loses, delays, reorders and repeats
//! them, and the receiving side of a real [`Leg`] behind it.
//!
//! What is said is written into the samples so quietly that the leg's own ear takes it for
//! silence; [`Listening`](super::listening) decides what is speech, as on a perfect line.

use std::net::SocketAddr;

use domain::{LegId, LegQuality, Now};
use media::codec::Codec;
use media::leg::{Leg, LegSetup, Tick};
use media::rtp::RtpHeader;
use media::sdp::Negotiated;

use super::flight::Flight;
use crate::plan::Network;

/// Samples of 20 ms at 8 kHz.
const SAMPLES: usize = 160;
/// Values that G.711 keeps exactly and nobody takes for speech.
const DIGITS: [i16; 4] = [-40, -24, 24, 40];
/// Digits of one code: a sign that it is one, the number of the words, their loudness.
const SIGN: [usize; 4] = [3, 0, 3, 0];
const NUMBER: usize = 16;
const LOUDNESS: usize = 6;
const CODE: usize = SIGN.len() + NUMBER + LOUDNESS;
/// Where codes stand: late, because the first samples after a gap are faded in.
const PLACES: [usize; 2] = [SAMPLES - 2 * CODE, SAMPLES - CODE];

/// See the module.
pub(crate) struct Wire {
    leg: Box<Leg>,
    tick: Box<Tick>,
    codec: Codec,
    payload_type: u8,
    from: SocketAddr,
    flight: Flight<Vec<u8>>,
    packets: u64,
}

impl Wire {
    /// A line to the peer of this agreement.
    pub(crate) fn new(now: Now, agreed: &Negotiated, network: Network) -> Self {
        let mut setup = LegSetup::new(LegId::CALLEE, 1, 1, 0);
        // Blocks of a recording hold what was heard.
        setup.record = true;
        let mut leg = Box::new(Leg::new(setup));
        leg.connect(now, agreed, &[]);
        Self {
            leg,
            tick: Box::new(Tick::new()),
            codec: Codec::new(agreed.codec),
            payload_type: agreed.payload_type,
            from: agreed.remote,
            flight: Flight::new(network, 0),
            packets: 0,
        }
    }

    /// The agreement changed.
    pub(crate) fn connect(&mut self, now: Now, agreed: &Negotiated) {
        self.leg.connect(now, agreed, &[]);
        self.codec = Codec::new(agreed.codec);
        self.payload_type = agreed.payload_type;
        self.from = agreed.remote;
    }

    pub(crate) fn answered(&mut self, now: Now) {
        self.leg.answered(now);
    }

    pub(crate) fn quality(&self) -> LegQuality {
        self.leg.quality()
    }

    /// 20 ms: the callee sends what it says, if it is there at all. Answers what is heard, and
    /// whether any packet came.
    pub(crate) fn tick(
        &mut self,
        now: Now,
        present: bool,
        says: Option<(u32, u32)>,
    ) -> (Option<(u32, u32)>, bool) {
        self.send(now, present, says);
        while let Some(packet) = self.flight.arrived(now) {
            self.leg.receive_rtp(now, self.from, &packet);
        }
        self.leg.tick(now, &mut self.tick);
        while self.leg.poll_event().is_some() {}
        let packets = self.leg.quality().packets;
        let came = packets != std::mem::replace(&mut self.packets, packets);
        let heard = self.tick.stereo.take().and_then(|block| read(&block.left));
        (heard, came)
    }

    fn send(&mut self, now: Now, present: bool, says: Option<(u32, u32)>) {
        let n = self.flight.next();
        let packet = present.then(|| {
            let mut samples = [8; SAMPLES];
            if let Some((words, loudness)) = says {
                write(&mut samples, words, loudness);
            }
            let mut payload = [0; SAMPLES];
            let len = self.codec.encode(&samples, &mut payload);
            packet(n, self.payload_type, &payload[..len])
        });
        self.flight.send(now, packet);
    }
}

/// Packet number `n` of the callee's stream.
pub(super) fn packet(n: u64, payload_type: u8, payload: &[u8]) -> Vec<u8> {
    let header = RtpHeader {
        marker: n == 0,
        payload_type,
        seq: n as u16,
        timestamp: (n as u32).wrapping_mul(SAMPLES as u32),
        ssrc: 0xCA11EE,
    };
    let mut packet = vec![0; SAMPLES + 12];
    let len = header.write(payload, &mut packet).unwrap_or(0);
    packet.truncate(len);
    packet
}

fn write(samples: &mut [i16; SAMPLES], words: u32, loudness: u32) {
    let digits = |value: u32, count: usize| (0..count).map(move |i| value >> (2 * i) & 3);
    for place in PLACES {
        let sign = SIGN.iter().map(|d| *d as u32);
        let code = sign.chain(digits(words, NUMBER)).chain(digits(loudness, LOUDNESS));
        for (sample, digit) in samples[place..].iter_mut().zip(code) {
            *sample = DIGITS[digit as usize];
        }
    }
}

/// Words and loudness, if one of the codes came through whole.
fn read(samples: &[i16; SAMPLES]) -> Option<(u32, u32)> {
    let code = |place: usize| {
        let digit = |s: &i16| DIGITS.iter().position(|d| d == s);
        let digits: Option<Vec<usize>> = samples[place..place + CODE].iter().map(digit).collect();
        let digits = digits.filter(|d| d.starts_with(&SIGN))?;
        let value = |d: &[usize]| d.iter().rev().fold(0, |n, d| n << 2 | *d as u32);
        let (words, loudness) = digits[SIGN.len()..].split_at(NUMBER);
        Some((value(words), value(loudness)))
    };
    PLACES.into_iter().find_map(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_loudness_pass_through_g711() {
        for codec in media::codec::CodecId::NARROW {
            for (words, loudness) in [(0, 1_000), (7, 100), (u32::MAX, 4_095)] {
                let (mut samples, mut bytes) = ([8; SAMPLES], [0; SAMPLES]);
                write(&mut samples, words, loudness);
                let mut codec = Codec::new(*codec);
                codec.encode(&samples, &mut bytes);
                let mut heard = [0; SAMPLES];
                codec.decode(&bytes, &mut heard);
                assert_eq!(read(&heard), Some((words, loudness)));
            }
        }
        assert_eq!(read(&[8; SAMPLES]), None);
    }
}
