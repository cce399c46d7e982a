//! Writes recordings, off the lanes.

use std::collections::HashMap;
use std::io::{self, BufWriter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use media::recording::WavWriter;

use crate::lanes::inbox::Tape;
use crate::mailbox::{Mail, Mailbox, Recorded};
use crate::plane::LegKey;
use crate::ports::blobs::{BlobWriter, Blobs};

/// Blocks that may wait for the disk: two seconds of 80 legs, or 40 ms of 4,000. Overflow rule:
/// the block is lost, its place in the file is silence, and the file's record says how many.
const BLOCKS: usize = 8_192;
/// Bytes of a recording that wait to be written together: a quarter of a second. A file system
/// call for each block would cost as much as the legs' VAD.
const BUFFER: usize = 8 * 1024;
/// The writer looks at its queue this often, so that lanes need not wake it.
const NAP: Duration = Duration::from_millis(20);

/// The recorder's thread and what it knows of legs to come.
pub(crate) struct Recorder {
    shared: Arc<Shared>,
    // A lock, because it is taken once, at the end.
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    tape: ArrayQueue<Tape>,
    // A lock, because legs are opened on any task; lanes never take it.
    expected: Mutex<HashMap<LegKey, (String, Mailbox)>>,
    blobs: Arc<dyn Blobs>,
    stopping: AtomicBool,
}

type Writer = WavWriter<BufWriter<Box<dyn BlobWriter>>>;

impl Recorder {
    pub(crate) fn start(blobs: Arc<dyn Blobs>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            tape: ArrayQueue::new(BLOCKS),
            expected: Mutex::default(),
            blobs,
            stopping: AtomicBool::new(false),
        });
        let for_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || for_thread.run())?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// This leg will be recorded under this name; the outcome goes to the mailbox.
    pub(crate) fn expect(&self, key: LegKey, name: String, mailbox: Mailbox) {
        self.shared.expected().insert(key, (name, mailbox));
    }

    /// It will not, after all.
    pub(crate) fn forget(&self, key: LegKey) {
        self.shared.expected().remove(&key);
    }

    /// Called on lanes: never waits.
    pub(crate) fn push(&self, tape: Tape) {
        // A lost block shows as a gap in the indices of those that follow.
        let _ = self.shared.tape.push(tape);
    }

    /// No more of this leg; called off the lanes, after its last block was pushed.
    pub(crate) fn end(&self, key: LegKey) {
        let mut tape = Tape::End(key);
        while let Err(back) = self.shared.tape.push(tape) {
            tape = back;
            std::thread::park_timeout(NAP);
        }
    }

    /// Finishes what is under way and ends the thread.
    pub(crate) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn expected(&self) -> std::sync::MutexGuard<'_, HashMap<LegKey, (String, Mailbox)>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut open: HashMap<LegKey, Option<Writer>> = HashMap::new();
        loop {
            while let Some(tape) = self.tape.pop() {
                self.take(&mut open, &tape);
            }
            if self.stopping.load(Ordering::Relaxed) {
                let left: Vec<LegKey> = open.keys().copied().collect();
                for key in left {
                    self.finish(&mut open, key);
                }
                return;
            }
            std::thread::park_timeout(NAP);
        }
    }

    fn take(&self, open: &mut HashMap<LegKey, Option<Writer>>, tape: &Tape) {
        match tape {
            Tape::Block(key, block) => {
                let key = *key;
                let writer = open.entry(key).or_insert_with(|| self.create(key));
                let failed = writer.as_mut().map(|w| w.block(block));
                if let Some(Err(error)) = failed {
                    tracing::error!(call = %key.call, %error, "recording given up");
                    *writer = None;
                }
            }
            Tape::End(key) => self.finish(open, *key),
        }
    }

    fn create(&self, key: LegKey) -> Option<Writer> {
        let name = self.expected().get(&key).map(|(name, _)| name.clone())?;
        let buffered = |blob| BufWriter::with_capacity(BUFFER, blob);
        match self.blobs.create(&name).map(buffered).and_then(WavWriter::new) {
            Ok(writer) => Some(writer),
            Err(error) => {
                tracing::error!(call = %key.call, %error, "cannot record this call");
                None
            }
        }
    }

    fn finish(&self, open: &mut HashMap<LegKey, Option<Writer>>, key: LegKey) {
        let writer = open.remove(&key).flatten();
        let Some((name, mailbox)) = self.expected().remove(&key) else {
            return;
        };
        let mut recorded = Recorded::default();
        if let Some(writer) = writer {
            recorded.duration_ms = writer.duration_ms();
            recorded.lost_blocks = writer.lost_blocks();
            let unbuffered = |out: BufWriter<_>| out.into_inner().map_err(|e| e.into_error());
            match writer.finish().and_then(unbuffered).and_then(|blob| blob.finish()) {
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
