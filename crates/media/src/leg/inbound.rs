//! From packets to samples: jitter buffer, decoder and concealment of one leg.

use domain::Now;

use crate::codec::{Codec, CodecId};
use crate::conceal::Concealer;
use crate::dtmf::{Key, KeyReceiver};
use crate::jitter::{Incoming, Inserted, JitterBuffer, MAX_PAYLOAD, Pace, PacketKind, Taken};
use crate::rtp::RtpPacket;
use crate::sdp::{DTMF_PAYLOAD_TYPE, Negotiated};
use crate::vad::rms;

/// Samples of one tick.
pub(super) const TICK_SAMPLES: usize = 160;
/// Payload type of comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;
/// Loudness below which stretching or skipping a tick is not heard.
const QUIET_RMS: u32 = 150;

/// What a packet brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// Audio or a pause, nothing to tell.
    Audio,
    /// Audio in a codec other than before.
    OtherCodec(CodecId),
    /// A key was pressed.
    Key(Key),
    /// A payload type nobody agreed on.
    Unknown,
}

/// The receiving side of one leg.
#[derive(Debug)]
pub(super) struct Inbound {
    pub jitter: JitterBuffer,
    conceal: Concealer,
    keys: KeyReceiver,
    codec: CodecId,
    /// Decoded samples not yet played.
    decoded: [i16; TICK_SAMPLES + MAX_PAYLOAD],
    decoded_len: usize,
    last_rms: u32,
}

impl Default for Inbound {
    fn default() -> Self {
        Self {
            jitter: JitterBuffer::default(),
            conceal: Concealer::default(),
            keys: KeyReceiver::default(),
            codec: CodecId::Pcma,
            decoded: [0; TICK_SAMPLES + MAX_PAYLOAD],
            decoded_len: 0,
            last_rms: 0,
        }
    }
}

impl Inbound {
    /// Begins a stream that was agreed on.
    pub fn begin(&mut self, agreed: &Negotiated, moved: bool) {
        if moved {
            self.codec = agreed.codec;
            self.jitter.reset();
            self.keys.reset();
        }
    }

    /// Takes in a packet of the peer.
    pub fn packet(&mut self, now: Now, agreed: &Negotiated, packet: &RtpPacket<'_>) -> Arrived {
        let header = packet.header;
        let payload_type = header.payload_type;
        let insert = |jitter: &mut JitterBuffer, kind, payload| {
            let (seq, timestamp, ssrc) = (header.seq, header.timestamp, header.ssrc);
            jitter.insert(arrival(now), &Incoming { kind, seq, timestamp, ssrc, payload })
        };
        if agreed.dtmf_payload_type == Some(payload_type) || payload_type == DTMF_PAYLOAD_TYPE {
            let key = self.keys.packet(header.timestamp, header.marker, packet.payload);
            if key.is_some() {
                insert(&mut self.jitter, PacketKind::Pause, &[]);
            }
            return key.map_or(Arrived::Audio, Arrived::Key);
        }
        if payload_type == COMFORT_NOISE {
            insert(&mut self.jitter, PacketKind::Pause, &[]);
            return Arrived::Audio;
        }
        let agreed_codec = (payload_type == agreed.payload_type).then_some(agreed.codec);
        let codec = agreed_codec.or_else(|| CodecId::from_static_payload_type(payload_type));
        let Some(codec) = codec else {
            return Arrived::Unknown;
        };
        let inserted = insert(&mut self.jitter, PacketKind::Audio(codec), packet.payload);
        if inserted == Inserted::KeptAfterRestart {
            self.keys.reset();
        }
        if codec == self.codec {
            return Arrived::Audio;
        }
        self.codec = codec;
        Arrived::OtherCodec(codec)
    }

    /// The samples of the next tick.
    pub fn tick(&mut self, now: Now, out: &mut [i16; TICK_SAMPLES]) {
        let quiet = self.last_rms < QUIET_RMS;
        match self.jitter.pace(arrival(now), self.decoded_len, quiet) {
            Pace::Stretch => self.conceal.lost(out),
            Pace::Even => self.play(out),
            Pace::Skip => {
                self.play(out);
                self.play(out);
            }
        }
        self.last_rms = rms(out);
    }

    fn play(&mut self, out: &mut [i16; TICK_SAMPLES]) {
        while self.decoded_len < TICK_SAMPLES {
            let want = TICK_SAMPLES - self.decoded_len;
            let room = &mut self.decoded[self.decoded_len..];
            self.decoded_len += match self.jitter.take(want) {
                Taken::Packet { codec, payload, skip } => {
                    let len = Codec::new(codec).decode(payload, room);
                    room.copy_within(skip.min(len)..len, 0);
                    let len = len.saturating_sub(skip);
                    self.conceal.received(&mut room[..len]);
                    len
                }
                Taken::Lost(len) => {
                    self.conceal.lost(&mut room[..len]);
                    len
                }
                Taken::Silence(len) => {
                    room[..len].fill(0);
                    self.conceal.received(&mut room[..len]);
                    len
                }
            };
        }
        out.copy_from_slice(&self.decoded[..TICK_SAMPLES]);
        self.decoded.copy_within(TICK_SAMPLES..self.decoded_len, 0);
        self.decoded_len -= TICK_SAMPLES;
    }
}

/// The moment in samples of the local clock; wraps like RTP timestamps.
pub(super) const fn arrival(now: Now) -> u32 {
    (now.as_nanos() / 125_000) as u32
}
