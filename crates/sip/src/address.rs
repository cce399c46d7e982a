//! Where a trunk is: host, port and transport, as configuration writes them.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::config::SipError;

/// What carries SIP messages to a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Datagrams from our one socket.
    #[default]
    Udp,
    /// One connection per trunk, opened by us.
    Tcp,
    /// The same inside TLS 1.2 or 1.3; the certificate is always checked.
    Tls,
}

impl Transport {
    /// As `Via` writes it (RFC 3261 section 20.42).
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The parameter of a URI that names it; nothing for UDP, which is what its absence means.
    pub(crate) fn parameter(self) -> &'static str {
        match self {
            Self::Udp => "",
            Self::Tcp => ";transport=tcp",
            Self::Tls => ";transport=tls",
        }
    }

    fn usual_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }
}

/// Schemes that are sometimes written where a trunk belongs; none of them names a SIP host.
const NOT_SIP: [&str; 7] = ["tel:", "sips:", "http:", "https:", "ws:", "wss:", "mailto:"];

/// `sip:HOST[:PORT][;transport=udp|tcp|tls]`. Without a port it is 5060, or 5061 over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TrunkAddress {
    /// A name or an address, without brackets.
    host: String,
    port: Option<u16>,
    transport: Option<Transport>,
}

impl TrunkAddress {
    /// A UDP peer.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port: Some(port), transport: None }
    }

    /// The same host over this transport; an error if the address itself names another one.
    pub fn over(mut self, transport: Transport) -> Result<Self, SipError> {
        match self.transport {
            Some(own) if own != transport => {
                Err(SipError::TwoTransports { address: self.to_string() })
            }
            _ => {
                self.transport = Some(transport);
                Ok(self)
            }
        }
    }

    /// A name or an address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, also if it was not written.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.transport().usual_port())
    }

    /// The transport; UDP if none was written.
    pub fn transport(&self) -> Transport {
        self.transport.unwrap_or_default()
    }

    /// `HOST:PORT`, with brackets around IPv6.
    pub(crate) fn host_port(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port())
        } else {
            format!("{}:{}", self.host, self.port())
        }
    }
}

impl FromStr for TrunkAddress {
    type Err = SipError;

    fn from_str(text: &str) -> Result<Self, SipError> {
        let bad = || SipError::BadAddress { text: text.to_owned() };
        let rest = text.trim();
        let lower = rest.to_ascii_lowercase();
        if NOT_SIP.iter().any(|scheme| lower.starts_with(scheme)) {
            return Err(bad());
        }
        let rest = if lower.starts_with("sip:") { &rest[4..] } else { rest };
        let (rest, transport) = match rest.split_once(';') {
            None => (rest, None),
            Some((rest, parameter)) => {
                let name = parameter.to_ascii_lowercase();
                let transport = match name.strip_prefix("transport=").ok_or_else(bad)? {
                    "udp" => Transport::Udp,
                    "tcp" => Transport::Tcp,
                    "tls" => Transport::Tls,
                    _ => return Err(bad()),
                };
                (rest, Some(transport))
            }
        };
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
            "" => None,
            digits => Some(digits.parse().map_err(|_| bad())?),
        };
        let v6 = rest.starts_with('[');
        let name_ok = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if host.is_empty() || port == Some(0) || !(v6 || host.chars().all(name_ok)) {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port, transport })
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
        write!(f, "sip:{}{}", self.host_port(), self.transport().parameter())
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
    fn addresses_are_hosts_with_a_transport() {
        check_address("sip:127.0.0.1:5070", Some("sip:127.0.0.1:5070"));
        check_address("sip:trunk.example.com", Some("sip:trunk.example.com:5060"));
        check_address("SIP:trunk.example.com", Some("sip:trunk.example.com:5060"));
        check_address("10.0.0.1:5062", Some("sip:10.0.0.1:5062"));
        check_address("sip:[::1]:5070", Some("sip:[::1]:5070"));
        check_address("sip:[::1]", Some("sip:[::1]:5060"));
        check_address("sip:h:5060;transport=udp", Some("sip:h:5060"));
        check_address("sip:h;transport=tcp", Some("sip:h:5060;transport=tcp"));
        check_address("sip:h;transport=TLS", Some("sip:h:5061;transport=tls"));
        check_address("sip:h:5070;transport=tls", Some("sip:h:5070;transport=tls"));
        for bad in [
            "",
            "sip:",
            "sips:h:5061",
            "tel:10086",
            "TEL:+8613800138000",
            "sip:h:",
            "sip:h:0",
            "sip:h:65536",
            "sip:user@h",
            "sip:h;transport=sctp",
            "sip:h;lr",
            "sip:[::1",
            "sip:[::1]x",
            "sip:h\r\n:5060",
            "http://h",
        ] {
            check_address(bad, None);
        }
    }

    #[test]
    fn a_transport_given_beside_the_address_decides_the_usual_port() {
        let address: TrunkAddress = "sip:h".parse().unwrap();
        assert_eq!(address.clone().over(Transport::Tls).unwrap().port(), 5061);
        assert_eq!(address.over(Transport::Tcp).unwrap().port(), 5060);
        let named: TrunkAddress = "sip:h;transport=tls".parse().unwrap();
        assert!(named.clone().over(Transport::Tls).is_ok());
        let error = named.over(Transport::Udp).unwrap_err();
        assert!(matches!(error, SipError::TwoTransports { .. }), "{error}");
    }
}
