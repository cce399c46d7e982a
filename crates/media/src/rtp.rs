//! The RTP header (RFC 3550 section 5.1): read from strangers' bytes, written into ours.

/// Bytes of a header without contributing sources and extension, which is all we write.
pub const RTP_HEADER_LEN: usize = 12;

/// Why a datagram is not an RTP packet for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// Shorter than what its header announces.
    #[error("{len} bytes are too short")]
    TooShort {
        /// How many bytes came.
        len: usize,
    },
    /// Not version 2.
    #[error("version {0}")]
    Version(u8),
    /// Padding longer than the payload, or zero.
    #[error("padding of {0} bytes")]
    Padding(u8),
    /// An RTCP packet on the RTP port: RFC 5761 reserves payload types 64–95 for that.
    #[error("RTCP packet type {0}")]
    Rtcp(u8),
}

/// The fixed part of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpHeader {
    /// For audio: the first packet after silence.
    pub marker: bool,
    /// What the payload is, 0–127.
    pub payload_type: u8,
    /// Counts packets, wraps.
    pub seq: u16,
    /// Counts samples at the codec's clock rate, wraps.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
}

impl RtpHeader {
    /// Writes header and payload; returns the length, or `None` if `out` is too small.
    pub fn write(&self, payload: &[u8], out: &mut [u8]) -> Option<usize> {
        let len = RTP_HEADER_LEN + payload.len();
        let out = out.get_mut(..len)?;
        out[0] = 0x80;
        out[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7f);
        out[2..4].copy_from_slice(&self.seq.to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        out[RTP_HEADER_LEN..].copy_from_slice(payload);
        Some(len)
    }
}

/// A packet as it was received; borrows the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// The fixed header.
    pub header: RtpHeader,
    /// What is left without contributing sources, extension and padding.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// [`RtpError`] when lengths do not fit together or it is no RTP; never panics.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtpError> {
        let short = RtpError::TooShort { len: datagram.len() };
        let head = datagram.get(..RTP_HEADER_LEN).ok_or(short)?;
        if head[0] >> 6 != 2 {
            return Err(RtpError::Version(head[0] >> 6));
        }
        let payload_type = head[1] & 0x7f;
        if (64..96).contains(&payload_type) {
            return Err(RtpError::Rtcp(head[1]));
        }
        let mut start = RTP_HEADER_LEN + 4 * usize::from(head[0] & 0x0f);
        if head[0] & 0x10 != 0 {
            let ext = datagram.get(start..start + 4).ok_or(short)?;
            start += 4 + 4 * usize::from(u16::from_be_bytes([ext[2], ext[3]]));
        }
        let mut payload = datagram.get(start..).ok_or(short)?;
        if head[0] & 0x20 != 0 {
            let count = *payload.last().ok_or(RtpError::Padding(0))?;
            let keep = payload.len().checked_sub(usize::from(count));
            let keep = keep.filter(|_| count > 0).ok_or(RtpError::Padding(count))?;
            payload = &payload[..keep];
        }
        let header = RtpHeader {
            marker: head[1] & 0x80 != 0,
            payload_type,
            seq: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            ssrc: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
        };
        Ok(Self { header, payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(first: u8, second: u8, rest: &[u8]) -> Vec<u8> {
        let mut b = vec![first, second, 0x12, 0x34, 0, 0, 0, 160, 0xde, 0xad, 0xbe, 0xef];
        b.extend_from_slice(rest);
        b
    }

    #[test]
    fn reads_what_other_senders_add_to_the_header() {
        type Case = (&'static str, Vec<u8>, Result<&'static [u8], RtpError>);
        let table: &[Case] = &[
            ("plain", bytes(0x80, 8, &[1, 2, 3]), Ok(&[1, 2, 3])),
            ("one csrc", bytes(0x81, 8, &[9, 9, 9, 9, 1]), Ok(&[1])),
            ("csrc missing", bytes(0x82, 8, &[9, 9, 9, 9, 1]), Err(RtpError::TooShort { len: 17 })),
            ("extension", bytes(0x90, 8, &[0xbe, 0xde, 0, 1, 5, 5, 5, 5, 7]), Ok(&[7])),
            (
                "extension cut",
                bytes(0x90, 8, &[0xbe, 0xde, 0, 2, 5, 5, 5, 5]),
                Err(RtpError::TooShort { len: 20 }),
            ),
            ("padding", bytes(0xa0, 8, &[1, 2, 0, 2]), Ok(&[1, 2])),
            ("padding is all", bytes(0xa0, 8, &[0, 2]), Ok(&[])),
            ("padding too long", bytes(0xa0, 8, &[1, 3]), Err(RtpError::Padding(3))),
            ("padding zero", bytes(0xa0, 8, &[1, 0]), Err(RtpError::Padding(0))),
            ("padding of nothing", bytes(0xa0, 8, &[]), Err(RtpError::Padding(0))),
            ("version 1", bytes(0x40, 8, &[1]), Err(RtpError::Version(1))),
            ("rtcp", bytes(0x80, 200, &[1]), Err(RtpError::Rtcp(200))),
            ("empty", vec![], Err(RtpError::TooShort { len: 0 })),
            ("eleven", vec![0x80; 11], Err(RtpError::TooShort { len: 11 })),
        ];
        for (what, datagram, want) in table {
            assert_eq!(RtpPacket::parse(datagram).map(|p| p.payload), *want, "{what}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            marker: bool, pt in 0u8..64, seq: u16, timestamp: u32, ssrc: u32,
            payload in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let header = RtpHeader { marker, payload_type: pt, seq, timestamp, ssrc };
            let mut out = [0u8; 256];
            let len = header.write(&payload, &mut out).unwrap();
            prop_assert_eq!(
                RtpPacket::parse(&out[..len]),
                Ok(RtpPacket { header, payload: &payload })
            );
        }

        #[test]
        fn random_bytes_never_panic(datagram in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = RtpPacket::parse(&datagram);
            let mut likely = datagram;
            if let Some(first) = likely.first_mut() {
                *first = 0x80 | (*first & 0x3f);
            }
            let _ = RtpPacket::parse(&likely);
        }
    }
}
