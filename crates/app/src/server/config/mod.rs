//! `waihu.toml`: every setting with its default; read once, here, and nowhere else.

mod sections;
mod trunk;

use std::path::{Path, PathBuf};

use domain::CallLimits;
use serde::Deserialize;

pub(crate) use self::sections::*;
pub(crate) use self::trunk::Trunk;

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
