//! Drives many calls: media lanes, timers, admission, journal, drain; defines the ports.

pub mod ports;
