//! Writes recordings, off the lanes.

use std::collections::HashMap;
use std::io::{self, BufWriter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use media::recording::WavWriter;
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
/// waits.
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
}

type Writer = WavWriter<BufWriter<Box<dyn BlobWriter>>>;

impl Recorder {
    /// Starts the threads; the queues that lead to them from so many lanes.
    pub(crate) fn start(
        blobs: Arc<dyn Blobs>,
        lanes: usize,
    ) -> io::Result<(Self, Vec<Producer<Tape>>)> {
        let tape = |_| ring(BLOCKS, || Tape::End(nobody()));
        let (ours, tapes): (Vec<_>, Vec<_>) = (0..lanes).map(tape).unzip();
        let shared = Arc::new(Shared {
            ended: Mutex::default(),
            expected: Mutex::default(),
            blobs,
            stopping: AtomicBool::new(false),
        });
        let (reels, gathered) = mpsc::sync_channel(REELS);
        let (gatherer, writer) = (shared.clone(), shared.clone());
        let begin = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let threads = vec![
            begin("gatherer").spawn(move || gatherer.gather(tapes, &reels))?,
            begin("recorder").spawn(move || writer.write(&gathered))?,
        ];
        Ok((Self { shared, threads: Mutex::new(threads) }, ours))
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
            if ended.len() < ENDS {
                return ended.push(key);
            }
            drop(ended);
            std::thread::park_timeout(NAP);
        }
    }

    /// Finishes what is under way and ends the threads.
    pub(crate) fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn expected(&self) -> std::sync::MutexGuard<'_, HashMap<LegKey, (String, Mailbox)>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> std::sync::MutexGuard<'_, Vec<LegKey>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gather(&self, mut tapes: Vec<Consumer<Tape>>, reels: &SyncSender<Vec<Tape>>) {
        loop {
            // What was pushed before the order to stop is written, and every block of a leg
            // before its end: these are looked at first.
            let stopping = self.stopping.load(Ordering::Relaxed);
            let ended = std::mem::take(&mut *self.ended());
            for tape in &mut tapes {
                loop {
                    let blocks = std::iter::from_fn(|| tape.pop().ok());
                    let reel: Vec<Tape> = blocks.take(REEL).collect();
                    if reel.is_empty() {
                        break;
                    }
                    if reels.send(reel).is_err() {
                        return;
                    }
                }
            }
            let ends: Vec<Tape> = ended.into_iter().map(Tape::End).collect();
            if !ends.is_empty() && reels.send(ends).is_err() {
                return;
            }
            if stopping {
                return;
            }
            std::thread::park_timeout(NAP);
        }
    }

    /// Until the gatherer has ended.
    fn write(&self, reels: &Receiver<Vec<Tape>>) {
        let mut open: HashMap<LegKey, Option<Writer>> = HashMap::new();
        for tape in reels.iter().flatten() {
            self.take(&mut open, &tape);
        }
        let left: Vec<LegKey> = open.keys().copied().collect();
        for key in left {
            self.finish(&mut open, key);
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::mailbox::Mail;
    use crate::ports::PortFuture;
    use domain::{CallId, LegId};
    use media::recording::StereoBlock;
    use std::io::{Cursor, Seek, SeekFrom, Write};
    use std::path::PathBuf;
    use std::sync::mpsc::{Receiver, Sender};

    /// A disk that does nothing until it is told to.
    struct Stuck(Mutex<Option<Receiver<()>>>);

    impl Blobs for Stuck {
        fn create(&self, _: &str) -> io::Result<Box<dyn BlobWriter>> {
            let until = self.0.lock().unwrap().take();
            Ok(Box::new(Page { until, bytes: Cursor::default() }))
        }
        fn len(&self, _: &str) -> PortFuture<'_, io::Result<Option<u64>>> {
            unreachable!()
        }
        fn read(&self, _: &str, _: u64, _: u64) -> PortFuture<'_, io::Result<Vec<u8>>> {
            unreachable!()
        }
        fn delete(&self, _: &str) -> PortFuture<'_, io::Result<()>> {
            unreachable!()
        }
        fn path(&self, _: &str) -> Option<PathBuf> {
            None
        }
    }

    struct Page {
        until: Option<Receiver<()>>,
        bytes: Cursor<Vec<u8>>,
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(until) = self.until.take() {
                let _ = until.recv();
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
            Ok(self.bytes.get_ref().len().to_string())
        }
    }

    fn key() -> LegKey {
        LegKey { call: CallId::from_parts(0, [7; 10]), leg: LegId(1) }
    }

    /// A recorder of one leg whose disk waits for a word.
    pub(in crate::lanes) fn stuck()
    -> (Sender<()>, Recorder, Producer<Tape>, tokio::sync::mpsc::Receiver<Mail>) {
        #[expect(clippy::disallowed_methods, reason = "one word is ever sent")]
        let (go_on, until) = mpsc::channel();
        let disk = Arc::new(Stuck(Mutex::new(Some(until))));
        let (recorder, mut tapes) = Recorder::start(disk, 1).unwrap();
        let (mailbox, mail) = Mailbox::new();
        recorder.expect(key(), "a".to_owned(), mailbox);
        (go_on, recorder, tapes.remove(0), mail)
    }

    fn block(index: usize) -> Tape {
        let index = index as u64;
        Tape::Block(key(), StereoBlock { index, left: [1; _], right: [2; _] })
    }

    #[test]
    fn a_disk_that_stands_still_for_longer_than_the_lanes_queue_costs_no_block() {
        let (go_on, recorder, mut tape, mut mail) = stuck();
        let many = 4 * BLOCKS;
        for index in 0..many {
            // As long as there is a gatherer, there is room again soon.
            while tape.is_full() {
                std::thread::yield_now();
            }
            tape.push(block(index)).unwrap();
        }
        go_on.send(()).unwrap();
        recorder.end(key());
        recorder.stop();
        let Some(Mail::Recorded(recorded)) = mail.try_recv().ok() else { panic!("nothing") };
        assert_eq!((recorded.lost_blocks, recorded.duration_ms), (0, many as u64 * 20));
        // 8 kHz, two channels of 16 bits.
        let length: usize = recorded.sha256.unwrap().parse().unwrap();
        assert!(length > many * 640, "{length}");
    }

    #[test]
    fn a_disk_that_never_moves_costs_blocks_and_no_more_memory() {
        let (go_on, recorder, mut tape, mut mail) = stuck();
        let most = BLOCKS + (REELS + 3) * REEL;
        let mut index = 0;
        // The queue stays full once the gatherer waits as well.
        let mut full = 0;
        while full < 10 {
            let _ = tape.push(block(index));
            index += 1;
            full = if tape.is_full() { full + 1 } else { 0 };
            if full > 0 {
                std::thread::park_timeout(NAP);
            }
        }
        go_on.send(()).unwrap();
        while tape.slots() < BLOCKS {
            std::thread::yield_now();
        }
        tape.push(block(index)).unwrap();
        recorder.end(key());
        recorder.stop();
        let Some(Mail::Recorded(recorded)) = mail.try_recv().ok() else { panic!("nothing") };
        assert!(recorded.lost_blocks > 0, "{recorded:?}");
        assert!(index <= most + recorded.lost_blocks as usize, "{index} blocks, {recorded:?}");
        assert_eq!(recorded.duration_ms, (index as u64 + 1) * 20);
    }
}
