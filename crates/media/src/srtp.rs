//! SRTP and SRTCP (RFC 3711): AES-128 in counter mode, HMAC-SHA1 cut to 80 or 32 bits, keys from
//! the session description (RFC 4568).
//!
//! Everything works in place on memory of the caller; nothing allocates. Keys show nowhere:
//! their `Debug` is a word.

use std::fmt;

mod context;
mod keys;

pub use context::{SrtpReceiver, SrtpSender};

/// Bytes of a master key and its salt.
pub const MASTER_LEN: usize = 30;
/// Most bytes that protection adds to a packet: SRTCP's index and tag.
pub const SRTP_OVERHEAD: usize = 14;

/// How packets are protected (RFC 4568 section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`: four bytes of tag on RTP, ten on RTCP all the same.
    Tag32,
}

impl Suite {
    /// Both, in the order in which we offer them.
    pub const ALL: [Suite; 2] = [Suite::Tag80, Suite::Tag32];

    /// Its name in `a=crypto`.
    pub const fn name(self) -> &'static str {
        match self {
            Suite::Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }
    /// The suite of this name.
    pub fn from_name(name: &str) -> Option<Suite> {
        Self::ALL.into_iter().find(|s| s.name().eq_ignore_ascii_case(name))
    }
    /// Bytes of the tag on an RTP packet.
    const fn tag_len(self) -> usize {
        match self {
            Suite::Tag80 => 10,
            Suite::Tag32 => 4,
        }
    }
}

/// A master key of 16 bytes and its salt of 14.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey(pub [u8; MASTER_LEN]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// The keys we offer on one leg, one for each suite; made from strong random bytes by the caller
/// and kept for the leg's whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OurKeys {
    /// For [`Suite::Tag80`].
    pub tag80: MasterKey,
    /// For [`Suite::Tag32`].
    pub tag32: MasterKey,
}

impl OurKeys {
    /// The key for a suite.
    pub const fn of(&self, suite: Suite) -> MasterKey {
        match suite {
            Suite::Tag80 => self.tag80,
            Suite::Tag32 => self.tag32,
        }
    }
}

/// What both sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// How packets are protected, both ways.
    pub suite: Suite,
    /// What we send is protected by this.
    pub ours: MasterKey,
    /// What the peer sends is protected by this.
    pub theirs: MasterKey,
}

/// Why a packet was not opened; nothing of it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// Too short to hold header and tag.
    #[error("too short")]
    TooShort,
    /// The tag does not fit: forged, damaged or under another key.
    #[error("authentication failed")]
    Forged,
    /// It came before, or is older than the window reaches.
    #[error("replayed or too old")]
    Replayed,
    /// More sources than are kept apart under one key.
    #[error("too many sources")]
    TooManySources,
}

#[cfg(test)]
mod tests;
