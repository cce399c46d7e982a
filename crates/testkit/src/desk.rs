//! For tests of dialects: a fake engine behind them, raw HTTP in front of them, and the journal
//! of one call to tell.

#![allow(clippy::unwrap_used, reason = "linked into tests only")]

pub mod fake;
pub mod raw;
pub mod story;
