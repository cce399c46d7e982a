//! `[[trunk]]`: where calls leave, and what each side of the platform needs to know of it.

use std::net::IpAddr;

use media::codec::CodecId;
use media::profile::{MediaProfile, SrtpPolicy};
use serde::Deserialize;
use sip::{TrunkAddress, TrunkConfig};

use super::{Media, SettingsError};

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
    pub(super) fn check(&self) -> Result<(), SettingsError> {
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
