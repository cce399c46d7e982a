//! Keys in a session description: `a=crypto` (RFC 4568 section 9.1), read and written.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::srtp::{MASTER_LEN, MasterKey, OurKeys, Suite};

/// One line that we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CryptoLine {
    /// Names the line in offer and answer.
    pub tag: u32,
    pub suite: Suite,
    pub key: MasterKey,
}

/// Reads `TAG SUITE inline:KEY[|LIFETIME] [PARAMETERS]`; `None` for what we do not do: other
/// suites, several keys, key identifiers (MKI), and parameters that change the protection.
pub(super) fn read(value: &str) -> Option<CryptoLine> {
    let mut words = value.split_whitespace();
    let tag = words.next().filter(|t| t.len() <= 9)?.parse().ok()?;
    let suite = Suite::from_name(words.next()?)?;
    let (method, key) = words.next()?.split_once(':')?;
    if !method.eq_ignore_ascii_case("inline") || key.contains(';') {
        return None;
    }
    let mut parts = key.split('|');
    let bytes = STANDARD.decode(parts.next()?).ok()?;
    let key: [u8; MASTER_LEN] = bytes.try_into().ok()?;
    if parts.any(|p| p.contains(':')) {
        return None;
    }
    // A hint for the replay window is ours to ignore; all else would have to be obeyed.
    let harmless = |p: &str| p.get(..4).is_some_and(|w| w.eq_ignore_ascii_case("WSH="));
    words.all(harmless).then_some(CryptoLine { tag, suite, key: MasterKey(key) })
}

/// Writes the line of one of our keys.
pub(super) fn write(text: &mut String, tag: u32, suite: Suite, keys: Option<&OurKeys>) {
    if let Some(keys) = keys {
        let key = STANDARD.encode(keys.of(suite).0);
        let _ = write!(text, "a=crypto:{tag} {} inline:{key}\r\n", suite.name());
    }
}
