//! The two directions of one leg: indices, roll-over, replay, and packets opened and closed.

use super::keys::SessionKeys;
use super::{MasterKey, SrtpError, Suite};
use crate::rtp::RTP_HEADER_LEN;

/// Tag of an SRTCP packet, whatever the suite (RFC 4568 section 6.2).
const RTCP_TAG: usize = 10;
/// Says that an SRTCP packet is encrypted, beside its index.
const ENCRYPTED: u32 = 0x8000_0000;
/// Header of an RTCP packet, which stays readable.
const RTCP_HEADER: usize = 8;
/// Sources kept apart under one key. A further one is refused: forgetting an old one would let
/// its packets be played again.
const MAX_SOURCES: usize = 8;

/// Protects what one leg sends.
#[derive(Clone)]
pub struct SrtpSender {
    master: MasterKey,
    suite: Suite,
    rtp: SessionKeys,
    rtcp: SessionKeys,
    /// SSRC, last sequence number and roll-overs.
    stream: Option<(u32, u16, u32)>,
    rtcp_index: u32,
}

impl SrtpSender {
    /// A sender that has sent nothing.
    pub fn new(suite: Suite, master: &MasterKey) -> Self {
        let (rtp, rtcp) = (SessionKeys::for_rtp(master), SessionKeys::for_rtcp(master));
        Self { master: *master, suite, rtp, rtcp, stream: None, rtcp_index: 0 }
    }

    /// Whether it protects just so; then it goes on instead of beginning anew, because packets
    /// under one key must never share an index.
    pub fn is(&self, suite: Suite, master: &MasterKey) -> bool {
        self.suite == suite && self.master == *master
    }

    /// Protects the RTP packet in the first `len` bytes; returns its new length, or `None` if it
    /// is no packet or does not fit.
    pub fn protect_rtp(&mut self, packet: &mut [u8], len: usize) -> Option<usize> {
        let (ssrc, seq, start) = rtp_header(packet.get(..len)?)?;
        let end = len + self.suite.tag_len();
        let packet = packet.get_mut(..end)?;
        let roc = match self.stream {
            Some((before, last, roc)) if before == ssrc => {
                // Ours count up one by one; smaller means once around.
                if seq < last { roc.wrapping_add(1) } else { roc }
            }
            _ => 0,
        };
        self.stream = Some((ssrc, seq, roc));
        self.rtp.crypt(ssrc, index(roc, seq), &mut packet[start..len]);
        let (data, tag) = packet.split_at_mut(len);
        self.rtp.tag(data, &roc.to_be_bytes(), tag);
        Some(end)
    }

    /// Protects the RTCP compound in the first `len` bytes; returns its new length.
    pub fn protect_rtcp(&mut self, packet: &mut [u8], len: usize) -> Option<usize> {
        let end = len + 4 + RTCP_TAG;
        let packet = packet.get_mut(..end)?;
        let ssrc = u32::from_be_bytes(packet.get(4..RTCP_HEADER)?.try_into().ok()?);
        self.rtcp_index = (self.rtcp_index + 1) & !ENCRYPTED;
        self.rtcp.crypt(ssrc, self.rtcp_index.into(), packet.get_mut(RTCP_HEADER..len)?);
        let word = (self.rtcp_index | ENCRYPTED).to_be_bytes();
        packet[len..len + 4].copy_from_slice(&word);
        let (data, tag) = packet.split_at_mut(len + 4);
        self.rtcp.tag(&data[..len], &word, tag);
        Some(end)
    }
}

/// Opens what one leg receives.
#[derive(Clone)]
pub struct SrtpReceiver {
    master: MasterKey,
    suite: Suite,
    rtp: SessionKeys,
    rtcp: SessionKeys,
    sources: [Option<(u32, Window)>; MAX_SOURCES],
    rtcp_sources: [Option<(u32, Window)>; MAX_SOURCES],
}

/// What came from one source: the highest index, and the 64 up to it as bits.
#[derive(Clone, Copy, Default)]
struct Window {
    highest: u64,
    seen: u64,
}

impl SrtpReceiver {
    /// A receiver that has received nothing.
    pub fn new(suite: Suite, master: &MasterKey) -> Self {
        let (rtp, rtcp) = (SessionKeys::for_rtp(master), SessionKeys::for_rtcp(master));
        let none = [None; MAX_SOURCES];
        Self { master: *master, suite, rtp, rtcp, sources: none, rtcp_sources: none }
    }

    /// Whether it opens just so; then it goes on, and what was received stays received.
    pub fn is(&self, suite: Suite, master: &MasterKey) -> bool {
        self.suite == suite && self.master == *master
    }

    /// Opens an RTP packet in place; returns its new length.
    ///
    /// # Errors
    /// [`SrtpError`]; then nothing was noted, but the packet may be changed.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let len = packet.len().checked_sub(self.suite.tag_len()).ok_or(SrtpError::TooShort)?;
        let (ssrc, seq, start) = rtp_header(&packet[..len]).ok_or(SrtpError::TooShort)?;
        let place = place_of(&self.sources, ssrc).ok_or(SrtpError::TooManySources)?;
        let mut window = self.sources[place].map(|(_, w)| w);
        let at = window.map_or_else(|| index(0, seq), |w| w.guess(seq));
        if window.is_some_and(|w| !w.is_new(at)) {
            return Err(SrtpError::Replayed);
        }
        let roc = (at >> 16) as u32;
        let (data, tag) = packet.split_at_mut(len);
        if !self.rtp.verify(data, &roc.to_be_bytes(), tag) {
            return Err(SrtpError::Forged);
        }
        window.get_or_insert_default().note(at);
        self.sources[place] = window.map(|w| (ssrc, w));
        self.rtp.crypt(ssrc, at, &mut data[start..]);
        Ok(len)
    }

    /// Opens an RTCP compound in place; returns its new length.
    ///
    /// # Errors
    /// [`SrtpError`], as above.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let whole = packet.len().checked_sub(4 + RTCP_TAG).ok_or(SrtpError::TooShort)?;
        if whole < RTCP_HEADER {
            return Err(SrtpError::TooShort);
        }
        let (data, rest) = packet.split_at_mut(whole);
        let (word, tag) = rest.split_at(4);
        let (word, mut ssrc) = ([word[0], word[1], word[2], word[3]], [0; 4]);
        ssrc.copy_from_slice(&data[4..RTCP_HEADER]);
        let ssrc = u32::from_be_bytes(ssrc);
        let encrypted = u32::from_be_bytes(word) & ENCRYPTED != 0;
        let at = u64::from(u32::from_be_bytes(word) & !ENCRYPTED);
        let place = place_of(&self.rtcp_sources, ssrc).ok_or(SrtpError::TooManySources)?;
        let mut window = self.rtcp_sources[place].map(|(_, w)| w);
        if window.is_some_and(|w| !w.is_new(at)) {
            return Err(SrtpError::Replayed);
        }
        if !self.rtcp.verify(data, &word, tag) {
            return Err(SrtpError::Forged);
        }
        window.get_or_insert_default().note(at);
        self.rtcp_sources[place] = window.map(|w| (ssrc, w));
        if encrypted {
            self.rtcp.crypt(ssrc, at, &mut data[RTCP_HEADER..]);
        }
        Ok(whole)
    }
}

impl Window {
    /// The index that a sequence number most likely means (RFC 3711 section 3.3.1).
    fn guess(&self, seq: u16) -> u64 {
        let ahead = i64::from(seq.wrapping_sub(self.highest as u16) as i16);
        // Before the first roll-over there is nothing behind.
        self.highest.checked_add_signed(ahead).unwrap_or_else(|| index(0, seq))
    }

    fn is_new(&self, at: u64) -> bool {
        if at > self.highest || self.seen == 0 {
            return true;
        }
        let behind = self.highest - at;
        behind < 64 && self.seen & (1 << behind) == 0
    }

    fn note(&mut self, at: u64) {
        if at > self.highest || self.seen == 0 {
            let steps = u32::try_from(at.saturating_sub(self.highest)).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(steps).unwrap_or(0) | 1;
            self.highest = at;
        } else {
            self.seen |= 1 << (self.highest - at);
        }
    }
}

/// The place of a source, or the first free one.
fn place_of(sources: &[Option<(u32, Window)>], ssrc: u32) -> Option<usize> {
    let known = sources.iter().position(|s| s.is_some_and(|(known, _)| known == ssrc));
    known.or_else(|| sources.iter().position(Option::is_none))
}

const fn index(roc: u32, seq: u16) -> u64 {
    ((roc as u64) << 16) | seq as u64
}

/// SSRC, sequence number and where the payload begins.
fn rtp_header(packet: &[u8]) -> Option<(u32, u16, usize)> {
    let head = packet.get(..RTP_HEADER_LEN)?;
    let mut start = RTP_HEADER_LEN + 4 * usize::from(head[0] & 0x0f);
    if head[0] & 0x10 != 0 {
        let ext = packet.get(start..start + 4)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([ext[2], ext[3]]));
    }
    let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    let seq = u16::from_be_bytes([head[2], head[3]]);
    (start <= packet.len()).then_some((ssrc, seq, start))
}

impl std::fmt::Debug for SrtpSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpSender").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SrtpReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpReceiver").field("suite", &self.suite).finish_non_exhaustive()
    }
}
