//! The `Directory` port: accounts and keys.

use domain::{AccountId, KeyId, Principal, Scope, WallTime};

use super::PortFuture;
use super::records::{CommitError, ReadError};

/// An account as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its login.
    pub login: String,
    /// Whether it may not act.
    pub suspended: bool,
}

/// A key to be stored: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Whose.
    pub account: AccountId,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// Its first nine characters, to be recognized by.
    pub prefix: String,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: WallTime,
}

/// Who a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyOwner {
    /// What the key may do, and for whom.
    pub principal: Principal,
    /// Whether the account may not act.
    pub suspended: bool,
}

/// Accounts and keys; every write leaves an audit row.
pub trait Directory: Send + Sync {
    /// Who shows this key; `None` if it is unknown or revoked.
    fn key_owner(&self, hash: [u8; 32]) -> PortFuture<'_, Result<Option<KeyOwner>, ReadError>>;
    /// Stores a key.
    fn add_key(&self, key: NewKey) -> PortFuture<'_, Result<KeyId, CommitError>>;
    /// The account with this login.
    fn account(&self, login: String) -> PortFuture<'_, Result<Option<Account>, ReadError>>;
    /// Makes an account; `Duplicate` if the login is taken.
    fn add_account(
        &self,
        login: String,
        at: WallTime,
    ) -> PortFuture<'_, Result<AccountId, CommitError>>;
}
