//! Everything an engine is put together from.

use std::sync::Arc;

use crate::clock::Clock;
use crate::plane::MediaPlane;
use crate::ports::blobs::Blobs;
use crate::ports::directory::Directory;
use crate::ports::judge::Judge;
use crate::ports::recognizer::Recognizer;
use crate::ports::records::Records;
use crate::ports::responder::Responder;
use crate::ports::synthesizer::Synthesizer;

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
    /// Speaks.
    pub synthesizer: Arc<dyn Synthesizer>,
    /// Understands.
    pub recognizer: Arc<dyn Recognizer>,
    /// Judges.
    pub judge: Arc<dyn Judge>,
    /// Replies.
    pub responder: Arc<dyn Responder>,
    /// Ten random bytes for a new id.
    pub random: fn() -> [u8; 10],
}
