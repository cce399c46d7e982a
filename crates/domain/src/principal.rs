//! Who is asking, and what they may do.

use serde::{Deserialize, Serialize};

use crate::{AccountId, KeyId, Refusal};

/// One permission of a key (callout section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Place calls.
    #[serde(rename = "calls:create")]
    CallsCreate,
    /// See calls.
    #[serde(rename = "calls:read")]
    CallsRead,
    /// End calls.
    #[serde(rename = "calls:hangup")]
    CallsHangup,
    /// See the balance.
    #[serde(rename = "balance:read")]
    BalanceRead,
    /// Fetch recordings.
    #[serde(rename = "recordings:read")]
    RecordingsRead,
}

impl Scope {
    /// Every scope.
    pub const ALL: &'static [Scope] = &[
        Scope::CallsCreate,
        Scope::CallsRead,
        Scope::CallsHangup,
        Scope::BalanceRead,
        Scope::RecordingsRead,
    ];
    /// The word of the specification.
    pub const fn word(self) -> &'static str {
        match self {
            Scope::CallsCreate => "calls:create",
            Scope::CallsRead => "calls:read",
            Scope::CallsHangup => "calls:hangup",
            Scope::BalanceRead => "balance:read",
            Scope::RecordingsRead => "recordings:read",
        }
    }
}

/// Optional limits of one key; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// Numbers in one request.
    pub max_phones: Option<u32>,
}

/// Which credential was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// An API key (`sk_…`).
    ApiKey(KeyId),
}

/// Who is asking: what every kind of credential ends in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account that owns what is asked for.
    pub account: AccountId,
    /// The credential that was shown.
    pub credential: Credential,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Its limits.
    pub caps: Caps,
}

impl Principal {
    /// Whether the credential may do what `scope` names.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// The one key that everything a request shows agrees on: the values of its `X-API-Key` headers
/// and of its `Authorization` headers, which mean the same.
///
/// A key follows `Bearer`, in any case (RFC 9110 section 11.1); other schemes are not ours and
/// are passed over. A value that is not ASCII, two that differ, an empty key and none at all are
/// `Unauthorized`.
pub fn shown_key<'a>(
    keys: impl IntoIterator<Item = &'a [u8]>,
    authorizations: impl IntoIterator<Item = &'a [u8]>,
) -> Result<&'a str, Refusal> {
    let keys = keys.into_iter().map(|value| ascii(value).map(Some));
    let tokens = authorizations.into_iter().map(|value| ascii(value).map(bearer_token));
    let mut found = None;
    for key in keys.chain(tokens) {
        let Some(key) = key? else { continue };
        if *found.get_or_insert(key) != key {
            return Err(Refusal::Unauthorized);
        }
    }
    found.filter(|key| !key.is_empty()).ok_or(Refusal::Unauthorized)
}

fn ascii(value: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.is_ascii());
    text.ok_or(Refusal::Unauthorized)
}

fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_shown_must_agree() {
        for (keys, authorizations, want) in [
            (&["a"][..], &[][..], Some("a")),
            (&[], &["Bearer a"], Some("a")),
            (&[], &["bearer  a"], Some("a")),
            (&["a"], &["Bearer a"], Some("a")),
            (&["a"], &["Bearer b"], None),
            (&["a", "b"], &[], None),
            (&["a", "a"], &[], Some("a")),
            (&["a"], &["Basic b"], Some("a")),
            (&["a"], &["Bearer "], None),
            (&[], &["Basic b"], None),
            (&[], &["Bearer"], None),
            (&[], &["Bearer "], None),
            (&[], &["a"], None),
            (&[""], &[], None),
            (&["\u{e4}"], &[], None),
            (&["a"], &["Basic \u{e4}"], None),
            (&[], &[], None),
        ] {
            let bytes = |values: &[&'static str]| -> Vec<&'static [u8]> {
                values.iter().map(|value| value.as_bytes()).collect()
            };
            let got = shown_key(bytes(keys), bytes(authorizations));
            assert_eq!(got.ok(), want, "{keys:?} {authorizations:?}");
        }
    }
}
