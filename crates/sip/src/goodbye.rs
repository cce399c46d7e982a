//! Hanging up: BYE, its credentials, and its answer.

use std::sync::Arc;
use std::time::Duration;

use domain::CallId;
use rsipstack::sip::{Method, Response};
use tokio::time::{sleep, timeout};

use crate::asking::Asking;
use crate::dialog::Dialog;
use crate::inbound;
use crate::leg::{Leg, Shared};
use crate::peer::Peer;
use crate::registry::Inbox;

/// Says BYE and waits for its answer, or for timer F; meanwhile answers what the peer sends. A
/// connection that is gone, or goes meanwhile, is replaced, and as long as there is none it is
/// asked for again: else the callee would stay in a call that nobody is in.
pub(crate) async fn hang_up(leg: &Leg, peer: &Arc<Peer>, dialog: &mut Dialog, inbox: &mut Inbox) {
    let mut farewell = Asking::new(leg.call, peer, Method::Bye, vec![]);
    let limit = leg.shared.timers.transaction();
    let said = async {
        let mut lost = 0;
        loop {
            if dialog.path().closed.is_cancelled() {
                match peer.path(&leg.shared).await {
                    Ok(path) => dialog.set_path(path),
                    Err(error) => tracing::debug!(call = %leg.call, %error, "BYE waits"),
                }
            }
            if !dialog.path().closed.is_cancelled() {
                match say(leg, &mut farewell, dialog, inbox).await {
                    Said::Over(response) => return response,
                    Said::Again => continue,
                    Said::Cut => {}
                }
            }
            sleep(again_after(leg.shared.timers.t1(), lost)).await;
            lost += 1;
        }
    };
    let response = tokio::select! {
        biased;
        () = leg.shared.kill.cancelled() => return,
        said = timeout(limit, said) => said.ok().flatten(),
    };
    farewell.conclude(response.as_ref());
}

/// What became of one BYE.
enum Said {
    /// Its answer, or none.
    Over(Option<Response>),
    /// It has to be said with credentials.
    Again,
    /// The connection is gone.
    Cut,
}

async fn say(leg: &Leg, farewell: &mut Asking, dialog: &mut Dialog, inbox: &mut Inbox) -> Said {
    let closed = dialog.path().closed.clone();
    let Some(mut exchange) = farewell.say(&leg.shared.sender, dialog).await else {
        return if closed.is_cancelled() { Said::Cut } else { Said::Over(None) };
    };
    loop {
        tokio::select! {
            biased;
            response = exchange.last() => return match response {
                Some(response) if farewell.again(&response) => Said::Again,
                response => Said::Over(response),
            },
            Some(request) = inbox.requests.recv() => inbound::after_bye(request).await,
            () = closed.cancelled() => return Said::Cut,
        }
    }
}

/// The pause before a connection is asked for again: T1 at first, 8 * T1 at most.
fn again_after(t1: Duration, lost: u32) -> Duration {
    t1 * (1 << lost.min(3))
}

/// Says BYE in a dialog of a call that nobody is in, in a task of its own and for at most timer F.
pub(crate) fn part(shared: &Arc<Shared>, call: CallId, peer: &Peer, dialog: Dialog) {
    Asking::new(call, peer, Method::Bye, vec![]).see_to(shared, dialog);
}
