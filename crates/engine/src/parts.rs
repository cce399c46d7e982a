//! Everything an engine is put together from.

use std::sync::Arc;

use crate::clock::Clock;
use crate::models::Models;
use crate::plane::MediaPlane;
use crate::ports::blobs::Blobs;
use crate::ports::director::Directors;
use crate::ports::directory::Directory;
use crate::ports::records::Records;

/// The adapters behind the ports.
#[derive(Clone)]
pub struct Parts {
    /// Both clocks.
    pub clock: Clock,
    /// Journal, records, ledger.
    pub records: Arc<dyn Records>,
    /// Accounts and keys.
    pub directory: Arc<dyn Directory>,
    /// Recordings.
    pub blobs: Arc<dyn Blobs>,
    /// Carries legs.
    pub plane: Arc<dyn MediaPlane>,
    /// Speak, understand, judge and reply.
    pub models: Models,
    /// Lead calls.
    pub directors: Arc<dyn Directors>,
    /// Ten random bytes for a new id.
    pub random: fn() -> [u8; 10],
}
