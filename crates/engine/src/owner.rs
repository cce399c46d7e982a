//! The first account, its bonus, and keys: made by the engine, shown once, stored hashed.

use std::sync::Arc;

use domain::{AccountId, KeyId, MicroYuan, Scope, Transaction, TransactionKind};
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::parts::Parts;
use crate::ports::directory::{Directory, NewKey};
use crate::ports::records::{Batch, CommitError, ReadError, Records};

/// Login of the account that the first start makes (callout section 8).
pub const OWNER: &str = "owner";
/// Random signs of a key after `sk_`.
const KEY_SIGNS: usize = 43;
/// Signs by which a key is recognized in lists.
const PREFIX_SIGNS: usize = 9;

/// Why an account or key could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnerError {
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store cannot be written.
    #[error(transparent)]
    Write(#[from] CommitError),
    /// No account has this login.
    #[error("no account named {login}")]
    NoAccount {
        /// The login.
        login: String,
    },
}

/// What is needed to make accounts and keys.
#[derive(Clone)]
pub struct Keys {
    /// Both clocks.
    pub clock: Clock,
    /// The ledger.
    pub records: Arc<dyn Records>,
    /// Accounts and keys.
    pub directory: Arc<dyn Directory>,
    /// Ten random bytes.
    pub random: fn() -> [u8; 10],
}

impl From<&Parts> for Keys {
    fn from(parts: &Parts) -> Self {
        Self {
            clock: parts.clock.clone(),
            records: parts.records.clone(),
            directory: parts.directory.clone(),
            random: parts.random,
        }
    }
}

/// What the first start made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstStart {
    /// The account.
    pub account: AccountId,
    /// Its key, in full, for the only time; `None` if the account was there already.
    pub key: Option<String>,
}

/// Makes the account `owner` with its bonus and one key, unless it exists.
pub async fn first_start(parts: &Keys, bonus: MicroYuan) -> Result<FirstStart, OwnerError> {
    if let Some(account) = parts.directory.account(OWNER.to_owned()).await? {
        return Ok(FirstStart { account: account.id, key: None });
    }
    let wall = parts.clock.wall();
    let account = parts.directory.add_account(OWNER.to_owned(), wall).await?;
    if bonus > MicroYuan::ZERO {
        let reference = format!("bonus:{account}");
        deposit(parts, TransactionKind::Bonus, reference, account, bonus).await?;
    }
    let key = create_key(parts, OWNER, "first").await?;
    Ok(FirstStart { account, key: Some(key) })
}

/// Pays in, under a reference that can be used once.
pub async fn top_up(
    parts: &Keys,
    account: AccountId,
    reference: &str,
    amount: MicroYuan,
) -> Result<(), OwnerError> {
    deposit(parts, TransactionKind::TopUp, format!("top_up:{reference}"), account, amount).await
}

/// Makes one more key of the account with this login; the reply is the only place where it
/// stands in full.
pub async fn create_key(parts: &Keys, login: &str, name: &str) -> Result<String, OwnerError> {
    let account = parts.directory.account(login.to_owned()).await?;
    let account = account.ok_or_else(|| OwnerError::NoAccount { login: login.to_owned() })?;
    let key = new_key(parts.random);
    let new = NewKey {
        account: account.id,
        hash: Sha256::digest(key.as_bytes()).into(),
        prefix: key[..PREFIX_SIGNS].to_owned(),
        name: name.to_owned(),
        scopes: Scope::ALL.to_vec(),
        created_at: parts.clock.wall(),
    };
    let _: KeyId = parts.directory.add_key(new).await?;
    Ok(key)
}

async fn deposit(
    parts: &Keys,
    kind: TransactionKind,
    reference: String,
    account: AccountId,
    amount: MicroYuan,
) -> Result<(), OwnerError> {
    let transactions = vec![Transaction::deposit(kind, reference, account, amount)];
    parts.records.commit(Batch { transactions, ..Batch::default() }).await?;
    Ok(())
}

/// `sk_` and 43 signs `[A-Za-z0-9]`, each equally likely.
fn new_key(random: fn() -> [u8; 10]) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut key = String::from("sk_");
    while key.len() < 3 + KEY_SIGNS {
        for byte in random() {
            // 248 is the largest multiple of 62 in a byte: beyond it signs would be uneven.
            if byte < 248 && key.len() < 3 + KEY_SIGNS {
                key.push(char::from(SIGNS[usize::from(byte) % SIGNS.len()]));
            }
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_form_of_the_specification() {
        let key = new_key(|| [0, 61, 62, 247, 248, 255, 1, 2, 3, 4]);
        assert_eq!(key.len(), 46);
        assert!(key.starts_with("sk_A9A9"));
        assert!(key[3..].bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
