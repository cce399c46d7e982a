//! Phone numbers on the wire: the form a trunk wants, and the SIP URI made of it.

use domain::PhoneNumber;
use rsipstack::sip::{Auth, HostWithPort, Scheme, Uri};
use serde::Deserialize;

/// The shortest area code and number that is taken for a fixed line: 010 and seven digits.
const MIN_FIXED_LINE: usize = 10;

/// The form in which a trunk wants numbers; those it does not speak of go as they are.
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
    /// Every number that names a country or can be given one: `+8613800138000`,
    /// `+862112345678` for `02112345678`, `+44123` for `0044123`. Short numbers as they are.
    E164,
    /// The opposite: `13800138000`, and `02112345678` for `+862112345678`.
    National,
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
            Self::Plus86 | Self::E164 if mobile => format!("+86{digits}"),
            Self::E164 => international(digits),
            Self::National => national(digits),
            _ => digits.to_owned(),
        }
    }
}

fn international(digits: &str) -> String {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits.to_owned();
    }
    match (digits.strip_prefix("00"), digits.strip_prefix('0')) {
        (Some(foreign), _) => format!("+{foreign}"),
        (None, Some(fixed)) if digits.len() >= MIN_FIXED_LINE => format!("+86{fixed}"),
        _ => digits.to_owned(),
    }
}

fn national(digits: &str) -> String {
    match digits.strip_prefix("+86") {
        Some(own) if own.len() == 11 && own.starts_with('1') => own.to_owned(),
        Some(own) => format!("0{own}"),
        None => digits.to_owned(),
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
        let rules = NumberRules::new(["8???", "0*", "+*", "#??"].map(Into::into).to_vec()).unwrap();
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
        check(NumberFormat::E164, "13800138000", "+8613800138000");
        check(NumberFormat::E164, "02112345678", "+862112345678");
        check(NumberFormat::E164, "0044123", "+44123");
        check(NumberFormat::E164, "+44123", "+44123");
        check(NumberFormat::E164, "8001", "8001");
        check(NumberFormat::E164, "#12", "#12");
        check(NumberFormat::National, "+8613800138000", "13800138000");
        check(NumberFormat::National, "+862112345678", "02112345678");
        check(NumberFormat::National, "02112345678", "02112345678");
    }

    #[test]
    fn unusual_characters_are_escaped() {
        let host = HostWithPort::try_from("127.0.0.1:5060").unwrap();
        assert_eq!(sip_uri("#12", host.clone()).to_string(), "sip:%2312@127.0.0.1:5060");
        assert_eq!(sip_uri("+86138", host).to_string(), "sip:+86138@127.0.0.1:5060");
    }
}
