//! The callout dialect: phone calls by REST and SSE, as the Stepone skill document describes it.
//!
//! A thin door. It checks who knocks, parses a request once into `domain` values, asks the
//! engine, and writes the answer byte for byte as the specification has it: compact JSON in a
//! fixed member order, one newline, and never the byte 0x5C, so that clients which read JSON
//! with `grep` cannot be led astray by anything a person or a model said.
//!
//! What is not here: timers (heartbeats and deadlines are options of the engine's `watch`),
//! policy, money, audio, and anything of another dialect.
//!
//! ```no_run
//! # async fn serve(engine: std::sync::Arc<dyn engine::Calls>) -> std::io::Result<()> {
//! let router = callout::router(engine, callout::Config::default());
//! # Ok(()) }
//! ```

mod config;
mod convert;
mod error;
mod routes;
mod stream;
mod wire;

pub use config::Config;
pub use routes::{openapi, router};
pub use wire::SKILL_VERSION;
