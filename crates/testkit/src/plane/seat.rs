//! One leg on the fake plane.

mod whole;

use call::{Input, MediaEvent};
use domain::{LegQuality, MediaTime, Now};
use engine::lanes::HandLane;
use engine::mailbox::Mailbox;
use engine::plane::{LegKey, LegOrder, PlaneError};
use media::dtmf::Key;
use media::leg::{Heard, LegCommand, LegEvent};
use media::sdp::Negotiated;
use media::tone::Tone;

use super::account::Audible;
use super::callee::{Callee, Doing};
use super::listening::Listening;
use super::speaking::Speaking;
use super::wire::Wire;
use crate::sabotage::Plants;
use crate::trunk::CalleeSide;
use whole::Whole;

const TICK: MediaTime = MediaTime::from_millis(20);
/// Without packets for this many ticks nothing flows.
const STALL_TICKS: u32 = 50;

/// See the module.
pub(crate) struct Seat {
    order: LegOrder,
    speaking: Speaking,
    listening: Listening,
    callee: Callee,
    stream: Stream,
    at: MediaTime,
    connected: bool,
    answered: bool,
    /// Early media stops at this media time.
    early_stops: Option<MediaTime>,
    line: Line,
    /// What was commanded before it was known what the line is.
    before: Vec<LegCommand>,
}

/// What lies between the callee and us.
enum Line {
    /// Nothing: its words are heard as they are said.
    Perfect,
    /// A network, and the receiving side of a leg.
    Wire(Wire),
    /// A network in both directions, and a whole leg on the lane.
    Real(Box<Whole>),
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
            speaking: Speaking::new(plants, order.waiting.clone()),
            listening: Listening::new(&order.turn),
            order,
            callee: Callee::default(),
            stream: Stream::default(),
            at: MediaTime::ZERO,
            connected: false,
            answered: false,
            early_stops: None,
            line: Line::Perfect,
            before: Vec::new(),
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
        self.speaking.audible().to_vec()
    }

    pub(crate) fn quality(&self) -> LegQuality {
        let last_media_ms = self.stream.last_media.as_millis();
        match &self.line {
            Line::Wire(wire) => return LegQuality { last_media_ms, ..wire.quality() },
            // The lane tells it.
            Line::Real(_) => return LegQuality::default(),
            Line::Perfect => {}
        }
        LegQuality { packets: self.stream.packets, last_media_ms, ..LegQuality::default() }
    }

    pub(crate) fn connect(
        &mut self,
        now: Now,
        agreed: &Negotiated,
        callee: &CalleeSide,
        lane: &HandLane,
    ) {
        self.connected = true;
        self.early_stops = callee.early_stops.map(MediaTime::from_millis);
        match (&mut self.line, callee.network) {
            (Line::Wire(wire), _) => wire.connect(now, agreed),
            (Line::Real(whole), _) => {
                whole.leg.agree(agreed);
                done(lane.connect(self.order.key, *agreed));
            }
            (Line::Perfect, Some(network)) if network.whole_leg => {
                self.go_on_lane(now, lane, agreed, network);
            }
            (Line::Perfect, Some(network)) => {
                self.line = Line::Wire(Wire::new(now, agreed, network));
            }
            (Line::Perfect, None) => {}
        }
        self.stream.last_packet = now;
        self.stream.idle_ticks = 0;
    }

    pub(crate) fn answered(&mut self, now: Now, callee: Callee, lane: &HandLane) {
        self.answered = true;
        self.at = MediaTime::ZERO;
        self.stream.last_media = MediaTime::ZERO;
        self.stream.last_packet = now;
        self.callee = callee;
        match &mut self.line {
            Line::Wire(wire) => wire.answered(now),
            Line::Real(whole) => {
                whole.leg.answered();
                done(lane.answered(self.order.key));
            }
            Line::Perfect => {}
        }
    }

    pub(crate) fn command(&mut self, command: LegCommand, lane: &HandLane) {
        if matches!(self.line, Line::Real(_)) {
            return done(lane.command(self.order.key, command));
        }
        if !self.speaking.wants(&command) {
            return;
        }
        if !self.connected {
            self.before.push(command.clone());
        }
        self.speaking.command(command);
    }

    /// Lives 20 ms; answers whether the callee hangs up.
    pub(crate) fn tick(&mut self, now: Now) -> bool {
        if !self.connected {
            if self.answered {
                self.at += TICK;
            }
            return false;
        }
        let heard = match &mut self.line {
            Line::Real(whole) => whole.leg.is_heard(now),
            Line::Perfect | Line::Wire(_) => self.speaking.is_audible(),
        };
        let mut doing = self.callee.tick(heard);
        if !self.answered && self.early_stops.is_some_and(|at| self.at >= at) {
            doing.present = false;
        }
        match &mut self.line {
            Line::Real(whole) => {
                whole.leg.arrive(now, doing);
                for what in beside_speech(self.at, doing) {
                    self.send(self.at, what);
                }
                self.at += TICK;
                return doing.hangs_up;
            }
            Line::Wire(wire) => {
                (doing.says, doing.present) = wire.tick(now, doing.present, doing.says);
            }
            Line::Perfect => {}
        }
        self.hear(doing);
        let (speech_ms, stirring) =
            (self.listening.speech_ms(self.at), self.listening.is_stirring());
        self.speaking.tick(self.at, speech_ms, stirring);
        self.stream(now, doing.present);
        self.tell();
        self.at += TICK;
        doing.hangs_up
    }

    /// Tells what playout did since the last time.
    pub(crate) fn tell(&mut self) {
        for event in self.speaking.take_told() {
            self.send(event.at, Heard::Playout(event));
        }
    }

    /// The leg ends: tells the rest, and closes what is being said.
    pub(crate) fn goodbye(&mut self) {
        self.tell();
        if let Some(end) = self.listening.close(self.at) {
            self.send(self.at, Heard::UtteranceEnded(end));
        }
    }

    fn hear(&mut self, doing: Doing) {
        let at = self.at;
        let mut heard = Vec::new();
        let ear = self.order.ear.clone();
        // Over a wire the jitter buffer may still have words when no packet comes any more.
        let over_wire = matches!(self.line, Line::Wire(_));
        let says = doing.says.filter(|_| doing.present || over_wire);
        let mut to_ear = |frame: &domain::Frame| {
            if let Some(ear) = &ear {
                ear.frame(frame);
            }
        };
        self.listening.tick(at, (says, doing.noise, doing.present), &mut to_ear, &mut |what| {
            heard.push(what)
        });
        heard.extend(beside_speech(at, doing));
        for what in heard {
            self.send(at, what);
        }
    }

    fn stream(&mut self, now: Now, present: bool) {
        self.flow(now, present);
        let s = &mut self.stream;
        let patience = u64::from(self.order.media_timeout_s);
        let silent = now.since(s.last_packet).as_secs() >= patience;
        let last_media = s.last_media;
        let dies = self.answered && silent && !std::mem::replace(&mut s.dead, silent);
        if dies {
            self.send(self.at, Heard::Dead { last_media });
        }
    }

    /// Counts packets, and tells when they stop or come back.
    fn flow(&mut self, now: Now, present: bool) {
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

/// An order that the lane took, which has room for all that one world gives.
fn done(taken: Result<(), PlaneError>) {
    assert_eq!(taken, Ok(()), "the lane has room");
}

/// Keys and tones, which do not travel as sound here.
fn beside_speech(at: MediaTime, doing: Doing) -> impl Iterator<Item = Heard> {
    let key = doing.key.and_then(Key::from_char).map(Heard::Key);
    let duration = MediaTime::from_millis(400);
    let start = at.since(duration);
    let tone =
        Heard::Tone(Tone { hz: 1_000, start, duration, repeats: 0, period: MediaTime::ZERO });
    key.into_iter().chain(doing.beep.then_some(tone))
}
