//! Whose calls, and on which server: the key and the base address, from the environment or files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::Deserialize;

use super::base::{self, BadBase, DEFAULT_BASE};
use super::environment::Environment;
use super::exit::Exit;
use super::output::{note, trouble};
use super::tongue::Tongue;

/// What `config.toml` may say; a server's settings are another file.
#[derive(Debug, Default, Deserialize)]
struct Config {
    api_key: Option<String>,
    api_base: Option<String>,
}

/// The one member of `secrets.json` that is ours.
#[derive(Debug, Deserialize)]
struct Secrets {
    steponeai_api_key: Option<String>,
}

/// Why there is no account to work with.
#[derive(Debug)]
pub(crate) enum NoAccount {
    /// The file cannot be read; the cause names line and column.
    BadConfig { path: PathBuf, cause: String },
    /// The base address is not taken.
    BadBase { base: String, why: BadBase },
    /// None of the three places holds a key.
    NoKey,
}

impl NoAccount {
    /// Tells the reader, and gives the exit code.
    pub(crate) fn report(&self, tongue: Tongue) -> Exit {
        match self {
            Self::BadConfig { path, cause } => {
                trouble(&format!("{}: {cause}", path.display()));
                Exit::BadInput
            }
            Self::BadBase { base, why } => {
                trouble(&why.text(base, tongue));
                Exit::BadInput
            }
            Self::NoKey => {
                trouble(tongue.pick("No API key [no_key]", "没有 API Key [no_key]"));
                note(tongue.pick(
                    "   Set STEPONEAI_API_KEY, or steponeai_api_key in ~/.clawd/secrets.json,\n   \
                     or api_key in $XDG_CONFIG_HOME/waihu/config.toml (~/.config by default).",
                    "   请设置 STEPONEAI_API_KEY，\n   \
                     或 ~/.clawd/secrets.json 的 steponeai_api_key，\n   \
                     或 $XDG_CONFIG_HOME/waihu/config.toml（默认在 ~/.config）的 api_key。",
                ));
                Exit::NoAccess
            }
        }
    }
}

/// The base address: environment, file, default.
pub(crate) fn find_base(environment: &Environment) -> Result<Url, NoAccount> {
    let base = match &environment.api_base {
        Some(base) => base.clone(),
        None => {
            let config = read_config(environment.config.as_deref())?;
            config.api_base.unwrap_or_else(|| DEFAULT_BASE.to_owned())
        }
    };
    base::parse(&base, environment.insecure_http).map_err(|why| NoAccount::BadBase { base, why })
}

/// The key: environment, secrets, file. A file behind a place that has it is not even opened.
pub(crate) fn find_key(environment: &Environment, tongue: Tongue) -> Result<String, NoAccount> {
    if let Some(key) = &environment.api_key {
        return Ok(key.trim().to_owned());
    }
    if let Some(key) = environment.secrets.as_deref().and_then(|path| secret(path, tongue)) {
        return Ok(key);
    }
    let path = environment.config.as_deref();
    let key = read_config(path)?.api_key.filter(|key| !key.trim().is_empty());
    let key = key.ok_or(NoAccount::NoKey)?;
    if let Some(path) = path.filter(|path| others_may_read(path)) {
        note(&tongue.pick(
            format!("⚠️ {}: others can read the key in it; chmod 600 it", path.display()),
            format!("⚠️ {}：其他用户可以读到密钥，请执行 chmod 600", path.display()),
        ));
    }
    Ok(key.trim().to_owned())
}

fn read_config(path: Option<&Path>) -> Result<Config, NoAccount> {
    let Some(path) = path else {
        return Ok(Config::default());
    };
    let bad = |cause: String| NoAccount::BadConfig { path: path.to_owned(), cause };
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| bad(place(&text, &error))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => Err(bad(error.to_string())),
    }
}

/// The error without the line it is about, which may hold the key.
fn place(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    format!("line {line}: {}", error.message())
}

/// The key of a file that belongs to another program: what is wrong with it is not ours to refuse.
fn secret(path: &Path, tongue: Tongue) -> Option<String> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => {
            note(&format!("⚠️ {}: {error}", path.display()));
            return None;
        }
    };
    let Ok(secrets) = serde_json::from_slice::<Secrets>(&text) else {
        note(&tongue.pick(
            format!("⚠️ {}: no JSON with a text steponeai_api_key", path.display()),
            format!("⚠️ {}：不是带有文本 steponeai_api_key 的 JSON", path.display()),
        ));
        return None;
    };
    let key = secrets.steponeai_api_key?.trim().to_owned();
    (!key.is_empty()).then_some(key)
}

fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_named_with_its_line_and_without_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "api_base = \"http://127.0.0.1:1\"\napi_key = sk_secret\n").unwrap();
        let environment = Environment { config: Some(path), ..Environment::default() };
        let Err(NoAccount::BadConfig { cause, .. }) = find_base(&environment) else {
            panic!("taken");
        };
        assert!(cause.starts_with("line 2: "), "{cause}");
        assert!(!cause.contains("sk_secret"), "{cause}");
    }
}
