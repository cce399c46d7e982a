//! `Records`, `Directory` and `Blobs` on SQLite, PostgreSQL and disk.
//!
//! A [`Store`] holds the journal, the call records folded from it, the ledger, claims, opt-outs,
//! accounts and keys; [`FileBlobs`] holds recordings in the data directory. What is not here: any
//! decision about calls, HTTP, and the recovery of calls after a crash, which the engine does
//! with `unfinished()`.
//!
//! # One query set for two databases
//!
//! Queries go through `sqlx::Any` with `$1` placeholders, which SQLite and PostgreSQL both take.
//! `Any` knows only integers, text, bytes and floats, decodes neither `NUMERIC` nor JSON nor
//! time types, takes connection options by URL only, and drops out (a panic in the SQLite driver
//! of sqlx 0.9) when an `Arc<str>` is bound. None of that hurts here: the schema keeps to
//! `BIGINT`, `TEXT` and bytes, sums are cast to `BIGINT`, SQLite's options are set by `PRAGMA`
//! after connecting, and nothing binds `Arc<str>`. The alternative, generic code over
//! `sqlx::Database`, needs a page of trait bounds per function for the same statements. What
//! does differ between the two stands in one place, the `dialect` module.
//!
//! # How a unit of work becomes durable
//!
//! One task owns the only writing connection. It drains a bounded queue (1024; callers wait when
//! it is full), runs each batch inside a savepoint of one transaction, and commits once for all
//! of them; a batch that fails is rolled back to its savepoint and fails alone. So the cost of a
//! flush is shared by whoever meets, and nobody is answered before the flush. A failed `COMMIT`
//! fails everyone in it; if it was the connection to PostgreSQL that broke meanwhile, the server
//! is asked what became of the transaction, so that the answer is true.
//!
//! Reads use a small pool of their own and see only what is committed.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! use engine::ports::directory::Directory;
//! let store = store::Store::open(store::StoreConfig::embedded(dir.path())).await?;
//! let id = store.add_account("owner".into(), domain::WallTime(0)).await?;
//! assert_eq!(store.account("owner".into()).await?.map(|a| a.id), Some(id));
//! store.close().await;
//! # Ok(()) })
//! # }
//! ```

mod audit;
mod blobs;
mod config;
mod dialect;
mod directory;
mod error;
mod filter;
mod ledger;
mod link;
mod lock;
mod money;
mod read;
mod row;
mod schema;
mod store;
mod sweep;
mod unit;
mod writer;

pub use audit::{CallAudit, CallFault};
pub use blobs::FileBlobs;
pub use config::{Access, StoreConfig};
pub use error::StoreError;
pub use ledger::{LedgerFault, LedgerReport};
pub use store::Store;
