//! Why a session description is of no use to us.

use sdp_types::ParserError;

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
    /// A line that is not SDP.
    #[error("line {line}: {what}")]
    Malformed {
        /// Which line, from 1; 0 if the whole is meant.
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
    /// No connection address, or one that is not an IP address.
    #[error("no usable connection address")]
    BadAddress,
}

impl From<ParserError> for SdpError {
    fn from(error: ParserError) -> Self {
        use ParserError::*;
        let (line, what) = match error {
            InvalidLineFormat(line, what)
            | InvalidFieldEncoding(line, what)
            | InvalidFieldFormat(line, what)
            | MissingField(line, what)
            | FieldTrailingData(line, what) => (line, what),
            InvalidVersion(line, _) => (line, "unknown version"),
            MultipleVersions(line) => (line, "second version line"),
            MultipleOrigins(line) => (line, "second origin line"),
            MultipleSessionNames(line) => (line, "second session name"),
            MultipleSessionDescription(line) => (line, "second session description"),
            MultipleUris(line) => (line, "second URI"),
            MultipleConnections(line) => (line, "second connection line"),
            MultipleTimeZones(line) => (line, "second time zone line"),
            MultipleMediaTitles(line) => (line, "second media title"),
            MultipleKeys(line) => (line, "second key line"),
            RepeatWithoutTime(line) => (line, "repeat line without a time line"),
            NoVersion => (0, "no version line"),
            _ => (0, "not a session description"),
        };
        SdpError::Malformed { line, what }
    }
}
