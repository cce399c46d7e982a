//! RTCP (RFC 3550 section 6): sender and receiver reports with SDES and BYE, composed and read.

use domain::Now;

/// Largest compound packet we write, bytes.
pub const RTCP_MAX_LEN: usize = 256;

const SR: u8 = 200;
const RR: u8 = 201;
const SDES: u8 = 202;
const BYE: u8 = 203;
const BLOCK_LEN: usize = 24;

/// Why a datagram is not a compound RTCP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    /// Shorter than a header or than a length field says.
    #[error("{len} bytes are too short")]
    TooShort {
        /// How many bytes came.
        len: usize,
    },
    /// A packet of the compound is not version 2.
    #[error("version {0}")]
    Version(u8),
    /// The first packet of a compound must be a report.
    #[error("begins with packet type {0}")]
    NoReport(u8),
    /// More report blocks, chunks or sources are announced than fit into its length.
    #[error("packet type {0} holds less than it announces")]
    Count(u8),
}

/// What a sender says of its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP time stamp of the moment of sending, 32.32 fixed point.
    pub ntp: u64,
    /// RTP timestamp of the same moment.
    pub rtp_timestamp: u32,
    /// Packets sent so far.
    pub packets: u32,
    /// Payload bytes sent so far.
    pub octets: u32,
}

/// What a receiver says of one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// Which source.
    pub ssrc: u32,
    /// Loss since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost in all; negative when duplicates outnumber losses.
    pub cumulative_lost: i32,
    /// Highest sequence number received, extended by its cycles.
    pub highest_seq: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Middle 32 bits of the NTP time of the last sender report; 0 if none came.
    pub lsr: u32,
    /// Time since that report, in 1/65,536 s.
    pub dlsr: u32,
}

impl ReportBlock {
    /// Round-trip time at the moment `now`, ms, if the block answers a report of ours.
    pub fn round_trip_ms(&self, now: Now) -> Option<u32> {
        if self.lsr == 0 {
            return None;
        }
        let units = ntp_middle(ntp_of(now))
            .wrapping_sub(self.lsr)
            .wrapping_sub(self.dlsr);
        // A peer that rounds DLSR up makes this slightly negative; a minute is nonsense.
        if units > u32::MAX - 65_536 {
            return Some(0);
        }
        (units < 60 * 65_536).then(|| (u64::from(units) * 1_000 / 65_536) as u32)
    }
}

/// One packet of a compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rtcp<'a> {
    /// SR.
    SenderReport {
        /// Who reports.
        ssrc: u32,
        /// About its own stream.
        info: SenderInfo,
        /// About what it receives.
        blocks: Blocks<'a>,
    },
    /// RR.
    ReceiverReport {
        /// Who reports.
        ssrc: u32,
        /// About what it receives.
        blocks: Blocks<'a>,
    },
    /// BYE: the source stops.
    Bye {
        /// First source named.
        ssrc: u32,
    },
    /// SDES, APP, feedback: nothing we act on.
    Other {
        /// Its packet type.
        packet_type: u8,
    },
}

/// The report blocks of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [u8]);

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;
    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_at_checked(BLOCK_LEN)?;
        self.0 = rest;
        let lost = i32::from_be_bytes([block[5], block[6], block[7], 0]) >> 8;
        Some(ReportBlock {
            ssrc: word(block, 0),
            fraction_lost: block[4],
            cumulative_lost: lost,
            highest_seq: word(block, 8),
            jitter: word(block, 12),
            lsr: word(block, 16),
            dlsr: word(block, 20),
        })
    }
}

/// The packets of a compound, all of them checked.
#[derive(Clone, Copy, Debug)]
pub struct Compound<'a>(&'a [u8]);

impl<'a> Compound<'a> {
    /// Reads and checks a whole compound packet.
    ///
    /// # Errors
    /// [`RtcpError`] if any packet of it is broken; never panics.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtcpError> {
        let mut rest = datagram;
        let mut first = true;
        while first || !rest.is_empty() {
            let (packet, after) = read_packet(rest)?;
            if first
                && !matches!(
                    packet,
                    Rtcp::SenderReport { .. } | Rtcp::ReceiverReport { .. }
                )
            {
                return Err(RtcpError::NoReport(rest[1]));
            }
            first = false;
            rest = after;
        }
        Ok(Self(datagram))
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Rtcp<'a>;
    fn next(&mut self) -> Option<Rtcp<'a>> {
        let (packet, rest) = read_packet(self.0).ok()?;
        self.0 = rest;
        Some(packet)
    }
}

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
        let start = w.begin(
            if self.sender.is_some() { SR } else { RR },
            count,
            self.ssrc,
        );
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

/// NTP form of a moment: seconds since the start of our clock, which RFC 3550 section 6.4.1
/// allows in place of the time of day.
pub const fn ntp_of(now: Now) -> u64 {
    let seconds = now.as_nanos() / 1_000_000_000;
    let nanos = now.as_nanos() % 1_000_000_000;
    ((seconds + 1) << 32) | ((nanos << 32) / 1_000_000_000)
}

/// The middle 32 bits of an NTP time, as LSR holds them.
pub const fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
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

fn read_packet(datagram: &[u8]) -> Result<(Rtcp<'_>, &[u8]), RtcpError> {
    let short = RtcpError::TooShort {
        len: datagram.len(),
    };
    let head = datagram.get(..4).ok_or(short)?;
    if head[0] >> 6 != 2 {
        return Err(RtcpError::Version(head[0] >> 6));
    }
    let (count, packet_type) = (usize::from(head[0] & 0x1f), head[1]);
    let len = 4 * (usize::from(u16::from_be_bytes([head[2], head[3]])) + 1);
    let (packet, rest) = datagram.split_at_checked(len).ok_or(short)?;
    let body = &packet[4..];
    let need = |n: usize| body.get(..n).ok_or(RtcpError::Count(packet_type));
    let read = match packet_type {
        SR => {
            need(24 + count * BLOCK_LEN)?;
            let info = SenderInfo {
                ntp: (u64::from(word(body, 4)) << 32) | u64::from(word(body, 8)),
                rtp_timestamp: word(body, 12),
                packets: word(body, 16),
                octets: word(body, 20),
            };
            let blocks = Blocks(&body[24..24 + count * BLOCK_LEN]);
            Rtcp::SenderReport {
                ssrc: word(body, 0),
                info,
                blocks,
            }
        }
        RR => {
            need(4 + count * BLOCK_LEN)?;
            let blocks = Blocks(&body[4..4 + count * BLOCK_LEN]);
            Rtcp::ReceiverReport {
                ssrc: word(body, 0),
                blocks,
            }
        }
        BYE if count > 0 => {
            need(4 * count)?;
            Rtcp::Bye {
                ssrc: word(body, 0),
            }
        }
        _ => Rtcp::Other { packet_type },
    };
    Ok((read, rest))
}

/// Big-endian word; callers have checked the length.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BLOCK: ReportBlock = ReportBlock {
        ssrc: 0xabcd,
        fraction_lost: 12,
        cumulative_lost: -3,
        highest_seq: 0x1_0005,
        jitter: 33,
        lsr: 77,
        dlsr: 88,
    };
    const INFO: SenderInfo = SenderInfo {
        ntp: 0x1_2345_6789,
        rtp_timestamp: 5,
        packets: 6,
        octets: 7,
    };

    fn compose(sender: Option<SenderInfo>, block: Option<ReportBlock>, bye: bool) -> Vec<u8> {
        let mut out = [0; RTCP_MAX_LEN];
        let len = Report {
            ssrc: 9,
            sender,
            block,
            cname: "waihu",
            bye,
        }
        .write(&mut out);
        assert_eq!(len % 4, 0);
        out[..len].to_vec()
    }

    #[test]
    fn what_is_composed_reads_back() {
        for (sender, block, bye) in [
            (Some(INFO), Some(BLOCK), false),
            (Some(INFO), None, true),
            (None, Some(BLOCK), true),
            (None, None, false),
        ] {
            let bytes = compose(sender, block, bye);
            let packets: Vec<Rtcp<'_>> = Compound::parse(&bytes).unwrap().collect();
            match (packets[0], sender) {
                (
                    Rtcp::SenderReport {
                        ssrc: 9,
                        info,
                        mut blocks,
                    },
                    Some(want),
                ) => {
                    assert_eq!((info, blocks.next()), (want, block));
                }
                (
                    Rtcp::ReceiverReport {
                        ssrc: 9,
                        mut blocks,
                    },
                    None,
                ) => {
                    assert_eq!(blocks.next(), block);
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(packets[1], Rtcp::Other { packet_type: SDES });
            assert_eq!(packets.get(2), bye.then_some(&Rtcp::Bye { ssrc: 9 }));
        }
    }

    #[test]
    fn broken_compounds_are_refused_whole() {
        let good = compose(Some(INFO), Some(BLOCK), true);
        let with = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            bytes
        };
        for (what, bytes, want) in [
            ("empty", vec![], RtcpError::TooShort { len: 0 }),
            (
                "cut",
                good[..good.len() - 1].to_vec(),
                RtcpError::TooShort { len: 7 },
            ),
            ("version", with(0, 0x41), RtcpError::Version(1)),
            ("too many blocks", with(0, 0x9f), RtcpError::Count(SR)),
            ("begins with bye", with(1, BYE), RtcpError::NoReport(BYE)),
            ("begins with app", with(1, 204), RtcpError::NoReport(204)),
        ] {
            assert_eq!(Compound::parse(&bytes).map(|_| ()), Err(want), "{what}");
        }
    }

    #[test]
    fn round_trip_is_what_lies_beyond_the_peers_own_delay() {
        let sent = Now::from_millis(10_000);
        let lsr = ntp_middle(ntp_of(sent));
        for (came_ms, dlsr_ms, want) in [
            (10_050, 0, Some(50)),
            (12_050, 2_000, Some(50)),
            (10_050, 50, Some(0)),
            (10_050, 51, Some(0)),
            (90_000, 0, None),
        ] {
            let block = ReportBlock {
                lsr,
                dlsr: dlsr_ms * 65_536 / 1_000,
                ..BLOCK
            };
            let got = block.round_trip_ms(Now::from_millis(came_ms));
            let near = match (got, want) {
                (Some(g), Some(w)) => u32::abs_diff(g, w) <= 1,
                (g, w) => g == w,
            };
            assert!(near, "{came_ms} {dlsr_ms}: {got:?}");
        }
        assert_eq!(ReportBlock { lsr: 0, ..BLOCK }.round_trip_ms(sent), None);
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut likely = bytes.clone();
            for (at, value) in [(0usize, 0x81u8), (1, SR), (2, 0)] {
                if let Some(b) = likely.get_mut(at) { *b = value; }
            }
            for datagram in [bytes, likely] {
                if let Ok(compound) = Compound::parse(&datagram) {
                    for packet in compound {
                        if let Rtcp::SenderReport { blocks, .. } = packet {
                            let _ = blocks.count();
                        }
                    }
                }
            }
        }
    }
}
