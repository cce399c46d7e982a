//! Migrations: forward only, embedded, all of them in one transaction.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};
use uuid::Uuid;

use crate::config::Target;
use crate::dialect::Dialect;
use crate::error::StoreError;

/// Each step's SQL; its place in the list, from 1, is the schema version it leads to.
const STEPS: &[&str] = &[
    include_str!("../migrations/0001_begin.sql"),
    include_str!("../migrations/0002_claims_by_expiry.sql"),
];

const META: &str = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)";

/// Brings the database up to the newest schema and returns the installation's id, which is made
/// with the database and never changes.
pub(crate) async fn migrate(
    conn: &mut AnyConnection,
    target: &Target,
) -> Result<String, StoreError> {
    let dialect = Dialect::of(target);
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let failed = |version| {
        let target = target.shown();
        move |source| StoreError::Migrate { target, version, source }
    };
    let mut tx = conn.begin_with(dialect.begin_writing()).await.map_err(failed(0))?;
    if let Some(lock) = dialect.lock_schema() {
        tx.execute(lock).await.map_err(failed(0))?;
    }
    let found = version(&mut tx).await.map_err(failed(0))?;
    if found > known {
        let target = target.shown();
        return Err(StoreError::NewerSchema { target, found, known });
    }
    for (version, step) in (1..).zip(STEPS) {
        if version > found {
            let sql = step
                .replace("{bytes}", dialect.bytes())
                .replace("{serial_key}", dialect.serial_key());
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *tx).await.map_err(failed(version))?;
        }
    }
    let id = record(&mut tx, known).await.map_err(failed(known))?;
    tx.commit().await.map_err(failed(known))?;
    Ok(id)
}

async fn version(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    conn.execute(META).await?;
    let row = sqlx::query("SELECT CAST(value AS BIGINT) FROM meta WHERE name = 'schema_version'")
        .fetch_optional(conn)
        .await?;
    row.map_or(Ok(0), |r| r.try_get(0))
}

async fn record(conn: &mut AnyConnection, version: i64) -> Result<String, sqlx::Error> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ('schema_version', $1) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(version.to_string())
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ('installation_id', $1) \
         ON CONFLICT (name) DO NOTHING",
    )
    .bind(Uuid::now_v7().to_string())
    .execute(&mut *conn)
    .await?;
    sqlx::query("SELECT value FROM meta WHERE name = 'installation_id'")
        .fetch_one(conn)
        .await?
        .try_get(0)
}
