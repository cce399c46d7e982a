//! RTCP (RFC 3550 section 6): sender and receiver reports with SDES and BYE, composed and read.

use domain::Now;

mod compose;

pub use compose::Report;

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
        let units = ntp_middle(ntp_of(now)).wrapping_sub(self.lsr).wrapping_sub(self.dlsr);
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
            if first && !matches!(packet, Rtcp::SenderReport { .. } | Rtcp::ReceiverReport { .. }) {
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

fn read_packet(datagram: &[u8]) -> Result<(Rtcp<'_>, &[u8]), RtcpError> {
    let short = RtcpError::TooShort { len: datagram.len() };
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
            Rtcp::SenderReport { ssrc: word(body, 0), info, blocks }
        }
        RR => {
            need(4 + count * BLOCK_LEN)?;
            let blocks = Blocks(&body[4..4 + count * BLOCK_LEN]);
            Rtcp::ReceiverReport { ssrc: word(body, 0), blocks }
        }
        BYE if count > 0 => {
            need(4 * count)?;
            Rtcp::Bye { ssrc: word(body, 0) }
        }
        _ => Rtcp::Other { packet_type },
    };
    Ok((read, rest))
}

/// Big-endian word; callers have checked the length.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

#[cfg(test)]
mod tests;
