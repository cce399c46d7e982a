//! Transactions, postings and the balances they add up to.

use std::collections::BTreeMap;

use domain::{AccountId, LedgerAccount, MicroYuan, Transaction, TransactionKind, WallTime};
use engine::ports::records::CommitError;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::row::rows;
use crate::unit::UnitError;

/// Amounts stay below this, so that with the bound on balances no sum leaves 64 bits.
const LARGEST: i64 = 1 << 61;

/// What a batch does to one owner.
#[derive(Clone, Copy, Default)]
struct Change {
    available: i64,
    held: i64,
}

/// Posts transactions and moves the balances; refuses a reference that was used before and a
/// batch that would take an owner's `available` or `held` below zero.
pub(crate) async fn post(
    conn: &mut AnyConnection,
    transactions: &[Transaction],
    at: WallTime,
) -> Result<(), UnitError> {
    // Ordered by owner, so that two nodes never wait for each other's rows crosswise.
    let mut changes: BTreeMap<AccountId, Change> = BTreeMap::new();
    for t in transactions {
        insert(conn, t, at).await?;
        for posting in t.postings() {
            let amount = posting.amount.0;
            match posting.account {
                LedgerAccount::Available(owner) => {
                    let change = changes.entry(owner).or_default();
                    change.available = add(change.available, amount)?;
                }
                LedgerAccount::Held(owner) => {
                    let change = changes.entry(owner).or_default();
                    change.held = add(change.held, amount)?;
                }
                LedgerAccount::Promotions | LedgerAccount::Cash | LedgerAccount::Revenue => {}
            }
        }
    }
    for (owner, change) in changes {
        apply(conn, owner, change).await?;
    }
    Ok(())
}

fn add(a: i64, b: i64) -> Result<i64, UnitError> {
    a.checked_add(b)
        .filter(|sum| sum.abs() < LARGEST)
        .ok_or_else(|| UnitError::unavailable("an amount is beyond what a ledger can hold"))
}

async fn insert(conn: &mut AnyConnection, t: &Transaction, at: WallTime) -> Result<(), UnitError> {
    let made = sqlx::query(
        "INSERT INTO transactions (reference, kind, owner, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (reference) DO NOTHING RETURNING id",
    )
    .bind(t.reference())
    .bind(kind_word(t.kind()))
    .bind(t.owner().0)
    .bind(at.0)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(made) = made else {
        let what = format!("transaction {}", t.reference());
        return Err(UnitError::duplicate(what));
    };
    let id: i64 = made.try_get(0)?;
    // One statement for all of them: there are two or three.
    let sql = rows(
        "INSERT INTO postings (transaction_id, line, place, owner, amount)",
        5,
        t.postings().len(),
    );
    let mut insert = sqlx::query(AssertSqlSafe(sql));
    for (line, posting) in (1_i64..).zip(t.postings()) {
        let (place, owner) = place(posting.account);
        insert = insert.bind(id).bind(line).bind(place).bind(owner).bind(posting.amount.0);
    }
    insert.execute(conn).await?;
    Ok(())
}

async fn apply(
    conn: &mut AnyConnection,
    owner: AccountId,
    change: Change,
) -> Result<(), UnitError> {
    if try_apply(conn, owner, change).await? {
        return Ok(());
    }
    // Too little, or the owner's first posting.
    sqlx::query(
        "INSERT INTO balances (account, available, held) VALUES ($1, 0, 0) \
         ON CONFLICT (account) DO NOTHING",
    )
    .bind(owner.0)
    .execute(&mut *conn)
    .await?;
    if try_apply(conn, owner, change).await? {
        return Ok(());
    }
    let row = sqlx::query("SELECT available, held FROM balances WHERE account = $1")
        .bind(owner.0)
        .fetch_one(conn)
        .await?;
    let available: i64 = row.try_get(0)?;
    let held: i64 = row.try_get(1)?;
    if available + change.available < 0 {
        return Err(UnitError::Refused(CommitError::InsufficientBalance {
            needed: MicroYuan(-change.available),
            available: MicroYuan(available),
        }));
    }
    Err(UnitError::unavailable(format!(
        "held of account {owner} is {held} and cannot change by {}",
        change.held
    )))
}

/// One statement decides and changes, so that no other node can come between.
async fn try_apply(
    conn: &mut AnyConnection,
    owner: AccountId,
    change: Change,
) -> Result<bool, UnitError> {
    let moved = sqlx::query(
        "UPDATE balances SET available = available + $2, held = held + $3 \
         WHERE account = $1 AND available + $2 >= 0 AND held + $3 >= 0",
    )
    .bind(owner.0)
    .bind(change.available)
    .bind(change.held)
    .execute(conn)
    .await?;
    Ok(moved.rows_affected() > 0)
}

/// Name of a ledger account in the table, and whose it is.
fn place(account: LedgerAccount) -> (&'static str, Option<i64>) {
    match account {
        LedgerAccount::Promotions => ("promotions", None),
        LedgerAccount::Cash => ("cash", None),
        LedgerAccount::Revenue => ("revenue", None),
        LedgerAccount::Available(owner) => ("available", Some(owner.0)),
        LedgerAccount::Held(owner) => ("held", Some(owner.0)),
    }
}

fn kind_word(kind: TransactionKind) -> &'static str {
    match kind {
        TransactionKind::Bonus => "bonus",
        TransactionKind::TopUp => "top_up",
        TransactionKind::Hold => "hold",
        TransactionKind::Settlement => "settlement",
        TransactionKind::Adjustment => "adjustment",
    }
}
