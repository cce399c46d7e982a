//! The `Trunk` port: signalling of legs; session descriptions are opaque to it.
//!
//! Commands go down by [`Trunk::submit`], which never blocks; events come up by the
//! [`TrunkEvents`] sink given to the adapter when it starts. For one leg, events arrive in the
//! order in which they happened, and exactly one [`TrunkEvent::Ended`] is the last.

pub use call::signal::{DialOrder, LegOutcome, TrunkCommand, TrunkEvent};
use domain::{CallId, LegId};
use std::time::Duration;

/// Receives what trunks tell. Must not block; called from the adapter's tasks.
pub trait TrunkEvents: Send + Sync {
    /// One event of one leg.
    fn deliver(&self, call: CallId, leg: LegId, event: TrunkEvent);

    /// Calls may go over this trunk from now on, or not. Every trunk is usable until it is said
    /// not to be; calls that have begun are not touched.
    fn trunk_usable(&self, trunk: &str, usable: bool) {
        let _ = (trunk, usable);
    }

    /// The trunk is full and wants no INVITE for so long (503 with Retry-After, RFC 3261 section
    /// 21.5.4). Calls wait; the one that was told so is over.
    fn trunk_full(&self, trunk: &str, wait: Duration) {
        let _ = (trunk, wait);
    }
}

/// Signalling of legs over one or more trunks.
pub trait Trunk: Send + Sync {
    /// Hands over a command; the outcome comes as events. A full queue ends the leg with
    /// [`LegOutcome::TransportFailed`].
    fn submit(&self, call: CallId, leg: LegId, command: TrunkCommand);
}
