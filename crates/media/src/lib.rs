//! media
#![allow(missing_docs)]
pub mod codec;
pub mod reception;
pub mod ring;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
