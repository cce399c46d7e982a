//! Where the simulation's recorder writes: a store that keeps of each recording how long it is and
//! what it amounts to.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Cursor, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use engine::ports::PortFuture;
use engine::ports::blobs::{BlobWriter, Blobs};
use media::recording::{BLOCK_SAMPLES, StereoBlock};

use crate::sabotage::{Plants, Sabotage};

/// Bytes of a block in a file.
const BLOCK: usize = 4 * BLOCK_SAMPLES;

/// Blocks of a recording, and a sum over them.
#[derive(Clone, Default)]
pub(super) struct Sum {
    /// How many.
    pub blocks: u64,
    hasher: DefaultHasher,
}

impl Sum {
    /// Adds a block as it shall stand in the file: after silence for those that are missing.
    pub(super) fn add(&mut self, block: &StereoBlock) {
        while self.blocks < block.index {
            self.hasher.write(&[0; BLOCK]);
            self.blocks += 1;
        }
        for (left, right) in block.left.iter().zip(&block.right) {
            self.hasher.write(&left.to_le_bytes());
            self.hasher.write(&right.to_le_bytes());
        }
        self.blocks += 1;
    }

    /// In figures.
    pub(super) fn told(&self) -> (u64, u64) {
        (self.blocks, self.hasher.finish())
    }

    /// Of a whole file: what follows its head.
    fn of(file: &[u8]) -> Self {
        let mut sum = Self::default();
        let blocks = file.len() / BLOCK;
        sum.hasher.write(&file[file.len() - blocks * BLOCK..]);
        sum.blocks = blocks as u64;
        sum
    }
}

/// See the module. Clones share one store.
#[derive(Clone, Default)]
pub(super) struct Tapes {
    whole: Arc<Mutex<BTreeMap<String, (u64, u64)>>>,
    plants: Plants,
}

impl Tapes {
    pub(super) fn new(plants: Plants) -> Self {
        Self { whole: Arc::default(), plants }
    }

    /// Takes out what a recording amounts to, once it is whole.
    pub(super) fn take(&self, name: &str) -> Option<(u64, u64)> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner).remove(name)
    }
}

struct Page {
    name: String,
    bytes: Cursor<Vec<u8>>,
    of: Tapes,
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > BLOCK && self.of.plants.fires(Sabotage::TapeSpoilt) {
            return self.bytes.write(&bytes[4..]).map(|n| n + 4);
        }
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Page {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl BlobWriter for Page {
    fn finish(self: Box<Self>) -> io::Result<String> {
        let sum = Sum::of(self.bytes.get_ref()).told();
        let mut whole = self.of.whole.lock().unwrap_or_else(PoisonError::into_inner);
        whole.insert(self.name, sum);
        Ok(format!("{:064x}", sum.1))
    }
}

impl Blobs for Tapes {
    fn create(&self, name: &str) -> io::Result<Box<dyn BlobWriter>> {
        let (name, of) = (name.to_owned(), self.clone());
        Ok(Box::new(Page { name, bytes: Cursor::default(), of }))
    }
    fn len(&self, _: &str) -> PortFuture<'_, io::Result<Option<u64>>> {
        unreachable!("a lane only writes")
    }
    fn read(&self, _: &str, _: u64, _: u64) -> PortFuture<'_, io::Result<Vec<u8>>> {
        unreachable!("a lane only writes")
    }
    fn delete(&self, _: &str) -> PortFuture<'_, io::Result<()>> {
        unreachable!("a lane only writes")
    }
    fn path(&self, _: &str) -> Option<PathBuf> {
        None
    }
}
