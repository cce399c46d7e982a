//! The `/v1` API: the calls of every dialect, their records, events and recordings.
//!
//! It belongs to no dialect and shows exact texts. Failures are `application/problem+json`.
//! Besides `/v1` it serves the OpenAPI document of the whole installation, its page, and what a
//! browser meets at `/`; so it also answers for every path that nobody else owns.
//!
//! What is not here: anything a customer could not do by API, timers (the events' ping is an
//! option of the engine's `watch`), storage, money.
//!
//! ```no_run
//! # async fn serve(engine: std::sync::Arc<dyn engine::Calls>) -> std::io::Result<()> {
//! let router = console::router(engine, console::Config::default());
//! # Ok(()) }
//! ```

mod access;
mod calls;
mod config;
mod docs;
mod events;
mod frame;
mod list;
mod problem;
mod range;
mod recording;
mod wire;

pub use config::Config;
pub use frame::router;
