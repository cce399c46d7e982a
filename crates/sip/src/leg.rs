//! One leg from its order to its one end: who may speak for it, and what all legs share.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use domain::{CallId, LegId};
use engine::ports::trunk::{DialOrder, LegOutcome, TrunkEvent, TrunkEvents};
use tokio_util::sync::CancellationToken;

use crate::config::SipTimers;
use crate::dialog::new_call_id;
use crate::exchange::Sender;
use crate::flow::House;
use crate::invite::{self, Setup};
use crate::late::Sleepers;
use crate::peer::Peer;
use crate::registry::{Inbox, Registry};

/// What all legs share.
pub(crate) struct Shared {
    pub(crate) sender: Sender,
    pub(crate) house: House,
    pub(crate) events: Arc<dyn TrunkEvents>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) timers: SipTimers,
    pub(crate) user_agent: String,
    /// Where we listen.
    pub(crate) local: SocketAddr,
    pub(crate) advertise: Option<IpAddr>,
    /// INVITEs that outlive their legs.
    pub(crate) late: Arc<Sleepers>,
    /// Hang up what lives.
    pub(crate) drain: CancellationToken,
    /// End at once what is still there.
    pub(crate) kill: CancellationToken,
}

/// The right to speak for one leg. Whatever happens to the task that holds it, exactly one
/// `Ended` is told, after the leg has left the registry.
pub(crate) struct Leg {
    pub(crate) shared: Arc<Shared>,
    pub(crate) call: CallId,
    pub(crate) leg: LegId,
    pub(crate) sip_call_id: String,
    ended: bool,
}

impl Leg {
    /// Enters a leg; `None` if it lives already.
    pub(crate) fn enter(shared: Arc<Shared>, call: CallId, leg: LegId) -> Option<(Self, Inbox)> {
        let sip_call_id = new_call_id();
        let inbox = shared.registry.enter(call, leg, &sip_call_id)?;
        let leg = Self { shared, call, leg, sip_call_id, ended: false };
        Some((leg, inbox))
    }

    /// Tells what happened.
    pub(crate) fn tell(&self, event: TrunkEvent) {
        self.shared.events.deliver(self.call, self.leg, event);
    }

    fn finish(&mut self, outcome: LegOutcome) {
        if self.ended {
            return;
        }
        self.ended = true;
        let registry = &self.shared.registry;
        registry.leave(self.call, self.leg, &self.sip_call_id);
        tracing::debug!(call = %self.call, leg = %self.leg, ?outcome, "leg ended");
        self.tell(TrunkEvent::Ended(outcome));
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        // Reached before the end only if the task was dropped or panicked.
        self.finish(LegOutcome::TransportFailed);
    }
}

/// Lives one leg.
pub(crate) async fn run(mut leg: Leg, mut inbox: Inbox, order: DialOrder, peer: Option<Arc<Peer>>) {
    let outcome = match peer {
        None => {
            tracing::warn!(call = %leg.call, trunk = %order.trunk, "no such trunk");
            LegOutcome::TransportFailed
        }
        Some(peer) => {
            tracing::debug!(
                call = %leg.call, leg = %leg.leg, trunk = %order.trunk, target = %order.target,
                "dialling"
            );
            match Box::pin(invite::set_up(&leg, &mut inbox, order, &peer)).await {
                Setup::Over(outcome) => outcome,
                Setup::Answered(talk) => Box::pin(talk.run(&leg, &mut inbox)).await,
            }
        }
    };
    leg.finish(outcome);
}
