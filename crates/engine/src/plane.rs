//! The media plane as a running call sees it: legs by key, commands down, events up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{CallId, Language, LegId};
use media::leg::LegCommand;
use media::profile::MediaProfile;
use media::sdp::Negotiated;

use crate::mailbox::Mailbox;

/// Names one leg of one call on a media plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegKey {
    /// Which call.
    pub call: CallId,
    /// Which leg.
    pub leg: LegId,
}

/// How a leg is to be opened.
#[derive(Clone)]
pub struct LegOrder {
    /// Its name.
    pub key: LegKey,
    /// Name of the recording, if it is to be recorded from the answer on.
    pub record: Option<String>,
    /// Pauses, prefix and threshold.
    pub turn: domain::TurnSettings,
    /// Without a packet for this long the leg is dead, s.
    pub media_timeout_s: u32,
    /// Where events go.
    pub mailbox: Mailbox,
    /// Where the callee's speech goes.
    pub ear: Option<Arc<dyn Ear>>,
    /// How much audio waits to be played on it.
    pub waiting: Arc<Waiting>,
    /// The language spoken.
    pub language: Language,
    /// What the trunk wants of its media.
    pub media: Arc<MediaProfile>,
}

/// How much audio waits to be played on one leg: between whoever feeds it, who counts what they
/// gave, and whoever plays it, who counts what needs no more room. In samples at the leg's speech
/// rate, since the leg was opened.
///
/// The bound is playout's ([`MAX_WAITING_MS`](media::playout::MAX_WAITING_MS)). Overflow rule: the
/// feeder waits; what is given all the same is refused, told, and its line ends there.
#[derive(Debug, Default)]
pub struct Waiting {
    given: AtomicU64,
    done: AtomicU64,
}

impl Waiting {
    /// So many samples more were given.
    pub fn give(&self, samples: u64) {
        self.given.fetch_add(samples, Ordering::Relaxed);
    }

    /// Of all that was given so much was played or thrown away.
    pub fn set_done(&self, samples: u64) {
        self.done.store(samples, Ordering::Relaxed);
    }

    /// What waits, in samples.
    pub fn samples(&self) -> u64 {
        let done = self.done.load(Ordering::Relaxed);
        self.given.load(Ordering::Relaxed).saturating_sub(done)
    }
}

/// Takes the frames of one leg; called off the lane, in order with the leg's events.
pub trait Ear: Send + Sync {
    /// 20 ms of audio around speech.
    fn frame(&self, frame: &domain::Frame);
}

/// Why a leg cannot be opened or told something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaneError {
    /// All ports of the pool are taken.
    #[error("no free RTP port")]
    NoPort,
    /// A socket could not be made.
    #[error("cannot open an RTP socket: {0}")]
    Socket(String),
    /// The lane's queue is full or the lane is gone.
    #[error("media lane overloaded")]
    Overloaded,
}

/// Carries legs. The real one is [`Lanes`](crate::lanes::Lanes); tests have a virtual one.
pub trait MediaPlane: Send + Sync {
    /// Opens a leg; media shall be sent to the address returned.
    fn open(&self, order: LegOrder) -> Result<SocketAddr, PlaneError>;
    /// Exchanges media as agreed.
    fn connect(
        &self,
        key: LegKey,
        agreed: Negotiated,
        allowed: Vec<std::net::IpAddr>,
    ) -> Result<(), PlaneError>;
    /// The answer: media time begins, and the recording.
    fn answered(&self, key: LegKey) -> Result<(), PlaneError>;
    /// For the leg itself.
    fn command(&self, key: LegKey, command: LegCommand) -> Result<(), PlaneError>;
    /// Closes a leg; it reports `Closed` to its mailbox, and `Recorded` if it was recorded.
    fn close(&self, key: LegKey);
}
