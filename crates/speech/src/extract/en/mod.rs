//! English requirements: reading them and turning them into speech to the addressee.

pub mod heads;
pub mod names;
pub mod senders;
pub mod speech;
