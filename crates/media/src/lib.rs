//! The audio plane without sockets.
pub mod activity;
pub mod codec;
pub mod conceal;
pub mod dtmf;
pub mod endpoint;
pub mod jitter;
pub mod leg;
pub mod playout;
pub mod reception;
pub mod recording;
pub mod resample;
pub mod ring;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod tone;
pub mod vad;

#[cfg(test)]
mod testing;
