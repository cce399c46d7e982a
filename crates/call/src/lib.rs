//! One outbound call's control: prepare, dial, ring, talk, end.
//!
//! [`Call`] turns what trunk, lane, models and clocks report ([`Input`]) into what they shall do,
//! what the journal says and when it is over ([`Output`]). It does no I/O: `engine` performs the
//! outputs, so nothing in here can be slow, and the same code runs in virtual time.
//!
//! Each phase is a file under `phase/` and a variant that carries only its own data. The talk
//! itself is [`conversation::Conversation`]; limits, SIP outcomes and media wiring are small
//! neighbours of their own.

mod call;
mod keys;
mod limits;
mod outcome;
mod phase;
pub mod signal;
mod wire;

#[cfg(test)]
mod tests;

pub use call::{Awaited, Call, CallPlan, Input, MediaCommand, MediaEvent, Moment, Output};
