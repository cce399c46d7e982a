//! What one trunk wants of its media: codecs, encryption, addresses.

use std::net::IpAddr;

use crate::codec::CodecId;

/// Whether media is encrypted by keys in the session description (RFC 4568).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SrtpPolicy {
    /// Never: keys that a peer brings are not answered.
    #[default]
    Off,
    /// Offered beside plain RTP; taken where the peer takes it.
    Preferred,
    /// Nothing else: a peer without it gets no media and the call fails.
    Required,
}

/// How media flows between us and one trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaProfile {
    /// What is offered, the preferred one first; never empty.
    pub codecs: Vec<CodecId>,
    /// Whether it is encrypted.
    pub srtp: SrtpPolicy,
    /// The peer is behind address translation: media goes to where its own comes from, not to
    /// where its description says.
    pub nat: bool,
    /// The address peers are told in place of the sockets' own: we are behind translation.
    pub external_ip: Option<IpAddr>,
}

impl Default for MediaProfile {
    fn default() -> Self {
        Self {
            codecs: CodecId::NARROW.to_vec(),
            srtp: SrtpPolicy::Off,
            nat: false,
            external_ip: None,
        }
    }
}

impl MediaProfile {
    /// Samples a second of the speech that is made for this trunk: 16,000 where a codec can
    /// carry it, else 8,000. It stays the same for a whole call, whatever codec is agreed on.
    pub fn speech_rate(&self) -> u32 {
        self.codecs.iter().map(|c| c.sample_rate()).max().unwrap_or(8_000)
    }
}
