//! The whole program as a process of its own, against its API and its peers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod bad_input;
mod baresip;
mod baresip_media;
mod baresip_tls;
mod drain;
mod fault_disk;
mod http_pages;
mod lab_hold;
mod lab_stops;
mod media_security;
mod net_nat;
mod net_refusals;
mod once;
mod restart;
mod sipp_callee;
mod support;
mod trunk_standing;
