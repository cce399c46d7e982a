//! What a lab can be told, and why it may refuse to start.

use std::net::SocketAddr;
use std::path::PathBuf;

use domain::Language;
use media::codec::CodecId;
use media::profile::SrtpPolicy;

use crate::impair::Impairment;

/// Settings of one lab; the options of `waihu lab`.
#[derive(Clone, Debug)]
pub struct LabConfig {
    /// Where it answers SIP over UDP; port 0 takes a free one. RTP uses the same address.
    pub sip: SocketAddr,
    /// The language of every callee; `None`: that of `Accept-Language`, else Chinese.
    pub language: Option<Language>,
    /// Where every choice of variants, delays and losses comes from.
    pub seed: u64,
    /// Digest credentials that each INVITE must prove.
    pub auth: Option<Auth>,
    /// What the simulated network does to RTP, both ways.
    pub impairment: Impairment,
    /// Codecs it understands; the caller's order decides among them.
    pub codecs: Vec<CodecId>,
    /// Whether encryption of media is answered where the caller offers it, or demanded.
    pub srtp: SrtpPolicy,
    /// Whether to decode the test synthesizer's tone pairs.
    pub marks: bool,
    /// Directory for `calls.jsonl` and one WAV per call; `None`: reports in memory only.
    pub out_dir: Option<PathBuf>,
    /// Calls at one time; further INVITEs get 503.
    pub max_calls: usize,
    /// The espeak-ng program that gives the callees their voices.
    pub espeak: PathBuf,
}

impl Default for LabConfig {
    fn default() -> Self {
        Self {
            sip: SocketAddr::from(([127, 0, 0, 1], 0)),
            language: None,
            seed: 1,
            auth: None,
            impairment: Impairment::default(),
            codecs: CodecId::ALL.to_vec(),
            srtp: SrtpPolicy::Preferred,
            marks: false,
            out_dir: None,
            max_calls: 500,
            espeak: PathBuf::from("espeak-ng"),
        }
    }
}

/// Digest credentials (RFC 3261 section 22). `Debug` leaves the password out.
#[derive(Clone)]
pub struct Auth {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// Which challenge is sent.
    pub challenge: Challenge,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Auth({:?}, {})", self.challenge, self.user)
    }
}

/// The two ways to ask for credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Challenge {
    /// 407 with `Proxy-Authenticate`, as carriers do.
    #[default]
    Proxy,
    /// 401 with `WWW-Authenticate`.
    Server,
}

/// Why the lab did not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The SIP address cannot be had.
    #[error("cannot listen for SIP on {addr}")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The SIP stack refused.
    #[error("SIP stack")]
    Sip(#[source] Box<rsipstack::Error>),
    /// The media thread could not be started.
    #[error("cannot start the media thread")]
    Thread(#[source] std::io::Error),
    /// The report directory cannot be written.
    #[error("cannot write reports to {dir}")]
    OutDir {
        /// The directory asked for.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Without voices the callees are mute.
    #[error("cannot run {program}: install the package espeak-ng")]
    Espeak {
        /// The program asked for.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nothing could be negotiated.
    #[error("no codec given")]
    NoCodec,
}

/// Why one callee could not be given a voice.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// The program could not be run.
    #[error("cannot run espeak-ng")]
    Run(#[from] std::io::Error),
    /// It ran and failed, or said nothing.
    #[error("espeak-ng gave no speech for voice {voice}")]
    NoSpeech {
        /// The voice asked for.
        voice: String,
    },
}
