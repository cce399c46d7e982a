//! Why a session description is of no use to us.

/// Why an offer or answer was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// No body at all.
    #[error("empty session description")]
    Empty,
    /// Larger than any description we could want.
    #[error("session description of {len} bytes")]
    TooLong {
        /// Its length.
        len: usize,
    },
    /// A line that says something we cannot follow.
    #[error("line {line}: {what}")]
    Malformed {
        /// Which line, from 1.
        line: usize,
        /// What was wrong with it.
        what: &'static str,
    },
    /// No audio stream.
    #[error("no audio stream")]
    NoAudio,
    /// An audio stream, but with port 0.
    #[error("audio stream refused")]
    AudioRefused,
    /// An audio stream over something else than plain RTP.
    #[error("transport {proto} is not plain RTP")]
    Transport {
        /// What it said.
        proto: String,
    },
    /// Audio, but in no codec of ours.
    #[error("no common codec")]
    NoCommonCodec,
    /// The peer brought no keys we can use, and this trunk requires encryption.
    #[error("media would not be encrypted")]
    NotEncrypted,
    /// A port that cannot be sent to.
    #[error("port {port} cannot be used")]
    BadPort {
        /// Which one.
        port: u16,
    },
    /// No connection address that is an IP address, and nothing that stands in for it.
    #[error("no usable connection address")]
    BadAddress,
}
