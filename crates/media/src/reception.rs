//! Reception statistics of one source: loss, extended sequence numbers and jitter, as RFC 3550
//! appendices A.1, A.3 and A.8 count them.

use crate::rtcp::ReportBlock;

/// Largest forward jump of the sequence number that still counts as loss (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3_000;
/// Largest backward step that still counts as reordering (RFC 3550 A.1).
const MAX_MISORDER: u16 = 100;

/// What was received from the source of one leg, over all SSRCs it used one after another.
#[derive(Clone, Copy, Debug)]
pub struct Reception {
    /// Timestamp units a second.
    clock: u32,
    source: Option<Source>,
    /// Packets of sources that are gone.
    earlier_received: u64,
    earlier_lost: u64,
    /// Jitter estimate times 16, in timestamp units.
    jitter_q4: u32,
    last_transit: Option<i32>,
}

impl Default for Reception {
    fn default() -> Self {
        Self {
            clock: 8_000,
            source: None,
            earlier_received: 0,
            earlier_lost: 0,
            jitter_q4: 0,
            last_transit: None,
        }
    }
}

/// Counting state of one SSRC.
#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    base: u32,
    highest: u32,
    received: u32,
    /// Values at the last report, for the fraction.
    reported_expected: u32,
    reported_received: u32,
    /// The sequence number that would confirm a restart of the sender (RFC 3550 A.1).
    restart: Option<u16>,
}

impl Source {
    const fn new(ssrc: u32, seq: u16) -> Self {
        // One cycle up, so that a packet reordered before the first one does not underflow.
        let first = 0x1_0000 + seq as u32;
        Self {
            ssrc,
            base: first,
            highest: first,
            received: 0,
            reported_expected: 0,
            reported_received: 0,
            restart: None,
        }
    }
    const fn expected(&self) -> u32 {
        self.highest.wrapping_sub(self.base).wrapping_add(1)
    }
    const fn lost(&self) -> i64 {
        self.expected() as i64 - self.received as i64
    }
}

impl Reception {
    /// Goes on on another clock, given in timestamp units a second.
    pub fn set_clock(&mut self, clock: u32) {
        let clock = clock.max(1);
        let scaled = u64::from(self.jitter_q4) * u64::from(clock) / u64::from(self.clock);
        self.jitter_q4 = u32::try_from(scaled).unwrap_or(u32::MAX);
        (self.clock, self.last_transit) = (clock, None);
    }

    /// Takes in one packet: its numbers, and when it came in timestamp units of the same rate.
    pub fn packet(&mut self, ssrc: u32, seq: u16, timestamp: u32, arrival: u32) {
        if self.count(ssrc, seq) {
            self.measure_jitter(arrival.wrapping_sub(timestamp) as i32);
        }
    }

    /// Takes in one packet whose timestamp is not on this clock; returns whether it is believed.
    pub fn count(&mut self, ssrc: u32, seq: u16) -> bool {
        if self.source.is_none_or(|s| s.ssrc != ssrc) {
            self.begin(ssrc, seq);
        }
        if let Some(source) = &mut self.source {
            let ahead = seq.wrapping_sub(source.highest as u16);
            if ahead < MAX_DROPOUT {
                source.highest = source.highest.wrapping_add(u32::from(ahead));
                source.restart = None;
            } else if ahead <= u16::MAX - MAX_MISORDER {
                if source.restart == Some(seq) {
                    self.begin(ssrc, seq);
                } else {
                    source.restart = Some(seq.wrapping_add(1));
                    return false;
                }
            } else {
                source.base = source
                    .base
                    .min(source.highest.wrapping_sub(u32::from(0u16.wrapping_sub(ahead))));
            }
        }
        if let Some(source) = &mut self.source {
            source.received = source.received.saturating_add(1);
        }
        true
    }

    /// The report block about this source; `None` before the first packet. Asking begins the
    /// next interval of `fraction_lost`. `lsr` and `dlsr` are the caller's to fill.
    pub fn report(&mut self) -> Option<ReportBlock> {
        let source = self.source.as_mut()?;
        let expected = source.expected();
        let due = expected.wrapping_sub(source.reported_expected);
        let came = source.received.wrapping_sub(source.reported_received);
        source.reported_expected = expected;
        source.reported_received = source.received;
        let missing = i64::from(due) - i64::from(came);
        let fraction =
            if due == 0 || missing <= 0 { 0 } else { (missing * 256 / i64::from(due)).min(255) };
        Some(ReportBlock {
            ssrc: source.ssrc,
            fraction_lost: fraction as u8,
            cumulative_lost: source.lost().clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_seq: source.highest.wrapping_sub(0x1_0000),
            jitter: self.jitter_q4 >> 4,
            lsr: 0,
            dlsr: 0,
        })
    }

    /// Packets taken in.
    pub fn received(&self) -> u64 {
        self.earlier_received + self.source.map_or(0, |s| u64::from(s.received))
    }
    /// Packets that never came, duplicates not counted against them.
    pub fn lost(&self) -> u64 {
        self.earlier_lost + self.source.map_or(0, |s| s.lost().max(0) as u64)
    }
    /// Jitter in timestamp units (RFC 3550 section 6.4.1).
    pub const fn jitter(&self) -> u32 {
        self.jitter_q4 >> 4
    }
    /// Jitter in milliseconds.
    pub const fn jitter_ms(&self) -> u32 {
        (self.jitter() as u64 * 1_000 / self.clock as u64) as u32
    }
    /// Who sends now.
    pub fn ssrc(&self) -> Option<u32> {
        self.source.map(|s| s.ssrc)
    }

    fn begin(&mut self, ssrc: u32, seq: u16) {
        self.earlier_received = self.received();
        self.earlier_lost = self.lost();
        self.source = Some(Source::new(ssrc, seq));
        self.last_transit = None;
    }

    /// RFC 3550 A.8, in its integer form.
    fn measure_jitter(&mut self, transit: i32) {
        if let Some(last) = self.last_transit {
            let d = transit.wrapping_sub(last).unsigned_abs();
            // A jump of the sender's timestamps says nothing about the network.
            if d < self.clock.saturating_mul(10) {
                let q4 = self.jitter_q4;
                self.jitter_q4 = q4 + d - ((q4 + 8) >> 4);
            }
        }
        self.last_transit = Some(transit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(seqs: &[u16]) -> Reception {
        let mut r = Reception::default();
        for s in seqs {
            let t = u32::from(*s).wrapping_mul(160);
            r.packet(7, *s, t, t);
        }
        r
    }

    #[test]
    fn counts_loss_reordering_duplicates_and_wraps() {
        let table: &[(&str, &[u16], u64, u64, u32)] = &[
            ("in order", &[1, 2, 3], 3, 0, 3),
            ("one missing", &[1, 2, 4], 3, 1, 4),
            ("reordered", &[1, 3, 2, 4], 4, 0, 4),
            ("duplicate hides nothing below zero", &[1, 2, 2, 3], 4, 0, 3),
            ("wrap", &[65_534, 65_535, 0, 1], 4, 0, 0x1_0001),
            ("wrap with loss", &[65_534, 1], 2, 2, 0x1_0001),
            ("first one late", &[10, 9, 11], 3, 0, 11),
            ("single stray jump is not believed", &[1, 2, 30_000, 3], 3, 0, 3),
            ("restart confirmed", &[1, 2, 30_000, 30_001, 30_002], 4, 0, 30_002),
        ];
        for (what, seqs, received, lost, highest) in table {
            let mut r = feed(seqs);
            assert_eq!((r.received(), r.lost()), (*received, *lost), "{what}");
            assert_eq!(r.report().unwrap().highest_seq, *highest, "{what}");
        }
    }

    #[test]
    fn fraction_lost_covers_only_the_last_interval() {
        let mut r = feed(&[0, 1, 2, 3]);
        assert_eq!(r.report().unwrap().fraction_lost, 0);
        r.packet(7, 5, 800, 800);
        let block = r.report().unwrap();
        assert_eq!((block.fraction_lost, block.cumulative_lost), (128, 1));
        assert_eq!(r.report().unwrap().fraction_lost, 0);
    }

    #[test]
    fn jitter_follows_the_integer_form_of_the_rfc() {
        let mut r = Reception::default();
        // Every other packet comes 80 units (10 ms) late: |D| is 80 each time, so J goes to 80.
        for n in 0..400u32 {
            r.packet(7, n as u16, n * 160, n * 160 + (n % 2) * 80);
        }
        assert!((75..=81).contains(&r.jitter()), "{}", r.jitter());
        assert_eq!(feed(&[1, 2, 3, 4, 5]).jitter(), 0);
    }

    #[test]
    fn totals_survive_a_new_ssrc() {
        let mut r = feed(&[1, 2, 4]);
        r.packet(8, 5_000, 0, 0);
        r.packet(8, 5_001, 160, 160);
        assert_eq!((r.received(), r.lost(), r.ssrc()), (5, 1, Some(8)));
        assert_eq!(r.report().unwrap().cumulative_lost, 0);
    }
}
