//! A request within a dialog that is said once more for each challenge that is worth it
//! (RFC 3261 section 22.3), and of which is told what became of it.

use std::sync::Arc;

use domain::CallId;
use rsipstack::sip::{Header, Method, Response};
use tokio::time::timeout;

use crate::arrival;
use crate::dialog::Dialog;
use crate::digest::{Answers, Credentials};
use crate::exchange::{Exchange, Goes, Sender};
use crate::leg::Shared;
use crate::peer::Peer;

/// One request and its repetitions.
pub(crate) struct Asking {
    call: CallId,
    method: Method,
    extra: Vec<Header>,
    credentials: Option<Credentials>,
    answers: Answers,
}

impl Asking {
    /// `extra` are headers of each repetition.
    pub(crate) fn new(call: CallId, peer: &Peer, method: Method, extra: Vec<Header>) -> Self {
        let credentials = peer.credentials();
        Self { call, method, extra, credentials, answers: Answers::default() }
    }

    /// Sends it, with the dialog's next number; `None` if it did not leave, which is logged.
    pub(crate) async fn say(&mut self, sender: &Sender, dialog: &mut Dialog) -> Option<Exchange> {
        let mut extra = self.extra.clone();
        if let Some(credentials) = &self.credentials {
            extra.extend(self.answers.headers(self.method, &dialog.target(), credentials));
        }
        let request = dialog.request(self.method, extra);
        let sent = sender.send(request, dialog.path(), Goes::ByRoute).await;
        let lost = |error: &_| {
            tracing::warn!(call = %self.call, method = %self.method, %error, "request not sent");
        };
        sent.inspect_err(lost).ok()
    }

    /// Whether this response asks for what was not told yet.
    pub(crate) fn again(&mut self, response: &Response) -> bool {
        matches!(response.status_code.code(), 401 | 407)
            && self.credentials.as_ref().is_some_and(|c| self.answers.take(response, c))
    }

    /// Logs an end that is not as it should be: no answer, or a refusal. That the peer knows
    /// nothing of the call (481) is what a BYE wants.
    pub(crate) fn conclude(&self, response: Option<&Response>) {
        let answer = response.filter(|r| arrival::source(r).is_some());
        let code = answer.map(|r| r.status_code.code());
        match code {
            Some(200..300 | 481) => {}
            Some(code) => {
                tracing::warn!(call = %self.call, method = %self.method, code, "request refused");
            }
            None => {
                tracing::warn!(call = %self.call, method = %self.method, "request not answered");
            }
        }
    }

    /// Says it in a task of its own, for at most timer F.
    pub(crate) fn see_to(mut self, shared: &Arc<Shared>, mut dialog: Dialog) {
        let shared = shared.clone();
        let limit = shared.timers.transaction();
        shared.sender.tasks.clone().spawn(async move {
            let asked = timeout(limit, self.run(&shared.sender, &mut dialog)).await;
            if let Ok(Some(response)) = &asked {
                self.conclude(Some(response));
            } else {
                self.conclude(None);
            }
        });
    }

    async fn run(&mut self, sender: &Sender, dialog: &mut Dialog) -> Option<Response> {
        loop {
            let response = self.say(sender, dialog).await?.last().await?;
            if !self.again(&response) {
                return Some(response);
            }
        }
    }
}
