//! Checking the books: do postings, balances, and the holds of running calls agree?

use engine::ports::records::ReadError;
use sqlx::{AnyConnection, Row};

use crate::store::Store;

/// Something in the books that does not agree; amounts in micro-yuan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// A transaction's postings do not sum to zero.
    #[error("transaction {reference} sums to {sum}")]
    Unbalanced {
        /// Its reference.
        reference: String,
        /// What its postings sum to.
        sum: i64,
    },
    /// A balance is not the sum of its postings.
    #[error("{place} of account {account} is {balance}, its postings sum to {postings}")]
    Balance {
        /// Whose.
        account: i64,
        /// `available` or `held`.
        place: String,
        /// What the balance says.
        balance: i64,
        /// What the postings say.
        postings: i64,
    },
    /// What is held is not what the unfinished calls of the account need.
    #[error("account {account} holds {held}, its unfinished calls need {calls}")]
    Held {
        /// Whose.
        account: i64,
        /// What the balance says.
        held: i64,
        /// Sum of the holds of calls that have not ended.
        calls: i64,
    },
}

/// What a look through the books found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerReport {
    /// How many transactions there are.
    pub transactions: i64,
    /// What does not agree; empty if all is well.
    pub faults: Vec<LedgerFault>,
}

impl Store {
    /// Reads the whole ledger as of one moment: every transaction sums to zero (so all of them
    /// do), every balance equals its postings, and what is held is what unfinished calls hold.
    /// Takes time in proportion to the ledger; for `waihu doctor` and tests.
    pub async fn ledger_check(&self) -> Result<LedgerReport, ReadError> {
        let snapshot = self.dialect.begin_snapshot();
        let check = async {
            let mut tx = self.readers.begin_with(snapshot).await?;
            let row = sqlx::query("SELECT COUNT(*) FROM transactions").fetch_one(&mut *tx).await?;
            let mut faults = unbalanced(&mut tx).await?;
            faults.extend(balances(&mut tx).await?);
            faults.extend(holds(&mut tx).await?);
            tx.rollback().await?;
            Ok(LedgerReport { transactions: row.try_get(0)?, faults })
        };
        check.await.map_err(|e: sqlx::Error| ReadError(e.to_string()))
    }
}

async fn unbalanced(conn: &mut AnyConnection) -> Result<Vec<LedgerFault>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT t.reference, CAST(COALESCE(SUM(p.amount), 0) AS BIGINT) FROM transactions t \
         LEFT JOIN postings p ON p.transaction_id = t.id \
         GROUP BY t.id, t.reference HAVING COUNT(*) < 2 OR SUM(p.amount) <> 0 ORDER BY t.id",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|r| Ok(LedgerFault::Unbalanced { reference: r.try_get(0)?, sum: r.try_get(1)? }))
        .collect()
}

async fn balances(conn: &mut AnyConnection) -> Result<Vec<LedgerFault>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT account, place, CAST(SUM(balance) AS BIGINT), CAST(SUM(posted) AS BIGINT) FROM ( \
         SELECT account, 'available' AS place, available AS balance, 0 AS posted FROM balances \
         UNION ALL SELECT account, 'held', held, 0 FROM balances \
         UNION ALL SELECT owner, place, 0, amount FROM postings WHERE owner IS NOT NULL \
         ) AS both_sides GROUP BY account, place HAVING SUM(balance) <> SUM(posted) \
         ORDER BY account, place",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|r| {
            Ok(LedgerFault::Balance {
                account: r.try_get(0)?,
                place: r.try_get(1)?,
                balance: r.try_get(2)?,
                postings: r.try_get(3)?,
            })
        })
        .collect()
}

async fn holds(conn: &mut AnyConnection) -> Result<Vec<LedgerFault>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT account, CAST(SUM(held) AS BIGINT), CAST(SUM(needed) AS BIGINT) FROM ( \
         SELECT account, held, 0 AS needed FROM balances \
         UNION ALL SELECT account, 0, held FROM calls WHERE ended = 0 \
         ) AS both_sides GROUP BY account HAVING SUM(held) <> SUM(needed) ORDER BY account",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|r| {
            Ok(LedgerFault::Held {
                account: r.try_get(0)?,
                held: r.try_get(1)?,
                calls: r.try_get(2)?,
            })
        })
        .collect()
}
