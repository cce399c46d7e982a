//! From playout and keys to packets: the sending side of one leg.

use domain::MediaTime;

use super::command::LegSetup;
use super::inbound::TICK_SAMPLES;
use super::link::Link;
use super::tick::Datagram;
use crate::codec::{Codec, CodecId};
use crate::dtmf::KeySender;
use crate::playout::Playout;
use crate::rtcp::SenderInfo;
use crate::rtp::{RTP_HEADER_LEN, RtpHeader};

/// The sending side of one leg.
#[derive(Debug)]
pub(super) struct Outbound {
    pub playout: Playout,
    pub keys: KeySender,
    pub ssrc: u32,
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
            playout: Playout::new(CodecId::Pcma.sample_rate()),
            keys: KeySender::default(),
            ssrc: setup.ssrc,
            seq: setup.first_seq,
            timestamp: setup.first_timestamp,
            packets: 0,
            octets: 0,
            silent: true,
            held: false,
        }
    }

    /// Sends one tick; `said` receives the samples of it. Returns whether the last of the
    /// waiting keys was sent. Timestamps go on even when nothing is sent.
    pub fn tick(
        &mut self,
        at: MediaTime,
        link: &Link,
        said: &mut [i16; TICK_SAMPLES],
        out: &mut Datagram,
    ) -> bool {
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(TICK_SAMPLES as u32);
        said.fill(0);
        let (Some(to), Some(agreed)) = (link.rtp_target(), link.agreed) else {
            return false;
        };
        if self.held || !link.sends() {
            self.silent = true;
            return false;
        }
        if let Some(payload_type) = agreed.dtmf_payload_type
            && let Some(key) = self.keys.tick(timestamp)
        {
            let header = self.header(payload_type, key.marker, key.timestamp);
            self.send(header, &key.payload, out);
            out.to = Some(to);
            self.silent = true;
            return self.keys.is_idle();
        }
        let sounding = self.playout.fill(at, said);
        let marker = self.packets == 0 || (sounding && self.silent);
        self.silent = !sounding;
        let mut payload = [0u8; TICK_SAMPLES];
        let len = Codec::new(agreed.codec).encode(said, &mut payload);
        let header = self.header(agreed.payload_type, marker, timestamp);
        self.send(header, &payload[..len], out);
        out.to = Some(to);
        false
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

    fn send(&mut self, header: RtpHeader, payload: &[u8], out: &mut Datagram) {
        out.len = header.write(payload, &mut out.bytes).unwrap_or(0);
        self.seq = self.seq.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets =
            self.octets.wrapping_add((out.len.max(RTP_HEADER_LEN) - RTP_HEADER_LEN) as u32);
    }
}
