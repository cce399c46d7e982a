//! RTCP of one phone: a sender report every five seconds, with what was received.

use std::time::Duration;

use domain::Now;
use media::rtcp::{
    Compound, RTCP_MAX_LEN, Report, ReportBlock, Rtcp, SenderInfo, ntp_middle, ntp_of,
};

/// When the next report is due, and what the peer last reported.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    next: Option<Now>,
    /// Middle of the NTP time of the peer's last sender report, and when it came.
    heard: Option<(u32, Now)>,
    octets: u32,
}

/// Our stream at the moment of a report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    pub(crate) ssrc: u32,
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
}

impl Reporter {
    /// A datagram from the peer's RTCP port.
    pub(crate) fn receive(&mut self, now: Now, datagram: &[u8]) {
        let Ok(compound) = Compound::parse(datagram) else {
            return;
        };
        for packet in compound {
            if let Rtcp::SenderReport { info, .. } = packet {
                self.heard = Some((ntp_middle(info.ntp), now));
            }
        }
    }

    /// A packet of audio or keys with so many bytes of payload was sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.octets = self.octets.wrapping_add(bytes as u32);
    }

    /// Whether a report is due; asking begins the next five seconds.
    pub(crate) fn is_due(&mut self, now: Now) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due || self.next.is_none() {
            self.next = Some(now + INTERVAL);
        }
        due
    }

    /// Writes a report; returns its length.
    pub(crate) fn write(
        &self,
        now: Now,
        stream: Stream,
        received: Option<ReportBlock>,
        out: &mut [u8; RTCP_MAX_LEN],
    ) -> usize {
        let block = received.map(|mut block| {
            if let Some((lsr, at)) = self.heard {
                block.lsr = lsr;
                block.dlsr = u32::try_from(now.since(at).as_nanos() * 65_536 / 1_000_000_000)
                    .unwrap_or(u32::MAX);
            }
            block
        });
        let sender = SenderInfo {
            ntp: ntp_of(now),
            rtp_timestamp: stream.timestamp,
            packets: stream.packets,
            octets: self.octets,
        };
        let report =
            Report { ssrc: stream.ssrc, sender: Some(sender), block, cname: "lab", bye: false };
        report.write(out)
    }
}

const INTERVAL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_every_five_seconds_lets_the_peer_reckon_the_round_trip() {
        let mut reporter = Reporter::default();
        let due: Vec<u64> =
            (0..16_000).step_by(20).filter(|ms| reporter.is_due(Now::from_millis(*ms))).collect();
        assert_eq!(due, [5_000, 10_000, 15_000]);

        let stream = Stream { ssrc: 7, timestamp: 0, packets: 0 };
        let mut out = [0u8; RTCP_MAX_LEN];
        // The peer reports at 1 s, it takes 30 ms each way, and we wait two seconds.
        let mut peer = Reporter::default();
        let len = peer.write(Now::from_millis(1_000), stream, None, &mut out);
        reporter.receive(Now::from_millis(1_030), &out[..len]);
        let received = Some(ReportBlock::default());
        let len = reporter.write(Now::from_millis(3_030), stream, received, &mut out);
        peer.receive(Now::from_millis(3_060), &out[..len]);
        let block = Compound::parse(&out[..len]).unwrap().find_map(|packet| match packet {
            Rtcp::SenderReport { mut blocks, .. } => blocks.next(),
            _ => None,
        });
        let trip = block.unwrap().round_trip_ms(Now::from_millis(3_060));
        assert!(trip.is_some_and(|ms| (59..=61).contains(&ms)), "{trip:?}");
    }
}
