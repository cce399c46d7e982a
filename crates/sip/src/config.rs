//! Settings of the SIP side, as the binary reads them, and the errors of starting it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use domain::Masked;
use serde::Deserialize;

use crate::address::TrunkAddress;
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
    #[error(
        "{text:?} is no trunk address: write sip:HOST or sip:HOST:PORT, and the transport (udp, \
         tcp, tls) behind it or in its own setting; tel: and sips: are not taken"
    )]
    BadAddress {
        /// What was given.
        text: String,
    },
    /// The address names one transport and the setting another.
    #[error("{address} names its transport; the setting `transport` names another one")]
    TwoTransports {
        /// As it was read.
        address: String,
    },
    /// What TLS needs cannot be had.
    #[error("trunk {name:?}: {why}")]
    Tls {
        /// The trunk.
        name: String,
        /// What is missing or wrong.
        why: String,
    },
    /// A trunk is to be registered with, but nobody is named.
    #[error("trunk {name:?} has `register = true`, which needs username and password")]
    RegistersNobody {
        /// The trunk.
        name: String,
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
    /// Written before each number that is dialled.
    #[serde(default)]
    pub dial_prefix: String,
    /// The host in `From`; the trunk's own host if absent. The caller id goes there.
    #[serde(default)]
    pub from_domain: Option<String>,
    /// Send the caller id as `P-Asserted-Identity` too (RFC 3325).
    #[serde(default)]
    pub assert_caller: bool,
    /// How the trunk proves who it is, over TLS.
    #[serde(default)]
    pub tls: TlsConfig,
    /// What keeps the trunk usable.
    #[serde(default)]
    pub upkeep: Upkeep,
}

/// How a TLS trunk proves who it is. There is no way to switch the check off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file of the certificates trusted for this trunk; those of the system if absent.
    pub ca_file: Option<PathBuf>,
    /// The name its certificate must hold, also sent as SNI; the host of the address if absent.
    pub server_name: Option<String>,
    /// PEM file of our own certificate, its chain behind it, for a trunk that asks who we are.
    pub cert_file: Option<PathBuf>,
    /// PEM file of its private key. Both or none.
    pub key_file: Option<PathBuf>,
}

/// What is done for a trunk without calls, and for how long its calls may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Upkeep {
    /// Register with it (RFC 3261 section 10). Until it agreed, no call goes over it.
    pub register: bool,
    /// For how long to register, in seconds; the registrar may shorten it.
    pub register_s: u32,
    /// OPTIONS after so many seconds without a word from it; 0 never asks.
    pub options_s: u32,
    /// Session timer proposed for each call, in seconds (RFC 4028); 0 proposes none.
    pub session_s: u32,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self { register: false, register_s: 300, options_s: 60, session_s: 1_800 }
    }
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
            dial_prefix: String::new(),
            from_domain: None,
            assert_caller: false,
            tls: TlsConfig::default(),
            upkeep: Upkeep::default(),
        }
    }

    /// Whether its settings make sense together; reads no file.
    pub fn check(&self) -> Result<(), SipError> {
        if self.username.is_some() != self.password.is_some() {
            return Err(SipError::HalfCredentials { name: self.name.clone() });
        }
        if self.upkeep.register && self.username.is_none() {
            return Err(SipError::RegistersNobody { name: self.name.clone() });
        }
        if !self.dial_prefix.chars().all(|c| c.is_ascii_digit() || "+*#".contains(c)) {
            return Err(SipError::BadText { field: "dial_prefix" });
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
    /// A connection of a TCP or TLS trunk is given up after so many milliseconds, each of name,
    /// connection and handshake.
    pub connect_ms: u64,
    /// A quiet connection carries two line ends so often, in milliseconds (RFC 5626 section
    /// 3.5.1), which keeps it open in what lies between.
    pub keepalive_ms: u64,
    /// The shortest session timer we agree to, in seconds (RFC 4028 section 4: not below 90).
    pub min_se_s: u32,
}

impl Default for SipTimers {
    fn default() -> Self {
        Self {
            t1_ms: 500,
            answer_ms: 180_000,
            reoffer_ms: 5_000,
            shutdown_ms: 4_000,
            connect_ms: 5_000,
            keepalive_ms: 30_000,
            min_se_s: 90,
        }
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
    pub(crate) fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }
    pub(crate) fn keepalive(&self) -> Duration {
        Duration::from_millis(self.keepalive_ms.max(1))
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
        let prefix = TrunkConfig { dial_prefix: "9@".into(), ..base.clone() };
        assert_eq!(prefix.check(), Err(SipError::BadText { field: "dial_prefix" }));
        let upkeep = Upkeep { register: true, ..Upkeep::default() };
        let nobody = TrunkConfig { upkeep, ..base.clone() };
        assert!(matches!(nobody.check(), Err(SipError::RegistersNobody { .. })));
        let host = TrunkConfig { from_domain: Some("h>x".into()), ..base };
        assert!(host.check().is_err());
    }
}
