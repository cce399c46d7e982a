//! Signalling of calls: the engine's `Trunk` port over SIP (RFC 3261) and UDP, on rsipstack.
//!
//! What stands here: one socket and one SIP endpoint for all trunks ([`SipTrunks`]), one task per
//! leg that owns the leg's dialog from the INVITE to the last BYE, digest credentials, and the
//! answers to what peers ask inside and outside of calls.
//!
//! What does not: media (session descriptions pass through unread), the choice of a trunk, and
//! the meaning of a status code, which is one table in `call`.
//!
//! Of rsipstack this crate uses parser, transport and transactions. Dialogs are ours: the
//! stack's own dialog type drops a BYE that arrives while a re-INVITE waits for its answer, can
//! continue an attempt after one challenge only, cannot continue it after 422, and reports over
//! an unbounded channel.
//!
//! At `info` rsipstack logs whole messages, phone numbers included, and at `warn` the header of
//! a malformed message can appear in an error's text. The log filter of the binary must
//! therefore hold `rsipstack=error`. What this crate logs itself has every number masked.

mod arrival;
mod config;
mod dialog;
mod digest;
mod dispatch;
mod exchange;
mod inbound;
mod invite;
mod leg;
mod number;
mod registry;
mod reoffer;
mod socket;
mod talk;
mod trunks;

pub use config::{SipConfig, SipError, SipTimers, TrunkAddress, TrunkConfig};
pub use number::NumberFormat;
pub use trunks::SipTrunks;
