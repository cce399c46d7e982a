//! A call's whole leg as a lane drives it: jitter buffer, decoder, speech scores, the ends of
//! utterances, playout, encoder, RTCP, and a network that loses packets in both directions.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use domain::{Frame, LegId, LegQuality, MediaTime, Now};
use engine::plane::LegOrder;
use media::leg::{Leg, LegCommand, LegEvent, LegSetup, Tick};
use media::rtp::RtpPacket;
use media::sdp::Negotiated;

use super::callee::Doing;
use super::flight::Flight;
use super::reports::Reports;
use super::voice::{SAMPLES, Voice};
use super::wire::packet;
use crate::plan::Network;
use crate::recognizer::mark;

/// Ticks of which it is remembered what was said: more than an onset's frames go back.
const REMEMBERED: usize = 32;

/// See the module.
pub(crate) struct RealLeg {
    leg: Box<Leg>,
    tick: Box<Tick>,
    voice: Voice,
    payload_type: u8,
    from: SocketAddr,
    towards_us: Flight<Vec<u8>>,
    /// Whether we were audible in it.
    towards_them: Flight<bool>,
    reports: Reports,
    sent: u32,
    said: VecDeque<(MediaTime, Option<u32>)>,
    next_seq: Option<u16>,
    packets: u64,
}

/// What one tick brought.
pub(crate) struct Ticked {
    /// What was sent, before it was encoded.
    pub(crate) said: [i16; SAMPLES],
    /// A packet of the peer came.
    pub(crate) came: bool,
}

impl RealLeg {
    pub(crate) fn new(now: Now, order: &LegOrder, agreed: &Negotiated, network: Network) -> Self {
        let mut setup = LegSetup::new(LegId::CALLEE, 1, 1, 0);
        setup.speech_rate = order.media.speech_rate();
        setup.nat = order.media.nat;
        setup.media_timeout = Duration::from_secs(u64::from(order.media_timeout_s));
        setup.turn = order.turn;
        // Blocks of a recording hold what was heard and said.
        setup.record = true;
        let mut made = Self {
            leg: Box::new(Leg::new(setup)),
            tick: Box::new(Tick::new()),
            voice: Voice::new(agreed.codec),
            payload_type: agreed.payload_type,
            from: agreed.remote,
            towards_us: Flight::new(network, 0),
            towards_them: Flight::new(network, 1),
            reports: Reports::new(now, network),
            sent: 0,
            said: VecDeque::new(),
            next_seq: None,
            packets: 0,
        };
        made.connect(now, agreed);
        made
    }

    pub(crate) fn connect(&mut self, now: Now, agreed: &Negotiated) {
        self.leg.connect(now, agreed, &[]);
        self.voice = Voice::new(agreed.codec);
        self.payload_type = agreed.payload_type;
        self.from = agreed.remote;
    }

    pub(crate) fn answered(&mut self, now: Now) {
        self.leg.answered(now);
        self.said.clear();
    }

    pub(crate) fn command(&mut self, now: Now, command: LegCommand) {
        let done = self.leg.command(now, command);
        assert!(done.is_ok(), "the floor keeps below the leg's bound: {done:?}");
    }

    pub(crate) fn quality(&self) -> LegQuality {
        self.leg.quality()
    }

    /// Whether the callee hears us in what arrives now.
    pub(crate) fn is_heard(&mut self, now: Now) -> bool {
        let mut heard = false;
        while let Some(audible) = self.towards_them.arrived(now) {
            heard |= audible;
        }
        heard
    }

    /// 20 ms: the callee sends what it says, if it is there at all; the leg lives.
    pub(crate) fn tick(&mut self, now: Now, doing: Doing) -> Ticked {
        let n = self.towards_us.next();
        let sound = |voice: &mut Voice| match doing.says {
            None if doing.noise => voice.rustle(),
            says => voice.speak(says),
        };
        let sent = doing.present.then(|| packet(n, self.payload_type, &sound(&mut self.voice)));
        self.towards_us.send(now, sent);
        while let Some(packet) = self.towards_us.arrived(now) {
            self.leg.receive_rtp(now, self.from, &packet);
        }
        while let Some(report) = self.reports.arrived(now) {
            self.leg.receive_rtcp(now, self.from, &report);
        }
        self.reports.check(self.leg.quality());
        let at = self.leg.media_time();
        self.leg.tick(now, &mut self.tick);
        while self.leg.take_used().is_some() {}
        let block = self.tick.stereo.take();
        let words = block.as_ref().and_then(|b| self.voice.read(&b.left));
        self.said.push_back((at, words));
        if self.said.len() > REMEMBERED {
            self.said.pop_front();
        }
        let packets = self.leg.quality().packets;
        let came = packets != std::mem::replace(&mut self.packets, packets);
        Ticked { said: block.map_or([0; SAMPLES], |b| b.right), came }
    }

    /// Sends the tick's packet to the callee, in which we are audible or not.
    pub(crate) fn send(&mut self, now: Now, audible: bool) {
        let packet = self.tick.rtp.get().map(|(_, bytes)| {
            let packet = RtpPacket::parse(bytes).expect("we send what can be read");
            let seq = packet.header.seq;
            assert!(self.next_seq.is_none_or(|next| next == seq), "our packets have no gaps");
            self.next_seq = Some(seq.wrapping_add(1));
            self.sent += 1;
            audible
        });
        self.reports.send(now, self.tick.rtcp.get().map(|(_, bytes)| bytes), self.sent);
        self.towards_them.send(now, packet);
    }

    /// The leg ends; what it still tells is polled as ever.
    pub(crate) fn goodbye(&mut self, now: Now) {
        self.leg.goodbye(now, &mut self.tick);
        self.reports.send(now, self.tick.rtcp.get().map(|(_, bytes)| bytes), self.sent);
    }

    /// Frames for the recognizer, each with the number of the words in it.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Frame> + '_ {
        self.tick.frames().iter().map(|frame| {
            let mut frame = *frame;
            // What else stands there is no number.
            frame.samples[0] = 0;
            let known = self.said.iter().find(|(at, _)| *at == frame.at);
            if let Some(words) = known.and_then(|(_, words)| *words) {
                mark(&mut frame, words);
            }
            frame
        })
    }

    pub(crate) fn poll_event(&mut self) -> Option<LegEvent> {
        self.leg.poll_event()
    }
}
