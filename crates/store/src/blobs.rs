//! The `Blobs` port on a directory: written aside, synced, then renamed into view.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::ports::PortFuture;
use engine::ports::blobs::{BlobWriter, Blobs};
use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::lock::private_dir;

/// Blobs as files of `recordings/` in the data directory.
#[derive(Clone, Debug)]
pub struct FileBlobs {
    dir: Arc<Path>,
}

impl FileBlobs {
    /// Uses, and if need be makes, `data_dir/recordings`. With `clear`, removes what a process
    /// that died left unfinished; only the one serving process may ask for that.
    pub fn open(data_dir: &Path, clear: bool) -> Result<Self, StoreError> {
        let dir = data_dir.join("recordings");
        private_dir(&dir)?;
        if clear {
            clear_parts(&dir).map_err(|source| StoreError::Path {
                action: "write",
                path: dir.clone(),
                source,
            })?;
        }
        Ok(Self { dir: dir.into() })
    }

    fn locate(&self, name: &str) -> io::Result<PathBuf> {
        if is_name(name) {
            return Ok(self.dir.join(name));
        }
        let what = "a blob's name is 1 to 200 of A-Z a-z 0-9 . _ -, with no leading dot";
        Err(io::Error::new(io::ErrorKind::InvalidInput, what))
    }
}

impl Blobs for FileBlobs {
    fn create(&self, name: &str) -> io::Result<Box<dyn BlobWriter>> {
        let path = self.locate(name)?;
        if path.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let part = self.dir.join(format!("{name}{PART}"));
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&part)?;
        Ok(Box::new(PartFile { file, part: Some(part), path }))
    }

    fn len(&self, name: &str) -> PortFuture<'_, io::Result<Option<u64>>> {
        let path = self.locate(name);
        Box::pin(blocking(move || match fs::metadata(path?) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }))
    }

    fn read(&self, name: &str, offset: u64, count: u64) -> PortFuture<'_, io::Result<Vec<u8>>> {
        let path = self.locate(name);
        Box::pin(blocking(move || {
            let file = File::open(path?)?;
            // A wish for more than there is must not become memory.
            let left = file.metadata()?.len().saturating_sub(offset);
            let count = usize::try_from(count.min(left)).map_err(io::Error::other)?;
            let mut bytes = vec![0; count];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(bytes)
        }))
    }

    fn delete(&self, name: &str) -> PortFuture<'_, io::Result<()>> {
        let path = self.locate(name);
        let dir = self.dir.clone();
        Box::pin(blocking(move || match fs::remove_file(path?) {
            Ok(()) => File::open(dir)?.sync_all(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
        }))
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.locate(name).ok().filter(|p| p.is_file())
    }
}

/// A blob under its working name.
struct PartFile {
    file: File,
    /// The working name; `None` once the blob has its own.
    part: Option<PathBuf>,
    path: PathBuf,
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for PartFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl BlobWriter for PartFile {
    fn finish(mut self: Box<Self>) -> io::Result<String> {
        // Read back rather than hashed on the way: a header may have been written last.
        let digest = digest(&mut self.file)?;
        self.file.sync_all()?;
        if let Some(part) = &self.part {
            fs::rename(part, &self.path)?;
            self.part = None;
        }
        if let Some(dir) = self.path.parent() {
            File::open(dir)?.sync_all()?;
        }
        Ok(digest)
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // What stays is cleared away at the next start.
            let _ = fs::remove_file(part);
        }
    }
}

fn digest(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 64 * 1024];
    loop {
        match file.read(&mut block)? {
            0 => break,
            n => hash.update(&block[..n]),
        }
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

fn clear_parts(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(PART) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let fits = (1..=200).contains(&name.len());
    let clean = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    fits && name.bytes().all(clean) && !name.starts_with('.') && !name.ends_with(PART)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Ending of a name while its blob is being written.
const PART: &str = ".part";
