//! Further answers to one INVITE: every branch of a fork that answers after the first is
//! acknowledged by the stack and ended here, also when the leg is gone (RFC 3261 section 13.2.2.4).

use std::sync::Arc;

use domain::CallId;
use rsipstack::sip::Response;
use tokio::time::sleep;

use crate::dialog::{Dialog, remote_tag};
use crate::exchange::Exchange;
use crate::goodbye::part;
use crate::leg::{Leg, Shared};
use crate::peer::Peer;

/// Branches of a forked INVITE beyond the first that are ended one by one; more are ignored.
const MAX_FORKS: usize = 8;
/// INVITEs of ended legs that are listened to; those beyond are not, and their further branches
/// ring off by themselves. Enough for 32 calls that end in each second of 64 * T1; each takes 27 KB
/// (`bench originate`).
pub(crate) const MAX_WATCHED: usize = 1_024;

/// An INVITE whose branches may still answer, and those that were ended.
pub(crate) struct Branches {
    call: CallId,
    peer: Arc<Peer>,
    invite: Exchange,
    ended: Vec<String>,
}

impl Branches {
    pub(crate) fn new(call: CallId, peer: &Arc<Peer>, invite: Exchange) -> Self {
        Self { call, peer: peer.clone(), invite, ended: Vec::new() }
    }

    /// The next response; `None` when no more will come. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Response> {
        self.invite.next().await
    }

    /// Ends the branch that answered, unless it is `own`, the leg's, or ended already.
    pub(crate) fn end(&mut self, shared: &Shared, own: &Dialog, response: &Response) {
        let tag = remote_tag(response);
        let known = |tag: &String| self.ended.contains(tag);
        if response.status_code.code() / 100 != 2
            || tag.as_deref() == own.remote_tag()
            || tag.as_ref().is_none_or(known)
            || self.ended.len() >= MAX_FORKS
        {
            return;
        }
        self.ended.extend(tag);
        let mut fork = own.clone();
        fork.confirm(response);
        tracing::debug!(call = %self.call, "a further branch answered and is ended");
        part(shared, self.call, &self.peer, fork);
    }

    /// Goes on listening in a task of its own when the leg ends: until 64 * T1 after the first 2xx
    /// (timer M, RFC 6026 section 7.2), or after the leg's end if there was none.
    pub(crate) fn outlive(mut self, leg: &Leg, own: &Dialog) {
        let shared = leg.shared.clone();
        let Ok(place) = shared.watched.clone().try_acquire_owned() else {
            return;
        };
        let own = own.clone();
        leg.shared.sender.tasks.spawn(async move {
            let limit = sleep(shared.timers.transaction());
            tokio::pin!(limit);
            loop {
                let response = tokio::select! {
                    biased;
                    () = shared.house.closed.cancelled() => break,
                    () = &mut limit => break,
                    response = self.next() => response,
                };
                match response {
                    Some(response) => self.end(&shared, &own, &response),
                    None if own.remote_tag().is_some() || !self.ended.is_empty() => break,
                    None => match shared.sender.reopen(&self.invite, own.path()) {
                        Some(invite) => self.invite = invite,
                        None => break,
                    },
                }
            }
            shared.sender.forget(self.invite).await;
            drop(place);
        });
    }
}
