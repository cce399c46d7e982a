//! From playout and keys to packets: the sending side of one leg.

use domain::MediaTime;

use super::command::LegSetup;
use super::gear::Guard;
use super::link::Link;
use super::sound::{Rates, Sound};
use super::tick::Datagram;
use crate::codec::{CodecId, Encoders};
use crate::dtmf::KeySender;
use crate::jitter::MAX_PAYLOAD;
use crate::playout::Playout;
use crate::rtcp::SenderInfo;
use crate::rtp::{RTP_HEADER_LEN, RtpHeader};
use crate::sdp::Negotiated;

/// The sending side of one leg.
#[derive(Debug)]
pub(super) struct Outbound {
    pub playout: Playout,
    pub keys: KeySender,
    pub encoders: Encoders,
    pub ssrc: u32,
    /// What was sent last.
    codec: CodecId,
    /// Samples a second of what is played.
    rate: u32,
    rates: Rates,
    seq: u16,
    timestamp: u32,
    packets: u32,
    octets: u32,
    /// The packet before carried silence (or there was none).
    silent: bool,
    pub held: bool,
}

impl Outbound {
    pub fn new(setup: &LegSetup) -> Self {
        Self {
            playout: Playout::new(setup.speech_rate),
            keys: KeySender::default(),
            encoders: Encoders::default(),
            ssrc: setup.ssrc,
            codec: CodecId::Pcma,
            rate: setup.speech_rate,
            rates: Rates::default(),
            seq: setup.first_seq,
            timestamp: setup.first_timestamp,
            packets: 0,
            octets: 0,
            silent: true,
            held: false,
        }
    }

    /// Samples a second of what is played.
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// Goes over to what was agreed on. A clock must not change within a source (RFC 7160
    /// section 4.1), so another one makes a new source.
    pub fn begin(&mut self, agreed: &Negotiated) {
        if agreed.codec == self.codec {
            return;
        }
        if agreed.codec.clock_rate() != self.codec.clock_rate() && self.packets > 0 {
            self.ssrc = self.ssrc.rotate_left(16).wrapping_add(1);
            (self.packets, self.octets) = (0, 0);
        }
        self.codec = agreed.codec;
        self.encoders.reset(agreed.codec);
    }

    /// Sends one tick; `said` receives the sound of it. Returns whether the last of the waiting
    /// keys was sent. Timestamps go on even when nothing is sent.
    pub fn tick(
        &mut self,
        at: MediaTime,
        link: &Link,
        guard: Option<&mut Guard>,
        said: &mut Sound,
        out: &mut Datagram,
    ) -> bool {
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(self.codec.clock_rate() / 50);
        *said = Sound::silent(self.rate);
        let (Some(to), Some(agreed)) = (link.rtp_target(), &link.agreed) else {
            return false;
        };
        if self.held || !link.sends() || agreed.crypto.is_some() != guard.is_some() {
            self.silent = true;
            return false;
        }
        if let Some(payload_type) = agreed.dtmf_payload_type
            && let Some(key) = self.keys.tick(timestamp, agreed.dtmf_clock / 50)
        {
            let header = self.header(payload_type, key.marker, key.timestamp);
            self.send(header, &key.payload, guard, out);
            out.to = Some(to);
            self.silent = true;
            return self.keys.is_idle();
        }
        let sounding = self.playout.fill(at, said.begin(self.rate));
        let marker = self.packets == 0 || (sounding && self.silent);
        self.silent = !sounding;
        let mut payload = [0u8; MAX_PAYLOAD];
        let len = self.encode(said, &mut payload);
        let header = self.header(agreed.payload_type, marker, timestamp);
        if len > 0 {
            self.send(header, &payload[..len], guard, out);
            out.to = Some(to);
        }
        false
    }

    fn encode(&mut self, said: &Sound, payload: &mut [u8]) -> usize {
        let codec = self.codec;
        if codec.sample_rate() == self.rate {
            return self.encoders.encode(codec, said.samples(), payload);
        }
        if codec.sample_rate() > self.rate {
            let wide = self.rates.wide(said);
            return self.encoders.encode(codec, &wide, payload);
        }
        let narrow = self.rates.narrow(said);
        self.encoders.encode(codec, &narrow, payload)
    }

    /// What a sender report says, once a packet was sent.
    pub fn info(&self, ntp: u64) -> Option<SenderInfo> {
        (self.packets > 0).then_some(SenderInfo {
            ntp,
            rtp_timestamp: self.timestamp,
            packets: self.packets,
            octets: self.octets,
        })
    }

    const fn header(&self, payload_type: u8, marker: bool, timestamp: u32) -> RtpHeader {
        RtpHeader { marker, payload_type, seq: self.seq, timestamp, ssrc: self.ssrc }
    }

    fn send(
        &mut self,
        header: RtpHeader,
        payload: &[u8],
        guard: Option<&mut Guard>,
        out: &mut Datagram,
    ) {
        let len = header.write(payload, &mut out.bytes);
        self.seq = self.seq.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        let octets = len.unwrap_or(0).max(RTP_HEADER_LEN) - RTP_HEADER_LEN;
        self.octets = self.octets.wrapping_add(octets as u32);
        out.len = match (len, guard) {
            (Some(len), Some(guard)) => guard.sender.protect_rtp(&mut out.bytes, len),
            (len, _) => len,
        }
        .unwrap_or(0);
    }
}
