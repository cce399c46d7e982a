//! The `Blobs` port: recordings and other large things, by name.

use std::io;
use std::path::PathBuf;

use super::PortFuture;

/// A blob that is being written by blocking code; it appears under its name when finished.
pub trait BlobWriter: io::Write + io::Seek + Send {
    /// Makes the bytes durable under the blob's name and returns their SHA-256 in hex. What is
    /// dropped unfinished disappears.
    fn finish(self: Box<Self>) -> io::Result<String>;
}

/// Stores blobs in a directory or bucket.
pub trait Blobs: Send + Sync {
    /// Starts a blob; blocking, for writer threads.
    fn create(&self, name: &str) -> io::Result<Box<dyn BlobWriter>>;
    /// Length in bytes; `None` if there is no such blob.
    fn len(&self, name: &str) -> PortFuture<'_, io::Result<Option<u64>>>;
    /// `count` bytes from `offset`; fewer at the end.
    fn read(&self, name: &str, offset: u64, count: u64) -> PortFuture<'_, io::Result<Vec<u8>>>;
    /// Removes a blob; no error if there is none.
    fn delete(&self, name: &str) -> PortFuture<'_, io::Result<()>>;
    /// Where the blob lies, if it is a file of this machine.
    fn path(&self, name: &str) -> Option<PathBuf>;
}
