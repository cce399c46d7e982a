//! What the engine needs from the outside, one file per port; adapters implement them.

pub mod blobs;
pub mod director;
pub mod directory;
pub mod judge;
pub mod recognizer;
pub mod records;
pub mod responder;
pub mod synthesizer;
pub mod trunk;

use std::future::Future;
use std::pin::Pin;

/// A boxed future, so that ports can be trait objects.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
