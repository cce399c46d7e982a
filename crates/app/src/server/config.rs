//! `waihu.toml`: every setting with its default; read once, here, and nowhere else.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use domain::{CallLimits, Opening, Rounding};
use media::codec::CodecId;
use media::profile::{MediaProfile, SrtpPolicy};
use serde::Deserialize;
use sip::{TrunkAddress, TrunkConfig};

/// All settings of a server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) http: Http,
    pub(crate) sip: Sip,
    pub(crate) media: Media,
    pub(crate) store: StoreSettings,
    pub(crate) calls: Calls,
    pub(crate) turn: Turn,
    pub(crate) billing: Billing,
    pub(crate) signup: Signup,
    pub(crate) policy: Policy,
    pub(crate) stream: Stream,
    pub(crate) recording: Recording,
    pub(crate) voicemail: Voicemail,
    pub(crate) numbers: Numbers,
    pub(crate) callout: Callout,
    pub(crate) speech: Speech,
    pub(crate) lab: Lab,
    pub(crate) trunk: Vec<Trunk>,
}

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

/// One `[[trunk]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trunk {
    pub(crate) name: String,
    pub(crate) address: TrunkAddress,
    #[serde(default)]
    pub(crate) transport: Option<sip::Transport>,
    #[serde(default)]
    pub(crate) tls: sip::TlsConfig,
    #[serde(default)]
    pub(crate) username: Option<String>,
    #[serde(default)]
    pub(crate) password: Option<domain::Masked<String>>,
    #[serde(default)]
    pub(crate) number_format: sip::NumberFormat,
    #[serde(default)]
    pub(crate) caller: Option<String>,
    #[serde(default)]
    pub(crate) sip: TrunkSip,
    #[serde(default)]
    pub(crate) prefixes: Vec<String>,
    #[serde(default = "usual_priority")]
    pub(crate) priority: u32,
    #[serde(default = "usual_lines")]
    pub(crate) lines: u32,
    #[serde(default = "usual_rate")]
    pub(crate) calls_per_second: u32,
    #[serde(default = "usual_codecs")]
    pub(crate) codecs: Vec<Codec>,
    #[serde(default)]
    pub(crate) srtp: Srtp,
    #[serde(default)]
    pub(crate) nat: bool,
    #[serde(default)]
    pub(crate) external_ip: Option<IpAddr>,
    /// Set by the installation for its own lab; no configuration file can say so.
    #[serde(skip)]
    pub(crate) simulated: bool,
}

/// `[trunk.sip]`: what few trunks need.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TrunkSip {
    pub(crate) realm: Option<String>,
    pub(crate) from_domain: Option<String>,
    pub(crate) dial_prefix: String,
    pub(crate) assert_caller: bool,
    pub(crate) register: bool,
    pub(crate) register_s: u32,
    pub(crate) options_s: u32,
    pub(crate) session_s: u32,
}

impl Default for TrunkSip {
    fn default() -> Self {
        let sip::Upkeep { register, register_s, options_s, session_s } = sip::Upkeep::default();
        Self {
            realm: None,
            from_domain: None,
            dial_prefix: String::new(),
            assert_caller: false,
            register,
            register_s,
            options_s,
            session_s,
        }
    }
}

impl TrunkSip {
    /// What is out of range, if anything is.
    fn check(&self) -> Result<(), SettingsError> {
        for (key, value, low, high, off) in [
            ("trunk.sip.register_s", self.register_s, 30, 86_400, false),
            ("trunk.sip.options_s", self.options_s, 5, 3_600, true),
            // RFC 4028 section 4 allows no timer below 90 s.
            ("trunk.sip.session_s", self.session_s, 90, 86_400, true),
        ] {
            let is_off = off && value == 0;
            if !is_off && !(low..=high).contains(&value) {
                let or_off = if off { ", or 0" } else { "" };
                let why = format!("{value} is not within {low}–{high}{or_off}");
                return Err(SettingsError::OutOfRange { key, why });
            }
        }
        Ok(())
    }
}

/// A codec, as a trunk names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Codec {
    Pcma,
    Pcmu,
    G722,
    Opus,
}

/// Whether a trunk's media is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Srtp {
    #[default]
    Off,
    Preferred,
    Required,
}

fn usual_codecs() -> Vec<Codec> {
    vec![Codec::Pcma, Codec::Pcmu]
}
const fn usual_priority() -> u32 {
    100
}
const fn usual_lines() -> u32 {
    100
}
const fn usual_rate() -> u32 {
    10
}

impl Trunk {
    /// A trunk at this address that carries everything.
    pub(crate) fn at(name: &str, address: TrunkAddress) -> Self {
        Self {
            name: name.to_owned(),
            address,
            transport: None,
            tls: sip::TlsConfig::default(),
            username: None,
            password: None,
            number_format: sip::NumberFormat::default(),
            caller: None,
            sip: TrunkSip::default(),
            prefixes: Vec::new(),
            priority: usual_priority(),
            lines: usual_lines(),
            calls_per_second: usual_rate(),
            codecs: usual_codecs(),
            srtp: Srtp::Off,
            nat: false,
            external_ip: None,
            simulated: false,
        }
    }

    /// The part of it that the SIP side needs.
    pub(crate) fn for_sip(&self) -> Result<TrunkConfig, sip::SipError> {
        let address = self.address.clone();
        let address = match self.transport {
            Some(transport) => address.over(transport)?,
            None => address,
        };
        let own = self.sip.clone();
        Ok(TrunkConfig {
            username: self.username.clone(),
            password: self.password.clone(),
            realm: own.realm,
            number_format: self.number_format,
            dial_prefix: own.dial_prefix,
            caller: self.caller.clone(),
            from_domain: own.from_domain,
            assert_caller: own.assert_caller,
            tls: self.tls.clone(),
            upkeep: sip::Upkeep {
                register: own.register,
                register_s: own.register_s,
                options_s: own.options_s,
                session_s: own.session_s,
            },
            ..TrunkConfig::new(self.name.clone(), address)
        })
    }

    /// The part of it that decides which calls go over it.
    pub(crate) fn route(&self, media: &Media) -> engine::Route {
        engine::Route {
            name: self.name.as_str().into(),
            simulated: self.simulated,
            prefixes: self.prefixes.clone(),
            priority: self.priority,
            lines: self.lines,
            calls_per_second: self.calls_per_second,
            caller: self.caller.clone(),
            media: self.media(media).into(),
        }
    }

    /// The part of it that its media needs.
    fn media(&self, media: &Media) -> MediaProfile {
        let codec = |c: &Codec| match c {
            Codec::Pcma => CodecId::Pcma,
            Codec::Pcmu => CodecId::Pcmu,
            Codec::G722 => CodecId::G722,
            Codec::Opus => CodecId::Opus,
        };
        let srtp = match self.srtp {
            Srtp::Off => SrtpPolicy::Off,
            Srtp::Preferred => SrtpPolicy::Preferred,
            Srtp::Required => SrtpPolicy::Required,
        };
        MediaProfile {
            codecs: self.codecs.iter().map(codec).collect(),
            srtp,
            nat: self.nat,
            external_ip: self.external_ip.or(media.external_ip),
        }
    }

    /// What is wrong with it, if anything is.
    fn check(&self) -> Result<(), SettingsError> {
        let twice = |c: &Codec| self.codecs.iter().filter(|other| *other == c).count() > 1;
        let why = if self.codecs.is_empty() {
            "name at least one of pcma, pcmu, g722, opus"
        } else if self.codecs.iter().any(twice) {
            "a codec is named twice"
        } else {
            let told = |e: sip::SipError| SettingsError::Trunk { why: e.to_string() };
            self.for_sip().and_then(|t| t.check()).map_err(told)?;
            return self.sip.check();
        };
        let why = format!("trunk {}: {why}", self.name);
        Err(SettingsError::OutOfRange { key: "trunk.codecs", why })
    }
}

/// Why settings were refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("cannot read {path}: {cause}")]
    Unreadable { path: PathBuf, cause: std::io::Error },
    /// The cause names line, column and key.
    #[error("{path}: {cause}")]
    Malformed { path: PathBuf, cause: Box<toml::de::Error> },
    #[error("environment: {0}")]
    Environment(Box<figment::Error>),
    #[error("[[trunk]]: {why}")]
    Trunk { why: String },
    #[error("setting {key}: {why}")]
    OutOfRange { key: &'static str, why: String },
}

impl Settings {
    /// Reads the file, if one is given, and lays the environment (`WAIHU_HTTP__LISTEN`, …) over
    /// it.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, SettingsError> {
        use figment::Figment;
        use figment::providers::{Env, Format, Toml};
        let mut text = String::new();
        if let Some(path) = file {
            let path = path.to_owned();
            text = std::fs::read_to_string(&path)
                .map_err(|cause| SettingsError::Unreadable { path: path.clone(), cause })?;
            // Read alone first: this reader's errors name line and column.
            let alone: Result<Settings, _> = toml::from_str(&text);
            alone.map_err(|cause| SettingsError::Malformed { path, cause: Box::new(cause) })?;
        }
        let environment = Env::prefixed("WAIHU_")
            .ignore(&["config", "installation_key", "lang", "log"])
            .split("__");
        let settings: Settings = Figment::from(Toml::string(&text))
            .merge(environment)
            .extract()
            .map_err(|e| SettingsError::Environment(Box::new(e)))?;
        settings.check()?;
        Ok(settings)
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let ranges = [
            ("calls.ring_timeout_s", self.calls.ring_timeout_s, 10, 120),
            ("calls.max_call_s", self.calls.max_call_s, 60, 3_600),
            ("calls.max_concurrent", self.calls.max_concurrent, 1, 100_000),
            ("calls.media_timeout_s", self.calls.media_timeout_s, 2, 3_600),
            ("billing.hold_s", self.billing.hold_s, 60, 3_600),
            ("callout.max_phones", self.callout.max_phones, 1, 1_000),
            ("turn.pause_ms", self.turn.pause_ms, 300, 1_200),
            ("turn.mute_ms", self.turn.mute_ms, 1_000, 60_000),
        ];
        for (key, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                let why = format!("{value} is not within {low}–{high}");
                return Err(SettingsError::OutOfRange { key, why });
            }
        }
        if self.billing.price_micro_yuan_per_minute < 0 {
            let why = "a price is not negative".to_owned();
            return Err(SettingsError::OutOfRange {
                key: "billing.price_micro_yuan_per_minute",
                why,
            });
        }
        self.trunk.iter().try_for_each(Trunk::check)?;
        domain::NumberRules::new(self.numbers.extra_patterns.clone()).map_err(|e| {
            SettingsError::OutOfRange { key: "numbers.extra_patterns", why: e.to_string() }
        })?;
        Ok(())
    }

    /// How long things may last.
    pub(crate) fn limits(&self) -> CallLimits {
        CallLimits {
            queue_s: self.calls.queue_s,
            ring_s: self.calls.ring_timeout_s,
            call_s: self.calls.max_call_s,
            media_timeout_s: self.calls.media_timeout_s,
            hold_s: self.billing.hold_s,
        }
    }
}
