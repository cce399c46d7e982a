//! Signalling of calls: the engine's `Trunk` port over SIP (RFC 3261), on rsipstack.
//!
//! What stands here: one UDP socket, one connection per TCP or TLS trunk and one SIP endpoint for
//! all of them ([`SipTrunks`]), one task per leg that owns the leg's dialog from the INVITE to the
//! last BYE, session timers, digest credentials, registration and OPTIONS, and the answers to
//! what peers ask inside and outside of calls.
//!
//! What does not: media (session descriptions pass through unread, but for the host names that
//! `hosts` looks up), the choice of a trunk, and the meaning of a status code, which is one table
//! in `call`.
//!
//! Of rsipstack this crate uses parser, UDP transport and transactions. Streams are ours (see
//! `flow`), and dialogs: the
//! stack's own dialog type drops a BYE that arrives while a re-INVITE waits for its answer, can
//! continue an attempt after one challenge only, cannot continue it after 422, and reports over
//! an unbounded channel.
//!
//! Its parser is stricter than RFC 3261 and its URIs are not written as they were read: `mend` puts
//! what arrives into a form it takes, and `seal` hides from it what must leave as it came.
//!
//! At `info` rsipstack logs whole messages, phone numbers included, and at `warn` the header of
//! a malformed message can appear in an error's text. The log filter of the binary must
//! therefore hold `rsipstack=error`. What this crate logs itself has every number masked.

mod address;
mod arrival;
mod asking;
mod body;
mod branches;
mod config;
mod dialog;
mod digest;
mod dispatch;
mod early;
mod exchange;
mod flow;
mod framing;
mod goodbye;
mod hosts;
mod inbound;
mod info;
mod invite;
mod late;
mod leg;
mod mend;
mod name_addr;
mod number;
mod offers;
mod path;
mod peer;
mod prack;
mod refresh;
mod register;
mod registry;
mod reoffer;
mod retry_after;
mod seal;
mod session;
mod socket;
mod standing;
mod talk;
mod tls;
mod trunks;
mod unknown;
mod upkeep;

pub use address::{Transport, TrunkAddress};
pub use config::{SipConfig, SipError, SipTimers, TlsConfig, TrunkConfig, Upkeep};
pub use number::NumberFormat;
pub use standing::{Registered, TrunkHealth};
pub use trunks::SipTrunks;
