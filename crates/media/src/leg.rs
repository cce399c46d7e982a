//! One leg of a call as a media lane drives it: packets and ticks in; packets, frames, stereo
//! blocks and events out.
//!
//! A lane calls [`Leg::receive_rtp`] and [`Leg::receive_rtcp`] for what has arrived, then
//! [`Leg::tick`] once every 20 ms, sends what stands in the [`Tick`], and drains
//! [`Leg::poll_event`] and [`Leg::take_used`]. Nothing of this allocates. A leg takes about
//! 60 KB, all of it at [`Leg::new`]; chunks of playout belong to whoever made them.
//!
//! Media time is zero at [`Leg::answered`] and advances by 20 ms with each tick. Before the
//! answer it counts from the first [`Leg::connect`] and events say `early`.

use std::net::{IpAddr, SocketAddr};

use domain::{FRAME_MS, ItemId, LegId, LegQuality, MediaTime, Now};

use crate::jitter::JitterCounts;
use crate::playout::{Chunk, PushRefused};
use crate::recording::StereoBlock;
use crate::ring::Ring;
use crate::rtcp::Compound;
use crate::rtp::RtpPacket;
use crate::sdp::Negotiated;

mod command;
mod event;
mod gear;
mod hearing;
mod inbound;
mod link;
mod outbound;
mod report;
mod sound;
mod tick;

pub use command::{Keys, LegCommand, LegError, LegSetup};
pub use event::{Heard, LegEvent, MAX_LEG_EVENTS};
use gear::Guard;
pub use gear::LegGear;
use hearing::{Hearing, Line};
use inbound::{Arrived, Inbound, arrival};
use link::Link;
use outbound::Outbound;
use report::Reporter;
use sound::{NARROW, Rates, Sound};
pub use tick::{Datagram, MAX_FRAMES, Tick};

/// One media side of a call.
#[derive(Debug)]
pub struct Leg {
    id: LegId,
    link: Link,
    inbound: Inbound,
    hearing: Hearing,
    heard_rates: Rates,
    outbound: Outbound,
    said_rates: Rates,
    guard: Option<Box<Guard>>,
    reporter: Reporter,
    clock: Clock,
    watch: Watch,
    events: Ring<LegEvent, MAX_LEG_EVENTS>,
    record: bool,
    unknown: u64,
    forged: u64,
    events_lost: u64,
}

/// Media time of one leg.
#[derive(Clone, Copy, Debug)]
struct Clock {
    at: MediaTime,
    answered: bool,
}

/// Watches for the end of the peer's stream.
#[derive(Clone, Copy, Debug)]
struct Watch {
    timeout: std::time::Duration,
    /// Since when packets are expected.
    since: Option<Now>,
    /// Media time of the last packet.
    last_media: MediaTime,
    told: bool,
    first_told: bool,
    /// When the peer reported last.
    reported: Option<Now>,
    /// Packets of others since the peer's last one.
    strangers: u32,
}

/// Packets of strangers, with none of the peer's among them, that are worth a warning.
const MANY_STRANGERS: u32 = 1_000;
/// How many times as long as without reports a peer may be silent that reports.
const REPORTS_ALONE: u32 = 6;
/// A report may be so much later than the packet before it.
const REPORT_BEHIND: std::time::Duration = std::time::Duration::from_millis(500);
/// Reports come every five seconds; so long after the last one they have ceased.
const REPORTS_MISSED: std::time::Duration = std::time::Duration::from_secs(16);

/// What happened on a leg, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegCounts {
    /// Of the jitter buffer.
    pub jitter: JitterCounts,
    /// Delay the jitter buffer aims at, ms.
    pub jitter_target_ms: u32,
    /// Packets with a payload type nobody agreed on.
    pub unknown: u64,
    /// Packets from where the peer's come that were not under its keys, or came again.
    pub forged: u64,
    /// Datagrams that were not the peer's, or no packets at all.
    pub strangers: u64,
    /// Events that were not drained in time.
    pub events_lost: u64,
}

impl Leg {
    /// A leg that knows no peer yet.
    pub fn new(setup: LegSetup) -> Self {
        Self {
            id: setup.leg,
            link: Link::new(setup.nat),
            inbound: Inbound::default(),
            hearing: Hearing::new(&setup.turn),
            heard_rates: Rates::default(),
            outbound: Outbound::new(&setup),
            said_rates: Rates::default(),
            guard: None,
            reporter: Reporter::new(&setup.cname),
            clock: Clock { at: MediaTime::ZERO, answered: false },
            watch: Watch {
                timeout: setup.media_timeout,
                since: None,
                last_media: MediaTime::ZERO,
                told: false,
                first_told: false,
                reported: None,
                strangers: 0,
            },
            events: Ring::default(),
            record: setup.record,
            unknown: 0,
            forged: 0,
            events_lost: 0,
        }
    }

    /// Takes what an agreement needs beyond a leg's first memory; to be called before
    /// [`Leg::connect`] with the same agreement. What is no longer needed is left in `gear`.
    pub fn equip(&mut self, gear: &mut LegGear, agreed: &Negotiated) {
        if self.inbound.decoders.opus.is_none()
            && let Some(opus) = gear.opus.take()
        {
            let (decoder, encoder) = opus.split();
            self.inbound.decoders.opus = Some(decoder);
            self.outbound.encoders.opus = Some(encoder);
        }
        if let (Some(new), Some(old)) = (&mut gear.guard, &mut self.guard) {
            new.succeed(old, agreed);
        }
        std::mem::swap(&mut self.guard, &mut gear.guard);
    }

    /// Takes over what offer and answer agreed on, at first and after each re-offer. Media is
    /// accepted from the agreed address, and while nothing comes from there, from at most three of
    /// `allowed_sources` (signalling).
    pub fn connect(&mut self, now: Now, agreed: &Negotiated, allowed_sources: &[IpAddr]) {
        let moved = self.link.connect(now, agreed, allowed_sources);
        self.inbound.begin(agreed, moved);
        self.outbound.begin(agreed);
        self.reporter.begin(now, self.outbound.ssrc);
        self.watch.expect(now);
    }

    /// The call was answered: media time begins. What waited to be heard was sent before, and is
    /// ringback or an announcement, not the callee.
    pub fn answered(&mut self, now: Now) {
        self.inbound.empty();
        if let Some(end) = self.hearing.restart(self.clock.at) {
            self.tell(Heard::UtteranceEnded(end));
        }
        self.clock = Clock { at: MediaTime::ZERO, answered: true };
        self.watch.last_media = MediaTime::ZERO;
        self.watch.expect(now);
    }

    /// Takes in a datagram of the RTP socket.
    pub fn receive_rtp(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        let mut guard = self.guard.take();
        match self.opened(from, guard.as_deref_mut(), datagram, Guard::open_rtp) {
            Some(plain) => self.take_rtp(now, from, plain),
            None if self.link.knows(from) && is_beside_media(datagram) => {}
            None => {
                self.link.refuse();
                self.stranger();
            }
        }
        self.guard = guard;
    }

    fn stranger(&mut self) {
        if self.watch.stranger() {
            self.tell(Heard::OnlyStrangers);
        }
    }

    /// Takes in a datagram of the RTCP socket.
    pub fn receive_rtcp(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        let mut guard = self.guard.take();
        match self.opened(from, guard.as_deref_mut(), datagram, Guard::open_rtcp) {
            Some(plain) => self.take_rtcp(now, from, plain),
            None => self.link.refuse(),
        }
        self.guard = guard;
    }

    /// What a datagram holds: itself, or what is in it if the leg is encrypted and the peer made
    /// it. Whoever is not the peer by address is not worth the arithmetic.
    fn opened<'a>(
        &mut self,
        from: SocketAddr,
        guard: Option<&'a mut Guard>,
        datagram: &'a [u8],
        open: impl FnOnce(&'a mut Guard, &[u8]) -> Option<&'a [u8]>,
    ) -> Option<&'a [u8]> {
        if self.link.agreed.as_ref()?.crypto.is_none() {
            return Some(datagram);
        }
        if !self.link.knows(from) {
            return None;
        }
        let plain = guard.and_then(|g| open(g, datagram));
        self.forged += u64::from(plain.is_none());
        plain
    }

    fn take_rtp(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        let Ok(packet) = RtpPacket::parse(datagram) else {
            if !(self.link.knows(from) && is_beside_media(datagram)) {
                self.link.refuse();
            }
            return;
        };
        let agreed = self.link.agreed.as_ref();
        let playable = agreed.is_some_and(|agreed| self.inbound.plays(agreed, &packet));
        if !self.link.admit(now, from, playable) {
            self.stranger();
            return;
        }
        let Some(agreed) = &self.link.agreed else { return };
        self.watch.packet(now, self.clock.at);
        let header = packet.header;
        let reception = &mut self.reporter.reception;
        let clock = self.inbound.clock();
        let arrived = self.inbound.packet(now, agreed, &packet);
        if self.inbound.clock() != clock {
            reception.set_clock(self.inbound.clock());
        }
        let key_clock = agreed.formats.key_clock(header.payload_type);
        if key_clock.is_none_or(|c| c == self.inbound.clock()) {
            let came = arrival(now, self.inbound.clock());
            reception.packet(header.ssrc, header.seq, header.timestamp, came);
        } else {
            reception.count(header.ssrc, header.seq);
        }
        if !std::mem::replace(&mut self.watch.first_told, true) {
            self.tell(Heard::FirstPacket { from });
        }
        match arrived {
            Arrived::Audio => {}
            Arrived::OtherCodec(codec) => self.tell(Heard::CodecChanged { codec }),
            Arrived::Key(key) => self.tell(Heard::Key(key)),
            Arrived::Unknown => self.unknown += 1,
        }
    }

    fn take_rtcp(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        let Ok(compound) = Compound::parse(datagram) else {
            self.link.refuse();
            return;
        };
        if !self.link.admit_rtcp(from) {
            return;
        }
        self.watch.reported = Some(now);
        if self.reporter.packet(now, self.outbound.ssrc, compound) {
            self.tell(Heard::PeerLeft);
        }
    }

    /// Lives 20 ms: plays, listens, reports. Everything that results stands in `out` and in
    /// [`Leg::poll_event`].
    pub fn tick(&mut self, now: Now, out: &mut Tick) {
        out.clear();
        if self.link.agreed.is_none() {
            self.advance();
            return;
        }
        let at = self.clock.at;
        let (mut heard, mut said) = (Sound::silent(8_000), Sound::silent(8_000));
        self.inbound.tick(now, &mut heard);
        let narrow = self.heard_rates.narrow(&heard);
        let line = if self.is_held() {
            // Whoever holds us plays music or nothing: there is nobody to listen to.
            Line { narrow: &[0; NARROW], wide: None, heard: false }
        } else {
            Line { narrow: &narrow, wide: heard.wide(), heard: self.inbound.is_line() }
        };
        self.listen(at, line, out);
        // After listening, so that the reflex stops playout in the tick that noticed speech.
        self.outbound.playout.heard(self.hearing.speech_ms(), self.hearing.is_stirring());
        let guard = self.guard.as_deref_mut();
        if self.outbound.tick(at, &self.link, guard, &mut said, &mut out.rtp) {
            self.tell(Heard::KeysSent);
        }
        if self.record && self.clock.answered {
            let index = at.as_millis() / FRAME_MS;
            let right = self.said_rates.narrow(&said);
            out.stereo = Some(StereoBlock { index, left: narrow, right });
        }
        if self.reporter.is_due(now) {
            self.report(now, false, out);
        }
        // While the peer holds us it may send nothing, whatever it said about music.
        let awaited = self.clock.answered && self.link.is_both_ways();
        if let Some(last_media) = self.watch.tick(now, awaited) {
            self.tell(Heard::Dead { last_media });
        }
        self.advance();
    }

    /// Composes the RTCP goodbye, to be sent when the leg ends, and closes what is being said.
    pub fn goodbye(&mut self, now: Now, out: &mut Tick) {
        out.clear();
        if let Some(end) = self.hearing.close(self.clock.at) {
            self.tell(Heard::UtteranceEnded(end));
        }
        if self.link.agreed.is_some() {
            self.report(now, true, out);
        }
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// [`LegError`] when a bound is reached; then nothing of the command was done.
    pub fn command(&mut self, now: Now, command: LegCommand) -> Result<(), LegError> {
        let playout = &mut self.outbound.playout;
        let taken = match command {
            LegCommand::Queue { playlist, item } => playout.queue(playlist, item),
            LegCommand::EndItem { playlist, item } => playout.end_item(playlist, item),
            LegCommand::Play { playlist, item, chunk } => {
                return playout.push(playlist, item, chunk).map_err(LegError::Refused);
            }
            LegCommand::SendKeys(keys) => return self.send_keys(&keys),
            LegCommand::Pause => {
                playout.pause();
                true
            }
            LegCommand::Resume => {
                playout.resume();
                true
            }
            LegCommand::Cut(playlist) => {
                playout.cut(playlist);
                true
            }
            LegCommand::CutAll => {
                playout.cut_all();
                true
            }
            LegCommand::SetOnSpeech(on_speech) => {
                playout.set_on_speech(on_speech);
                true
            }
            LegCommand::SetEndpointing(turn) => {
                self.hearing.set(&turn);
                true
            }
            LegCommand::Hold(held) => {
                self.outbound.held = held;
                self.watch.expect(now);
                true
            }
        };
        if taken { Ok(()) } else { Err(LegError::TooManyItems) }
    }

    /// The next event. Those of playout come last; their own times tell the order.
    pub fn poll_event(&mut self) -> Option<LegEvent> {
        if let Some(event) = self.events.pop() {
            return Some(event);
        }
        let event = self.outbound.playout.poll_event()?;
        let early = !self.clock.answered;
        Some(LegEvent { leg: self.id, at: event.at, early, what: Heard::Playout(event) })
    }

    /// A chunk that was played or cut, to be dropped off the lane.
    pub fn take_used(&mut self) -> Option<Chunk> {
        self.outbound.playout.take_used()
    }

    /// Whether the peer reports although it may send no audio: it suppresses silence.
    pub fn is_reported(&self, now: Now) -> bool {
        self.watch.reports(now)
    }

    /// Samples that wait to be played.
    pub const fn waiting(&self) -> u64 {
        self.outbound.playout.waiting()
    }

    /// How good the peer's stream is.
    pub fn quality(&self) -> LegQuality {
        let reception = &self.reporter.reception;
        LegQuality {
            packets: reception.received(),
            lost: reception.lost(),
            strangers: self.link.strangers,
            early: self.link.early,
            jitter_ms: reception.jitter_ms(),
            round_trip_ms: self.reporter.round_trip_ms,
            last_media_ms: self.watch.last_media.as_millis(),
        }
    }

    /// Counts for metrics.
    pub const fn counts(&self) -> LegCounts {
        LegCounts {
            jitter: self.inbound.jitter.counts(),
            jitter_target_ms: self.inbound.jitter.target_ms(),
            unknown: self.unknown,
            forged: self.forged,
            strangers: self.link.strangers,
            events_lost: self.events_lost,
        }
    }

    /// Brings near what the leg points to, for its next tick, once the leg is near itself
    /// ([`prefetch`](crate::prefetch)). A lane asks while it serves the legs before, because memory
    /// is that far away.
    pub fn prefetch_parts(&self) {
        self.inbound.jitter.prefetch();
        self.hearing.prefetch();
        self.outbound.playout.prefetch_place();
    }

    /// Brings near what the parts point to, once they are near themselves.
    pub fn prefetch_samples(&self) {
        self.outbound.playout.prefetch_samples();
    }

    /// Its name.
    pub const fn id(&self) -> LegId {
        self.id
    }
    /// Media time of the next tick.
    pub const fn media_time(&self) -> MediaTime {
        self.clock.at
    }
    /// Whether media time counts from the answer.
    pub const fn is_answered(&self) -> bool {
        self.clock.answered
    }
    /// Whether the peer wants nothing to be said for now.
    pub fn is_held(&self) -> bool {
        self.clock.answered && self.link.agreed.is_some() && !self.link.sends()
    }
    /// Samples a second that chunks for playout must have.
    pub const fn playout_rate(&self) -> u32 {
        self.outbound.rate()
    }
    /// How much of an item went out, while it waits or plays.
    pub fn playout_position(&self, item: ItemId) -> Option<MediaTime> {
        self.outbound.playout.position(item)
    }
    /// Whether nothing waits to be played.
    pub const fn is_playout_empty(&self) -> bool {
        self.outbound.playout.is_empty()
    }

    fn listen(&mut self, at: MediaTime, line: Line<'_>, out: &mut Tick) {
        let (leg, early) = (self.id, !self.clock.answered);
        let (events, lost) = (&mut self.events, &mut self.events_lost);
        self.hearing.tick(at, line, out, |what| {
            let event = LegEvent { leg, at, early, what };
            *lost += u64::from(events.push(event).is_err());
        });
        if early {
            // Nobody who answers has said anything yet.
            out.drop_frames();
        }
    }

    fn report(&mut self, now: Now, bye: bool, out: &mut Tick) {
        let encrypted = self.link.agreed.as_ref().is_some_and(|a| a.crypto.is_some());
        let (Some(to), true) = (self.link.rtcp_target(), encrypted == self.guard.is_some()) else {
            return;
        };
        self.reporter.write(now, &self.outbound, bye, &mut out.rtcp);
        if let Some(guard) = &mut self.guard {
            let done = guard.sender.protect_rtcp(&mut out.rtcp.bytes, out.rtcp.len);
            out.rtcp.len = done.unwrap_or(0);
        }
        out.rtcp.to = Some(to);
    }

    fn send_keys(&mut self, keys: &Keys) -> Result<(), LegError> {
        if self.link.agreed.as_ref().is_none_or(|a| a.dtmf_payload_type.is_none()) {
            return Err(LegError::NoKeys);
        }
        let sender = &mut self.outbound.keys;
        if keys.iter().count() > sender.room() {
            return Err(LegError::TooManyKeys);
        }
        for key in keys.iter() {
            sender.push(key).map_err(|_| LegError::TooManyKeys)?;
        }
        Ok(())
    }

    /// Media time counts from the first agreement, and from the answer whatever is agreed.
    fn advance(&mut self) {
        if self.clock.answered || self.link.agreed.is_some() {
            self.clock.at += MediaTime::from_millis(FRAME_MS);
        }
    }

    fn tell(&mut self, what: Heard) {
        let (leg, at, early) = (self.id, self.clock.at, !self.clock.answered);
        let lost = self.events.push(LegEvent { leg, at, early, what }).is_err();
        self.events_lost += u64::from(lost);
    }
}

/// STUN (RFC 8489 section 5) and RTCP (RFC 5761 section 4), which some peers send to the port of
/// their audio without having asked.
fn is_beside_media(datagram: &[u8]) -> bool {
    let stun = datagram.len() >= 20
        && datagram[0] < 4
        && datagram.get(4..8) == Some(&[0x21, 0x12, 0xa4, 0x42]);
    let rtcp = datagram.len() >= 8 && datagram[0] >> 6 == 2 && (192..=223).contains(&datagram[1]);
    stun || rtcp
}

impl Watch {
    fn expect(&mut self, now: Now) {
        self.since = Some(now);
        self.told = false;
        self.strangers = 0;
    }

    fn packet(&mut self, now: Now, at: MediaTime) {
        self.expect(now);
        self.last_media = at;
    }

    /// Counts a packet of somebody else since the peer's last one; answers whether there are so
    /// many by now that the peer's own may be among them.
    fn stranger(&mut self) -> bool {
        self.strangers = self.strangers.saturating_add(1);
        self.strangers == MANY_STRANGERS
    }

    /// Media time of the last packet, once when the stream has been silent for too long. Who sends
    /// no audio but reports suppresses silence (RFC 3550 section 6.3.5: either is life).
    fn tick(&mut self, now: Now, awaited: bool) -> Option<MediaTime> {
        if !awaited {
            self.since = Some(now);
            return None;
        }
        let silent = now.since(self.since?);
        let limit = if self.reports(now) { REPORTS_ALONE * self.timeout } else { self.timeout };
        let dead = silent >= limit && !std::mem::replace(&mut self.told, true);
        dead.then_some(self.last_media)
    }

    /// Whether the peer has reported since its last packet, and goes on to. A report that came
    /// with the last packets says nothing about what follows.
    fn reports(&self, now: Now) -> bool {
        let begun = self.since.map(|since| since + REPORT_BEHIND);
        self.reported.is_some_and(|at| begun.is_none_or(|begun| at > begun))
            && self.reported.is_some_and(|at| now.since(at) < REPORTS_MISSED)
    }
}

impl LegError {
    /// The chunk of a refused `Play`, to try again later.
    pub fn into_chunk(self) -> Option<Chunk> {
        match self {
            LegError::Refused(refused) => Some(PushRefused::into_chunk(refused)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
