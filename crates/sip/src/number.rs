//! Phone numbers on the wire: the form a trunk wants, and the SIP URI made of it.

use domain::PhoneNumber;
use rsipstack::sip::{Auth, HostWithPort, Scheme, Uri};
use serde::Deserialize;

/// The form in which a trunk wants mainland mobile numbers; all others go as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberFormat {
    /// `13800138000`
    #[default]
    AsGiven,
    /// `013800138000`
    ZeroPrefixed,
    /// `+8613800138000`
    Plus86,
}

impl NumberFormat {
    /// The digits to dial.
    pub(crate) fn dial_string(self, number: &PhoneNumber) -> String {
        let digits = number.reveal();
        let mobile = digits.len() == 11
            && digits.starts_with('1')
            && digits.bytes().all(|b| b.is_ascii_digit());
        match self {
            Self::ZeroPrefixed if mobile => format!("0{digits}"),
            Self::Plus86 if mobile => format!("+86{digits}"),
            _ => digits.to_owned(),
        }
    }
}

/// `sip:user@host`; characters a user part may not hold are escaped (RFC 3261 section 19.1.2).
pub(crate) fn sip_uri(user: &str, host: HostWithPort) -> Uri {
    Uri {
        scheme: Some(Scheme::Sip),
        auth: Some(Auth { user: user.to_owned(), password: None }),
        host_with_port: host,
        params: Vec::new(),
        headers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use domain::NumberRules;

    use super::*;

    fn check(format: NumberFormat, given: &str, want: &str) {
        let rules = NumberRules::new(vec!["8???".into(), "00*".into(), "#??".into()]).unwrap();
        let number = rules.parse(given).unwrap();
        assert_eq!(format.dial_string(&number), want, "{format:?} {given}");
    }

    #[test]
    fn mobile_numbers_take_the_trunk_s_form() {
        check(NumberFormat::AsGiven, "13800138000", "13800138000");
        check(NumberFormat::ZeroPrefixed, "13800138000", "013800138000");
        check(NumberFormat::Plus86, "+8613800138000", "+8613800138000");
        check(NumberFormat::Plus86, "8001", "8001");
        check(NumberFormat::ZeroPrefixed, "0044123", "0044123");
    }

    #[test]
    fn unusual_characters_are_escaped() {
        let host = HostWithPort::try_from("127.0.0.1:5060").unwrap();
        assert_eq!(sip_uri("#12", host.clone()).to_string(), "sip:%2312@127.0.0.1:5060");
        assert_eq!(sip_uri("+86138", host).to_string(), "sip:+86138@127.0.0.1:5060");
    }
}
