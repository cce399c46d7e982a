//! A carrier and its callees in the box: a SIP user agent server with real RTP on loopback,
//! behind which simulated people pick up.
//!
//! The lab is the default trunk of a fresh installation and the peer of tests and benchmarks.
//! The last three digits of the called number choose a [`Persona`]; the seed chooses everything
//! that is left to chance. What a callee heard is written into a [`CallReport`], measured on the
//! received packets: tests take it as the truth about latency, barge-in and leaks.
//!
//! What it is not: it shares no code with the engine beyond `domain`, `media`'s codecs, RTP and
//! SDP, and the SIP library. It understands no word; a persona acts on when the AI starts and
//! stops speaking.
//!
//! ```no_run
//! # async fn example() -> Result<(), lab::LabError> {
//! let lab = lab::Lab::start(lab::LabConfig { seed: 7, ..Default::default() }).await?;
//! println!("call sip:13800138000@{}", lab.local_addr());
//! lab.shutdown().await;
//! for report in lab.reports() {
//!     let first_audio = report.heard.and_then(|heard| heard.first_audio_ms);
//!     println!("{}: first audio after {first_audio:?} ms", report.persona);
//! }
//! # Ok(())
//! # }
//! ```

mod auth;
mod call;
mod chance;
mod clock;
mod config;
mod hearing;
mod impair;
mod keys;
mod lane;
mod marks;
mod media_session;
mod persona;
mod relay;
mod report;
mod server;
mod sounds;
mod voices;
mod wav;
mod witness;

pub use config::{Auth, Challenge, LabConfig, LabError};
pub use impair::Impairment;
pub use marks::{CLASSES, SpeechClass, classify};
pub use media::codec::CodecId;
pub use persona::{Line, Persona};
pub use relay::{Relay, RelayConfig, RelayCounts};
pub use report::{CallReport, Ended, Gap, HeardReport, LineReport, MAX_REPORTS, MarkSpan, Span};
pub use server::{Lab, LabHandle};
pub use voices::LAB_VOICES;
