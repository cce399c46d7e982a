//! Writes recordings, off the lanes.

use std::collections::HashMap;
use std::io::{self, BufWriter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use media::recording::{StereoBlock, WavWriter};
use rtrb::{Consumer, Producer};

use crate::lanes::inbox::{Tape, nobody, ring};
use crate::mailbox::{Mail, Mailbox, Recorded};
use crate::plane::LegKey;
use crate::ports::blobs::{BlobWriter, Blobs};

/// Blocks that may wait for the gatherer, which waits for nothing but the processor: 160 ms of
/// 1,000 legs of one lane. Overflow rule: the block is lost, its place in the file is silence, and
/// the file's record says how many.
const BLOCKS: usize = 8_192;
/// Blocks that are handed on together at most, 45 KB.
const REEL: usize = 64;
/// Ends of legs that may wait for the gatherer. Overflow rule: the collector that tells of one
/// waits, as long as there is a gatherer.
const ENDS: usize = 8_192;
/// Reels that may wait for the disk: two seconds of 1,000 legs and 67 MB, but no more memory than
/// what waits. Overflow rule: the gatherer waits.
const REELS: usize = 1_536;
/// Bytes of a recording that wait to be written together: a quarter of a second. A file system
/// call for each block would cost as much as the legs' VAD.
const BUFFER: usize = 8 * 1024;
/// The gatherer looks at its queue this often, so that lanes need not wake it.
const NAP: Duration = Duration::from_millis(20);

/// The recorder's two threads and what they know of legs to come.
///
/// A file system may keep a writer waiting for a second. The gatherer empties the lanes' queue
/// meanwhile, whose memory is taken before there is a call, into memory that is taken when needed.
pub(crate) struct Recorder {
    shared: Arc<Shared>,
    // A lock, because it is taken once, at the end.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    // A lock, because any lane's collector tells of ends; lanes never take it. Bound: `ENDS`.
    ended: Mutex<Vec<LegKey>>,
    // A lock, because legs are opened on any task; lanes never take it.
    expected: Mutex<HashMap<LegKey, (String, Mailbox)>>,
    blobs: Arc<dyn Blobs>,
    stopping: AtomicBool,
    /// There is no gatherer any more; set while `ended` is held.
    gone: AtomicBool,
}

type Wav = WavWriter<BufWriter<Box<dyn BlobWriter>>>;

impl Recorder {
    /// Starts the threads; the queues that lead to them from so many lanes.
    pub(crate) fn start(
        blobs: Arc<dyn Blobs>,
        lanes: usize,
    ) -> io::Result<(Self, Vec<Producer<Tape>>)> {
        let (recorder, hands, ours) = Self::by_hand(blobs, lanes, BLOCKS);
        let (reels, gathered) = mpsc::sync_channel(REELS);
        let (mut gatherer, mut writer) = hands;
        let begin = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let mut threads = recorder.threads();
        threads.push(begin("gatherer").spawn(move || gatherer.run(&reels))?);
        threads.push(begin("recorder").spawn(move || {
            gathered.iter().for_each(|reel| writer.write(&reel));
            writer.finish_all();
        })?);
        drop(threads);
        Ok((recorder, ours))
    }

    /// The same without threads: whoever has them gives gatherer and writer their turns.
    pub(crate) fn by_hand(
        blobs: Arc<dyn Blobs>,
        lanes: usize,
        blocks: usize,
    ) -> (Self, (Gatherer, Writer), Vec<Producer<Tape>>) {
        let tape = |_| ring(blocks, || Tape::End(nobody()));
        let (ours, tapes): (Vec<_>, Vec<_>) = (0..lanes).map(tape).unzip();
        let shared = Arc::new(Shared {
            ended: Mutex::default(),
            expected: Mutex::default(),
            blobs,
            stopping: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        });
        let gatherer = Gatherer { shared: shared.clone(), tapes };
        let writer = Writer { shared: shared.clone(), open: HashMap::new() };
        (Self { shared, threads: Mutex::default() }, (gatherer, writer), ours)
    }

    /// This leg will be recorded under this name; the outcome goes to the mailbox.
    pub(crate) fn expect(&self, key: LegKey, name: String, mailbox: Mailbox) {
        self.shared.expected().insert(key, (name, mailbox));
    }

    /// It will not, after all.
    pub(crate) fn forget(&self, key: LegKey) {
        self.shared.expected().remove(&key);
    }

    /// No more of this leg; called off the lanes, after its last block was pushed.
    pub(crate) fn end(&self, key: LegKey) {
        loop {
            let mut ended = self.shared.ended();
            if self.shared.gone.load(Ordering::Relaxed) {
                break;
            }
            if ended.len() < ENDS {
                return ended.push(key);
            }
            drop(ended);
            std::thread::park_timeout(NAP);
        }
        // Its call still waits to hear of a recording.
        self.shared.finish(None, key);
    }

    /// Finishes what is under way and ends the threads.
    pub(crate) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        for thread in self.threads().drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn expected(&self) -> MutexGuard<'_, HashMap<LegKey, (String, Mailbox)>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> MutexGuard<'_, Vec<LegKey>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn create(&self, key: LegKey) -> Option<Wav> {
        let name = self.expected().get(&key).map(|(name, _)| name.clone())?;
        let buffered = |blob| BufWriter::with_capacity(BUFFER, blob);
        match self.blobs.create(&name).map(buffered).and_then(WavWriter::new) {
            Ok(wav) => Some(wav),
            Err(error) => {
                tracing::error!(call = %key.call, %error, "cannot record this call");
                None
            }
        }
    }

    /// A leg's recording is whole; `wav` is none if nothing of it could be written.
    fn finish(&self, wav: Option<Wav>, key: LegKey) {
        let Some((name, mailbox)) = self.expected().remove(&key) else {
            return;
        };
        let mut recorded = Recorded::default();
        if let Some(wav) = wav {
            recorded.duration_ms = wav.duration_ms();
            recorded.lost_blocks = wav.lost_blocks();
            let unbuffered = |out: BufWriter<_>| out.into_inner().map_err(|e| e.into_error());
            match wav.finish().and_then(unbuffered).and_then(|blob| blob.finish()) {
                Ok(sha256) => {
                    recorded.blob = Some(name);
                    recorded.sha256 = Some(sha256);
                }
                Err(error) => tracing::error!(call = %key.call, %error, "recording not stored"),
            }
        }
        mailbox.send(Mail::Recorded(recorded));
    }
}

/// Takes blocks and ends together; there is a gatherer as long as this lives.
pub(crate) struct Gatherer {
    shared: Arc<Shared>,
    tapes: Vec<Consumer<Tape>>,
}

impl Gatherer {
    fn run(&mut self, reels: &SyncSender<Vec<Tape>>) {
        loop {
            // What was pushed before the order to stop is written.
            let stopping = self.shared.stopping.load(Ordering::Relaxed);
            if !self.gather(&mut |reel| reels.send(reel).is_ok()) || stopping {
                return;
            }
            std::thread::park_timeout(NAP);
        }
    }

    /// Gives all there is, until whoever is given it wants no more; whether they do.
    pub(crate) fn gather(&mut self, give: &mut impl FnMut(Vec<Tape>) -> bool) -> bool {
        // Every block of a leg was pushed before its end: ends are looked at first.
        let ended = std::mem::take(&mut *self.shared.ended());
        let ends = || ended.iter().copied().map(Tape::End).collect();
        let given = self.give_blocks(give) && (ended.is_empty() || give(ends()));
        if !given {
            self.shared.ended().extend(ended);
        }
        given
    }

    fn give_blocks(&mut self, give: &mut impl FnMut(Vec<Tape>) -> bool) -> bool {
        self.tapes.iter_mut().all(|tape| {
            loop {
                let blocks = std::iter::from_fn(|| tape.pop().ok());
                let reel: Vec<Tape> = blocks.take(REEL).collect();
                if reel.is_empty() {
                    return true;
                }
                if !give(reel) {
                    return false;
                }
            }
        })
    }
}

impl Drop for Gatherer {
    fn drop(&mut self) {
        let mut ended = self.shared.ended();
        self.shared.gone.store(true, Ordering::Relaxed);
        let left = std::mem::take(&mut *ended);
        drop(ended);
        left.into_iter().for_each(|key| self.shared.finish(None, key));
    }
}

/// Writes files.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    open: HashMap<LegKey, Option<Wav>>,
}

impl Writer {
    /// Writes what was gathered.
    pub(crate) fn write(&mut self, reel: &[Tape]) {
        for tape in reel {
            match tape {
                Tape::Block(key, block) => self.block(*key, block),
                Tape::End(key) => {
                    let wav = self.open.remove(key).flatten();
                    self.shared.finish(wav, *key);
                }
            }
        }
    }

    /// Finishes what was not ended.
    fn finish_all(&mut self) {
        for (key, wav) in self.open.drain() {
            self.shared.finish(wav, key);
        }
    }

    fn block(&mut self, key: LegKey, block: &StereoBlock) {
        let wav = self.open.entry(key).or_insert_with(|| self.shared.create(key));
        let failed = wav.as_mut().map(|w| w.block(block));
        if let Some(Err(error)) = failed {
            tracing::error!(call = %key.call, %error, "recording given up");
            *wav = None;
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
