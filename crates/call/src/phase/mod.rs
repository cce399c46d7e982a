//! The phases of a call; each carries only what it needs.

mod dialing;
mod ending;
mod preparing;
mod talking;

use domain::Now;

pub(crate) use dialing::Dialing;
pub(crate) use ending::Ending;
pub(crate) use preparing::Preparing;
pub(crate) use talking::Talking;

/// Where a call stands.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Nothing is dialled: brief, media port, durable intent.
    Preparing(Preparing),
    /// An INVITE is on its way or rings.
    Dialing(Dialing),
    /// Answered.
    Talking(Talking),
    /// Being taken down and recorded.
    Ending(Ending),
}

impl Phase {
    pub(crate) fn deadline(&self) -> Option<Now> {
        match self {
            Phase::Preparing(p) => p.deadline(),
            Phase::Dialing(p) => p.deadline(),
            Phase::Talking(p) => Some(p.limits.deadline()),
            Phase::Ending(p) => p.deadline(),
        }
    }
}
