//! The writer under a full disk, a read-only database and a connection that is gone.

use domain::{AccountId, MicroYuan, Transaction, TransactionKind};
use sqlx::{Connection, Row};

use super::*;
use crate::config::Target;
use crate::dialect::{self, Dialect};
use crate::schema;

struct Bench {
    writer: Writer,
    target: Target,
    _dir: tempfile::TempDir,
}

/// A migrated SQLite database with one account; its writer is told `setup` besides the usual.
async fn bench(setup: &[&'static str]) -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("waihu.db");
    std::fs::write(&file, "").unwrap();
    let target = Target::parse(&format!("sqlite://{}", file.display())).unwrap();
    let mut plain = Link::new(target.clone(), Dialect::Sqlite.writer_setup());
    let mut conn = plain.take().await.unwrap();
    schema::migrate(&mut conn, &target).await.unwrap();
    sqlx::query("INSERT INTO accounts (login, created_at) VALUES ('owner', 0)")
        .execute(&mut conn)
        .await
        .unwrap();
    conn.close().await.unwrap();
    let mut all = Dialect::Sqlite.writer_setup().to_vec();
    all.extend(setup);
    let writer = Writer::start(Link::new(target.clone(), &all), Broom::idle());
    Bench { writer, target, _dir: dir }
}

fn deposit(reference: &str) -> Work {
    Work::Batch(Batch {
        transactions: vec![Transaction::deposit(
            TransactionKind::TopUp,
            reference.to_owned(),
            AccountId(1),
            MicroYuan(5),
        )],
        ..Batch::default()
    })
}

impl Bench {
    /// Transactions, postings and the balance, as another connection sees them.
    async fn books(&self) -> (i64, i64, i64) {
        let mut conn = dialect::connect(&self.target, &[]).await.unwrap();
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM transactions), (SELECT COUNT(*) FROM postings), \
             (SELECT COALESCE(SUM(available), 0) FROM balances)",
        )
        .fetch_one(&mut conn)
        .await
        .unwrap();
        (row.get(0), row.get(1), row.get(2))
    }
}

#[tokio::test]
async fn a_read_only_database_is_unavailable_and_unchanged() {
    let bench = bench(&["PRAGMA query_only = ON"]).await;
    let refused = bench.writer.submit(deposit("a")).await.unwrap_err();
    assert!(
        matches!(&refused, CommitError::Unavailable { cause } if cause.contains("readonly")),
        "{refused}"
    );
    assert_eq!(bench.books().await, (0, 0, 0));
}

/// SQLite answers a page limit as it answers a full disk: SQLITE_FULL.
#[tokio::test]
async fn a_full_disk_is_unavailable_and_leaves_nothing_half_done() {
    let bench = bench(&["PRAGMA max_page_count = 60"]).await;
    let mut done = 0;
    let refused = loop {
        // A long reference fills pages quickly, in the middle of a unit.
        let reference = format!("{done:0>4000}");
        match bench.writer.submit(deposit(&reference)).await {
            Ok(_) => done += 1,
            Err(e) => break e,
        }
        assert!(done < 1_000, "the disk never filled");
    };
    assert!(
        matches!(&refused, CommitError::Unavailable { cause } if cause.contains("full")),
        "{refused}"
    );
    assert!(done > 0, "nothing fitted");
    assert_eq!(bench.books().await, (done, 2 * done, 5 * done));
    // A reader is unharmed, and what still fits is still written.
    let small = bench.writer.submit(deposit("a")).await;
    let after = done + i64::from(small.is_ok());
    assert_eq!(bench.books().await, (after, 2 * after, 5 * after));
}

#[tokio::test]
async fn what_was_queued_before_the_close_is_done_and_what_comes_later_refused() {
    let bench = bench(&[]).await;
    let names: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let queued = futures::future::join_all(names.iter().map(|n| bench.writer.submit(deposit(n))));
    let (outcomes, ()) = tokio::join!(queued, bench.writer.close());
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(bench.books().await, (40, 80, 200));
    let late = bench.writer.submit(deposit("late")).await.unwrap_err();
    assert_eq!(late, closed());
    bench.writer.close().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_any_more_is_unavailable() {
    let bench = bench(&[]).await;
    // The writer connects at its first unit of work: by then the file is another kind of thing.
    let file = bench.target.file().unwrap();
    std::fs::write(file, "no database at all, but long enough to be looked at").unwrap();
    let refused = bench.writer.submit(deposit("a")).await.unwrap_err();
    assert!(
        matches!(&refused, CommitError::Unavailable { cause } if cause.contains("not a database")),
        "{refused}"
    );
}
