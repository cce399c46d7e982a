//! Fixed-ratio resampling: 8 kHz ↔ 16 kHz for the lanes, 22,050 Hz → 8 or 16 kHz for synthesizers.
//!
//! The two lane directions share one half-band filter whose twelve coefficients are constants;
//! a leg keeps under 100 bytes of history. [`Upsampler`] and [`Downsampler`] allocate nothing.

mod halfband;
mod rational;

pub use halfband::{Downsampler, Upsampler};
pub use rational::SpeechResampler;
