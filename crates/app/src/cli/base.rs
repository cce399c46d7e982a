//! Where the server is: which base addresses are taken, and which would leak a key.

use std::net::IpAddr;

use reqwest::Url;

use super::tongue::Tongue;

/// The server's own default listener.
pub(crate) const DEFAULT_BASE: &str = "http://127.0.0.1:8480";

/// Why a base address is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadBase {
    /// Not `http://…` or `https://…` with a host.
    NoAddress,
    /// A path, a query, a fragment or credentials follow the host.
    TooMuch,
    /// Plain HTTP over a network would show key and numbers to everyone on the way.
    Insecure,
}

impl BadBase {
    /// In words.
    pub(crate) fn text(&self, base: &str, tongue: Tongue) -> String {
        match self {
            Self::NoAddress => tongue.pick(
                format!("{base}: not an http:// or https:// address"),
                format!("{base}：不是 http:// 或 https:// 地址"),
            ),
            Self::TooMuch => tongue.pick(
                format!("{}: give scheme, host and port only", bare(base)),
                format!("{}：只能写协议、主机和端口", bare(base)),
            ),
            Self::Insecure => tongue.pick(
                format!(
                    "{base}: plain http to another machine shows the key on the way; \
                     use https, or set STEPONEAI_ALLOW_INSECURE_HTTP=1"
                ),
                format!(
                    "{base}：用明文 http 连接其他机器会泄露密钥；\
                     请用 https，或设置 STEPONEAI_ALLOW_INSECURE_HTTP=1"
                ),
            ),
        }
    }
}

/// Reads a base address. A single slash at the end is no path.
pub(crate) fn parse(text: &str, insecure_http: bool) -> Result<Url, BadBase> {
    let text = text.trim();
    let url = Url::parse(text).map_err(|_| BadBase::NoAddress)?;
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
        return Err(BadBase::NoAddress);
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadBase::NoAddress);
    }
    let credentials = !url.username().is_empty() || url.password().is_some();
    let more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    if credentials || more {
        return Err(BadBase::TooMuch);
    }
    if url.scheme() == "http" && !is_loopback(host) && !insecure_http {
        return Err(BadBase::Insecure);
    }
    Ok(url)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Scheme and host: what stands beside them may be a secret.
fn bare(base: &str) -> String {
    Url::parse(base.trim())
        .ok()
        .and_then(|url| Some(format!("{}://{}", url.scheme(), url.host_str()?)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, insecure: bool, want: Result<&str, BadBase>) {
        let got = parse(text, insecure).map(|url| url.to_string());
        assert_eq!(got, want.map(str::to_owned), "{text}");
    }

    #[test]
    fn bases_are_scheme_host_and_port() {
        for (text, want) in [
            (DEFAULT_BASE, Ok("http://127.0.0.1:8480/")),
            ("http://localhost:1/", Ok("http://localhost:1/")),
            ("http://[::1]:8480", Ok("http://[::1]:8480/")),
            ("http://127.8.8.8", Ok("http://127.8.8.8/")),
            (" https://calls.example \n", Ok("https://calls.example/")),
            ("https://calls.example/api", Err(BadBase::TooMuch)),
            ("https://calls.example?a=b", Err(BadBase::TooMuch)),
            ("https://calls.example?", Err(BadBase::TooMuch)),
            ("https://calls.example#top", Err(BadBase::TooMuch)),
            ("https://me:secret@calls.example", Err(BadBase::TooMuch)),
            ("https://me@calls.example", Err(BadBase::TooMuch)),
            ("http://calls.example", Err(BadBase::Insecure)),
            ("http://192.168.1.2:8480", Err(BadBase::Insecure)),
            ("http://localhost.example", Err(BadBase::Insecure)),
            ("http://[::2]", Err(BadBase::Insecure)),
            ("ftp://127.0.0.1", Err(BadBase::NoAddress)),
            ("file:///etc/hosts", Err(BadBase::NoAddress)),
            ("127.0.0.1:8480", Err(BadBase::NoAddress)),
            ("calls.example", Err(BadBase::NoAddress)),
            ("", Err(BadBase::NoAddress)),
        ] {
            check(text, false, want);
        }
        check("http://calls.example", true, Ok("http://calls.example/"));
        check("http://calls.example/x", true, Err(BadBase::TooMuch));
    }

    #[test]
    fn credentials_are_not_repeated() {
        let text = BadBase::TooMuch.text("https://me:secret@calls.example/x?k=v", Tongue::En);
        assert!(text.starts_with("https://calls.example:"), "{text}");
    }
}
