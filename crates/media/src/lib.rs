//! The audio plane without sockets: everything between a datagram and an utterance.
//!
//! A media lane owns [`leg::Leg`]s and drives each with datagrams and one
//! [`tick`](leg::Leg::tick) every 20 ms. A leg joins what the other modules do:
//!
//! | Way in | Way out |
//! |---|---|
//! | [`rtp`], [`rtcp`] read, [`reception`] counts | [`playout`] keeps the ledger of what was sent |
//! | [`jitter`] puts them in order and time | [`dtmf`] sends keys |
//! | [`codec`] decodes, [`conceal`] fills what is lost | [`codec`] encodes, [`rtp`] writes |
//! | [`resample`] to 16 kHz, [`vad`] scores, [`tone`] takes tones out | [`rtcp`] reports |
//! | [`activity`] finds speech, [`endpoint`] ends utterances | [`recording`] writes both sides |
//!
//! [`srtp`] opens and closes packets where a trunk wants it, [`profile`] says what a trunk wants.
//! [`sdp`] offers and answers. It runs at set-up only and allocates; so do
//! [`resample::SpeechResampler`] (for synthesizers) and [`recording::WavWriter`]. All else works
//! on memory taken when a leg is made, about 57 KB, and neither allocates nor frees on its way:
//! a test counts. What Opus and ciphers need besides is made as [`leg::LegGear`], off the lane.
//!
//! What is not here: sockets, threads, clocks, SIP, vendors, and what an utterance means. Times
//! come as arguments: [`domain::Now`] for waiting on the network, [`domain::MediaTime`], counted
//! in ticks since the answer, for everything that is heard or said.
//!
//! ```
//! use domain::{LegId, Now};
//! use media::leg::{Leg, LegSetup, Tick};
//! use media::sdp::LocalMedia;
//!
//! let ours = LocalMedia::new("127.0.0.1".parse()?, 20_000, 1);
//! let peer = LocalMedia::new("127.0.0.1".parse()?, 30_000, 2);
//! let (answer, _) = peer.answer(ours.offer().as_bytes())?;
//! let agreed = ours.accept(answer.as_bytes())?;
//!
//! let mut leg = Leg::new(LegSetup::new(LegId::CALLEE, 0x5eed, 1, 0));
//! let mut tick = Tick::new();
//! leg.connect(Now::from_millis(0), &agreed, &[]);
//! leg.answered(Now::from_millis(0));
//! leg.tick(Now::from_millis(20), &mut tick);
//! let (to, packet) = tick.rtp.get().ok_or("a packet every 20 ms")?;
//! assert_eq!((to.port(), packet.len()), (30_000, 12 + 160));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod activity;
pub mod codec;
pub mod conceal;
pub mod dtmf;
pub mod endpoint;
pub mod jitter;
pub mod leg;
mod noise_floor;
pub mod playout;
mod prefetch;
pub mod profile;
pub mod reception;
pub mod recording;
pub mod resample;
mod ring;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod srtp;
pub mod stir;
pub mod tone;
pub mod vad;

pub use prefetch::prefetch;

#[cfg(test)]
mod testing;
