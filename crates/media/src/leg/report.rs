//! RTCP of one leg: when to report, and what the peer's reports tell.

use std::time::Duration;

use domain::Now;

use super::outbound::Outbound;
use super::tick::Datagram;
use crate::reception::Reception;
use crate::rtcp::{Compound, RTCP_MAX_LEN, Report, Rtcp, ntp_middle, ntp_of};

/// Time between two reports (RFC 3550 section 6.2: the minimum for a session of two).
const INTERVAL: Duration = Duration::from_secs(5);

/// The reporting side of one leg.
#[derive(Clone, Debug)]
pub(super) struct Reporter {
    cname: Box<str>,
    pub reception: Reception,
    next: Option<Now>,
    /// Middle of the NTP time of the peer's last sender report, and when it came.
    last_sr: Option<(u32, Now)>,
    pub round_trip_ms: Option<u32>,
}

impl Reporter {
    pub fn new(cname: &str) -> Self {
        Self {
            cname: cname.into(),
            reception: Reception::default(),
            next: None,
            last_sr: None,
            round_trip_ms: None,
        }
    }

    /// Begins to report: the first time after about half an interval, spread by `ssrc` so that
    /// the legs of a lane do not report in the same tick.
    pub fn begin(&mut self, now: Now, ssrc: u32) {
        self.next.get_or_insert(now + Duration::from_millis(2_000 + u64::from(ssrc % 1_500)));
    }

    /// Takes in a compound of the peer; returns whether it says goodbye.
    pub fn packet(&mut self, now: Now, our_ssrc: u32, compound: Compound<'_>) -> bool {
        let mut left = false;
        for packet in compound {
            let blocks = match packet {
                Rtcp::SenderReport { info, blocks, .. } => {
                    self.last_sr = Some((ntp_middle(info.ntp), now));
                    blocks
                }
                Rtcp::ReceiverReport { blocks, .. } => blocks,
                Rtcp::Bye { .. } => {
                    left = true;
                    continue;
                }
                Rtcp::Other { .. } => continue,
            };
            for block in blocks.filter(|b| b.ssrc == our_ssrc) {
                self.round_trip_ms = block.round_trip_ms(now).or(self.round_trip_ms);
            }
        }
        left
    }

    /// Whether a report is due; then the next one is an interval later.
    pub fn is_due(&mut self, now: Now) -> bool {
        let due = self.next.is_some_and(|next| now >= next);
        if due {
            self.next = Some(now + INTERVAL);
        }
        due
    }

    /// Composes a report.
    pub fn write(&mut self, now: Now, outbound: &Outbound, bye: bool, out: &mut Datagram) {
        let mut block = self.reception.report();
        if let (Some(block), Some((lsr, came))) = (&mut block, self.last_sr) {
            block.lsr = lsr;
            let delay = now.since(came).as_micros() * 65_536 / 1_000_000;
            block.dlsr = u32::try_from(delay).unwrap_or(u32::MAX);
        }
        let sender = outbound.info(ntp_of(now));
        let report = Report { ssrc: outbound.ssrc, sender, block, cname: &self.cname, bye };
        let mut bytes = [0; RTCP_MAX_LEN];
        out.len = report.write(&mut bytes);
        out.bytes[..RTCP_MAX_LEN].copy_from_slice(&bytes);
    }
}
