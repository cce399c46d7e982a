//! Chinese requirements.

pub mod heads;
mod name_words;
pub mod names;
pub mod senders;
pub mod speech;
