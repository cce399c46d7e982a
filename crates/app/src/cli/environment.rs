//! The one place that reads the process environment; everything else takes its values from here.

use std::path::PathBuf;

/// The variables the command line knows, as they were at the start. A blank one counts as unset.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `STEPONEAI_API_KEY`.
    pub(crate) api_key: Option<String>,
    /// `STEPONEAI_API_BASE`.
    pub(crate) api_base: Option<String>,
    /// `STEPONEAI_ALLOW_INSECURE_HTTP` is exactly `1`.
    pub(crate) insecure_http: bool,
    /// `$HOME/.clawd/secrets.json`.
    pub(crate) secrets: Option<PathBuf>,
    /// `config.toml` under `$XDG_CONFIG_HOME/waihu`, by default under `$HOME/.config/waihu`.
    pub(crate) config: Option<PathBuf>,
    /// The first set one of `LC_ALL`, `LC_MESSAGES`, `LANG`.
    pub(crate) locale: Option<String>,
    /// The first set one of `WAIHU_LOG`, `RUST_LOG`.
    pub(crate) log: Option<String>,
}

impl Environment {
    /// Reads them.
    pub(crate) fn read() -> Self {
        Self::from(variable)
    }

    /// Takes them from `get`, which knows values by name.
    fn from(get: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let home = get("HOME").map(PathBuf::from);
        // The base directory specification has relative paths ignored.
        let config_home = get("XDG_CONFIG_HOME").map(PathBuf::from);
        let config_home = config_home
            .filter(|dir| dir.is_absolute())
            .or_else(|| home.as_ref().map(|home| home.join(".config")));
        Self {
            api_key: get("STEPONEAI_API_KEY"),
            api_base: get("STEPONEAI_API_BASE"),
            insecure_http: get("STEPONEAI_ALLOW_INSECURE_HTTP").is_some_and(|v| v == "1"),
            secrets: home.map(|home| home.join(".clawd").join("secrets.json")),
            config: config_home.map(|dir| dir.join("waihu").join("config.toml")),
            locale: get("LC_ALL").or_else(|| get("LC_MESSAGES")).or_else(|| get("LANG")),
            log: get("WAIHU_LOG").or_else(|| get("RUST_LOG")),
        }
    }

    /// What to log, if the environment says so.
    pub(crate) fn log_filter(&self) -> Option<&str> {
        self.log.as_deref()
    }
}

#[expect(clippy::disallowed_methods, reason = "app reads the environment, here and only here")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)]) -> Environment {
        Environment::from(|name| {
            let found = variables.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn files_lie_under_home_unless_told_otherwise() {
        let plain = check(&[("HOME", "/h")]);
        assert_eq!(plain.secrets, Some("/h/.clawd/secrets.json".into()));
        assert_eq!(plain.config, Some("/h/.config/waihu/config.toml".into()));
        let told = check(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]);
        assert_eq!(told.config, Some("/x/waihu/config.toml".into()));
        let relative = check(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]);
        assert_eq!(relative.config, plain.config);
        assert_eq!(check(&[]).config, None);
    }

    #[test]
    fn blank_is_unset_and_the_first_wins() {
        let all = check(&[("LC_ALL", ""), ("LC_MESSAGES", "zh_CN"), ("LANG", "en")]);
        assert_eq!(all.locale.as_deref(), Some("zh_CN"));
        assert_eq!(check(&[("STEPONEAI_API_KEY", " ")]).api_key, None);
        let logs = check(&[("WAIHU_LOG", "debug"), ("RUST_LOG", "trace")]);
        assert_eq!(logs.log_filter(), Some("debug"));
        assert!(!check(&[("STEPONEAI_ALLOW_INSECURE_HTTP", "yes")]).insecure_http);
        assert!(check(&[("STEPONEAI_ALLOW_INSECURE_HTTP", "1")]).insecure_http);
    }
}
