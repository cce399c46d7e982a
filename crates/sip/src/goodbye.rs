//! Hanging up: BYE, its credentials, and its answer.

use std::sync::Arc;

use rsipstack::sip::{Header, Method};
use tokio::time::{sleep, timeout};

use crate::dialog::Dialog;
use crate::digest::{Answers, Credentials};
use crate::exchange::{Exchange, Goes};
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
    let credentials = peer.credentials();
    let mut answers = Answers::default();
    let mut replaced = false;
    let mut extra = vec![];
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
        let Some(mut exchange) = bye(leg, dialog, std::mem::take(&mut extra)).await else {
            return;
        };
        let closed = dialog.path().closed.clone();
        let response = loop {
            tokio::select! {
                biased;
                () = shared.kill.cancelled() => return,
                response = exchange.last() => match response {
                    Some(response) => break Some(response),
                    None => return,
                },
                Some(request) = inbox.requests.recv() => inbound::after_bye(request).await,
                () = closed.cancelled() => break None,
                () = &mut limit => return,
            }
        };
        let (Some(response), Some(credentials)) = (&response, &credentials) else {
            if response.is_some() {
                return;
            }
            continue;
        };
        let asked = matches!(response.status_code.code(), 401 | 407);
        if !asked || !answers.take(response, credentials) {
            return;
        }
        let uri = dialog.target().clone();
        extra = answers.headers(Method::Bye, &uri, credentials);
    }
}

/// Says BYE in a dialog that nobody is in, in a task of its own and for at most timer F; answers a
/// challenge and nothing else.
pub(crate) fn see_off(shared: &Shared, mut dialog: Dialog, credentials: Option<Credentials>) {
    let (sender, limit) = (shared.sender.clone(), shared.timers.transaction());
    let farewell = async move {
        let mut answers = Answers::default();
        let mut extra = vec![];
        loop {
            let request = dialog.request(Method::Bye, extra);
            let Ok(mut exchange) = sender.send(request, dialog.path(), Goes::ByRoute).await else {
                return;
            };
            let (Some(response), Some(credentials)) = (exchange.last().await, &credentials) else {
                return;
            };
            let asked = matches!(response.status_code.code(), 401 | 407);
            if !asked || !answers.take(&response, credentials) {
                return;
            }
            let uri = dialog.target().clone();
            extra = answers.headers(Method::Bye, &uri, credentials);
        }
    };
    shared.sender.tasks.spawn(timeout(limit, farewell));
}

async fn bye(leg: &Leg, dialog: &mut Dialog, extra: Vec<Header>) -> Option<Exchange> {
    let request = dialog.request(Method::Bye, extra);
    let sent = leg.shared.sender.send(request, dialog.path(), Goes::ByRoute).await;
    sent.inspect_err(|error| tracing::warn!(call = %leg.call, %error, "BYE not sent")).ok()
}
