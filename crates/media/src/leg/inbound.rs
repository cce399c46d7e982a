//! From packets to samples: jitter buffer, decoder and concealment of one leg.

use domain::Now;

use super::sound::Sound;
use crate::codec::{CodecId, Decoders, MAX_PACKET_SAMPLES};
use crate::conceal::Concealer;
use crate::dtmf::{Key, KeyReceiver};
use crate::jitter::{Incoming, Inserted, JitterBuffer, Pace, PacketKind, Taken};
use crate::rtp::RtpPacket;
use crate::sdp::{DTMF_PAYLOAD_TYPE, Negotiated};
use crate::vad::rms;

/// Most samples of one tick.
const MAX_TICK: usize = 320;
/// Timestamp units a second of a stream of Opus.
const OPUS_CLOCK: usize = CodecId::Opus.clock_rate() as usize;
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
    pub decoders: Decoders,
    conceal: Concealer,
    keys: KeyReceiver,
    /// What came last.
    codec: CodecId,
    /// Samples a second of what is decoded.
    rate: u32,
    /// Decoded samples not yet played.
    decoded: [i16; MAX_TICK + MAX_PACKET_SAMPLES],
    decoded_len: usize,
    /// What was decoded last came in a packet, and was not made up.
    from_packet: bool,
    last_rms: u32,
}

impl Default for Inbound {
    fn default() -> Self {
        Self {
            jitter: JitterBuffer::default(),
            decoders: Decoders::default(),
            conceal: Concealer::default(),
            keys: KeyReceiver::default(),
            codec: CodecId::Pcma,
            rate: CodecId::Pcma.sample_rate(),
            decoded: [0; MAX_TICK + MAX_PACKET_SAMPLES],
            decoded_len: 0,
            from_packet: false,
            last_rms: 0,
        }
    }
}

impl Inbound {
    /// Begins a stream that was agreed on.
    pub fn begin(&mut self, agreed: &Negotiated, moved: bool) {
        if moved {
            self.codec = agreed.codec;
            self.decoders.reset(agreed.codec);
            self.jitter.set_clock(agreed.codec.clock_rate());
            self.keys.reset();
        }
    }

    /// Throws away what came and was not played yet.
    pub fn empty(&mut self) {
        self.jitter.empty();
        self.decoded_len = 0;
    }

    /// Whether what the last tick brought is the peer's line.
    pub const fn is_line(&self) -> bool {
        self.from_packet
    }

    /// Timestamp units a second of the stream that comes.
    pub const fn clock(&self) -> u32 {
        self.jitter.clock()
    }

    /// Whether something could be made of a packet: audio in a codec that is known here, a pause
    /// or a key.
    pub fn plays(&self, agreed: &Negotiated, packet: &RtpPacket<'_>) -> bool {
        let payload_type = packet.header.payload_type;
        let known = payload_type == COMFORT_NOISE
            || is_key(agreed, payload_type)
            || self.codec_of(agreed, payload_type).is_some();
        known && !packet.payload.is_empty()
    }

    /// Takes in a packet of the peer.
    pub fn packet(&mut self, now: Now, agreed: &Negotiated, packet: &RtpPacket<'_>) -> Arrived {
        let payload_type = packet.header.payload_type;
        let agreed_codec = agreed.formats.codec(payload_type);
        if agreed_codec.is_none() && is_key(agreed, payload_type) {
            return self.key(now, agreed, packet);
        }
        if payload_type == COMFORT_NOISE {
            self.insert(now, packet, PacketKind::Pause);
            return Arrived::Audio;
        }
        let codec = self.codec_of(agreed, payload_type).filter(|_| !packet.payload.is_empty());
        let Some(codec) = codec else {
            return Arrived::Unknown;
        };
        if codec.clock_rate() != self.jitter.clock() {
            self.jitter.set_clock(codec.clock_rate());
        }
        if self.insert(now, packet, PacketKind::Audio(codec)) == Inserted::KeptAfterRestart {
            self.keys.reset();
            self.decoders.reset(codec);
        }
        if codec == self.codec {
            return Arrived::Audio;
        }
        self.decoders.reset(codec);
        self.codec = codec;
        Arrived::OtherCodec(codec)
    }

    /// The codec of a payload type, if it can be decoded.
    fn codec_of(&self, agreed: &Negotiated, payload_type: u8) -> Option<CodecId> {
        // G.711 needs no agreement: there is one way to say it, and old gateways switch at will.
        let narrow = || {
            CodecId::from_static_payload_type(payload_type).filter(|c| CodecId::NARROW.contains(c))
        };
        agreed.formats.codec(payload_type).or_else(narrow).filter(|c| self.decoders.knows(*c))
    }

    fn key(&mut self, now: Now, agreed: &Negotiated, packet: &RtpPacket<'_>) -> Arrived {
        let header = packet.header;
        let key = self.keys.packet(header.timestamp, header.marker, packet.payload);
        let clock = agreed.formats.key_clock(header.payload_type);
        if key.is_some() && clock.is_none_or(|c| c == self.jitter.clock()) {
            self.insert(now, packet, PacketKind::Pause);
        }
        key.map_or(Arrived::Audio, Arrived::Key)
    }

    fn insert(&mut self, now: Now, packet: &RtpPacket<'_>, kind: PacketKind) -> Inserted {
        let payload = if kind == PacketKind::Pause { &[] } else { packet.payload };
        let (seq, timestamp) = (packet.header.seq, packet.header.timestamp);
        let ssrc = packet.header.ssrc;
        let came = arrival(now, self.jitter.clock());
        self.jitter.insert(came, &Incoming { kind, seq, timestamp, ssrc, payload })
    }

    /// The samples of the next tick.
    pub fn tick(&mut self, now: Now, out: &mut Sound) {
        let quiet = self.last_rms < QUIET_RMS;
        let waiting = self.units(self.decoded_len);
        let now = arrival(now, self.jitter.clock());
        match self.jitter.pace(now, waiting, quiet) {
            Pace::Stretch => self.conceal.lost(out.begin(self.rate)),
            Pace::Even => self.play(out),
            Pace::Skip => {
                self.play(out);
                self.play(out);
            }
        }
        self.last_rms = rms(out.samples());
    }

    fn play(&mut self, out: &mut Sound) {
        while self.decoded_len < self.tick_samples() {
            self.decode_next();
        }
        let tick = self.tick_samples();
        out.begin(self.rate).copy_from_slice(&self.decoded[..tick]);
        self.decoded.copy_within(tick..self.decoded_len, 0);
        self.decoded_len -= tick;
    }

    fn decode_next(&mut self) {
        let clock = self.jitter.clock() as usize;
        let want = self.units(self.tick_samples() - self.decoded_len);
        let samples = |units: usize, rate: u32| units * rate as usize / clock;
        let taken = self.jitter.take(want);
        self.from_packet = matches!(taken, Taken::Packet { .. });
        self.decoded_len += match taken {
            Taken::Packet { codec, payload, skip } => {
                if codec.sample_rate() != self.rate {
                    // What is left of the other rate is less than a tick.
                    self.rate = codec.sample_rate();
                    self.conceal.set_rate(self.rate);
                    self.decoded_len = 0;
                }
                let room = &mut self.decoded[self.decoded_len..];
                let whole = codec.samples_of(codec.units_in(payload)).min(room.len());
                let len = self.decoders.decode(codec, payload, room);
                if len < whole {
                    self.conceal.lost(&mut room[len..whole]);
                }
                let skip = codec.samples_of(skip).min(whole);
                if skip > 0 {
                    room.copy_within(skip..whole, 0);
                }
                self.conceal.received(&mut room[..whole - skip]);
                whole - skip
            }
            Taken::Lost { len, next } => {
                let len = samples(len, self.rate).max(1);
                let room = &mut self.decoded[self.decoded_len..][..len];
                let opus = self.decoders.opus.as_mut().filter(|_| clock == OPUS_CLOCK);
                let next = next.and_then(|(c, p)| (c == CodecId::Opus).then_some(p));
                let done = opus.map_or(0, |o| o.conceal(next, room));
                let (made, rest) = room.split_at_mut(done);
                self.conceal.received(made);
                self.conceal.lost(rest);
                len
            }
            Taken::Silence(len) => {
                let len = samples(len, self.rate).max(1);
                let room = &mut self.decoded[self.decoded_len..][..len];
                room.fill(0);
                self.conceal.received(room);
                len
            }
        };
    }

    const fn tick_samples(&self) -> usize {
        self.rate as usize / 50
    }

    /// Timestamp units of so many samples.
    const fn units(&self, samples: usize) -> usize {
        (samples * self.jitter.clock() as usize).div_ceil(self.rate as usize)
    }
}

fn is_key(agreed: &Negotiated, payload_type: u8) -> bool {
    agreed.formats.key_clock(payload_type).is_some() || payload_type == DTMF_PAYLOAD_TYPE
}

/// The moment in units of a clock; wraps like RTP timestamps.
pub(super) const fn arrival(now: Now, clock: u32) -> u32 {
    (now.as_nanos() / 1_000 * (clock / 1_000) as u64 / 1_000) as u32
}
