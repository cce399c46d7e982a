//! The lane's half of the playout ledger: what is played, where it stands, and what was heard.
//!
//! Items are played in the order in which they were first named. Each is fed by chunks of any
//! length that are moved in; used ones wait in [`Playout::take_used`] to be dropped elsewhere,
//! because freeing memory does not belong on a 20 ms path. Positions count samples that really
//! went out, at the exact sample, so a cut or a pause tells what the callee can have heard.

use domain::{ItemId, MediaTime, PlaylistId};

use crate::ring::Ring;

mod chunk;
mod event;
mod store;

pub use chunk::Chunk;
pub use event::{OnSpeech, PlayoutChange, PlayoutEvent, PushRefused};
use store::ChunkStore;

/// Audio that can wait, ms. This is the one bound on it: whoever feeds a leg asks how much waits
/// ([`Playout::waiting`]) and waits too.
pub const MAX_WAITING_MS: u64 = 4_000;
/// Shortest piece that is handed over while more of an item is to come, ms: [`MAX_WAITING_MS`] of
/// such pieces have room.
pub const MIN_PIECE_MS: u64 = 20;

/// Items that can wait, the playing one included.
pub const MAX_ITEMS: usize = 16;
/// Events that can wait. Each item makes at most four of them between two drains: it starts,
/// loses audio and starves once, and is finished or cut; pauses add two.
const MAX_EVENTS: usize = 5 * MAX_ITEMS + 8;
/// Longest fade at a pause, a resumption or a cut: 5 ms at 16 kHz.
const MAX_FADE: usize = 80;

#[derive(Clone, Copy, Debug)]
struct Item {
    playlist: PlaylistId,
    item: ItemId,
    /// Place of its chunks in the store.
    queue: usize,
    sent: u64,
    pushed: u64,
    begun: bool,
    starved: bool,
    ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motion {
    Playing,
    /// Fading out, so many samples to go.
    Pausing(usize),
    Paused,
    /// Fading in, so many samples to go.
    Resuming(usize),
}

/// What [`OnSpeech::Pause`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reflex {
    /// Nothing.
    Ready,
    /// Playout stands still because the callee may be beginning to speak.
    Startled,
    /// It has answered the current stretch of speech.
    Spent,
}

/// Playout of one leg; about 12 KB, allocated once.
#[derive(Debug)]
pub struct Playout {
    rate: u32,
    items: [Option<Item>; MAX_ITEMS],
    chunks: ChunkStore,
    motion: Motion,
    on_speech: OnSpeech,
    reflex: Reflex,
    /// The faded end of what was cut, still to be sent.
    tail: [i16; MAX_FADE],
    tail_len: usize,
    events: Ring<PlayoutEvent, MAX_EVENTS>,
    /// Media time of the next sample to be filled.
    at: MediaTime,
}

impl Playout {
    /// Playout at `rate` samples a second, 8,000 or 16,000.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            items: [None; MAX_ITEMS],
            chunks: ChunkStore::default(),
            motion: Motion::Playing,
            on_speech: OnSpeech::Ignore,
            reflex: Reflex::Ready,
            tail: [0; MAX_FADE],
            tail_len: 0,
            events: Ring::default(),
            at: MediaTime::ZERO,
        }
    }

    /// Names an item, so that it has its turn before others named later.
    ///
    /// # Errors
    /// `false` if [`MAX_ITEMS`] are waiting.
    pub fn queue(&mut self, playlist: PlaylistId, item: ItemId) -> bool {
        self.place_of(playlist, item).is_some()
    }

    /// Moves a chunk to the end of an item, naming the item if it is new.
    ///
    /// # Errors
    /// [`PushRefused`] with the chunk when a bound is reached. The item then ends with what it
    /// has, which is told as [`PlayoutChange::Lost`]: what is sent is always a beginning of what
    /// was made.
    pub fn push(
        &mut self,
        playlist: PlaylistId,
        item: ItemId,
        chunk: Chunk,
    ) -> Result<(), PushRefused> {
        let Some(place) = self.place_of(playlist, item) else {
            return Err(PushRefused::TooManyItems(chunk));
        };
        let Some(found) = &mut self.items[place] else {
            return Err(PushRefused::TooManyItems(chunk));
        };
        if found.ended {
            return Err(PushRefused::Ended(chunk));
        }
        let len = chunk.len() as u64;
        let room = MAX_WAITING_MS * u64::from(self.rate) / 1_000;
        let refused = if self.chunks.waiting() + len > room {
            chunk
        } else if let Err(back) = self.chunks.push(found.queue, chunk) {
            back
        } else {
            found.pushed += len;
            return Ok(());
        };
        found.ended = true;
        let lost = *found;
        let offset = self.time(lost.pushed);
        self.emit(&lost, 0, PlayoutChange::Lost { offset });
        Err(PushRefused::TooMuch(refused))
    }

    /// Says that nothing more comes for an item. `false` if there is no place for a new one.
    pub fn end_item(&mut self, playlist: PlaylistId, item: ItemId) -> bool {
        let Some(place) = self.place_of(playlist, item) else {
            return false;
        };
        if let Some(found) = &mut self.items[place] {
            found.ended = true;
        }
        true
    }

    /// Fades out and stands still, from the next tick on.
    pub fn pause(&mut self) {
        self.calm();
        self.motion = match self.motion {
            Motion::Playing | Motion::Resuming(_) if self.is_sounding() => {
                Motion::Pausing(self.fade_len())
            }
            Motion::Pausing(left) => Motion::Pausing(left),
            _ => Motion::Paused,
        };
    }

    /// Goes on where it stood, fading in.
    pub fn resume(&mut self) {
        self.calm();
        match self.motion {
            Motion::Paused => {
                self.motion = Motion::Resuming(self.fade_len());
                if let Some(item) = self.items[0].filter(|i| i.begun) {
                    let offset = self.time(item.sent);
                    self.emit(&item, 0, PlayoutChange::Resumed { offset });
                }
            }
            Motion::Pausing(_) => self.motion = Motion::Playing,
            Motion::Playing | Motion::Resuming(_) => {}
        }
    }

    /// Throws away all items of a playlist. What plays fades out within 5 ms, which still counts
    /// as sent. If it stood paused, the pause is over too.
    pub fn cut(&mut self, playlist: PlaylistId) {
        self.cut_where(|item| item.playlist == playlist);
    }

    /// Throws away everything.
    pub fn cut_all(&mut self) {
        self.cut_where(|_| true);
        self.motion = Motion::Playing;
        self.calm();
    }

    /// Sets the reflex.
    pub fn set_on_speech(&mut self, on_speech: OnSpeech) {
        self.on_speech = on_speech;
    }

    /// Tells how long the callee has been speaking, 0 when not, and whether they may be beginning
    /// to; called before [`Playout::fill`].
    pub fn heard(&mut self, speech_ms: u64, stirring: bool) {
        let speaks = speech_ms > 0;
        match self.reflex {
            Reflex::Startled if speaks => self.reflex = Reflex::Spent,
            Reflex::Startled if stirring => {}
            Reflex::Startled => self.resume(),
            Reflex::Spent if speaks => {}
            Reflex::Spent | Reflex::Ready => {
                self.reflex = Reflex::Ready;
                let due = self.on_speech == OnSpeech::Pause && (speaks || stirring);
                let moving = matches!(self.motion, Motion::Playing | Motion::Resuming(_));
                if due && moving && self.is_sounding() {
                    self.pause();
                    self.reflex = if speaks { Reflex::Spent } else { Reflex::Startled };
                }
            }
        }
    }

    /// What stands still, or not, does so by order from here on.
    fn calm(&mut self) {
        if self.reflex == Reflex::Startled {
            self.reflex = Reflex::Ready;
        }
    }

    /// Fills one tick whose first sample has media time `at`. Returns whether anything but
    /// silence was filled in.
    pub fn fill(&mut self, at: MediaTime, out: &mut [i16]) -> bool {
        self.at = at;
        let tail = self.tail_len.min(out.len());
        out[..tail].copy_from_slice(&self.tail[..tail]);
        self.tail_len = 0;
        let mut done = tail;
        while done < out.len() {
            let wrote = self.fill_some(done, &mut out[done..]);
            if wrote == 0 {
                break;
            }
            done += wrote;
        }
        if let Some(item) = self.items[0].filter(|i| i.ended && i.begun) {
            // Told in the tick that sends the last sample, not in the next one.
            if self.chunks.is_empty(item.queue) {
                self.run_dry(done, item);
            }
        }
        out[done..].fill(0);
        self.at = at + MediaTime::from_samples(out.len() as u64, self.rate);
        done > 0
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<PlayoutEvent> {
        self.events.pop()
    }

    /// A chunk that is no longer needed, to be dropped off the lane.
    pub fn take_used(&mut self) -> Option<Chunk> {
        self.chunks.take_used()
    }

    /// Samples that wait to be sent.
    pub const fn waiting(&self) -> u64 {
        self.chunks.waiting()
    }

    /// Whether no item waits or plays.
    pub const fn is_empty(&self) -> bool {
        self.items[0].is_none()
    }
    /// Whether playing stands still.
    pub fn is_paused(&self) -> bool {
        self.motion == Motion::Paused
    }
    /// How much of an item went out, if it waits or plays.
    pub fn position(&self, item: ItemId) -> Option<MediaTime> {
        let found = self.items.iter().flatten().find(|i| i.item == item)?;
        Some(self.time(found.sent))
    }

    /// Brings near where the samples of the next tick are noted.
    pub fn prefetch_place(&self) {
        if let Some(item) = &self.items[0] {
            self.chunks.prefetch_place(item.queue);
        }
    }

    /// Brings near the samples of the next tick.
    pub fn prefetch_samples(&self) {
        if let Some(item) = &self.items[0] {
            self.chunks.prefetch_samples(item.queue, (self.rate / 50) as usize);
        }
    }

    /// Fills a stretch without a change of state; returns its length, 0 when nothing can go on.
    fn fill_some(&mut self, done: usize, out: &mut [i16]) -> usize {
        if self.motion == Motion::Paused {
            return 0;
        }
        let Some(mut item) = self.items[0] else {
            return 0;
        };
        let mut want = out.len();
        if let Motion::Pausing(left) | Motion::Resuming(left) = self.motion {
            want = want.min(left);
        }
        let got = self.chunks.read(item.queue, &mut out[..want]);
        if got > 0 && !item.begun {
            item.begun = true;
            self.emit(&item, done, PlayoutChange::Started);
        }
        item.sent += got as u64;
        item.starved &= got == 0;
        self.items[0] = Some(item);
        if got > 0 {
            self.fade(done, &mut out[..got]);
            return got;
        }
        self.run_dry(done, item);
        // A finished item makes room for the next one within the same tick.
        if item.ended { self.fill_some(done, out) } else { 0 }
    }

    /// The first item has no samples left: it is over, or it starves.
    fn run_dry(&mut self, done: usize, mut item: Item) {
        if item.ended {
            if !item.begun {
                self.emit(&item, done, PlayoutChange::Started);
            }
            let total = self.time(item.sent);
            self.emit(&item, done, PlayoutChange::Finished { total });
            if matches!(self.motion, Motion::Pausing(_)) {
                // The pause came with the last samples: the next item waits.
                self.motion = Motion::Paused;
            }
            self.chunks.release(item.queue);
            self.remove(0);
        } else {
            if item.begun && !item.starved {
                item.starved = true;
                let offset = self.time(item.sent);
                self.emit(&item, done, PlayoutChange::Starved { offset });
                self.items[0] = Some(item);
            }
            if matches!(self.motion, Motion::Pausing(_)) {
                self.finish_pause(done);
            }
        }
    }

    fn fade(&mut self, done: usize, out: &mut [i16]) {
        let len = self.fade_len();
        match self.motion {
            Motion::Pausing(left) => {
                ramp(out, left, len, false);
                self.motion = Motion::Pausing(left - out.len());
                if left == out.len() {
                    self.finish_pause(done + out.len());
                }
            }
            Motion::Resuming(left) => {
                ramp(out, left, len, true);
                let left = left - out.len();
                self.motion = if left == 0 { Motion::Playing } else { Motion::Resuming(left) };
            }
            Motion::Playing | Motion::Paused => {}
        }
    }

    fn finish_pause(&mut self, done: usize) {
        self.motion = Motion::Paused;
        if let Some(item) = self.items[0] {
            let offset = self.time(item.sent);
            self.emit(&item, done, PlayoutChange::Paused { offset });
        }
    }

    fn cut_where(&mut self, cut: impl Fn(&Item) -> bool) {
        let mut place = 0;
        while let Some(mut item) = self.items.get(place).copied().flatten() {
            if !cut(&item) {
                place += 1;
                continue;
            }
            if place == 0 && item.begun {
                item.sent += self.keep_tail(&item);
                self.motion = Motion::Playing;
                self.calm();
            }
            let change = if item.begun {
                let (offset, total) = (self.time(item.sent), self.time(item.pushed));
                PlayoutChange::Cut { offset, total }
            } else {
                PlayoutChange::Skipped
            };
            self.emit(&item, self.tail_len, change);
            self.chunks.release(item.queue);
            self.remove(place);
        }
    }

    /// Takes the next 5 ms of the playing item out as a fade; returns how many samples.
    fn keep_tail(&mut self, item: &Item) -> u64 {
        if self.motion == Motion::Paused || self.tail_len > 0 {
            return 0;
        }
        let len = match self.motion {
            Motion::Pausing(left) => left,
            _ => self.fade_len(),
        };
        let got = self.chunks.read(item.queue, &mut self.tail[..len]);
        let fade = self.fade_len();
        ramp(&mut self.tail[..got], len, fade, false);
        self.tail_len = got;
        got as u64
    }

    fn is_sounding(&self) -> bool {
        self.items[0].is_some_and(|i| i.begun)
    }

    const fn fade_len(&self) -> usize {
        (self.rate / 200) as usize
    }

    fn time(&self, samples: u64) -> MediaTime {
        MediaTime::from_samples(samples, self.rate)
    }

    fn place_of(&mut self, playlist: PlaylistId, item: ItemId) -> Option<usize> {
        let known = |i: &Option<Item>| i.is_some_and(|i| i.playlist == playlist && i.item == item);
        if let Some(place) = self.items.iter().position(known) {
            return Some(place);
        }
        let place = self.items.iter().position(Option::is_none)?;
        let taken = |queue: &usize| self.items.iter().flatten().any(|i| i.queue == *queue);
        let queue = (0..MAX_ITEMS).find(|queue| !taken(queue))?;
        let (begun, starved, ended) = (false, false, false);
        let new = Item { playlist, item, queue, sent: 0, pushed: 0, begun, starved, ended };
        self.items[place] = Some(new);
        Some(place)
    }

    fn remove(&mut self, place: usize) {
        self.items[place] = None;
        self.items[place..].rotate_left(1);
    }

    fn emit(&mut self, item: &Item, done: usize, change: PlayoutChange) {
        let at = self.at + self.time(done as u64);
        let event = PlayoutEvent { playlist: item.playlist, item: item.item, at, change };
        // Overflow rule: cannot happen while the lane drains each tick (see MAX_EVENTS); the
        // newest would be lost.
        let _ = self.events.push(event);
    }
}

/// A linear fade of which `left` of `len` samples are to go.
fn ramp(samples: &mut [i16], left: usize, len: usize, rising: bool) {
    for (n, sample) in samples.iter_mut().enumerate() {
        let down = left.saturating_sub(n) as i32;
        let gain = if rising { len as i32 - down } else { down };
        *sample = (i32::from(*sample) * gain / len.max(1) as i32) as i16;
    }
}

#[cfg(test)]
mod tests;
