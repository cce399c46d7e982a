//! Drives many calls: media lanes, timers, RTP port pool, admission, pacing, journal, drain.
//!
//! The engine performs what the cores want. `app` builds it from [`Parts`] (adapters behind the
//! [`ports`]) and an [`EngineConfig`]; dialects see it as [`Calls`]. It knows no wire format, no
//! vendor and no SQL.
//!
//! One call is one task ([`run`]) that feeds the [`call::Call`] core, performs its outputs and
//! commits its journal. Audio never passes through that task: it stays on the
//! [`plane::MediaPlane`], whose real form is [`lanes`].

mod admission;
pub mod calls;
mod clock;
mod config;
mod core;
mod counts;
mod dispatch;
mod engine;
mod hub;
mod in_house;
mod journal;
pub mod lanes;
pub mod mailbox;
mod models;
pub mod owner;
mod parts;
pub mod plane;
pub mod ports;
mod run;
pub mod runtime;
mod scheduler;
mod watch;

pub use calls::*;
pub use clock::Clock;
pub use config::{EngineConfig, Route};
pub use counts::Counts;
pub use dispatch::Recovered;
pub use engine::{Drained, Engine};
pub use in_house::InHouse;
pub use models::{Model, Models};
pub use parts::Parts;
