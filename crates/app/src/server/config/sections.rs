//! The sections of `waihu.toml` but for its trunks, each with its defaults.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use domain::{CallLimits, Opening, Rounding};
use serde::Deserialize;

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<String>,
    /// Seconds until a body that does not end is given up.
    pub(crate) body_timeout_s: u64,
}

impl Default for Http {
    fn default() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 8480));
        Self { listen, public_url: None, body_timeout_s: 10 }
    }
}

/// `[sip]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sip {
    pub(crate) listen: SocketAddr,
    /// The address trunks are told in signalling where it is not the socket's own.
    pub(crate) advertise: Option<IpAddr>,
}

impl Default for Sip {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), advertise: None }
    }
}

/// `[media]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Media {
    pub(crate) address: IpAddr,
    /// The address peers are told where it is not the sockets' own.
    pub(crate) external_ip: Option<IpAddr>,
    pub(crate) first_port: u16,
    pub(crate) last_port: u16,
    pub(crate) lanes: usize,
}

impl Default for Media {
    fn default() -> Self {
        let address = IpAddr::from([127, 0, 0, 1]);
        Self { address, external_ip: None, first_port: 30_000, last_port: 39_999, lanes: 1 }
    }
}

/// `[store]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreSettings {
    pub(crate) url: Option<String>,
}

/// `[calls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Calls {
    pub(crate) max_concurrent: u32,
    pub(crate) ring_timeout_s: u32,
    pub(crate) max_call_s: u32,
    pub(crate) queue_s: u32,
    pub(crate) media_timeout_s: u32,
    /// Seconds that running calls may take to finish when the server is told to stop.
    pub(crate) drain_s: u64,
    pub(crate) caller: Option<String>,
}

impl Default for Calls {
    fn default() -> Self {
        let limits = CallLimits::default();
        Self {
            max_concurrent: 5,
            ring_timeout_s: limits.ring_s,
            max_call_s: limits.call_s,
            queue_s: limits.queue_s,
            media_timeout_s: limits.media_timeout_s,
            drain_s: 60,
            caller: None,
        }
    }
}

/// `[turn]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Turn {
    pub(crate) pause_ms: u32,
    pub(crate) hold_off_ms: u32,
    pub(crate) mute_ms: u32,
    pub(crate) opening: Opening,
}

impl Default for Turn {
    fn default() -> Self {
        let t = domain::TurnSettings::default();
        let (pause_ms, hold_off_ms, mute_ms) = (t.pause_ms, t.hold_off_ms, t.mute_ms);
        Self { pause_ms, hold_off_ms, mute_ms, opening: t.opening }
    }
}

/// `[billing]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Billing {
    pub(crate) price_micro_yuan_per_minute: i64,
    pub(crate) rounding: Rounding,
    pub(crate) hold_s: u32,
}

impl Default for Billing {
    fn default() -> Self {
        let hold_s = CallLimits::default().hold_s;
        Self { price_micro_yuan_per_minute: 300_000, rounding: Rounding::default(), hold_s }
    }
}

/// `[signup]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Signup {
    pub(crate) bonus_micro_yuan: i64,
}

impl Default for Signup {
    fn default() -> Self {
        Self { bonus_micro_yuan: 10_000_000 }
    }
}

/// `[policy]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Policy {
    pub(crate) callee_per_hour: u32,
    pub(crate) callee_per_day: u32,
    pub(crate) count_simulated: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { callee_per_hour: 5, callee_per_day: 20, count_simulated: false }
    }
}

/// `[stream]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Stream {
    pub(crate) max_per_call: u32,
    pub(crate) max_per_key: u32,
}

impl Default for Stream {
    fn default() -> Self {
        Self { max_per_call: 32, max_per_key: 100 }
    }
}

/// `[recording]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Recording {
    pub(crate) enabled: bool,
}

impl Default for Recording {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// `[voicemail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Voicemail {
    pub(crate) message: bool,
}

impl Default for Voicemail {
    fn default() -> Self {
        Self { message: true }
    }
}

/// `[numbers]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Numbers {
    pub(crate) extra_patterns: Vec<String>,
}

/// `[callout]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Callout {
    pub(crate) require_version_header: bool,
    pub(crate) max_phones: u32,
}

impl Default for Callout {
    fn default() -> Self {
        Self { require_version_header: false, max_phones: 100 }
    }
}

/// `[speech]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Speech {
    /// `espeak` speaks; `marks` renders each kind of speech as its own pair of tones, so that a
    /// leak can be measured on the wire.
    pub(crate) synthesizer: SynthesizerChoice,
    /// Decoder threads of the recognizer.
    pub(crate) decoders: usize,
}

impl Default for Speech {
    fn default() -> Self {
        Self { synthesizer: SynthesizerChoice::Espeak, decoders: 2 }
    }
}

/// Which synthesizer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SynthesizerChoice {
    Espeak,
    Marks,
}

/// `[lab]`: the simulated carrier that serves when no trunk is configured.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Lab {
    pub(crate) seed: Option<u64>,
    pub(crate) language: Option<domain::Language>,
    pub(crate) reports: Option<PathBuf>,
}
