//! Whole calls in virtual time: the real engine and cores with fakes behind every port.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod any_callee;
mod barge_in;
mod dead_trunk;
mod endings;
mod faults;
mod identity_gate;
mod long_words;
mod lost_answers;
mod money;
mod once;
mod opening;
mod other_legs;
mod planted_bugs;
mod queueing;
mod restart;
mod simulation;
mod trunk_health;
mod turn_taking;
mod two_hundred_calls;
mod watching;
mod whole_legs;
