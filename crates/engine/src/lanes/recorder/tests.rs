//! Disks that stand still or never move, ends that wait, and a gatherer that is gone.

use super::*;
use crate::mailbox::Mail;
use crate::ports::PortFuture;
use domain::{CallId, LegId};
use media::recording::StereoBlock;
use std::io::{Cursor, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};

/// Name of a file whose writer dies.
const BROKEN: &str = "broken";

/// A disk that does nothing until it is told to.
struct Stuck(Mutex<Option<Receiver<()>>>);

impl Blobs for Stuck {
    fn create(&self, name: &str) -> io::Result<Box<dyn BlobWriter>> {
        assert_ne!(name, BROKEN, "as the test wants it");
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

/// Gives blocks until the gatherer waits as well; how many.
fn fill(tape: &mut Producer<Tape>) -> usize {
    let (mut index, mut full) = (0, 0);
    while full < 10 {
        let _ = tape.push(block(index));
        index += 1;
        full = if tape.is_full() { full + 1 } else { 0 };
        if full > 0 {
            std::thread::park_timeout(NAP);
        }
    }
    index
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
    let index = fill(&mut tape);
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

#[test]
fn whoever_tells_of_an_end_waits_when_too_many_wait() {
    let (go_on, recorder, mut tape, _mail) = stuck();
    fill(&mut tape);
    std::thread::scope(|scope| {
        let teller = scope.spawn(|| (0..=ENDS).for_each(|_| recorder.end(key())));
        while recorder.shared.ended().len() < ENDS {
            std::thread::yield_now();
        }
        (0..10).for_each(|_| std::thread::park_timeout(NAP));
        assert!(!teller.is_finished());
        assert_eq!(recorder.shared.ended().len(), ENDS);
        go_on.send(()).unwrap();
        teller.join().unwrap();
    });
    recorder.stop();
}

#[test]
fn without_a_gatherer_nobody_waits_and_calls_hear_that_nothing_was_recorded() {
    let (_go_on, recorder, mut tape, _) = stuck();
    let (mailbox, mut mail) = Mailbox::new();
    recorder.expect(key(), BROKEN.to_owned(), mailbox);
    while !recorder.shared.gone.load(Ordering::Relaxed) {
        let _ = tape.push(block(0));
        std::thread::park_timeout(NAP);
    }
    (0..=ENDS).for_each(|_| recorder.end(key()));
    let Some(Mail::Recorded(recorded)) = mail.try_recv().ok() else { panic!("nothing") };
    assert_eq!(recorded.blob, None);
    assert!(mail.try_recv().is_err(), "once");
    recorder.stop();
}

#[test]
fn an_end_that_nobody_took_before_the_gatherer_went_is_told_too() {
    for takes in [None, Some(false)] {
        let disk = Arc::new(Stuck(Mutex::default()));
        let (recorder, (mut gatherer, _writer), _tapes) = Recorder::by_hand(disk, 1, 1);
        let (mailbox, mut mail) = Mailbox::new();
        recorder.expect(key(), "a".to_owned(), mailbox);
        recorder.end(key());
        if let Some(takes) = takes {
            assert!(!gatherer.gather(&mut |_| takes));
        }
        assert!(mail.try_recv().is_err());
        drop(gatherer);
        assert!(matches!(mail.try_recv(), Ok(Mail::Recorded(r)) if r == Recorded::default()));
    }
}
