//! Shared vocabulary of waihu: the words and values every other crate speaks in.
//!
//! `domain` is the ground floor. It knows what a call, a phone number, a price, an event and a
//! record *are*, and how they may change; it does no I/O, has no `async`, reads no clock and
//! takes every random choice as an argument.
//!
//! What stands here: ids ([`CallId`], [`LegId`]), time ([`Now`], [`MediaTime`], [`WallTime`]),
//! audio frames ([`Frame`]), phone numbers and their masked form, requests ([`CallRequest`]),
//! money and the double-entry ledger, the journal's closed list of events ([`Event`]), the call
//! record that is a fold over them ([`CallRecord`]), and the two ways to fail: [`Refusal`] before
//! a call exists, [`EndReason`] after.
//!
//! What does not: wire names of any dialect, SQL, SIP, audio processing.
//!
//! ```
//! use domain::{MicroYuan, Price, Rounding};
//! let price = Price { micro_yuan_per_minute: 300_000, rounding: Rounding::StartedMinute };
//! assert_eq!(price.charge(61), MicroYuan(600_000));
//! assert_eq!(price.charge(61).to_string(), "0.60");
//! ```

mod audio;
mod end;
mod event;
mod identity;
mod ids;
mod language;
mod ledger;
mod masked;
mod money;
mod phone;
mod principal;
mod record;
mod refusal;
mod request;
mod settings;
mod time;

pub use audio::{FRAME_MS, FRAME_SAMPLES, Frame, PCM_RATE};
pub use end::{CallStatus, EndReason, EndWhat, Who};
pub use event::{
    AnswerVerdict, CallAccepted, CallEnded, Envelope, Event, LegEnded, LegQuality, Milestones,
    PlaybackState, TurnTimes, UtteranceHeard, UtteranceSpoken,
};
pub use identity::{Evidence, Identity};
pub use ids::{AccountId, BatchId, CallId, IdError, ItemId, KeyId, LegId, PlaylistId, UtteranceNo};
pub use language::Language;
pub use ledger::{LedgerAccount, LedgerError, Posting, Transaction, TransactionKind};
pub use masked::Masked;
pub use money::{MicroYuan, Price, Rounding};
pub use phone::{NumberRules, PhoneError, PhoneNumber};
pub use principal::{Caps, Credential, Principal, Scope, shown_key};
pub use record::{CallRecord, Disclosure, Line, Speaker, Texts};
pub use refusal::Refusal;
pub use request::{Brief, CallRequest, Surface, Task, Terms, VoiceChoice};
pub use settings::{CallLimits, Opening, TurnSettings};
pub use time::{MEDIA_TICKS_PER_MS, MediaTime, Now, WallTime};
