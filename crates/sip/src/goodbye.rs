//! Hanging up: BYE, its credentials, and its answer.

use std::sync::Arc;

use domain::CallId;
use rsipstack::sip::Method;
use tokio::time::sleep;

use crate::asking::Asking;
use crate::dialog::Dialog;
use crate::inbound;
use crate::leg::{Leg, Shared};
use crate::peer::Peer;
use crate::registry::Inbox;

/// Says BYE and waits for its answer, or for timer F; meanwhile answers what the peer sends. A
/// connection that is gone, or goes meanwhile, is replaced once.
pub(crate) async fn hang_up(leg: &Leg, peer: &Arc<Peer>, dialog: &mut Dialog, inbox: &mut Inbox) {
    let shared = &leg.shared;
    let limit = sleep(shared.timers.transaction());
    tokio::pin!(limit);
    let mut farewell = Asking::new(leg.call, peer, Method::Bye, vec![]);
    let mut replaced = false;
    loop {
        if dialog.path().closed.is_cancelled() {
            if std::mem::replace(&mut replaced, true) {
                return;
            }
            let path = tokio::select! {
                biased;
                () = shared.kill.cancelled() => return,
                path = peer.path(shared) => path,
            };
            match path {
                Ok(path) => dialog.set_path(path),
                Err(error) => {
                    tracing::warn!(call = %leg.call, %error, "BYE not sent");
                    return;
                }
            }
        }
        let Some(mut exchange) = farewell.say(&shared.sender, dialog).await else {
            return;
        };
        let closed = dialog.path().closed.clone();
        let response = loop {
            tokio::select! {
                biased;
                () = shared.kill.cancelled() => return,
                response = exchange.last() => match response {
                    Some(response) => break Some(response),
                    None => return farewell.conclude(None),
                },
                Some(request) = inbox.requests.recv() => inbound::after_bye(request).await,
                () = closed.cancelled() => break None,
                () = &mut limit => return farewell.conclude(None),
            }
        };
        if let Some(response) = response
            && !farewell.again(&response)
        {
            return farewell.conclude(Some(&response));
        }
    }
}

/// Says BYE in a dialog of a call that nobody is in, in a task of its own and for at most timer F.
pub(crate) fn part(shared: &Arc<Shared>, call: CallId, peer: &Peer, dialog: Dialog) {
    Asking::new(call, peer, Method::Bye, vec![]).see_to(shared, dialog);
}
