//! What is said: synthesised once, then cut into talk and silence like one side of a call.

use std::io;
use std::process::Command;

use media::codec::{Codec, CodecId};
use media::resample::SpeechResampler;
use media::vad::rms;

/// Samples of one packet.
pub const PACKET: usize = 160;
/// Share of a call that one side speaks.
pub const TALK_SHARE: f64 = 0.45;
/// Length of a script, in packets: one minute, then it begins anew.
const SCRIPT: usize = 3_000;
/// Shortest and longest stretch of talk, in packets.
const TALK: (u64, u64) = (40, 160);
/// Loudness below which a packet of the synthesizer is a gap.
const GAP_RMS: u32 = 60;
/// Gaps in the synthesised text are shortened to this many packets: the script has its own.
const LONGEST_GAP: usize = 8;
/// Peak of the idle noise of a quiet line.
const IDLE_PEAK: u64 = 20;

const TEXT: &str = "Good morning, this is a call about the delivery you are waiting for. \
    The driver could not find the entrance of your building yesterday afternoon and took the \
    parcel back to the depot. Would you rather have it brought again tomorrow between nine and \
    eleven, or do you want to collect it yourself at the shop around the corner? If somebody \
    else may accept it for you, please tell me the name of that person, and I will write it \
    down. There is nothing to pay, and you need not sign anything except the usual receipt.";

/// The callee's minute, as A-law packets.
pub struct Script {
    packets: Vec<[u8; PACKET]>,
    loud: usize,
}

impl Script {
    /// Stretches of `speech` and of idle noise in turn, [`TALK_SHARE`] of it speech; the same
    /// for the same seed.
    pub fn new(speech: &[i16], seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut source = speech.chunks_exact(PACKET).cycle();
        let mut packets = Vec::with_capacity(SCRIPT);
        let mut loud = 0;
        while packets.len() < SCRIPT {
            let talk = TALK.0 + dice.next() % (TALK.1 - TALK.0);
            let pause = (talk as f64 * (1.0 / TALK_SHARE - 1.0)).round() as usize;
            for _ in 0..talk {
                let samples = source.next().unwrap_or(&[0; PACKET]);
                loud += usize::from(rms(samples) >= GAP_RMS);
                packets.push(alaw(samples));
            }
            for _ in 0..pause {
                packets.push(idle(&mut dice));
            }
        }
        Self { packets, loud }
    }

    /// A quiet line alone.
    pub fn silent(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let packets = (0..SCRIPT).map(|_| idle(&mut dice)).collect();
        Self { packets, loud: 0 }
    }

    /// The payload of a leg's packet `n`; each leg begins elsewhere.
    pub fn packet(&self, leg: usize, n: usize) -> &[u8; PACKET] {
        let begin = Dice(leg as u64 + 1).next() as usize % self.packets.len();
        &self.packets[(begin + n) % self.packets.len()]
    }

    /// Share of packets that are loud.
    pub fn loud_share(&self) -> f64 {
        self.loud as f64 / self.packets.len() as f64
    }
}

/// Half a minute of speech at 8 kHz by espeak-ng, without long gaps.
pub fn speech(voice: &str) -> io::Result<Vec<i16>> {
    let mut child = Command::new("espeak-ng");
    child.args(["-v", voice, "-s", "190", "-z", "--stdout", "--", TEXT]);
    let missing = "Debian: apt-get install espeak-ng";
    let failed = |e| io::Error::other(format!("cannot run espeak-ng ({e}); {missing}"));
    let out = child.output().map_err(failed)?;
    let wave = out.stdout.get(44..).unwrap_or_default();
    let pcm: Vec<i16> = wave.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let mut samples = Vec::new();
    let mut resampler = SpeechResampler::new(22_050, 8_000);
    resampler.push(&pcm, &mut samples);
    resampler.finish(&mut samples);
    let samples = without_gaps(&samples);
    if samples.len() < 100 * PACKET {
        return Err(io::Error::other("espeak-ng said nothing"));
    }
    Ok(samples)
}

fn without_gaps(samples: &[i16]) -> Vec<i16> {
    let mut out = Vec::with_capacity(samples.len());
    let mut gap = 0;
    for packet in samples.chunks_exact(PACKET) {
        gap = if rms(packet) < GAP_RMS { gap + 1 } else { 0 };
        if gap <= LONGEST_GAP {
            out.extend_from_slice(packet);
        }
    }
    out
}

fn idle(dice: &mut Dice) -> [u8; PACKET] {
    let noise: [i16; PACKET] =
        std::array::from_fn(|_| (dice.next() % (2 * IDLE_PEAK + 1)) as i16 - IDLE_PEAK as i16);
    alaw(&noise)
}

fn alaw(samples: &[i16]) -> [u8; PACKET] {
    let mut bytes = [0xD5; PACKET];
    Codec::new(CodecId::Pcma).encode(samples, &mut bytes);
    bytes
}

/// Random numbers that repeat (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// The next one.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_talks_for_its_share_and_is_quiet_else() {
        let loud: Vec<i16> = (0..8_000).map(|n| if n % 20 < 10 { 4_000 } else { -4_000 }).collect();
        let script = Script::new(&loud, 3);
        assert!((script.loud_share() - TALK_SHARE).abs() < 0.02, "{}", script.loud_share());
        assert_eq!(Script::silent(3).loud_share(), 0.0);
        let mut heard = [0; PACKET];
        Codec::new(CodecId::Pcma).decode(Script::silent(3).packet(4, 9), &mut heard);
        // Below the energy gate of voice activity.
        assert!(rms(&heard) < 40);
    }

    #[test]
    fn legs_begin_at_different_places_of_the_same_script() {
        let ramp: Vec<i16> = (0..160_000).map(|n| (n / 8) as i16).collect();
        let (a, b) = (Script::new(&ramp, 7), Script::new(&ramp, 7));
        assert_eq!(a.packet(5, 6), b.packet(5, 6));
        let firsts: std::collections::BTreeSet<_> = (0..50).map(|leg| *a.packet(leg, 0)).collect();
        assert!(firsts.len() > 30, "{}", firsts.len());
    }
}
