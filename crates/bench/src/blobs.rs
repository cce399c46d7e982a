//! Recordings of a run: plain files in a directory that goes away with it.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use engine::ports::PortFuture;
use engine::ports::blobs::{BlobWriter, Blobs};
use tempfile::TempDir;

/// Files like those of the store, without what happens at the end of a call (digest, sync,
/// rename): runs measure legs that live.
pub struct TempBlobs {
    dir: TempDir,
}

impl TempBlobs {
    /// In a new directory below `parent`, or below the system's own for such things.
    pub fn new(parent: Option<&Path>) -> io::Result<Self> {
        let dir = match parent {
            Some(parent) => TempDir::with_prefix_in("waihu-bench-", parent)?,
            None => TempDir::with_prefix("waihu-bench-")?,
        };
        Ok(Self { dir })
    }
}

impl Blobs for TempBlobs {
    fn create(&self, name: &str) -> io::Result<Box<dyn BlobWriter>> {
        let file = File::create_new(self.dir.path().join(name))?;
        Ok(Box::new(TempBlob { file }))
    }

    fn len(&self, name: &str) -> PortFuture<'_, io::Result<Option<u64>>> {
        let len = std::fs::metadata(self.dir.path().join(name)).map(|m| Some(m.len()));
        Box::pin(async { len })
    }

    fn read(&self, _: &str, _: u64, _: u64) -> PortFuture<'_, io::Result<Vec<u8>>> {
        Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
    }

    fn delete(&self, name: &str) -> PortFuture<'_, io::Result<()>> {
        let done = std::fs::remove_file(self.dir.path().join(name));
        Box::pin(async { done })
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        Some(self.dir.path().join(name))
    }
}

struct TempBlob {
    file: File,
}

impl Write for TempBlob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for TempBlob {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl BlobWriter for TempBlob {
    fn finish(self: Box<Self>) -> io::Result<String> {
        Ok(String::new())
    }
}
