//! A call's whole leg on the simulation's lane: jitter buffer, decoder, speech scores, the ends of
//! utterances, playout, encoder, RTCP and recording, and a network that loses packets in both
//! directions. Here is the far end of its wire, and the first to hear what the lane tells.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use call::{Input, MediaEvent};
use domain::{Frame, MediaTime, Now};
use engine::lanes::HandLane;
use engine::mailbox::{Mail, Mailbox, Recorded};
use engine::plane::{Ear, LegOrder};
use media::codec::Codec;
use media::recording::StereoBlock;
use media::rtp::RtpPacket;
use media::sdp::Negotiated;
use tokio::sync::mpsc::Receiver;

use super::cable::Cable;
use super::callee::Doing;
use super::flight::Flight;
use super::reports::Reports;
use super::tapes::{Sum, Tapes};
use super::voice::{SAMPLES, Voice};
use super::wire::packet;
use crate::plan::Network;
use crate::recognizer::mark;

/// Blocks of which it is remembered what was said in them: more than a collector may be behind and
/// an onset's frames go back.
const REMEMBERED: usize = 64;

/// See the module.
pub(crate) struct RealLeg {
    cable: Cable,
    told: Receiver<Mail>,
    peer: Peer,
    towards_us: Flight<Vec<u8>>,
    /// Whether we were audible in it.
    towards_them: Flight<bool>,
    reports: Reports,
    sent: u32,
    said: Said,
    next_seq: Option<u16>,
    /// The block of this tick.
    block: Option<StereoBlock>,
    tape: String,
    blocks: Sum,
}

/// The other side, as was agreed.
struct Peer {
    codec: Codec,
    voice: Voice,
    payload_type: u8,
    from: SocketAddr,
}

impl Peer {
    fn new(agreed: &Negotiated) -> Self {
        Self {
            codec: Codec::new(agreed.codec),
            voice: Voice::new(agreed.codec),
            payload_type: agreed.payload_type,
            from: agreed.remote,
        }
    }
}

/// Numbers of the words in the last blocks.
type Said = Arc<Mutex<VecDeque<(MediaTime, Option<u32>)>>>;

/// Marks frames with the words in them, before the recognizer gets them.
struct MarkingEar {
    said: Said,
    ear: Arc<dyn Ear>,
}

impl Ear for MarkingEar {
    fn frame(&self, frame: &Frame) {
        let mut frame = *frame;
        // What else stands there is no number.
        frame.samples[0] = 0;
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let known = said.iter().find(|(at, _)| *at == frame.at);
        if let Some(words) = known.and_then(|(_, words)| *words) {
            mark(&mut frame, words);
        }
        drop(said);
        self.ear.frame(&frame);
    }
}

impl RealLeg {
    /// Opens the leg on the lane, and connects it.
    pub(crate) fn new(
        now: Now,
        lane: &HandLane,
        order: &LegOrder,
        agreed: &Negotiated,
        network: Network,
    ) -> Self {
        let (cable, said) = (Cable::default(), Said::default());
        let (mailbox, told) = Mailbox::new();
        let tape = order.record.clone().unwrap_or_else(|| order.key.call.to_string());
        let mark = |ear| -> Arc<dyn Ear> { Arc::new(MarkingEar { said: said.clone(), ear }) };
        let ours = LegOrder {
            mailbox,
            ear: order.ear.clone().map(mark),
            // Blocks of a recording tell what was heard and said.
            record: Some(tape.clone()),
            ..order.clone()
        };
        let opened = lane.open(ours, 1 << 32 | 1 << 16, Box::new(cable.clone()));
        assert_eq!(opened, Ok(()), "there is room for its orders");
        Self {
            cable,
            told,
            peer: Peer::new(agreed),
            towards_us: Flight::new(network, 0),
            towards_them: Flight::new(network, 1),
            reports: Reports::new(now, network),
            sent: 0,
            said,
            next_seq: None,
            block: None,
            tape,
            blocks: Sum::default(),
        }
    }

    /// What is agreed has changed.
    pub(crate) fn agree(&mut self, agreed: &Negotiated) {
        self.peer = Peer::new(agreed);
    }

    /// Media time begins.
    pub(crate) fn answered(&mut self) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether the callee hears us in what arrives now.
    pub(crate) fn is_heard(&mut self, now: Now) -> bool {
        let mut heard = false;
        while let Some(audible) = self.towards_them.arrived(now) {
            heard |= audible;
        }
        heard
    }

    /// Before the lane's turn: the callee sends what it says, if it is there at all, and what has
    /// arrived lies at the lane's end.
    pub(crate) fn arrive(&mut self, now: Now, doing: Doing) {
        let n = self.towards_us.next();
        let sound = |voice: &mut Voice| match doing.says {
            None if doing.noise => voice.rustle(),
            says => voice.speak(says),
        };
        let peer = &mut self.peer;
        let sent = doing.present.then(|| packet(n, peer.payload_type, &sound(&mut peer.voice)));
        self.towards_us.send(now, sent);
        let mut ends = self.cable.ends();
        while let Some(packet) = self.towards_us.arrived(now) {
            ends.rtp.push_back((now, peer.from, packet));
        }
        while let Some(report) = self.reports.arrived(now) {
            // Whoever is not there does not report either.
            if doing.present {
                ends.rtcp.push_back((now, peer.from, report));
            }
        }
    }

    /// A block on its way to the recorder.
    pub(crate) fn block(&mut self, block: &StereoBlock) {
        let words = self.peer.voice.read(&block.left);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push_back((MediaTime::from_millis(block.index * 20), words));
        if said.len() > REMEMBERED {
            said.pop_front();
        }
        self.blocks.add(block);
        self.block = Some(*block);
    }

    /// After the lane's turn: what it sent is on its way. Answers the block of this tick.
    pub(crate) fn depart(
        &mut self,
        now: Now,
        is_audible: impl Fn(&[i16]) -> bool,
    ) -> Option<StereoBlock> {
        let block = self.block.take();
        let mut ends = self.cable.ends();
        let packet = ends.sent.pop_front();
        assert!(ends.sent.is_empty(), "one packet in a tick");
        let report = ends.reported.pop_front();
        assert!(ends.reported.is_empty(), "one report in a tick");
        drop(ends);
        if let Some(bytes) = &packet {
            self.check(bytes, block.as_ref());
        }
        self.reports.send(now, report.as_deref(), self.sent);
        let audible = block.as_ref().is_some_and(|b| is_audible(&b.right));
        self.towards_them.send(now, packet.map(|_| audible));
        block
    }

    /// Our packets can be read and have no gaps, and what is recorded of us is what they carry.
    fn check(&mut self, bytes: &[u8], block: Option<&StereoBlock>) {
        let packet = RtpPacket::parse(bytes).expect("we send what can be read");
        let seq = packet.header.seq;
        assert!(self.next_seq.is_none_or(|next| next == seq), "our packets have no gaps");
        self.next_seq = Some(seq.wrapping_add(1));
        self.sent += 1;
        if let Some(block) = block.filter(|_| packet.header.payload_type == self.peer.payload_type)
        {
            let mut payload = [0; SAMPLES];
            self.peer.codec.encode(&block.right, &mut payload);
            assert!(packet.payload == payload, "what is recorded of us is what was sent");
        }
    }

    /// What the lane, its collector or its recorder told last.
    pub(crate) fn told(&mut self) -> Option<Mail> {
        let mail = self.told.try_recv().ok()?;
        if let Mail::Input(Input::Media(_, MediaEvent::Closed(quality))) = &mail {
            assert!(self.cable.is_free(), "a leg lets go of its wire before it is closed");
            self.reports.check(*quality);
        }
        Some(mail)
    }

    /// What is wrong with the recording that is said to be stored.
    pub(crate) fn judge(&self, tapes: &Tapes, recorded: &Recorded) -> Option<String> {
        let written = tapes.take(&self.tape).unwrap_or(Sum::default().told());
        let made = self.blocks.told();
        let as_told =
            recorded.duration_ms == made.0 * 20 && recorded.blob.is_some() == (made.0 > 0);
        (written != made || !as_told)
            .then(|| format!("made {made:?}, written {written:?}, told {recorded:?}"))
    }
}
