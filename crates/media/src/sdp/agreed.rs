//! What offer and answer agreed on.

use std::net::SocketAddr;

use super::{DTMF_PAYLOAD_TYPE, Direction};
use crate::codec::CodecId;
use crate::srtp::Agreed;

/// Payload types of audio kept for one stream; ours and the peer's of four codecs.
const MAX_AUDIO: usize = 8;
/// Payload types of telephone-event kept.
const MAX_KEYS: usize = 4;

/// What offer and answer agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Where the peer wants RTP. Its address may be unspecified while the peer holds us.
    pub remote: SocketAddr,
    /// Where the peer wants RTCP.
    pub remote_rtcp: SocketAddr,
    /// What we send.
    pub codec: CodecId,
    /// Payload type of that codec.
    pub payload_type: u8,
    /// What is understood when it arrives.
    pub formats: Formats,
    /// Payload type of telephone-event for what we send, if the peer knows it.
    pub dtmf_payload_type: Option<u8>,
    /// Timestamp units a second in the durations of our telephone-events.
    pub dtmf_clock: u32,
    /// Packet length the peer asks for, ms.
    pub ptime_ms: u32,
    /// Which way media flows, seen from us.
    pub direction: Direction,
    /// How both ways are encrypted, if they are.
    pub crypto: Option<Agreed>,
}

impl Negotiated {
    /// Plain RTP both ways in one codec, with telephone-event, as if we had named all types.
    pub fn plain(remote: SocketAddr, codec: CodecId) -> Self {
        let mut remote_rtcp = remote;
        remote_rtcp.set_port(remote.port().saturating_add(1));
        let mut formats = Formats::default();
        formats.add(codec.offered_payload_type(), codec);
        formats.add_keys(DTMF_PAYLOAD_TYPE, codec.clock_rate());
        Self {
            remote,
            remote_rtcp,
            codec,
            payload_type: codec.offered_payload_type(),
            formats,
            dtmf_payload_type: Some(DTMF_PAYLOAD_TYPE),
            dtmf_clock: codec.clock_rate(),
            ptime_ms: 20,
            direction: Direction::SendRecv,
            crypto: None,
        }
    }

    /// Whether this codec may arrive or is sent.
    pub fn uses(&self, codec: CodecId) -> bool {
        self.codec == codec || self.formats.audio.iter().flatten().any(|(_, c)| *c == codec)
    }
}

/// What payload types mean on one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    audio: [Option<(u8, CodecId)>; MAX_AUDIO],
    keys: [Option<(u8, u32)>; MAX_KEYS],
}

impl Formats {
    /// Adds a codec; a payload type keeps its first meaning, and what does not fit is left out.
    pub fn add(&mut self, payload_type: u8, codec: CodecId) {
        if self.codec(payload_type).is_none() && self.key_clock(payload_type).is_none() {
            add(&mut self.audio, (payload_type, codec));
        }
    }

    /// Adds a telephone-event on a clock of so many units a second.
    pub fn add_keys(&mut self, payload_type: u8, clock: u32) {
        if self.codec(payload_type).is_none() && self.key_clock(payload_type).is_none() {
            add(&mut self.keys, (payload_type, clock));
        }
    }

    /// The codec of a payload type.
    pub fn codec(&self, payload_type: u8) -> Option<CodecId> {
        find(&self.audio, payload_type)
    }

    /// The clock of a payload type that is telephone-event.
    pub fn key_clock(&self, payload_type: u8) -> Option<u32> {
        find(&self.keys, payload_type)
    }
}

fn add<T>(places: &mut [Option<T>], value: T) {
    if let Some(place) = places.iter_mut().find(|p| p.is_none()) {
        *place = Some(value);
    }
}

fn find<T: Copy>(places: &[Option<(u8, T)>], payload_type: u8) -> Option<T> {
    places.iter().flatten().find(|(p, _)| *p == payload_type).map(|(_, meaning)| *meaning)
}
