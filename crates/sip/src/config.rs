//! Settings of the SIP side, as the binary reads them, and the errors of starting it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use domain::Masked;
use serde::Deserialize;

use crate::number::NumberFormat;

/// Why the SIP side could not start, or a trunk was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SipError {
    /// Another program listens there.
    #[error("SIP address {addr} is in use by another program: choose another one with --sip")]
    PortInUse {
        /// Where we wanted to listen.
        addr: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen for SIP on {addr} ({cause}): choose another address with --sip")]
    CannotListen {
        /// Where we wanted to listen.
        addr: SocketAddr,
        /// What the system said.
        cause: String,
    },
    /// A trunk's address cannot be read.
    #[error("{text:?} is no trunk address: write sip:HOST or sip:HOST:PORT (UDP)")]
    BadAddress {
        /// What was given.
        text: String,
    },
    /// Two trunks have one name.
    #[error("two trunks are named {name:?}")]
    DuplicateTrunk {
        /// The name.
        name: String,
    },
    /// A password without a user name, or the other way round.
    #[error("trunk {name:?} needs both username and password, or neither")]
    HalfCredentials {
        /// The trunk.
        name: String,
    },
    /// A setting that would break a SIP header.
    #[error("setting {field} holds a character that SIP does not allow there")]
    BadText {
        /// Which setting.
        field: &'static str,
    },
}

/// Where a trunk is: `sip:HOST` or `sip:HOST:PORT`, over UDP; the port is 5060 if not given.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TrunkAddress {
    /// A name or an address, without brackets.
    pub host: String,
    /// UDP port.
    pub port: u16,
}

impl FromStr for TrunkAddress {
    type Err = SipError;

    fn from_str(text: &str) -> Result<Self, SipError> {
        let bad = || SipError::BadAddress { text: text.to_owned() };
        let rest = text.trim();
        let rest = rest.strip_prefix("sip:").unwrap_or(rest);
        let rest = rest.strip_suffix(";transport=udp").unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[') {
            Some(v6) => {
                let (host, tail) = v6.split_once(']').ok_or_else(bad)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| bad())?;
                (host, tail.strip_prefix(':').or(tail.is_empty().then_some("")))
            }
            None => match rest.split_once(':') {
                Some((host, port)) => (host, (!port.is_empty()).then_some(port)),
                None => (rest, Some("")),
            },
        };
        let port = match port.ok_or_else(bad)? {
            "" => 5060,
            digits => digits.parse().map_err(|_| bad())?,
        };
        let v6 = rest.starts_with('[');
        let name_ok = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if host.is_empty() || port == 0 || !(v6 || host.chars().all(name_ok)) {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl TryFrom<String> for TrunkAddress {
    type Error = SipError;
    fn try_from(text: String) -> Result<Self, SipError> {
        text.parse()
    }
}

impl fmt::Display for TrunkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "sip:[{}]:{}", self.host, self.port)
        } else {
            write!(f, "sip:{}:{}", self.host, self.port)
        }
    }
}

/// One trunk, as the SIP side sees it. Which calls go over it is decided elsewhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkConfig {
    /// What orders and records call it.
    pub name: String,
    /// Where INVITEs go.
    pub address: TrunkAddress,
    /// Digest user name (RFC 3261 section 22); with `password`.
    #[serde(default)]
    pub username: Option<String>,
    /// Digest password.
    #[serde(default)]
    pub password: Option<Masked<String>>,
    /// Only challenges of this realm are answered; any if absent.
    #[serde(default)]
    pub realm: Option<String>,
    /// The form in which the trunk wants numbers.
    #[serde(default)]
    pub number_format: NumberFormat,
    /// The number shown when an order names none; then the user name, then `anonymous`.
    #[serde(default)]
    pub caller: Option<String>,
    /// The host in `From`; the trunk's own host if absent. The caller id goes there.
    #[serde(default)]
    pub from_domain: Option<String>,
}

impl TrunkConfig {
    /// A trunk without credentials that takes numbers as they are.
    pub fn new(name: impl Into<String>, address: TrunkAddress) -> Self {
        Self {
            name: name.into(),
            address,
            username: None,
            password: None,
            realm: None,
            number_format: NumberFormat::AsGiven,
            caller: None,
            from_domain: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), SipError> {
        if self.username.is_some() != self.password.is_some() {
            return Err(SipError::HalfCredentials { name: self.name.clone() });
        }
        let texts = [
            ("username", self.username.as_deref()),
            ("realm", self.realm.as_deref()),
            ("caller", self.caller.as_deref()),
        ];
        for (field, text) in texts {
            check_text(field, text.unwrap_or_default())?;
        }
        let host_ok = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        match &self.from_domain {
            Some(host) if host.is_empty() || !host.chars().all(host_ok) => {
                Err(SipError::BadText { field: "from_domain" })
            }
            _ => Ok(()),
        }
    }
}

/// Refuses what could end a quoted string or a header line.
pub(crate) fn check_text(field: &'static str, text: &str) -> Result<(), SipError> {
    let bad = text.chars().any(|c| c.is_control() || c == '"' || c == '\\');
    if bad {
        return Err(SipError::BadText { field });
    }
    Ok(())
}

/// How long the SIP side waits for what. Waits are kept by the transactions and legs themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SipTimers {
    /// T1 of RFC 3261 section 17.1.1.1 in milliseconds: first retransmission. Timers B and F
    /// are 64 times that.
    pub t1_ms: u64,
    /// A call that rings longer is cancelled, in milliseconds; the engine's own limit is shorter.
    pub answer_ms: u64,
    /// A peer's re-INVITE that the engine does not answer gets 500 after so many milliseconds.
    pub reoffer_ms: u64,
    /// Shutdown hangs up for at most so many milliseconds.
    pub shutdown_ms: u64,
}

impl Default for SipTimers {
    fn default() -> Self {
        Self { t1_ms: 500, answer_ms: 180_000, reoffer_ms: 5_000, shutdown_ms: 4_000 }
    }
}

impl SipTimers {
    pub(crate) fn t1(&self) -> Duration {
        Duration::from_millis(self.t1_ms.max(1))
    }
    /// Timers B, F and the wait after CANCEL.
    pub(crate) fn transaction(&self) -> Duration {
        self.t1() * 64
    }
    pub(crate) fn answer(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }
    pub(crate) fn reoffer(&self) -> Duration {
        Duration::from_millis(self.reoffer_ms)
    }
    pub(crate) fn shutdown(&self) -> Duration {
        Duration::from_millis(self.shutdown_ms)
    }
}

/// The SIP side as a whole.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SipConfig {
    /// Where to listen, UDP; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address peers reach us at, if it is not the one they see (behind NAT).
    pub advertise: Option<IpAddr>,
    /// What we call ourselves in `User-Agent`.
    pub user_agent: String,
    /// The trunks.
    pub trunks: Vec<TrunkConfig>,
    /// How long to wait for what.
    pub timers: SipTimers,
}

impl Default for SipConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 5060)),
            advertise: None,
            user_agent: concat!("waihu/", env!("CARGO_PKG_VERSION")).to_owned(),
            trunks: Vec::new(),
            timers: SipTimers::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_address(text: &str, want: Option<&str>) {
        let got = text.parse::<TrunkAddress>().ok().map(|a| a.to_string());
        assert_eq!(got.as_deref(), want, "{text}");
    }

    #[test]
    fn addresses_are_udp_hosts() {
        check_address("sip:127.0.0.1:5070", Some("sip:127.0.0.1:5070"));
        check_address("sip:trunk.example.com", Some("sip:trunk.example.com:5060"));
        check_address("10.0.0.1:5062", Some("sip:10.0.0.1:5062"));
        check_address("sip:[::1]:5070", Some("sip:[::1]:5070"));
        check_address("sip:[::1]", Some("sip:[::1]:5060"));
        check_address("sip:h:5060;transport=udp", Some("sip:h:5060"));
        for bad in [
            "",
            "sip:",
            "sips:h:5061",
            "sip:h:",
            "sip:h:0",
            "sip:h:65536",
            "sip:user@h",
            "sip:h;transport=tcp",
            "sip:[::1",
            "sip:[::1]x",
            "sip:h\r\n:5060",
            "http://h",
        ] {
            check_address(bad, None);
        }
    }

    #[test]
    fn trunks_are_read_and_unknown_fields_refused() {
        let text = "name = 'a'\naddress = 'sip:h'\nusername = 'u'\npassword = 'secret'\n\
                    number_format = 'plus86'";
        let trunk: TrunkConfig = toml::from_str(text).unwrap();
        assert_eq!(trunk.check(), Ok(()));
        assert_eq!(trunk.number_format, NumberFormat::Plus86);
        assert!(!format!("{trunk:?}").contains("secret"));
        let wrong = toml::from_str::<TrunkConfig>("name='a'\naddress='sip:h'\nport=1");
        assert!(wrong.unwrap_err().to_string().contains("port"));
        let wrong = toml::from_str::<TrunkConfig>("name='a'\naddress='sips:h'");
        assert!(wrong.unwrap_err().to_string().contains("sips:h"));
    }

    #[test]
    fn half_credentials_and_header_breakers_are_refused() {
        let base = TrunkConfig::new("a", "sip:h".parse().unwrap());
        let half = TrunkConfig { username: Some("u".into()), ..base.clone() };
        assert!(matches!(half.check(), Err(SipError::HalfCredentials { .. })));
        let breaker = TrunkConfig { caller: Some("1\r\nX: y".into()), ..base.clone() };
        assert_eq!(breaker.check(), Err(SipError::BadText { field: "caller" }));
        let host = TrunkConfig { from_domain: Some("h>x".into()), ..base };
        assert!(host.check().is_err());
    }
}
