//! Where a store lies and how it is opened.

use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// What the opener is going to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Run calls: takes the data directory for itself and clears away unfinished blobs.
    #[default]
    Serve,
    /// Something short beside a running server (`waihu key create`, `waihu doctor`).
    Tool,
}

/// Where a store lies.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `sqlite:///absolute/path/waihu.db` or `postgres://user@host/database`. In a SQLite path
    /// `%`, `?` and `#` are written percent-encoded.
    pub url: String,
    /// Directory for the lock file and the recordings; made if it is missing.
    pub data_dir: PathBuf,
    /// What the opener is going to do.
    pub access: Access,
}

impl StoreConfig {
    /// SQLite in `data_dir/waihu.db`.
    pub fn embedded(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        let file = data_dir.join("waihu.db");
        let absolute = std::path::absolute(&file).unwrap_or(file);
        Self {
            url: format!("sqlite://{}", encode(&absolute.to_string_lossy())),
            data_dir,
            access: Access::Serve,
        }
    }

    /// The same place, for something short beside a running server.
    pub fn for_tool(mut self) -> Self {
        self.access = Access::Tool;
        self
    }
}

/// A database URL, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Sqlite { file: PathBuf, url: String },
    Postgres { url: String },
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let bad = |hint| StoreError::BadUrl { url: without_password(url), hint };
        if let Some(path) = url.strip_prefix("sqlite://") {
            if path.contains(['?', '#']) {
                return Err(bad("options are not taken; write ? as %3F and # as %23"));
            }
            let path = decode(path).ok_or_else(|| bad("a % is not followed by two hex digits"))?;
            if !path.starts_with('/') || path.ends_with('/') {
                return Err(bad("give the absolute path of a file: sqlite:///dir/waihu.db"));
            }
            let url = format!("sqlite://{}", encode(&path));
            let file = PathBuf::from(path);
            return Ok(Target::Sqlite { file, url });
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Target::Postgres { url: url.to_owned() });
        }
        Err(bad("must begin with sqlite:// or postgres://"))
    }

    pub(crate) fn url(&self) -> &str {
        match self {
            Target::Sqlite { url, .. } | Target::Postgres { url } => url,
        }
    }

    /// For messages: the file, or the URL without its password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Target::Sqlite { file, .. } => file.display().to_string(),
            Target::Postgres { url } => without_password(url),
        }
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Target::Sqlite { file, .. } => Some(file),
            Target::Postgres { .. } => None,
        }
    }
}

/// Everything between the first `:` of the user part and the last `@` becomes `***`; what stands
/// after a `?` may be a password too and goes.
fn without_password(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(head, _)| head);
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{scheme}://{name}:***@{host}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

fn encode(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(b) = rest.next() {
        if b != b'%' {
            bytes.push(b);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_file_or_a_server() {
        for (url, want) in [
            ("sqlite:///a/waihu.db", Some("/a/waihu.db")),
            ("sqlite:///a%20b/%3F%25.db", Some("/a b/?%.db")),
            ("sqlite://relative.db", None),
            ("sqlite:///a/", None),
            ("sqlite:///a?mode=memory", None),
            ("sqlite::memory:", None),
            ("sqlite:///a%zz", None),
            ("mysql://h/d", None),
            ("", None),
            ("postgres://u:p@h/d", Some("postgres://u:***@h/d")),
            ("postgres://u:p@h/d?password=q", Some("postgres://u:***@h/d")),
            ("postgresql://h/d", Some("postgresql://h/d")),
        ] {
            let got = Target::parse(url).ok().map(|t| t.shown());
            assert_eq!(got.as_deref(), want, "{url}");
        }
    }

    #[test]
    fn an_embedded_path_survives_its_url() {
        let config = StoreConfig::embedded("/tmp/100%?/# 外呼");
        let target = Target::parse(&config.url).unwrap();
        assert_eq!(target.file(), Some(Path::new("/tmp/100%?/# 外呼/waihu.db")));
    }

    #[test]
    fn errors_do_not_show_passwords() {
        let e = Target::parse("mysql://me:se:cr@et@h/d?password=x").unwrap_err();
        assert!(!e.to_string().contains("cr"), "{e}");
        assert!(!e.to_string().contains("password=x"), "{e}");
    }
}
