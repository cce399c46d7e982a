//! English requirements.

pub mod heads;
pub mod names;
pub mod senders;
pub mod speech;
