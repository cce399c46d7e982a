//! What came from the legs: losses by sequence number, lateness by the kernel's arrival stamps.

use std::ops::Range;

use media::rtp::RtpPacket;
use serde::{Deserialize, Serialize};

use crate::spread::{Percentiles, Spread};

/// Packets that share a base line of lateness: five seconds. Longer would charge a leg for ever
/// for one tick that never was, shorter would forgive drifts.
const BLOCK: usize = 250;
const PACKET_NS: i64 = 20_000_000;
/// No leg.
const NONE: u16 = u16::MAX;

/// What was heard of all legs.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Heard {
    /// Legs that sent anything.
    pub legs: u64,
    /// Packets that came.
    pub packets: u64,
    /// Packets that never came although later ones did.
    pub lost: u64,
    /// Datagrams from elsewhere, and what is no RTP.
    pub strange: u64,
    /// How much later than its leg's earliest packet within five seconds each one came, the
    /// 20 ms between packets taken off.
    pub lateness: Percentiles,
}

/// The receiving side of all callees.
pub struct Receptions {
    /// The leg behind each port.
    legs: Vec<u16>,
    state: Vec<Reception>,
    measured: Range<i64>,
    lateness: Spread,
    strange: u64,
}

#[derive(Clone, Default)]
struct Reception {
    packets: u64,
    /// Sequence numbers without wrapping, from the first one on.
    highest: i64,
    last_seq: u16,
    /// Arrivals less 20 ms for each packet before, of the current block.
    moments: Vec<i64>,
}

impl Receptions {
    /// Legs by their ports, at most 65,534; lateness counts within `measured` (monotonic ns).
    pub fn new(ports: &[u16], measured: Range<i64>) -> Self {
        let mut legs = vec![NONE; 1 << 16];
        for (leg, port) in (0u16..).zip(ports) {
            legs[usize::from(*port)] = leg;
        }
        let state = vec![
            Reception { moments: Vec::with_capacity(BLOCK), ..Reception::default() };
            ports.len()
        ];
        Self { legs, state, measured, lateness: Spread::default(), strange: 0 }
    }

    /// A datagram that arrived at `at` (monotonic ns).
    pub fn packet(&mut self, port: u16, at: i64, bytes: &[u8]) {
        let leg = self.state.get_mut(usize::from(self.legs[usize::from(port)]));
        let (Some(leg), Ok(packet)) = (leg, RtpPacket::parse(bytes)) else {
            self.strange += 1;
            return;
        };
        let place = leg.take(packet.header.seq);
        if self.measured.contains(&at) {
            leg.moments.push(at - place * PACKET_NS);
            if leg.moments.len() == BLOCK {
                leg.settle(&mut self.lateness);
            }
        }
    }

    /// What came together.
    pub fn finish(mut self) -> Heard {
        let mut heard = Heard { strange: self.strange, ..Heard::default() };
        for leg in &mut self.state {
            leg.settle(&mut self.lateness);
            heard.legs += u64::from(leg.packets > 0);
            heard.packets += leg.packets;
            let sent = if leg.packets > 0 { leg.highest + 1 } else { 0 };
            heard.lost += u64::try_from(sent).unwrap_or(0).saturating_sub(leg.packets);
        }
        heard.lateness = self.lateness.percentiles();
        heard
    }
}

impl Reception {
    /// The place of a packet in its stream, from 0.
    fn take(&mut self, seq: u16) -> i64 {
        let step =
            if self.packets == 0 { 0 } else { i64::from(seq.wrapping_sub(self.last_seq) as i16) };
        self.packets += 1;
        let place = self.highest + step;
        if step >= 0 {
            self.highest = place;
            self.last_seq = seq;
        }
        place
    }

    fn settle(&mut self, lateness: &mut Spread) {
        let Some(earliest) = self.moments.iter().copied().min() else {
            return;
        };
        for moment in self.moments.drain(..) {
            lateness.add_ns(moment - earliest);
        }
    }
}

#[cfg(test)]
mod tests {
    use media::rtp::RtpHeader;

    use super::*;

    fn packet(seq: u16) -> Vec<u8> {
        let mut bytes = vec![0; 20];
        let header = RtpHeader { marker: false, payload_type: 8, seq, timestamp: 0, ssrc: 1 };
        header.write(&[0; 8], &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn losses_and_lateness_are_those_of_each_leg() {
        let ms = 1_000_000;
        let mut all = Receptions::new(&[4_000, 4_002], 0..i64::MAX);
        // Packets 65534, 65535, (0 is lost,) 1 and 2; the last comes 3 ms late.
        for (seq, at) in [(65_534, 0), (65_535, 20), (1, 60), (2, 83)] {
            all.packet(4_002, at * ms, &packet(seq));
        }
        all.packet(4_000, 7 * ms, &packet(9));
        all.packet(4_001, 0, &packet(1));
        all.packet(4_000, 0, b"no packet");
        let heard = all.finish();
        assert_eq!((heard.legs, heard.packets, heard.lost, heard.strange), (2, 5, 1, 2));
        assert_eq!((heard.lateness.count, heard.lateness.max_ms), (5, 3.0));
    }

    #[test]
    fn packets_out_of_order_are_not_lost_and_outside_the_time_not_measured() {
        let mut all = Receptions::new(&[4_000], 10..20);
        for (seq, at) in [(5, 0), (7, 10), (6, 11), (8, 25)] {
            all.packet(4_000, at, &packet(seq));
        }
        let heard = all.finish();
        assert_eq!((heard.packets, heard.lost, heard.lateness.count), (4, 0, 2));
    }
}
