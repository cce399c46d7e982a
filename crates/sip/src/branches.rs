//! Further answers to one INVITE: every branch of a fork that answers after the first is
//! acknowledged by the stack and ended here, or in `late` when the leg is gone (RFC 3261 section
//! 13.2.2.4).

use std::sync::Arc;

use domain::CallId;
use rsipstack::sip::Response;

use crate::dialog::{Dialog, remote_tag};
use crate::exchange::Exchange;
use crate::goodbye::part;
use crate::late::Late;
use crate::leg::{Leg, Shared};
use crate::peer::Peer;

/// Branches of a forked INVITE beyond the first that are ended one by one; more are ignored.
const MAX_FORKS: usize = 8;

/// The branches of an INVITE that were ended, by their tags.
#[derive(Default)]
pub(crate) struct Forks(Vec<String>);

impl Forks {
    /// Whether a response comes from a branch that is to be ended: neither `own`, the leg's, nor
    /// one that was ended already.
    pub(crate) fn admit(&mut self, own: Option<&str>, response: &Response) -> bool {
        let Some(tag) = remote_tag(response) else { return false };
        let new = response.status_code.code() / 100 == 2
            && own != Some(tag.as_str())
            && !self.0.contains(&tag)
            && self.0.len() < MAX_FORKS;
        if new {
            self.0.push(tag);
        }
        new
    }
}

/// Says BYE to a branch that answered; `dialog` is one of its INVITE.
pub(crate) fn end(
    shared: &Arc<Shared>,
    call: CallId,
    peer: &Peer,
    mut dialog: Dialog,
    response: &Response,
) {
    dialog.confirm(response);
    tracing::debug!(%call, "a further branch answered and is ended");
    part(shared, call, peer, dialog);
}

/// An INVITE whose branches may still answer, while its leg lives.
pub(crate) struct Branches {
    call: CallId,
    peer: Arc<Peer>,
    invite: Exchange,
    forks: Forks,
}

impl Branches {
    pub(crate) fn new(call: CallId, peer: &Arc<Peer>, invite: Exchange) -> Self {
        Self { call, peer: peer.clone(), invite, forks: Forks::default() }
    }

    /// The next response; `None` when no more will come. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Response> {
        self.invite.next().await
    }

    /// Ends the branch that answered, unless it is `own`, the leg's, or ended already.
    pub(crate) fn end(&mut self, shared: &Arc<Shared>, own: &Dialog, response: &Response) {
        if self.forks.admit(own.remote_tag(), response) {
            end(shared, self.call, &self.peer, own.clone(), response);
        }
    }

    /// The leg ends; late answers to its INVITE are seen to for another 64 * T1.
    pub(crate) fn outlive(self, leg: &Leg, own: &Dialog) {
        let late = Late::new(&leg.shared, (self.call, self.peer), &self.invite, own, self.forks);
        late.see_to(self.invite);
    }
}
