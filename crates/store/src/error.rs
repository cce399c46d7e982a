//! Why a store could not be opened: what, where, and what to do.

use std::io;
use std::path::PathBuf;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database URL cannot be used.
    #[error("database URL {url}: {hint}")]
    BadUrl {
        /// The URL without its password.
        url: String,
        /// What is wrong with it.
        hint: &'static str,
    },
    /// A directory or file of the store cannot be made or written.
    #[error("cannot {action} {}", path.display())]
    Path {
        /// What was tried: `create`, `write`, `lock`, `read`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process serves from this data directory.
    #[error(
        "{} is in use by another waihu (process {holder}): stop that one, or give this one a \
         directory of its own",
        path.display()
    )]
    InUse {
        /// The data directory.
        path: PathBuf,
        /// Its process id, as written in the lock file.
        holder: String,
    },
    /// The database cannot be reached or is not one.
    #[error("cannot open database {target}")]
    Connect {
        /// File, or URL without its password.
        target: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The database was written by a newer waihu.
    #[error(
        "database {target} has schema {found}, this waihu knows up to {known}: use the newer \
         waihu, or restore a backup"
    )]
    NewerSchema {
        /// File, or URL without its password.
        target: String,
        /// The version in the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The schema could not be brought up to date; it stands as before.
    #[error("cannot bring database {target} to schema {version}")]
    Migrate {
        /// File, or URL without its password.
        target: String,
        /// Which step failed.
        version: i64,
        /// What the driver said.
        source: sqlx::Error,
    },
}
