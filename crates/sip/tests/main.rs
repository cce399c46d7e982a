//! SIP against real peers and made-up ones. What watches its whole process is a program of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod as_it_came;
mod baresip_answers;
mod far;
mod in_dialog;
mod raw;
mod raw_peer;
mod sipp_answers;
mod sipp_endings;
mod sipp_is_cancelled;
mod sipp_refuses;
mod sipp_reoffers;
mod sipp_upkeep;
mod stage;
mod strangers;
mod tcp_trunks;
mod tls_trunks;
mod trunk_life;
