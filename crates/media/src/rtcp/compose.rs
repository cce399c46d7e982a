//! Composing our own compound packets.

use super::{BYE, RR, RTCP_MAX_LEN, ReportBlock, SDES, SR, SenderInfo};

/// What one compound of ours holds.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Our SSRC.
    pub ssrc: u32,
    /// Present once we have sent RTP: makes it a sender report.
    pub sender: Option<SenderInfo>,
    /// About the peer's stream, once it has one.
    pub block: Option<ReportBlock>,
    /// Our canonical name; at most 64 bytes of it are sent.
    pub cname: &'a str,
    /// Whether a BYE ends it.
    pub bye: bool,
}

impl Report<'_> {
    /// Writes the compound; returns its length.
    pub fn write(&self, out: &mut [u8; RTCP_MAX_LEN]) -> usize {
        let mut w = Writer { out, len: 0 };
        let count = u8::from(self.block.is_some());
        let start = w.begin(if self.sender.is_some() { SR } else { RR }, count, self.ssrc);
        if let Some(s) = self.sender {
            w.put(&s.ntp.to_be_bytes());
            w.put(&s.rtp_timestamp.to_be_bytes());
            w.put(&s.packets.to_be_bytes());
            w.put(&s.octets.to_be_bytes());
        }
        if let Some(b) = self.block {
            w.put(&b.ssrc.to_be_bytes());
            let lost = b.cumulative_lost.to_be_bytes();
            w.put(&[b.fraction_lost, lost[1], lost[2], lost[3]]);
            for value in [b.highest_seq, b.jitter, b.lsr, b.dlsr] {
                w.put(&value.to_be_bytes());
            }
        }
        w.end(start);
        let start = w.begin(SDES, 1, self.ssrc);
        let name = &self.cname.as_bytes()[..self.cname.len().min(64)];
        w.put(&[1, name.len() as u8]);
        w.put(name);
        // The chunk ends with at least one zero and at a word boundary.
        w.put(&[0; 4][..4 - w.len % 4]);
        w.end(start);
        if self.bye {
            let start = w.begin(BYE, 1, self.ssrc);
            w.end(start);
        }
        w.len
    }
}

struct Writer<'a> {
    out: &'a mut [u8; RTCP_MAX_LEN],
    len: usize,
}

impl Writer<'_> {
    fn begin(&mut self, packet_type: u8, count: u8, ssrc: u32) -> usize {
        let start = self.len;
        self.put(&[0x80 | count, packet_type, 0, 0]);
        self.put(&ssrc.to_be_bytes());
        start
    }
    // The largest compound (SR, one block, 64 bytes of name, BYE) takes 136 bytes.
    fn put(&mut self, bytes: &[u8]) {
        if let Some(place) = self.out.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }
    fn end(&mut self, start: usize) {
        let words = ((self.len - start) / 4 - 1) as u16;
        self.out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
    }
}
