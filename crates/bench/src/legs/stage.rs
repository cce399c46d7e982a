//! What control does for the legs of a run: opens, connects, feeds playout, reads mail, closes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use call::{Input, MediaEvent};
use domain::{CallId, ItemId, Language, LegId, LegQuality, PlaylistId, TurnSettings};
use engine::lanes::Lanes;
use engine::mailbox::{Mail, Mailbox};
use engine::plane::{Ear, LegKey, LegOrder, MediaPlane, PlaneError};
use media::codec::CodecId;
use media::leg::{Heard, LegCommand};
use media::playout::{Chunk, PlayoutChange};
use media::sdp::Negotiated;
use tokio::sync::mpsc::Receiver;

use crate::Failure;
use crate::audio::Dice;
use crate::clock::monotonic_ns;
use crate::generator::{Offer, SLOTS};
use crate::legs::{LegsArgs, ROUND_NS, rest};

/// Samples of one chunk of playout: 200 ms.
const CHUNK: usize = 1_600;
/// A leg is fed once in so many rounds: as fast as it plays.
const TURNS: usize = 10;
/// Chunks that are sent ahead.
const AHEAD: usize = 3;
/// Rounds a closing leg is waited for: ten seconds.
const PATIENCE: usize = 500;

/// What the legs told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// Packets taken in by legs that reported when closed.
    pub quality: LegQuality,
    /// Legs that did.
    pub closed: u64,
    /// Utterances that ended.
    pub utterances: u64,
    /// Frames that a recognizer would have got.
    pub frames: u64,
    /// Times that playout had nothing to play: we fed it too late.
    pub starved: u64,
    /// Recordings that are complete.
    pub recordings: u64,
    /// 20 ms blocks that recordings lack.
    pub lost_blocks: u64,
}

/// All legs of a run.
pub struct Stage<'a> {
    lanes: &'a Lanes,
    legs: Vec<Side>,
    speech: Chunk,
    round: usize,
    frames: Arc<FrameCount>,
    told: Told,
    recorded: bool,
}

struct Side {
    key: LegKey,
    local: SocketAddr,
    mail: Receiver<Mail>,
    /// Where in our speech this leg is.
    at: usize,
}

/// Counts what a recognizer would hear.
#[derive(Default)]
struct FrameCount(AtomicU64);

impl Ear for FrameCount {
    fn frame(&self, _: &domain::Frame) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl<'a> Stage<'a> {
    /// Opens all legs.
    pub fn open(lanes: &'a Lanes, args: &LegsArgs, speech: Vec<i16>) -> Result<Self, Failure> {
        let mut dice = Dice(args.seed);
        let frames = Arc::new(FrameCount::default());
        let mut legs = Vec::with_capacity(args.legs as usize);
        for n in 0..args.legs {
            let mut random = [0; 10];
            random[..8].copy_from_slice(&dice.next().to_le_bytes());
            let key = LegKey { call: CallId::from_parts(u64::from(n), random), leg: LegId::CALLEE };
            let (mailbox, mail) = Mailbox::new();
            let order = LegOrder {
                key,
                record: args.record.then(|| format!("leg-{n}.wav")),
                turn: TurnSettings::default(),
                media_timeout_s: 20,
                mailbox,
                ear: Some(frames.clone()),
                waiting: Arc::default(),
                language: Language::En,
                media: Arc::default(),
            };
            let local = patiently(|| lanes.open(order.clone()))?;
            let at = dice.next() as usize % speech.len();
            legs.push(Side { key, local, mail, at });
        }
        Ok(Self {
            lanes,
            legs,
            speech: speech.into(),
            round: 0,
            frames,
            told: Told::default(),
            recorded: args.record,
        })
    }

    /// The legs' RTP ports.
    pub fn ports(&self) -> Vec<u16> {
        self.legs.iter().map(|l| l.local.port()).collect()
    }

    /// Answers all calls and begins to speak.
    pub fn connect(&mut self, offer: &Offer) -> Result<(), Failure> {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for n in 0..self.legs.len() {
            let remote = SocketAddr::new(local, offer.ports[n % SLOTS]);
            let agreed = Negotiated {
                remote_rtcp: SocketAddr::new(local, offer.rtcp),
                ..Negotiated::plain(remote, CodecId::Pcma)
            };
            let key = self.legs[n].key;
            patiently(|| self.lanes.connect(key, agreed, Vec::new()))?;
            patiently(|| self.lanes.answered(key))?;
            (0..AHEAD).for_each(|_| self.feed(n));
        }
        Ok(())
    }

    /// Keeps all legs talking until a moment of the monotonic clock.
    pub fn talk_until(&mut self, end: i64) {
        let mut due = monotonic_ns();
        while due + ROUND_NS <= end {
            rest(&mut due);
            for n in (self.round % TURNS..self.legs.len()).step_by(TURNS) {
                self.feed(n);
                self.read(n);
            }
            self.round += 1;
        }
        crate::clock::sleep_until(end);
    }

    /// Closes all legs and waits until they and their recordings have reported.
    pub fn close(&mut self) {
        for leg in &self.legs {
            self.lanes.close(leg.key);
        }
        let mut due = monotonic_ns();
        for _ in 0..PATIENCE {
            rest(&mut due);
            (0..self.legs.len()).for_each(|n| self.read(n));
            let legs = self.legs.len() as u64;
            let written = self.told.recordings == legs || !self.recorded;
            if self.told.closed == legs && written {
                break;
            }
        }
    }

    /// What was told so far.
    pub fn told(&self) -> Told {
        Told { frames: self.frames.0.load(Ordering::Relaxed), ..self.told }
    }

    /// The next chunk for one leg; a full queue of the lane shows as starved playout.
    fn feed(&mut self, n: usize) {
        let leg = &mut self.legs[n];
        let from = leg.at % (self.speech.len() - CHUNK);
        leg.at = from + CHUNK;
        let command = LegCommand::Play {
            playlist: PlaylistId(1),
            item: ItemId(1),
            chunk: self.speech.part(from..from + CHUNK),
        };
        let _ = self.lanes.command(leg.key, command);
    }

    fn read(&mut self, n: usize) {
        let told = &mut self.told;
        while let Ok(mail) = self.legs[n].mail.try_recv() {
            match mail {
                Mail::Input(Input::Media(_, MediaEvent::Closed(quality))) => {
                    told.closed += 1;
                    told.quality.packets += quality.packets;
                    told.quality.lost += quality.lost;
                    told.quality.strangers += quality.strangers;
                    told.quality.jitter_ms = told.quality.jitter_ms.max(quality.jitter_ms);
                }
                Mail::Input(Input::Media(_, MediaEvent::Leg(event))) => match event.what {
                    Heard::UtteranceEnded(_) => told.utterances += 1,
                    Heard::Playout(p) => {
                        told.starved +=
                            u64::from(matches!(p.change, PlayoutChange::Starved { .. }));
                    }
                    _ => {}
                },
                Mail::Recorded(recorded) => {
                    told.recordings += u64::from(recorded.blob.is_some());
                    told.lost_blocks += recorded.lost_blocks;
                }
                _ => {}
            }
        }
    }
}

/// Tries again while the lane's queue is full: it is emptied every 20 ms.
fn patiently<T>(mut attempt: impl FnMut() -> Result<T, PlaneError>) -> Result<T, PlaneError> {
    let mut due = monotonic_ns();
    for _ in 0..50 {
        match attempt() {
            Err(PlaneError::Overloaded) => rest(&mut due),
            done => return done,
        }
    }
    attempt()
}
