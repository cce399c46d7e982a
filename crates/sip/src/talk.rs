//! A leg after its answer: hanging up, being hung up on, and what either side changes meanwhile.

use std::sync::Arc;

use engine::ports::trunk::{LegOutcome, TrunkCommand};
use rsipstack::sip::{Header, Method, Response, StatusCode};
use rsipstack::transaction::transaction::Transaction;

use crate::body::description;
use crate::branches::Branches;
use crate::dialog::Dialog;
use crate::inbound;
use crate::info;
use crate::leg::Leg;
use crate::offers::{self, Asked, Offers};
use crate::peer::Peer;
use crate::refresh::{Outcome, Refresher, Step};
use crate::registry::Inbox;
use crate::reoffer::ReofferEnd;
use crate::session::{self, Due, Wanted};

pub(crate) use crate::goodbye::hang_up;

/// What the set-up leaves behind.
pub(crate) struct Parts {
    pub(crate) peer: Arc<Peer>,
    pub(crate) dialog: Dialog,
    pub(crate) branches: Branches,
    /// The 2xx.
    pub(crate) response: Response,
    /// What was described so far.
    pub(crate) offers: Offers,
}

/// A confirmed dialog.
pub(crate) struct Talk {
    peer: Arc<Peer>,
    dialog: Dialog,
    /// The INVITE, while answers of other branches may come.
    branches: Option<Branches>,
    offers: Offers,
    refresher: Refresher,
}

enum Input {
    Command(TrunkCommand),
    Request(Box<Transaction>),
    Late(Option<Response>),
    Reoffer(ReofferEnd),
    Session(Step),
    Overflow,
    Drain,
    Kill,
}

impl Talk {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            peer: parts.peer,
            dialog: parts.dialog,
            branches: Some(parts.branches),
            offers: parts.offers,
            refresher: Refresher::new(&parts.response),
        }
    }

    /// Talks until either side hangs up.
    pub(crate) async fn run(mut self, leg: &Leg, inbox: &mut Inbox) -> LegOutcome {
        loop {
            let over = match self.next(leg, inbox).await {
                Input::Request(request) => match self.on_request(leg, *request).await {
                    Some(outcome) => {
                        self.leave_branches(leg);
                        return outcome;
                    }
                    None => None,
                },
                Input::Command(TrunkCommand::Bye) => Some(LegOutcome::OurBye),
                Input::Command(TrunkCommand::Cancel) => Some(LegOutcome::Canceled),
                Input::Command(TrunkCommand::AnswerReoffer(answer)) => {
                    self.offers.answer(answer);
                    None
                }
                Input::Command(TrunkCommand::Dial(_)) => None,
                Input::Late(response) => {
                    self.on_late(leg, response);
                    None
                }
                Input::Reoffer(end) => self.on_reoffer_end(leg, end).await,
                Input::Session(Step::Due(Due::Refresh)) => self.refresh(leg).await,
                Input::Session(Step::Due(Due::Expired)) => Some(LegOutcome::TimedOut),
                Input::Session(Step::Answered(response)) => {
                    self.on_refreshed(leg, response.as_deref()).await
                }
                Input::Overflow => Some(LegOutcome::TransportFailed),
                Input::Drain => Some(LegOutcome::OurBye),
                Input::Kill => return LegOutcome::TransportFailed,
            };
            if let Some(outcome) = over {
                self.offers.abandon();
                self.leave_branches(leg);
                hang_up(leg, &self.peer, &mut self.dialog, inbox).await;
                return outcome;
            }
        }
    }

    async fn next(&mut self, leg: &Leg, inbox: &mut Inbox) -> Input {
        let late = async {
            match &mut self.branches {
                Some(branches) => branches.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = leg.shared.kill.cancelled() => Input::Kill,
            () = inbox.overflow.cancelled() => Input::Overflow,
            Some(request) = inbox.requests.recv() => Input::Request(Box::new(request)),
            end = self.offers.next() => Input::Reoffer(end),
            Some(command) = inbox.commands.recv() => Input::Command(command),
            response = late => Input::Late(response),
            step = self.refresher.next() => Input::Session(step),
            () = leg.shared.drain.cancelled() => Input::Drain,
        }
    }

    async fn on_request(&mut self, leg: &Leg, mut request: Transaction) -> Option<LegOutcome> {
        if !self.dialog.owns(&request.original) {
            inbound::reply(&mut request, StatusCode::CallTransactionDoesNotExist, vec![]).await;
            return None;
        }
        if !self.dialog.in_order(&request.original) {
            inbound::reply(&mut request, StatusCode::ServerInternalError, vec![]).await;
            return None;
        }
        match request.original.method {
            Method::Bye => {
                self.offers.abandon();
                inbound::reply(&mut request, StatusCode::OK, vec![]).await;
                return Some(LegOutcome::PeerBye);
            }
            Method::Invite | Method::Update => self.on_target_refresh(leg, request).await,
            Method::Info => info::serve(leg, request).await,
            _ => inbound::in_dialog(request).await,
        }
        None
    }

    /// A re-INVITE or UPDATE: session timer first, then what it describes.
    async fn on_target_refresh(&mut self, leg: &Leg, mut request: Transaction) {
        let described = description(&request.original.headers, &request.original.body);
        let offers = request.original.method == Method::Invite || described.is_some();
        if offers && self.refresher.offers() {
            // RFC 3261 section 14.2: ours waits for its answer.
            inbound::reply(&mut request, StatusCode::RequestPending, vec![]).await;
            return;
        }
        if offers && self.offers.is_waiting() {
            offers::refuse(request).await;
            return;
        }
        let min = leg.shared.timers.min_se_s;
        let before = self.refresher.agreed();
        let mut headers = match session::wanted(&request.original.headers, before, min) {
            Wanted::TooSmall => {
                let least = vec![Header::MinSE(min.to_string().into())];
                inbound::reply(&mut request, StatusCode::SessionIntervalTooSmall, least).await;
                return;
            }
            Wanted::Agreed(agreed) => {
                self.refresher.agree(Some(agreed));
                session::agreeing(agreed)
            }
            Wanted::Nothing => Vec::new(),
        };
        if offers {
            let contact = self.dialog.contact();
            let asked = Asked { request, offer: described, contact, session: headers };
            self.offers.ask(leg, asked).await;
            return;
        }
        self.dialog.refresh_target(&request.original.headers);
        headers.push(self.dialog.contact());
        inbound::reply(&mut request, StatusCode::OK, headers).await;
    }

    async fn on_reoffer_end(&mut self, leg: &Leg, end: ReofferEnd) -> Option<LegOutcome> {
        self.offers.settle();
        match end {
            // An early dialog's of a branch that did not become this one.
            ReofferEnd::Accepted { request, .. } if !self.dialog.owns(&request) => None,
            ReofferEnd::Accepted { request, ours, answer } => {
                self.dialog.refresh_target(&request.headers);
                self.offers.ours = ours;
                match description(&request.headers, &request.body) {
                    Some(offer) => self.offers.theirs = Some(offer),
                    None => self.offers.redescribed(leg, answer).await,
                }
                None
            }
            ReofferEnd::Settled => None,
            // RFC 3261 section 14.2: no ACK for our 2xx ends the session.
            ReofferEnd::NotAcknowledged => Some(LegOutcome::TimedOut),
        }
    }

    async fn refresh(&mut self, leg: &Leg) -> Option<LegOutcome> {
        // RFC 3261 section 14.1: not before the peer's is answered, and the answer acknowledged.
        if self.offers.is_asked() {
            self.refresher.later();
            return None;
        }
        if self.dialog.path().closed.is_cancelled() {
            match self.peer.path(&leg.shared).await {
                Ok(path) => self.dialog.set_path(path),
                Err(_) => {
                    self.refresher.later();
                    return None;
                }
            }
        }
        let credentials = self.peer.credentials();
        self.refresher.send(leg, &mut self.dialog, &self.offers.ours, credentials.as_ref()).await;
        None
    }

    async fn on_refreshed(&mut self, leg: &Leg, response: Option<&Response>) -> Option<LegOutcome> {
        let credentials = self.peer.credentials();
        let outcome = self.refresher.take(response, &mut self.dialog, credentials.as_ref());
        let code = response.map(|r| r.status_code.code());
        if outcome != Outcome::Again && code.is_none_or(|code| code >= 300) {
            tracing::warn!(call = %leg.call, ?code, "session not refreshed");
        }
        match outcome {
            Outcome::Goes(answer) => {
                self.offers.redescribed(leg, answer).await;
                None
            }
            Outcome::Again => self.refresh(leg).await,
            Outcome::Dead => Some(LegOutcome::TimedOut),
        }
    }

    /// A response after the answer: a 2xx of another branch, which is ended, or one of ours again,
    /// for which the stack has sent the ACK again.
    fn on_late(&mut self, leg: &Leg, response: Option<Response>) {
        match (response, &mut self.branches) {
            (Some(response), Some(branches)) => branches.end(&leg.shared, &self.dialog, &response),
            _ => self.branches = None,
        }
    }

    /// The leg ends; other branches may still answer.
    fn leave_branches(&mut self, leg: &Leg) {
        if let Some(branches) = self.branches.take() {
            branches.outlive(leg, &self.dialog);
        }
    }
}
