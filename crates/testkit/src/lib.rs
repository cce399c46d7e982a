//! One fake per port, and a world that runs whole calls through the real engine in virtual time.
//!
//! [`World`] puts the real [`engine::Engine`] together with a [`FakeTrunk`], a [`FakePlane`] and
//! fake models on a [`MemoryStore`]. All of it lives on a
//! [`Machine`], whose time is virtual: a call of minutes takes milliseconds, and the same seed
//! gives the same journal to the byte. People on the phone are
//! scripts ([`Act`]), and [`people`] holds the usual ones; what they could hear is accounted for
//! by the plane ([`Audible`]) and never read from the engine.

#![allow(
    clippy::expect_used,
    reason = "linked into tests only, where a broken assumption shall stop the test"
)]

mod chance;
mod checks;
pub mod desk;
mod invariant;
mod judge;
mod machine;
mod memory;
mod moods;
mod outside;
pub mod peers;
pub mod people;
mod plan;
mod plane;
mod recognizer;
mod responder;
mod sabotage;
mod simulation;
mod synthesizer;
mod trunk;
mod world;

pub use chance::{Chance, reseed_ids, ten_bytes};
pub use checks::{check_all, check_books, check_call, outcome};
pub use invariant::{Invariant, Violation};
pub use judge::FakeJudge;
pub use machine::{Beside, Machine, beside, virtually};
pub use memory::{MemoryStore, NoBlobs};
pub use moods::{Mood, Moods};
pub use outside::{Led, Outside};
pub use plan::{Act, Door, Mischief, Network, Plan, Reoffer, Ring};
pub use plane::{Audible, FakePlane};
pub use recognizer::{FakeRecognizer, Words};
pub use responder::FakeResponder;
pub use sabotage::{OutsideBug, Plants, Sabotage};
pub use simulation::{CALLS_OF_A_WORLD, Failure, Report, Simulation};
pub use synthesizer::{FakeSynthesizer, SAMPLES_PER_CHAR};
pub use trunk::{Dialled, FakeTrunk};
pub use world::{LONG_REQUIREMENT, REQUIREMENT, SECOND_MODEL, Setup, World};
