//! Chunks of all items in one slab: nothing is allocated when they come and go.

use super::{Chunk, MAX_ITEMS};
use crate::prefetch;

/// Chunks that can wait, together with those that are used and not yet taken away.
pub const MAX_CHUNKS: usize = 256;

const NONE: u16 = u16::MAX;

/// One list of chunks.
#[derive(Clone, Copy, Debug)]
struct Queue {
    head: u16,
    tail: u16,
    /// Samples of the first chunk that are used.
    read: usize,
}

const EMPTY: Queue = Queue { head: NONE, tail: NONE, read: 0 };

/// Sixteen queues of chunks, and the used chunks.
#[derive(Debug)]
pub(super) struct ChunkStore {
    chunks: Box<[Option<Chunk>]>,
    next: Box<[u16]>,
    free: u16,
    queues: [Queue; MAX_ITEMS],
    /// Used chunks, as a list of the same slab.
    used: u16,
    /// Samples in all queues.
    waiting: u64,
}

impl Default for ChunkStore {
    fn default() -> Self {
        let mut next: Box<[u16]> = (1..=MAX_CHUNKS as u16).collect();
        next[MAX_CHUNKS - 1] = NONE;
        Self {
            chunks: (0..MAX_CHUNKS).map(|_| None).collect(),
            next,
            free: 0,
            queues: [EMPTY; MAX_ITEMS],
            used: NONE,
            waiting: 0,
        }
    }
}

impl ChunkStore {
    /// Adds a chunk to the end of a queue, or hands it back when the slab is full.
    pub fn push(&mut self, queue: usize, chunk: Chunk) -> Result<(), Chunk> {
        if self.free == NONE {
            return Err(chunk);
        }
        self.waiting += chunk.len() as u64;
        let index = self.free;
        self.free = self.next[usize::from(index)];
        self.chunks[usize::from(index)] = Some(chunk);
        self.next[usize::from(index)] = NONE;
        let queue = &mut self.queues[queue];
        if queue.tail == NONE {
            queue.head = index;
        } else {
            self.next[usize::from(queue.tail)] = index;
        }
        queue.tail = index;
        Ok(())
    }

    /// Reads samples from a queue into `out`; returns how many there were.
    pub fn read(&mut self, queue: usize, out: &mut [i16]) -> usize {
        let mut done = 0;
        while done < out.len() {
            let q = self.queues[queue];
            if q.head == NONE {
                break;
            }
            let chunk = self.chunks[usize::from(q.head)].as_ref().map_or(&[][..], Chunk::samples);
            let left = &chunk[q.read.min(chunk.len())..];
            let take = left.len().min(out.len() - done);
            out[done..done + take].copy_from_slice(&left[..take]);
            done += take;
            let used_up = take == left.len();
            self.queues[queue].read += take;
            self.waiting -= take as u64;
            if used_up {
                self.drop_head(queue);
            }
        }
        done
    }

    /// Brings near where the first chunk of a queue is noted.
    pub fn prefetch_place(&self, queue: usize) {
        let head = usize::from(self.queues[queue].head);
        if let (Some(chunk), Some(next)) = (self.chunks.get(head), self.next.get(head)) {
            prefetch(chunk);
            prefetch(next);
        }
    }

    /// Brings near so many samples of the first chunk of a queue.
    pub fn prefetch_samples(&self, queue: usize, samples: usize) {
        let q = self.queues[queue];
        let chunk = self.chunks.get(usize::from(q.head)).and_then(Option::as_ref);
        if let Some(left) = chunk.and_then(|c| c.samples().get(q.read..)) {
            prefetch(&left[..left.len().min(samples)]);
        }
    }

    /// Samples that wait, in all queues.
    pub const fn waiting(&self) -> u64 {
        self.waiting
    }

    /// Whether a queue holds no chunk.
    pub fn is_empty(&self, queue: usize) -> bool {
        self.queues[queue].head == NONE
    }

    /// Moves all chunks of a queue to the used ones.
    pub fn release(&mut self, queue: usize) {
        while let Queue { head, read, .. } = self.queues[queue]
            && head != NONE
        {
            let chunk = self.chunks[usize::from(head)].as_ref();
            self.waiting -= chunk.map_or(0, |c| c.len().saturating_sub(read)) as u64;
            self.drop_head(queue);
        }
    }

    /// A used chunk.
    pub fn take_used(&mut self) -> Option<Chunk> {
        let index = self.used;
        if index == NONE {
            return None;
        }
        self.used = self.next[usize::from(index)];
        self.next[usize::from(index)] = self.free;
        self.free = index;
        self.chunks[usize::from(index)].take()
    }

    fn drop_head(&mut self, queue: usize) {
        let index = self.queues[queue].head;
        let after = self.next[usize::from(index)];
        let tail = if after == NONE { NONE } else { self.queues[queue].tail };
        self.queues[queue] = Queue { head: after, tail, read: 0 };
        self.next[usize::from(index)] = self.used;
        self.used = index;
    }
}
