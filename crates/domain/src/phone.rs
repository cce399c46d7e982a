//! Phone numbers: parsed once at the door, masked whenever they are printed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A dialable number in the form the customer is shown: digits (and, by an operator's extra
/// pattern, `+`, `*` and `#`). `Debug` and `Display` mask it: `138****8000`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

/// Why a text is no phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Neither a mainland mobile number nor one of the operator's patterns.
    #[error("not an 11-digit mainland mobile number")]
    NotMobile,
    /// The operator's pattern cannot be read; the position is that of the bad pattern.
    #[error("number pattern {index} is not valid: use digits, ?, +, # and a final *")]
    BadPattern {
        /// Position in the list of patterns, from 1.
        index: usize,
    },
}

impl PhoneNumber {
    /// The digits themselves; for dialling, storing and the owner's replies, never for logs.
    pub fn reveal(&self) -> &str {
        &self.0
    }
    /// The last four characters, or the whole number if it is shorter.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len().saturating_sub(4)..]
    }
    /// First three and last four characters with `****` between; short numbers keep less.
    pub fn masked(&self) -> String {
        let n = self.0.len();
        if n >= 10 {
            format!("{}****{}", &self.0[..3], &self.0[n - 4..])
        } else if n >= 4 {
            format!("****{}", &self.0[n - 2..])
        } else {
            "****".to_owned()
        }
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Which texts count as phone numbers (callout section 5.1).
#[derive(Clone, Debug, Default)]
pub struct NumberRules {
    extra: Vec<String>,
}

impl NumberRules {
    /// Mainland mobile numbers, and what the operator's patterns name: digits stand for
    /// themselves, `?` for one digit, a final `*` for 1 to 20 more digits.
    pub fn new(extra: Vec<String>) -> Result<Self, PhoneError> {
        for (i, p) in extra.iter().enumerate() {
            let body = p.strip_suffix('*').unwrap_or(p);
            let ok = !p.is_empty() && body.chars().all(|c| c.is_ascii_digit() || "?+#".contains(c));
            if !ok {
                return Err(PhoneError::BadPattern { index: i + 1 });
            }
        }
        Ok(Self { extra })
    }

    /// Reads one number: outer blanks and one leading `+86` go, the rest must match.
    pub fn parse(&self, text: &str) -> Result<PhoneNumber, PhoneError> {
        let text = text.trim();
        let bare = text.strip_prefix("+86").unwrap_or(text);
        if is_mainland_mobile(bare) {
            return Ok(PhoneNumber(bare.to_owned()));
        }
        for candidate in [bare, text] {
            if self.extra.iter().any(|p| matches_pattern(p, candidate)) {
                return Ok(PhoneNumber(candidate.to_owned()));
            }
        }
        Err(PhoneError::NotMobile)
    }
}

/// `^1[3-9][0-9]{9}$`
fn is_mainland_mobile(s: &str) -> bool {
    let b = s.as_bytes();
    b.len() == 11
        && b[0] == b'1'
        && (b'3'..=b'9').contains(&b[1])
        && b.iter().all(u8::is_ascii_digit)
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (body, open_end) = match pattern.strip_suffix('*') {
        Some(body) => (body, true),
        None => (pattern, false),
    };
    if !text.is_ascii() || text.len() < body.len() {
        return false;
    }
    let (head, tail) = text.split_at(body.len());
    let head_ok = body
        .bytes()
        .zip(head.bytes())
        .all(|(p, c)| if p == b'?' { c.is_ascii_digit() } else { p == c });
    let tail_ok = if open_end {
        (1..=20).contains(&tail.len()) && tail.bytes().all(|c| c.is_ascii_digit())
    } else {
        tail.is_empty()
    };
    head_ok && tail_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mainland_numbers_and_patterns() {
        let rules = NumberRules::new(vec!["8???".into(), "00*".into()]).unwrap();
        for (text, want) in [
            ("13800138000", Some("13800138000")),
            (" +8613800138000 ", Some("13800138000")),
            ("12800138000", None),
            ("1380013800", None),
            ("138001380001", None),
            ("010-88886666", None),
            ("+86+8613800138000", None),
            ("8001", Some("8001")),
            ("80011", None),
            ("0044123", Some("0044123")),
            ("00", None),
            ("１３８００１３８０００", None),
            ("", None),
        ] {
            assert_eq!(rules.parse(text).ok().as_ref().map(PhoneNumber::reveal), want, "{text}");
        }
        assert!(NumberRules::new(vec!["1(".into()]).is_err());
    }

    #[test]
    fn printing_masks() {
        let rules = NumberRules::new(vec!["8???".into()]).unwrap();
        let n = rules.parse("13800138000").unwrap();
        assert_eq!(format!("{n} {n:?}"), "138****8000 138****8000");
        assert_eq!(rules.parse("8001").unwrap().to_string(), "****01");
    }
}
