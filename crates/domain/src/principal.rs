//! Who is asking, and what they may do.

use serde::{Deserialize, Serialize};

use crate::{AccountId, KeyId};

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
