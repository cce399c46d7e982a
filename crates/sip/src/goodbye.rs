//! Hanging up: BYE, its credentials, and its answer.

use std::sync::Arc;

use domain::CallId;
use rsipstack::sip::{Method, Response};
use tokio::time::{sleep, timeout};

use crate::dialog::Dialog;
use crate::digest::{Answers, Credentials};
use crate::exchange::{Exchange, Goes, Sender};
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
    let mut farewell = Farewell::new(leg.call, peer);
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
                    None => return,
                },
                Some(request) = inbox.requests.recv() => inbound::after_bye(request).await,
                () = closed.cancelled() => break None,
                () = &mut limit => return,
            }
        };
        if response.is_some_and(|response| !farewell.again(&response)) {
            return;
        }
    }
}

/// Says BYE in a dialog of a call that nobody is in, in a task of its own and for at most timer F.
pub(crate) fn part(shared: &Shared, call: CallId, peer: &Peer, mut dialog: Dialog) {
    let mut farewell = Farewell::new(call, peer);
    let sender = shared.sender.clone();
    let parting = async move {
        while let Some(mut exchange) = farewell.say(&sender, &mut dialog).await {
            let last = exchange.last().await;
            if last.is_none_or(|response| !farewell.again(&response)) {
                return;
            }
        }
    };
    shared.sender.tasks.spawn(timeout(shared.timers.transaction(), parting));
}

/// A BYE, said once more for each challenge that is worth it.
struct Farewell {
    call: CallId,
    credentials: Option<Credentials>,
    answers: Answers,
}

impl Farewell {
    fn new(call: CallId, peer: &Peer) -> Self {
        Self { call, credentials: peer.credentials(), answers: Answers::default() }
    }

    async fn say(&mut self, sender: &Sender, dialog: &mut Dialog) -> Option<Exchange> {
        let mut extra = vec![];
        if let Some(credentials) = &self.credentials {
            extra = self.answers.headers(Method::Bye, &dialog.target(), credentials);
        }
        let request = dialog.request(Method::Bye, extra);
        let sent = sender.send(request, dialog.path(), Goes::ByRoute).await;
        sent.inspect_err(|error| tracing::warn!(call = %self.call, %error, "BYE not sent")).ok()
    }

    /// Whether this response asks for what was not told yet.
    fn again(&mut self, response: &Response) -> bool {
        matches!(response.status_code.code(), 401 | 407)
            && self.credentials.as_ref().is_some_and(|c| self.answers.take(response, c))
    }
}
