//! An adaptive jitter buffer with preallocated places, driven by timestamps.
//!
//! The buffer places each packet by its RTP timestamp and keeps a playing position that advances
//! with the ticks whether or not packets come. So loss, late packets, silence suppression and
//! clock drift are all the same question: is there something at the position or not. How far the
//! position stays behind the earliest possible moment is the target delay, kept between 20 and
//! 120 ms by the measured spread of transit times ([`delay`](self)).

use crate::codec::{CodecId, MAX_PACKET_MS};
use crate::prefetch;

mod delay;

use delay::Delay;

/// Packets that can wait; at 20 ms a packet 640 ms of audio.
pub const JITTER_SLOTS: usize = u32::BITS as usize;
/// Largest payload taken: 60 ms of G.711 or G.722, or of Opus at up to 64 kbit/s.
pub const MAX_PAYLOAD: usize = 480;
/// Bytes of 20 ms of G.711, which are most payloads.
const USUAL_PAYLOAD: usize = 160;
/// Timestamp units a second before anything else was agreed on.
const FIRST_CLOCK: u32 = 8_000;
/// Late packets in a row after which the path itself has become slower.
const LATE_RUN: u32 = 8;
/// Gaps in a row after which nobody is speaking any more, in ticks.
const GAP_RUN: u32 = 10;

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// Audio in this codec.
    Audio(CodecId),
    /// Comfort noise or a telephone-event: nothing to hear, and what follows is no loss.
    Pause,
}

/// One packet on its way in.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// What it holds.
    pub kind: PacketKind,
    /// Its sequence number.
    pub seq: u16,
    /// Its timestamp, on the buffer's clock.
    pub timestamp: u32,
    /// Its source.
    pub ssrc: u32,
    /// Its bytes.
    pub payload: &'a [u8],
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It waits for its turn.
    Kept,
    /// It waits, and everything before it was forgotten: a new source or a jump of its clock.
    KeptAfterRestart,
    /// Its turn has passed.
    Late,
    /// It was here before.
    Duplicate,
    /// Larger than [`MAX_PAYLOAD`] or longer than [`MAX_PACKET_MS`].
    Oversized,
    /// First packet of an unexpected source or time; the next one will tell.
    Doubted,
}

/// What there is to play at the position; lengths in timestamp units.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<'a> {
    /// A packet; the first `skip` units of it are over.
    Packet {
        /// Its codec.
        codec: CodecId,
        /// Its bytes.
        payload: &'a [u8],
        /// Units of it that come too late.
        skip: usize,
    },
    /// Audio is missing: conceal so many units.
    Lost {
        /// How many.
        len: usize,
        /// The packet that ends the gap just there, if it waits.
        next: Option<(CodecId, &'a [u8])>,
    },
    /// Nobody is speaking: so many units of silence.
    Silence(usize),
}

/// How a tick is to be filled so that the delay stays near its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Play on.
    Even,
    /// Fill this tick without taking anything: the delay grows.
    Stretch,
    /// Take one tick's worth more and throw it away: the delay shrinks.
    Skip,
}

/// What happened in the buffer so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterCounts {
    /// Packets that came after their turn.
    pub late: u64,
    /// Packets that came twice.
    pub duplicate: u64,
    /// Packets with more audio than we take.
    pub oversized: u64,
    /// Packets thrown away because too many waited.
    pub overflowed: u64,
    /// Gaps that were concealed.
    pub concealed: u64,
    /// New sources and jumps of the sender's clock.
    pub restarts: u64,
    /// Ticks by which the delay was changed.
    pub adjusted: u64,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    timestamp: u32,
    seq: u16,
    len: u16,
    kind: PacketKind,
}

/// The buffer of one leg: about 16 KB, allocated once.
#[derive(Debug)]
pub struct JitterBuffer {
    places: [Place; JITTER_SLOTS],
    /// A bit for each place that holds a packet: few do, and the others need not be looked at.
    waiting: u32,
    payloads: Box<[[u8; MAX_PAYLOAD]; JITTER_SLOTS]>,
    delay: Delay,
    /// Timestamp units a second.
    clock: u32,
    source: Option<Source>,
    /// A packet that would begin another source or time: its SSRC and the number that confirms.
    doubt: Option<(u32, u16)>,
    late_run: u32,
    gap_run: u32,
    paused: bool,
    counts: JitterCounts,
}

/// Where playing stands.
#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    /// Timestamp of the next sample to hand out.
    position: u32,
    /// Highest sequence number, and the 64 before it as bits.
    newest: u16,
    seen: u64,
    /// Whether a packet was handed out; before that gaps are the start-up delay.
    begun: bool,
}

impl Default for JitterBuffer {
    fn default() -> Self {
        let free = Place { timestamp: 0, seq: 0, len: 0, kind: PacketKind::Pause };
        Self {
            places: [free; JITTER_SLOTS],
            waiting: 0,
            payloads: Box::new([[0; MAX_PAYLOAD]; JITTER_SLOTS]),
            delay: Delay::new(FIRST_CLOCK),
            clock: FIRST_CLOCK,
            source: None,
            doubt: None,
            late_run: 0,
            gap_run: 0,
            paused: false,
            counts: JitterCounts::default(),
        }
    }
}

impl JitterBuffer {
    /// Takes in a packet that arrived at `arrival`, in units of the buffer's clock.
    pub fn insert(&mut self, arrival: u32, packet: &Incoming<'_>) -> Inserted {
        let longest = (self.per_ms() * MAX_PACKET_MS) as usize;
        if packet.payload.len() > MAX_PAYLOAD || units(packet) > longest {
            self.counts.oversized += 1;
            return Inserted::Oversized;
        }
        let Some(source) = self.source else {
            self.restart(arrival, packet);
            return Inserted::Kept;
        };
        let ahead = packet.timestamp.wrapping_sub(source.position) as i32;
        // Farther away than a second, the sender's clock has jumped.
        if packet.ssrc != source.ssrc || ahead.unsigned_abs() > self.clock {
            return self.doubt(arrival, packet);
        }
        self.doubt = None;
        if self.seen_before(packet.seq) {
            self.counts.duplicate += 1;
            return Inserted::Duplicate;
        }
        self.delay.packet(arrival.wrapping_sub(packet.timestamp));
        if packet.kind != PacketKind::Pause && ahead + units(packet) as i32 <= 0 {
            self.counts.late += 1;
            self.late_run += 1;
            if self.late_run >= LATE_RUN {
                self.restart(arrival, packet);
                return Inserted::KeptAfterRestart;
            }
            return Inserted::Late;
        }
        self.late_run = 0;
        self.store(packet);
        Inserted::Kept
    }

    /// Says how the tick at `now` is to be filled. `decoded` units are still to be played from
    /// packets taken before; `quiet` tells that a change would not be heard.
    pub fn pace(&mut self, now: u32, decoded: usize, quiet: bool) -> Pace {
        let Some(source) = self.source.filter(|s| s.begun) else {
            return Pace::Even;
        };
        let playing = source.position.wrapping_sub(decoded as u32);
        let early = self.delay.early(now, playing);
        let missing = decoded == 0 && self.earliest().is_none_or(|(_, ahead)| ahead > 0);
        let pace = match early / self.per_ms() as i32 {
            60.. => Pace::Stretch,
            20.. if quiet || missing => Pace::Stretch,
            ..=-120 => Pace::Skip,
            ..=-20 if quiet && !missing => Pace::Skip,
            _ => Pace::Even,
        };
        self.counts.adjusted += u64::from(pace != Pace::Even);
        pace
    }

    /// Hands out what is at the position: a whole packet, or at most `want` units of a gap.
    pub fn take(&mut self, want: usize) -> Taken<'_> {
        let Some(mut source) = self.source else {
            return Taken::Silence(want);
        };
        while let Some((index, ahead)) = self.earliest().filter(|(_, ahead)| *ahead <= 0) {
            let place = self.places[index];
            self.waiting &= !(1 << index);
            let PacketKind::Audio(codec) = place.kind else {
                self.paused = true;
                continue;
            };
            let skip = ahead.unsigned_abs() as usize;
            let len = codec.units_in(&self.payloads[index][..usize::from(place.len)]);
            if skip >= len {
                continue;
            }
            source.position = place.timestamp.wrapping_add(len as u32);
            source.begun = true;
            self.source = Some(source);
            (self.paused, self.gap_run) = (false, 0);
            let payload = &self.payloads[index][..usize::from(place.len)];
            return Taken::Packet { codec, payload, skip };
        }
        self.gap(want)
    }

    /// Begins anew on another clock, given in timestamp units a second.
    pub fn set_clock(&mut self, clock: u32) {
        self.clock = clock.max(1_000);
        self.reset();
    }

    /// Timestamp units a second.
    pub const fn clock(&self) -> u32 {
        self.clock
    }

    /// Forgets the stream, not the counts: the peer's address changed.
    pub fn reset(&mut self) {
        self.empty();
        self.delay = Delay::new(self.clock);
    }

    /// Throws away what waits; what comes next is played after the delay that was learnt.
    pub fn empty(&mut self) {
        self.source = None;
        self.doubt = None;
        self.waiting = 0;
        (self.late_run, self.gap_run, self.paused) = (0, 0, false);
    }

    /// What happened so far.
    pub const fn counts(&self) -> JitterCounts {
        self.counts
    }
    /// The delay aimed at, ms.
    pub const fn target_ms(&self) -> u32 {
        self.delay.target() / self.per_ms()
    }

    /// Brings near what is played next, and where the next packet will be kept.
    pub fn prefetch(&self) {
        let next = self.earliest().map(|(index, _)| index);
        for index in [next, self.free()].into_iter().flatten() {
            prefetch(&self.payloads[index][..USUAL_PAYLOAD]);
        }
    }

    const fn per_ms(&self) -> u32 {
        self.clock / 1_000
    }

    fn gap(&mut self, want: usize) -> Taken<'_> {
        let after = self.earliest();
        let ahead = after.map_or(usize::MAX, |(_, ahead)| ahead as usize);
        let len = want.min(ahead);
        let mut begun = false;
        if let Some(source) = &mut self.source {
            source.position = source.position.wrapping_add(len as u32);
            begun = source.begun;
        }
        self.gap_run = self.gap_run.saturating_add(1);
        if !begun || self.paused || self.gap_run > GAP_RUN {
            return Taken::Silence(len);
        }
        self.counts.concealed += 1;
        let next = after.filter(|_| ahead == len).and_then(|(index, _)| {
            let place = self.places[index];
            match place.kind {
                PacketKind::Audio(codec) => {
                    Some((codec, &self.payloads[index][..usize::from(place.len)]))
                }
                PacketKind::Pause => None,
            }
        });
        Taken::Lost { len, next }
    }

    fn doubt(&mut self, arrival: u32, packet: &Incoming<'_>) -> Inserted {
        if self.doubt == Some((packet.ssrc, packet.seq)) {
            self.counts.restarts += 1;
            self.restart(arrival, packet);
            return Inserted::KeptAfterRestart;
        }
        self.doubt = Some((packet.ssrc, packet.seq.wrapping_add(1)));
        Inserted::Doubted
    }

    fn restart(&mut self, arrival: u32, packet: &Incoming<'_>) {
        self.reset();
        self.delay.packet(arrival.wrapping_sub(packet.timestamp));
        self.source = Some(Source {
            ssrc: packet.ssrc,
            position: packet.timestamp.wrapping_sub(self.delay.target()),
            newest: packet.seq,
            seen: 1,
            begun: false,
        });
        self.store(packet);
    }

    fn seen_before(&mut self, seq: u16) -> bool {
        let Some(source) = &mut self.source else {
            return false;
        };
        let ahead = seq.wrapping_sub(source.newest) as i16;
        if ahead > 0 {
            source.seen = source.seen.checked_shl(ahead.unsigned_abs().into()).unwrap_or(0) | 1;
            source.newest = seq;
            return false;
        }
        let bit = 1u64.checked_shl(ahead.unsigned_abs().into()).unwrap_or(0);
        let seen = source.seen & bit != 0;
        source.seen |= bit;
        seen
    }

    fn store(&mut self, packet: &Incoming<'_>) {
        // Overflow rule: the oldest packet gives way.
        let index = self.free().or_else(|| {
            self.counts.overflowed += 1;
            self.earliest().map(|(index, _)| index)
        });
        let Some(index) = index else { return };
        self.payloads[index][..packet.payload.len()].copy_from_slice(packet.payload);
        self.places[index] = Place {
            timestamp: packet.timestamp,
            seq: packet.seq,
            len: packet.payload.len() as u16,
            kind: packet.kind,
        };
        self.waiting |= 1 << index;
    }

    /// The place that the next packet will have, if there is one.
    const fn free(&self) -> Option<usize> {
        let index = self.waiting.trailing_ones() as usize;
        if index < JITTER_SLOTS { Some(index) } else { None }
    }

    /// The place to be played first, and how far its timestamp lies ahead of the position.
    fn earliest(&self) -> Option<(usize, i32)> {
        let position = self.source?.position;
        let mut left = self.waiting;
        let waiting = std::iter::from_fn(|| {
            let index = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            self.places.get(index).map(|place| (index, place))
        });
        waiting
            .map(|(i, p)| (i, p.timestamp.wrapping_sub(position) as i32, p.seq))
            .min_by_key(|(_, ahead, seq)| (*ahead, *seq))
            .map(|(index, ahead, _)| (index, ahead))
    }
}

fn units(packet: &Incoming<'_>) -> usize {
    match packet.kind {
        PacketKind::Audio(codec) => codec.units_in(packet.payload),
        PacketKind::Pause => 0,
    }
}

#[cfg(test)]
mod tests;
