//! Drives many calls: media lanes, timers, admission, journal, drain; defines the ports.

pub mod calls;
pub mod ports;

pub use calls::*;
