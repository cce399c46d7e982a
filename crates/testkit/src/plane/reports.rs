//! The peer's half of RTCP: our reports travel to it, its own come back through the same network.

use std::time::Duration;

use domain::{LegQuality, Now};
use media::rtcp::{
    Compound, RTCP_MAX_LEN, Report, ReportBlock, Rtcp, SenderInfo, ntp_middle, ntp_of,
};

use super::flight::Flight;
use crate::plan::Network;

/// Time between two reports of the peer; more often than real ones, so that short calls see some.
const INTERVAL: Duration = Duration::from_millis(700);
/// The peer's SSRC in its reports.
const PEER: u32 = 9;
/// Two packets wait for a tick each, and one that comes out of order or twice is behind by as
/// much, ms.
const SLACK_MS: u64 = 2 * (20 + 57);

/// Both directions.
pub(super) struct Reports {
    network: Network,
    towards_us: Flight<Vec<u8>>,
    towards_them: Flight<Vec<u8>>,
    /// SSRC of the last report of ours that arrived, its NTP time, and when that was.
    last: Option<(u32, u32, Now)>,
    next: Now,
}

impl Reports {
    pub(super) fn new(now: Now, network: Network) -> Self {
        Self {
            network,
            towards_us: Flight::new(network, 2),
            towards_them: Flight::new(network, 3),
            last: None,
            next: now + INTERVAL,
        }
    }

    /// Sends what we report; we have sent so many packets of RTP.
    pub(super) fn send(&mut self, now: Now, ours: Option<&[u8]>, packets: u32) {
        if let Some(bytes) = ours {
            let compound = Compound::parse(bytes).expect("we report what can be read");
            for part in compound {
                if let Rtcp::SenderReport { info, .. } = part {
                    assert_eq!(info.packets, packets, "we report what we sent");
                }
            }
        }
        self.towards_them.send(now, ours.map(<[u8]>::to_vec));
        while let Some(bytes) = self.towards_them.arrived(now) {
            let compound = Compound::parse(&bytes).expect("it was read before");
            for part in compound {
                if let Rtcp::SenderReport { ssrc, info, .. } = part {
                    self.last = Some((ssrc, ntp_middle(info.ntp), now));
                }
            }
        }
        let due = now >= self.next;
        if due {
            self.next = now + INTERVAL;
        }
        self.towards_us.send(now, due.then(|| self.report(now)));
    }

    /// A report of the peer that has arrived.
    pub(super) fn arrived(&mut self, now: Now) -> Option<Vec<u8>> {
        self.towards_us.arrived(now)
    }

    /// Holds the round trip that is told against the network.
    pub(super) fn check(&self, quality: LegQuality) {
        let Some(told) = quality.round_trip_ms.map(u64::from) else { return };
        let least = 2 * self.network.delay_ms;
        let most = least + 2 * self.network.jitter_ms + SLACK_MS;
        // Time is rounded down on its way.
        assert!(told + 1 >= least && told <= most, "a round trip of {told} ms");
    }

    fn report(&self, now: Now) -> Vec<u8> {
        let (ntp, block) = (ntp_of(now), self.last);
        let sender = SenderInfo { ntp, rtp_timestamp: 0, packets: 1, octets: 160 };
        let block = block.map(|(ssrc, lsr, came)| {
            let dlsr = now.since(came).as_micros() * 65_536 / 1_000_000;
            ReportBlock { ssrc, lsr, dlsr: dlsr as u32, ..ReportBlock::default() }
        });
        let report = Report { ssrc: PEER, sender: Some(sender), block, cname: "peer", bye: false };
        let mut bytes = [0; RTCP_MAX_LEN];
        let len = report.write(&mut bytes);
        bytes[..len].to_vec()
    }
}
