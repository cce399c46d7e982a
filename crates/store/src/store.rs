//! The store: opening it, closing it, and what it consists of.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Mutex, PoisonError};

use domain::WallTime;
use engine::ports::records::CommitError;
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor};

use crate::blobs::FileBlobs;
use crate::config::{Access, StoreConfig, Target};
use crate::dialect::{self, Dialect};
use crate::error::StoreError;
use crate::link::Link;
use crate::lock::{DirLock, private_dir};
use crate::schema;
use crate::sweep::Broom;
use crate::writer::{Work, Writer};

/// Journal, records, ledger, accounts and keys in one database; `Records` and `Directory`.
///
/// Close it with [`Store::close`]; what is dropped instead loses nothing that was answered.
pub struct Store {
    pub(crate) readers: AnyPool,
    pub(crate) writer: Writer,
    pub(crate) dialect: Dialect,
    shown: String,
    installation: String,
    blobs: FileBlobs,
    /// Behind a lock only so that `close` can let go of it through a shared reference.
    lock: Mutex<Option<DirLock>>,
}

impl Store {
    /// Opens, and if need be creates and migrates, the store that `config` names.
    pub async fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let target = Target::parse(&config.url)?;
        let dialect = Dialect::of(&target);
        private_dir(&config.data_dir)?;
        let serving = config.access == Access::Serve;
        let lock = if serving { Some(DirLock::take(&config.data_dir)?) } else { None };
        create_file(&target)?;
        let failed = |source| StoreError::Connect { target: target.shown(), source };
        let mut link = Link::new(target.clone(), dialect.writer_setup());
        let mut conn = link.take().await.map_err(failed)?;
        let installation = schema::migrate(&mut conn, &target).await?;
        link.give_back(conn);
        let readers = open_readers(&target).await.map_err(failed)?;
        let blobs = FileBlobs::open(&config.data_dir, serving)?;
        Ok(Self {
            readers,
            writer: Writer::start(link, if serving { Broom::new() } else { Broom::idle() }),
            dialect,
            shown: target.shown(),
            installation,
            blobs,
            lock: Mutex::new(lock),
        })
    }

    /// Does what was queued, closes every connection and frees the data directory. Units of work
    /// that come later are refused as `Unavailable`.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
        let lock = self.lock.lock();
        drop(lock.unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Deletes claims that have expired by `now`, up to 500 of them; how many. A serving store
    /// does so by itself, at its start and every hour, until none is left.
    pub async fn forget_expired(&self, now: WallTime) -> Result<u64, CommitError> {
        let gone = self.writer.submit(Work::Sweep { now }).await?;
        Ok(gone.unsigned_abs())
    }

    /// The recordings of this store's data directory.
    pub fn blobs(&self) -> FileBlobs {
        self.blobs.clone()
    }
    /// The installation's id: made with the database, never changes.
    pub fn installation_id(&self) -> &str {
        &self.installation
    }
    /// For messages: the database file, or its URL without the password.
    pub fn location(&self) -> &str {
        &self.shown
    }
}

/// Makes the database file before SQLite does, for the mode: its log and index copy it.
fn create_file(target: &Target) -> Result<(), StoreError> {
    let Some(file) = target.file() else {
        return Ok(());
    };
    if let Some(parent) = file.parent() {
        private_dir(parent)?;
    }
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreError::Path { action: "create", path: file.to_owned(), source }),
    }
}

async fn open_readers(target: &Target) -> Result<AnyPool, sqlx::Error> {
    let setup = Dialect::of(target).reader_setup();
    AnyPoolOptions::new()
        .max_connections(READERS)
        .after_connect(move |conn, _| {
            Box::pin(async move {
                for statement in setup {
                    conn.execute(*statement).await?;
                }
                Ok(())
            })
        })
        .connect_with(dialect::options(target)?)
        .await
}

/// Reading connections; a reader that finds none free waits.
const READERS: u32 = 4;
