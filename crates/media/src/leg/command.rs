//! How a leg is made and what it can be told.

use std::time::Duration;

use domain::{ItemId, LegId, PlaylistId, TurnSettings};

use crate::dtmf::{Key, MAX_KEYS};
use crate::playout::{Chunk, OnSpeech, PushRefused};

/// What a leg is made from. Random values are the caller's, so that a simulation repeats.
#[derive(Clone, Debug)]
pub struct LegSetup {
    /// Its name in all events.
    pub leg: LegId,
    /// Our synchronisation source.
    pub ssrc: u32,
    /// Sequence number of our first packet.
    pub first_seq: u16,
    /// Timestamp of our first packet.
    pub first_timestamp: u32,
    /// Our canonical name in RTCP, at most 64 bytes of it.
    pub cname: String,
    /// Samples a second of the chunks for playout, 8,000 or 16,000, whatever codec is agreed on.
    pub speech_rate: u32,
    /// The peer is behind address translation: what we send goes to where its packets come from
    /// and not to where its description says.
    pub nat: bool,
    /// Whether stereo blocks are made.
    pub record: bool,
    /// Time without packets after which the leg is called dead.
    pub media_timeout: Duration,
    /// How turns are taken.
    pub turn: TurnSettings,
}

impl LegSetup {
    /// A leg with these numbers, speaking at 8,000 samples a second, not recorded, dead after
    /// 20 s, with default turn settings.
    pub fn new(leg: LegId, ssrc: u32, first_seq: u16, first_timestamp: u32) -> Self {
        Self {
            leg,
            ssrc,
            first_seq,
            first_timestamp,
            cname: format!("{ssrc:08x}@waihu.invalid"),
            speech_rate: 8_000,
            nat: false,
            record: false,
            media_timeout: Duration::from_secs(20),
            turn: TurnSettings::default(),
        }
    }
}

/// What a leg can be told while it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegCommand {
    /// Names an item, so that it has its turn before others named later.
    Queue {
        /// Its playlist.
        playlist: PlaylistId,
        /// Which item.
        item: ItemId,
    },
    /// Adds audio at the leg's rate (see [`Leg::playout_rate`](super::Leg::playout_rate)).
    Play {
        /// Its playlist.
        playlist: PlaylistId,
        /// Which item.
        item: ItemId,
        /// The audio.
        chunk: Chunk,
    },
    /// Nothing more comes for an item.
    EndItem {
        /// Its playlist.
        playlist: PlaylistId,
        /// Which item.
        item: ItemId,
    },
    /// Playout fades out and stands still.
    Pause,
    /// Playout goes on.
    Resume,
    /// All items of a playlist are thrown away.
    Cut(PlaylistId),
    /// All items are thrown away.
    CutAll,
    /// What playout does by itself when the callee speaks.
    SetOnSpeech(OnSpeech),
    /// Changes threshold, prefix and pauses.
    SetEndpointing(TurnSettings),
    /// Sends keys as telephone-events; playout stands still meanwhile.
    SendKeys(Keys),
    /// Stops or resumes sending; the direction agreed by SDP holds besides.
    Hold(bool),
}

/// A sequence of at most 32 keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    keys: [Option<Key>; MAX_KEYS],
}

impl Keys {
    /// Reads keys such as `12#`; `None` if a sign is no key, or for none or more than 32.
    pub fn parse(text: &str) -> Option<Keys> {
        let mut keys = [None; MAX_KEYS];
        for (n, sign) in text.chars().enumerate() {
            *keys.get_mut(n)? = Some(Key::from_char(sign)?);
        }
        keys[0].map(|_| Keys { keys })
    }

    /// The keys in order.
    pub fn iter(&self) -> impl Iterator<Item = Key> + '_ {
        self.keys.iter().flatten().copied()
    }
}

/// Why a command was not carried out; nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LegError {
    /// Playout is full; the chunk comes back.
    #[error("playout refused the chunk")]
    Refused(PushRefused),
    /// Playout holds too many items.
    #[error("too many items are waiting")]
    TooManyItems,
    /// The peer did not agree to telephone-event.
    #[error("the peer takes no telephone-events")]
    NoKeys,
    /// Too many keys are waiting to be sent.
    #[error("too many keys are waiting")]
    TooManyKeys,
}
