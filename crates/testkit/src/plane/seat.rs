//! One leg on the fake plane.

use call::{Input, MediaEvent};
use domain::{LegQuality, MediaTime, Now, PlaylistId};
use engine::mailbox::Mailbox;
use engine::plane::{LegKey, LegOrder};
use media::dtmf::Key;
use media::leg::{Heard, LegCommand, LegEvent};
use media::playout::{Playout, PlayoutChange, PlayoutEvent};
use media::sdp::Negotiated;
use media::tone::Tone;

use super::account::{Account, Audible};
use super::callee::Callee;
use super::listening::Listening;
use super::wire::Wire;
use crate::sabotage::{Plants, Sabotage};
use crate::trunk::CalleeSide;

const TICK: MediaTime = MediaTime::from_millis(20);
/// Without packets for this many ticks nothing flows.
const STALL_TICKS: u32 = 50;

/// See the module.
pub(crate) struct Seat {
    order: LegOrder,
    playout: Playout,
    listening: Listening,
    callee: Callee,
    account: Account,
    stream: Stream,
    told: Vec<PlayoutEvent>,
    at: MediaTime,
    connected: bool,
    answered: bool,
    audible: bool,
    cut_until: PlaylistId,
    /// Early media stops at this media time.
    early_stops: Option<MediaTime>,
    wire: Option<Wire>,
    plants: Plants,
}

/// The callee's packets.
#[derive(Debug, Default)]
struct Stream {
    packets: u64,
    idle_ticks: u32,
    stalled: bool,
    last_media: MediaTime,
    last_packet: Now,
    dead: bool,
}

impl Seat {
    pub(crate) fn new(order: LegOrder, plants: Plants) -> Self {
        Self {
            playout: Playout::new(8_000),
            listening: Listening::new(&order.turn),
            order,
            callee: Callee::default(),
            account: Account::default(),
            stream: Stream::default(),
            told: Vec::new(),
            at: MediaTime::ZERO,
            connected: false,
            answered: false,
            audible: false,
            cut_until: PlaylistId(0),
            early_stops: None,
            wire: None,
            plants,
        }
    }

    pub(crate) fn key(&self) -> LegKey {
        self.order.key
    }
    pub(crate) fn at(&self) -> MediaTime {
        self.at
    }
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.order.mailbox
    }
    pub(crate) fn record(&self) -> Option<String> {
        self.order.record.clone()
    }
    pub(crate) fn is_answered(&self) -> bool {
        self.answered
    }
    pub(crate) fn audible(&self) -> Vec<Audible> {
        self.account.audible().to_vec()
    }

    pub(crate) fn quality(&self) -> LegQuality {
        let last_media_ms = self.stream.last_media.as_millis();
        if let Some(wire) = &self.wire {
            return LegQuality { last_media_ms, ..wire.quality() };
        }
        LegQuality { packets: self.stream.packets, last_media_ms, ..LegQuality::default() }
    }

    pub(crate) fn connect(&mut self, now: Now, agreed: &Negotiated, callee: &CalleeSide) {
        self.connected = true;
        self.early_stops = callee.early_stops.map(MediaTime::from_millis);
        match (&mut self.wire, callee.network) {
            (Some(wire), _) => wire.connect(now, agreed),
            (None, Some(network)) => self.wire = Some(Wire::new(now, agreed, network)),
            (None, None) => {}
        }
        self.stream.last_packet = now;
        self.stream.idle_ticks = 0;
    }

    pub(crate) fn answered(&mut self, now: Now, callee: Callee) {
        self.answered = true;
        self.at = MediaTime::ZERO;
        self.stream.last_media = MediaTime::ZERO;
        self.stream.last_packet = now;
        self.callee = callee;
        if let Some(wire) = &mut self.wire {
            wire.answered(now);
        }
    }

    pub(crate) fn command(&mut self, command: LegCommand) {
        let p = &mut self.playout;
        match command {
            LegCommand::Cut(list) => {
                self.cut_until = self.cut_until.max(list);
                p.cut(list);
            }
            LegCommand::Queue { playlist, .. }
            | LegCommand::Play { playlist, .. }
            | LegCommand::EndItem { playlist, .. }
                if playlist <= self.cut_until => {}
            LegCommand::Queue { playlist, item } => {
                assert!(p.queue(playlist, item), "the floor keeps below the leg's bound");
            }
            LegCommand::Play { playlist, item, chunk } => {
                let pushed = p.push(playlist, item, chunk);
                assert!(pushed.is_ok(), "the floor keeps below the leg's bound");
            }
            LegCommand::EndItem { playlist, item } => {
                p.end_item(playlist, item);
            }
            LegCommand::Pause => p.pause(),
            LegCommand::Resume => p.resume(),
            LegCommand::CutAll => p.cut_all(),
            LegCommand::SetOnSpeech(on_speech) => p.set_on_speech(on_speech),
            LegCommand::SetEndpointing(_) | LegCommand::SendKeys(_) | LegCommand::Hold(_) => {}
        }
    }

    /// Lives 20 ms; answers whether the callee hangs up.
    pub(crate) fn tick(&mut self, now: Now) -> bool {
        if !self.connected {
            if self.answered {
                self.at += TICK;
            }
            return false;
        }
        let mut doing = self.callee.tick(self.audible);
        if !self.answered && self.early_stops.is_some_and(|at| self.at >= at) {
            doing.present = false;
        }
        if let Some(wire) = &mut self.wire {
            (doing.says, doing.present) = wire.tick(now, doing.present, doing.says);
        }
        self.hear(doing);
        self.playout.heard_speech(self.listening.speech_ms(self.at));
        let mut out = [0i16; 160];
        self.playout.fill(self.at, &mut out);
        while self.playout.take_used().is_some() {}
        while let Some(event) = self.playout.poll_event() {
            self.told.push(event);
        }
        let begun = self.told.iter().filter(|e| e.change == PlayoutChange::Started);
        let starts: Vec<MediaTime> = begun.map(|e| e.at).collect();
        self.audible = self.account.tick(self.at, &out, &starts);
        self.stream(now, doing.present);
        self.tell();
        self.at += TICK;
        doing.hangs_up
    }

    /// Tells what playout did since the last time.
    pub(crate) fn tell(&mut self) {
        while let Some(event) = self.playout.poll_event() {
            self.told.push(event);
        }
        for mut event in std::mem::take(&mut self.told) {
            self.lie(&mut event);
            self.send(event.at, Heard::Playout(event));
        }
    }

    /// A planted fault: what was cut is said to have gone out whole.
    fn lie(&self, event: &mut PlayoutEvent) {
        if let PlayoutChange::Cut { offset, total } = &mut event.change
            && *total > *offset + MediaTime::from_millis(400)
            && self.plants.fires(Sabotage::OverReported)
        {
            *offset = *total;
        }
    }

    fn hear(&mut self, doing: super::callee::Doing) {
        let at = self.at;
        let mut heard = Vec::new();
        let ear = self.order.ear.clone();
        // Over a wire the jitter buffer may still have words when no packet comes any more.
        let says = doing.says.filter(|_| doing.present || self.wire.is_some());
        let mut to_ear = |frame: &domain::Frame| {
            if let Some(ear) = &ear {
                ear.frame(frame);
            }
        };
        self.listening.tick(at, says, &mut to_ear, &mut |what| heard.push(what));
        if let Some(key) = doing.key.and_then(Key::from_char) {
            heard.push(Heard::Key(key));
        }
        if doing.beep {
            let duration = MediaTime::from_millis(400);
            let start = at.since(duration);
            heard.push(Heard::Tone(Tone { hz: 1_000, start, duration, repeats: 0 }));
        }
        for what in heard {
            self.send(at, what);
        }
    }

    fn stream(&mut self, now: Now, present: bool) {
        let s = &mut self.stream;
        if present {
            s.packets += 1;
            s.last_media = self.at;
            s.last_packet = now;
            s.idle_ticks = 0;
            s.dead = false;
        } else {
            s.idle_ticks += 1;
        }
        let stalled = s.idle_ticks >= STALL_TICKS;
        let changed = stalled != std::mem::replace(&mut s.stalled, stalled);
        let patience = u64::from(self.order.media_timeout_s);
        let silent = now.since(s.last_packet).as_secs() >= patience;
        let last_media = s.last_media;
        let dies = self.answered && silent && !std::mem::replace(&mut s.dead, silent);
        if dies {
            self.send(self.at, Heard::Dead { last_media });
        }
        if changed {
            let flowing = Input::Media(self.key().leg, MediaEvent::Flowing(!stalled));
            self.order.mailbox.input(flowing);
        }
    }

    fn send(&self, at: MediaTime, what: Heard) {
        let (leg, early) = (self.key().leg, !self.answered);
        let event = MediaEvent::Leg(LegEvent { leg, at, early, what });
        self.order.mailbox.input(Input::Media(leg, event));
    }
}
