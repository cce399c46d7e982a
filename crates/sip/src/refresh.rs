//! Keeping a session alive: UPDATE or re-INVITE in time, and what its answer means.

use std::time::Duration;

use rsipstack::sip::{Header, Headers, Method, Response};

use crate::arrival;
use crate::body::description;
use crate::dialog::Dialog;
use crate::digest::{Answers, Credentials};
use crate::exchange::{Exchange, Goes};
use crate::leg::Leg;
use crate::session::{self, Agreed, Due, SessionClock};

/// After 491, RFC 3261 section 14.1 wants the one who made the Call-ID, which is us, to wait 2.1 to
/// 4 s in steps of 10 ms, so that both sides do not meet again.
const AFTER_GLARE_10_MS: std::ops::RangeInclusive<u64> = 210..=400;
/// After another refusal; the session ends if this does not help.
const AFTER_REFUSAL: Duration = Duration::from_secs(5);

/// A session's clock and the refresh under way.
pub(crate) struct Refresher {
    clock: SessionClock,
    by_update: bool,
    exchange: Option<Exchange>,
    answers: Answers,
    /// The least the peer takes, once it has said so.
    min: Option<u32>,
}

/// What the clock or a peer says.
pub(crate) enum Step {
    Due(Due),
    /// The end of our refresh.
    Answered(Option<Box<Response>>),
}

/// What came of a refresh.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The session goes on; with the peer's description, if there was one.
    Goes(Option<String>),
    /// Ask once more, at once.
    Again,
    /// The peer does not know the call, or says nothing.
    Dead,
}

impl Refresher {
    /// Begins with the 2xx that made the dialog.
    pub(crate) fn new(answer: &Response) -> Self {
        let mut clock = SessionClock::default();
        clock.agree(session::answered(&answer.headers));
        let by_update = allows_update(&answer.headers);
        Self { clock, by_update, exchange: None, answers: Answers::default(), min: None }
    }

    /// Waits for what comes next. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Step {
        let Self { clock, exchange, .. } = self;
        let answer = async {
            match exchange {
                Some(exchange) => exchange.last().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = answer => Step::Answered(answer.map(Box::new)),
            due = clock.next() => Step::Due(due),
        }
    }

    pub(crate) fn agreed(&self) -> Option<Agreed> {
        self.clock.agreed()
    }

    /// The peer refreshed, or changed what was agreed.
    pub(crate) fn agree(&mut self, agreed: Option<Agreed>) {
        self.clock.agree(agreed);
    }

    /// Whether a re-INVITE of ours waits for its answer: a peer's is answered 491 then.
    pub(crate) fn offers(&self) -> bool {
        self.exchange.as_ref().is_some_and(|e| e.request.method == Method::Invite)
    }

    /// Not now: a re-INVITE of the peer is under way.
    pub(crate) fn later(&mut self) {
        self.clock.again(after_glare());
    }

    /// Sends a refresh; `ours` is the description a re-INVITE repeats.
    pub(crate) async fn send(
        &mut self,
        leg: &Leg,
        dialog: &mut Dialog,
        ours: &str,
        credentials: Option<&Credentials>,
    ) {
        let Some(agreed) = self.clock.agreed() else {
            return;
        };
        let seconds = agreed.seconds.max(self.min.unwrap_or(0));
        let mut extra = session::proposing(seconds, self.min, true);
        let method = if self.by_update { Method::Update } else { Method::Invite };
        if let Some(credentials) = credentials {
            let uri = dialog.target();
            extra.extend(self.answers.headers(method, &uri, credentials));
        }
        let request =
            if self.by_update { dialog.update(extra) } else { dialog.reinvite(ours, extra) };
        let sent = leg.shared.sender.send(request, dialog.path(), Goes::ByRoute).await;
        match sent {
            Ok(exchange) => self.exchange = Some(exchange),
            Err(error) => {
                tracing::warn!(call = %leg.call, %error, "session not refreshed");
                self.clock.again(AFTER_REFUSAL);
            }
        }
    }

    /// Takes the answer to a refresh.
    pub(crate) fn take(
        &mut self,
        response: Option<&Response>,
        dialog: &mut Dialog,
        credentials: Option<&Credentials>,
    ) -> Outcome {
        self.exchange = None;
        let Some(response) = response.filter(|r| arrival::source(r).is_some()) else {
            return Outcome::Dead;
        };
        let code = response.status_code.code();
        match code {
            200..300 => {
                dialog.refresh_target(&response.headers);
                self.answers = Answers::default();
                self.clock.agree(session::answered(&response.headers));
                return Outcome::Goes(description(&response.headers, &response.body));
            }
            401 | 407 if credentials.is_some_and(|c| self.answers.take(response, c)) => {
                return Outcome::Again;
            }
            405 | 501 if self.by_update => {
                self.by_update = false;
                return Outcome::Again;
            }
            422 => {
                let wanted = session::insisted(&response.headers);
                if let Some(wanted) = wanted.filter(|w| self.min.is_none_or(|had| *w > had)) {
                    self.min = Some(wanted);
                    return Outcome::Again;
                }
            }
            // RFC 4028 section 10, RFC 3261 section 12.2.1.2.
            408 | 481 => return Outcome::Dead,
            491 => {
                self.clock.again(after_glare());
                return Outcome::Goes(None);
            }
            _ => {}
        }
        self.clock.again(AFTER_REFUSAL);
        Outcome::Goes(None)
    }
}

fn after_glare() -> Duration {
    Duration::from_millis(10 * rand::random_range(AFTER_GLARE_10_MS))
}

fn allows_update(headers: &Headers) -> bool {
    headers.iter().any(|header| match header {
        Header::Allow(list) => {
            list.value().split(',').any(|m| m.trim().eq_ignore_ascii_case("update"))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_glare_every_wait_is_one_of_those_prescribed_and_they_differ() {
        let waits: std::collections::BTreeSet<_> = (0..1_000).map(|_| after_glare()).collect();
        let (first, last) = (waits.first().unwrap(), waits.last().unwrap());
        assert!(*first >= Duration::from_millis(2_100), "{first:?}");
        assert!(*last <= Duration::from_millis(4_000), "{last:?}");
        assert!(waits.iter().all(|w| w.as_millis() % 10 == 0));
        assert!(waits.len() > 100, "{waits:?}");
    }
}
