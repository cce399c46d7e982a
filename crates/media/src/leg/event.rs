//! What a leg tells: at most one value per thing that happened, each with its leg and media time.

use std::net::SocketAddr;

use domain::{LegId, MediaTime};

use crate::codec::CodecId;
use crate::dtmf::Key;
use crate::endpoint::UtteranceEnd;
use crate::playout::PlayoutEvent;
use crate::tone::Tone;

/// Events that can wait for [`Leg::poll_event`](super::Leg::poll_event), those of playout not
/// counted. The lane drains them each tick; in between a leg makes fewer than ten. Overflow rule:
/// the newest is lost and counted in [`LegCounts::events_lost`](super::LegCounts).
pub const MAX_LEG_EVENTS: usize = 32;

/// Something that happened on a leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LegEvent {
    /// Which leg.
    pub leg: LegId,
    /// Media time at which it was noticed: the tick's, or the exact sample for playout.
    pub at: MediaTime,
    /// Before the answer; media time then counts from the first connection.
    pub early: bool,
    /// What happened.
    pub what: Heard,
}

/// What can happen on a leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heard {
    /// The first packet came, from here; once per leg.
    FirstPacket {
        /// The locked source.
        from: SocketAddr,
    },
    /// Somebody began to speak at `start`; its audio, prefix included, is in this tick's frames.
    SpeechStarted {
        /// First speech frame.
        start: MediaTime,
    },
    /// Somebody has not spoken since `end` for 120 ms, in an utterance that began at `start`:
    /// time to look at it, for those who cannot wait until it is over.
    SpeechPaused {
        /// First speech frame of the utterance.
        start: MediaTime,
        /// After the last speech frame.
        end: MediaTime,
    },
    /// Somebody has not spoken since `end` for 200 ms. The utterance may go on.
    SpeechStopped {
        /// After the last speech frame.
        end: MediaTime,
    },
    /// An utterance is over; no frames follow until the next `SpeechStarted`.
    UtteranceEnded(UtteranceEnd),
    /// A key was pressed (telephone-event).
    Key(Key),
    /// A steady tone.
    Tone(Tone),
    /// Playout moved.
    Playout(PlayoutEvent),
    /// All keys given by `SendKeys` were sent.
    KeysSent,
    /// The peer now sends another codec.
    CodecChanged {
        /// Which one.
        codec: CodecId,
    },
    /// A thousand packets of others came since the peer's last one, or without any of the peer's:
    /// perhaps it sends from where no description says. Once until its next one.
    OnlyStrangers,
    /// The peer said BYE in RTCP: its stream stops. Signalling decides what that means.
    PeerLeft,
    /// No packet for `media_timeout`; once per silence.
    Dead {
        /// Media time of the last packet.
        last_media: MediaTime,
    },
}
