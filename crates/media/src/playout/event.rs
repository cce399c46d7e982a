//! What playout tells and refuses, and the reflex it can be given.

use domain::{ItemId, MediaTime, PlaylistId};

use super::Chunk;

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayoutChange {
    /// Its first sample goes out.
    Started,
    /// Its last sample went out.
    Finished {
        /// Its length.
        total: MediaTime,
    },
    /// It stands still after a fade.
    Paused {
        /// How much of it went out.
        offset: MediaTime,
    },
    /// It goes on.
    Resumed {
        /// How much of it went out before.
        offset: MediaTime,
    },
    /// The rest of it was thrown away.
    Cut {
        /// How much of it went out.
        offset: MediaTime,
        /// All of it that had come by then.
        total: MediaTime,
    },
    /// It was thrown away before it began.
    Skipped,
    /// It has not ended, but its next samples are not there; told once per gap.
    Starved {
        /// How much of it went out.
        offset: MediaTime,
    },
    /// Audio was refused: the item ends with what it has.
    Lost {
        /// How much of it had been taken.
        offset: MediaTime,
    },
}

/// A change with its place and moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutEvent {
    /// Which playlist.
    pub playlist: PlaylistId,
    /// Which item of it.
    pub item: ItemId,
    /// Media time of the first sample affected.
    pub at: MediaTime,
    /// What happened.
    pub change: PlayoutChange,
}

/// What playout does by itself when the callee speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnSpeech {
    /// Nothing.
    #[default]
    Ignore,
    /// It pauses in the very tick in which the callee may be beginning to speak, and goes on by
    /// itself if that was no voice; once per stretch of speech, so that a resumption in the
    /// middle of it holds.
    Pause,
}

/// Why a chunk or item was not taken; the chunk comes back with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushRefused {
    /// [`MAX_ITEMS`](super::MAX_ITEMS) are waiting.
    TooManyItems(Chunk),
    /// More than [`MAX_WAITING_MS`](super::MAX_WAITING_MS) would wait, or the pieces are so small
    /// that there are too many of them.
    TooMuch(Chunk),
    /// The item was ended before.
    Ended(Chunk),
}

impl PushRefused {
    /// The chunk, to try again later.
    pub fn into_chunk(self) -> Chunk {
        match self {
            Self::TooManyItems(chunk) | Self::TooMuch(chunk) | Self::Ended(chunk) => chunk,
        }
    }
}
