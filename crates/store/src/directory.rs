//! The `Directory` port: accounts and keys, each write with its audit row.

use domain::{AccountId, Caps, Credential, KeyId, Principal, Scope, WallTime};
use engine::ports::PortFuture;
use engine::ports::directory::{Account, Directory, KeyOwner, NewKey};
use engine::ports::records::{CommitError, ReadError};
use sqlx::{AnyConnection, Row};

use crate::read::readable;
use crate::store::Store;
use crate::unit::UnitError;
use crate::writer::Work;

impl Directory for Store {
    fn key_owner(&self, hash: [u8; 32]) -> PortFuture<'_, Result<Option<KeyOwner>, ReadError>> {
        readable(async move {
            let row = sqlx::query(
                "SELECT k.id, k.account, k.scopes, k.max_phones, a.suspended \
                 FROM keys k JOIN accounts a ON a.id = k.account \
                 WHERE k.hash = $1 AND k.revoked_at IS NULL",
            )
            .bind(hash.as_slice())
            .fetch_optional(&self.readers)
            .await?;
            let Some(row) = row else {
                return Ok(None);
            };
            let max_phones: Option<i64> = row.try_get(3)?;
            let principal = Principal {
                account: AccountId(row.try_get(1)?),
                credential: Credential::ApiKey(KeyId(row.try_get(0)?)),
                scopes: scopes(&row.try_get::<String, _>(2)?),
                caps: Caps { max_phones: max_phones.and_then(|n| u32::try_from(n).ok()) },
            };
            let suspended = row.try_get::<i64, _>(4)? != 0;
            Ok(Some(KeyOwner { principal, suspended }))
        })
    }

    fn add_key(&self, key: NewKey) -> PortFuture<'_, Result<KeyId, CommitError>> {
        Box::pin(async move { self.writer.submit(Work::AddKey(key)).await.map(KeyId) })
    }

    fn account(&self, login: String) -> PortFuture<'_, Result<Option<Account>, ReadError>> {
        readable(async move {
            let row = sqlx::query("SELECT id, suspended FROM accounts WHERE login = $1")
                .bind(login.as_str())
                .fetch_optional(&self.readers)
                .await?;
            let Some(row) = row else {
                return Ok(None);
            };
            Ok(Some(Account {
                id: AccountId(row.try_get(0)?),
                login,
                suspended: row.try_get::<i64, _>(1)? != 0,
            }))
        })
    }

    fn add_account(
        &self,
        login: String,
        at: WallTime,
    ) -> PortFuture<'_, Result<AccountId, CommitError>> {
        Box::pin(async move {
            let work = Work::AddAccount { login, at };
            self.writer.submit(work).await.map(AccountId)
        })
    }
}

pub(crate) async fn insert_account(
    conn: &mut AnyConnection,
    login: &str,
    at: WallTime,
) -> Result<i64, UnitError> {
    let made = sqlx::query(
        "INSERT INTO accounts (login, created_at) VALUES ($1, $2) \
         ON CONFLICT (login) DO NOTHING RETURNING id",
    )
    .bind(login)
    .bind(at.0)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(made) = made else {
        return Err(UnitError::duplicate(format!("login {login}")));
    };
    let id: i64 = made.try_get(0)?;
    let detail = serde_json::json!({ "login": login });
    audit(conn, at, AccountId(id), "account_added", detail).await?;
    Ok(id)
}

pub(crate) async fn insert_key(conn: &mut AnyConnection, key: &NewKey) -> Result<i64, UnitError> {
    let owner = sqlx::query("SELECT id FROM accounts WHERE id = $1")
        .bind(key.account.0)
        .fetch_optional(&mut *conn)
        .await?;
    if owner.is_none() {
        let cause = format!("there is no account {}", key.account);
        return Err(UnitError::unavailable(cause));
    }
    let made = sqlx::query(
        "INSERT INTO keys (account, hash, prefix, name, scopes, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hash) DO NOTHING RETURNING id",
    )
    .bind(key.account.0)
    .bind(key.hash.as_slice())
    .bind(key.prefix.as_str())
    .bind(key.name.as_str())
    .bind(serde_json::to_string(&key.scopes)?)
    .bind(key.created_at.0)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(made) = made else {
        return Err(UnitError::duplicate(format!("key {}", key.prefix)));
    };
    let id: i64 = made.try_get(0)?;
    let detail = serde_json::json!({
        "key": id, "prefix": key.prefix, "name": key.name, "scopes": key.scopes,
    });
    audit(conn, key.created_at, key.account, "key_added", detail).await?;
    Ok(id)
}

/// Who did what to an account; never a secret.
async fn audit(
    conn: &mut AnyConnection,
    at: WallTime,
    account: AccountId,
    action: &'static str,
    detail: serde_json::Value,
) -> Result<(), UnitError> {
    sqlx::query("INSERT INTO audit (at, account, action, detail) VALUES ($1, $2, $3, $4)")
        .bind(at.0)
        .bind(account.0)
        .bind(action)
        .bind(detail.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

/// The scopes of a key; a word this program does not know grants nothing.
fn scopes(json: &str) -> Vec<Scope> {
    let words: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    let known = |word: &String| Scope::ALL.iter().copied().find(|s| s.word() == word);
    words.iter().filter_map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_scopes_grant_nothing() {
        for (json, want) in [
            (r#"["calls:read","calls:fly"]"#, vec![Scope::CallsRead]),
            ("[]", vec![]),
            ("not json", vec![]),
        ] {
            assert_eq!(scopes(json), want, "{json}");
        }
        let all = serde_json::to_string(Scope::ALL).unwrap();
        assert_eq!(scopes(&all), Scope::ALL);
    }
}
