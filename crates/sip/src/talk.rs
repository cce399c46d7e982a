//! A leg after its answer: hanging up, being hung up on, and what the peer asks meanwhile.

use engine::ports::trunk::{LegOutcome, TrunkCommand, TrunkEvent};
use rsipstack::sip::{Header, Method, Request, Response, StatusCode};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::dialog::{Dialog, description, remote_tag};
use crate::digest::{Answers, Credentials};
use crate::exchange::Exchange;
use crate::inbound::{self, refreshed};
use crate::leg::Leg;
use crate::registry::Inbox;
use crate::reoffer::{self, Reoffer, ReofferEnd};

/// Ends of re-INVITEs that may wait at the leg; their tasks wait when it is full.
const REOFFER_QUEUE: usize = 4;
/// Branches of a forked INVITE beyond the first that are ended one by one; more are ignored.
const MAX_FORKS: usize = 8;

/// A confirmed dialog.
pub(crate) struct Talk {
    dialog: Dialog,
    /// The INVITE's transaction, while answers of other branches may come.
    invite: Option<Exchange>,
    credentials: Option<Credentials>,
    /// Where the engine's answer to a re-INVITE goes.
    pending: Option<oneshot::Sender<Option<String>>>,
    ends: mpsc::Receiver<ReofferEnd>,
    ended: mpsc::Sender<ReofferEnd>,
    forks: Vec<String>,
}

enum Input {
    Command(TrunkCommand),
    Request(Box<Transaction>),
    Late(Option<Response>),
    Reoffer(ReofferEnd),
    Overflow,
    Drain,
    Kill,
}

impl Talk {
    pub(crate) fn new(dialog: Dialog, invite: Exchange, credentials: Option<Credentials>) -> Self {
        let (ended, ends) = mpsc::channel(REOFFER_QUEUE);
        Self {
            dialog,
            invite: Some(invite),
            credentials,
            pending: None,
            ends,
            ended,
            forks: Vec::new(),
        }
    }

    /// Talks until either side hangs up.
    pub(crate) async fn run(mut self, leg: &Leg, inbox: &mut Inbox) -> LegOutcome {
        loop {
            let over = match self.next(leg, inbox).await {
                Input::Request(request) => match self.on_request(leg, *request).await {
                    Some(outcome) => return outcome,
                    None => None,
                },
                Input::Command(TrunkCommand::Bye) => Some(LegOutcome::OurBye),
                Input::Command(TrunkCommand::Cancel) => Some(LegOutcome::Canceled),
                Input::Command(TrunkCommand::AnswerReoffer(answer)) => {
                    if let Some(pending) = self.pending.take() {
                        // Too late if its task has answered 500 already.
                        let _ = pending.send(answer);
                    }
                    None
                }
                Input::Command(TrunkCommand::Dial(_)) => None,
                Input::Late(response) => {
                    self.on_late(leg, response).await;
                    None
                }
                Input::Reoffer(end) => self.on_reoffer_end(end),
                Input::Overflow => Some(LegOutcome::TransportFailed),
                Input::Drain => Some(LegOutcome::OurBye),
                Input::Kill => return LegOutcome::TransportFailed,
            };
            if let Some(outcome) = over {
                // A re-INVITE that still waits is answered 487 by its task.
                self.pending = None;
                hang_up(leg, &mut self.dialog, self.credentials.as_ref(), inbox).await;
                return outcome;
            }
        }
    }

    async fn next(&mut self, leg: &Leg, inbox: &mut Inbox) -> Input {
        let late = async {
            match &mut self.invite {
                Some(invite) => invite.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = leg.shared.kill.cancelled() => Input::Kill,
            () = inbox.overflow.cancelled() => Input::Overflow,
            Some(request) = inbox.requests.recv() => Input::Request(Box::new(request)),
            Some(end) = self.ends.recv() => Input::Reoffer(end),
            Some(command) = inbox.commands.recv() => Input::Command(command),
            response = late => Input::Late(response),
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
        let described = description(&request.original.headers, &request.original.body);
        match request.original.method {
            Method::Bye => {
                self.pending = None;
                inbound::reply(&mut request, StatusCode::OK, vec![]).await;
                return Some(LegOutcome::PeerBye);
            }
            Method::Invite => self.reoffer(leg, request, described).await,
            Method::Update if described.is_some() => self.reoffer(leg, request, described).await,
            Method::Update => {
                self.dialog.refresh_target(&request.original);
                let mut headers = vec![self.dialog.contact()];
                headers.extend(refreshed(&request.original));
                inbound::reply(&mut request, StatusCode::OK, headers).await;
            }
            _ => inbound::in_dialog(request).await,
        }
        None
    }

    async fn reoffer(&mut self, leg: &Leg, mut request: Transaction, offer: Option<String>) {
        if self.pending.as_ref().is_some_and(|p| !p.is_closed()) {
            // RFC 3261 section 14.2: a second one before the first is answered.
            let later = vec![Header::RetryAfter("3".into())];
            inbound::reply(&mut request, StatusCode::ServerInternalError, later).await;
            return;
        }
        let (answer, answered) = oneshot::channel();
        self.pending = Some(answer);
        let job = Reoffer {
            transaction: request,
            answered,
            contact: self.dialog.contact(),
            limit: leg.shared.timers.reoffer(),
            ended: self.ended.clone(),
        };
        leg.shared.sender.tasks.spawn(reoffer::serve(job));
        leg.tell(TrunkEvent::Reoffered { offer });
    }

    fn on_reoffer_end(&mut self, end: ReofferEnd) -> Option<LegOutcome> {
        if self.pending.as_ref().is_some_and(oneshot::Sender::is_closed) {
            self.pending = None;
        }
        match end {
            ReofferEnd::Accepted(request) => {
                self.dialog.refresh_target(&*request as &Request);
                None
            }
            ReofferEnd::Settled => None,
            // RFC 3261 section 14.2: no ACK for our 2xx ends the session.
            ReofferEnd::NotAcknowledged => Some(LegOutcome::TimedOut),
        }
    }

    /// A 2xx after the answer: of another branch, it is ended (RFC 3261 section 13.2.2.4); of
    /// ours, the stack has sent the ACK again.
    async fn on_late(&mut self, leg: &Leg, response: Option<Response>) {
        let Some(response) = response else {
            self.invite = None;
            return;
        };
        let tag = remote_tag(&response);
        let known = |tag: &String| self.forks.contains(tag);
        if response.status_code.code() / 100 != 2
            || tag.as_deref() == self.dialog.remote_tag()
            || tag.as_ref().is_none_or(known)
            || self.forks.len() >= MAX_FORKS
        {
            return;
        }
        self.forks.extend(tag);
        let mut fork = self.dialog.clone();
        fork.confirm(&response);
        let sender = leg.shared.sender.clone();
        let limit = leg.shared.timers.transaction();
        tracing::debug!(call = %leg.call, "a second branch answered and is ended");
        leg.shared.sender.tasks.spawn(async move {
            let bye = fork.request(Method::Bye, vec![]);
            if let Ok(mut exchange) = sender.send(bye, None).await {
                let final_one = async {
                    while let Some(response) = exchange.next().await {
                        if response.status_code.code() >= 200 {
                            return;
                        }
                    }
                };
                let _ = timeout(limit, final_one).await;
            }
        });
    }
}

/// Says BYE and waits for its answer, or for timer F; meanwhile answers what the peer sends.
pub(crate) async fn hang_up(
    leg: &Leg,
    dialog: &mut Dialog,
    credentials: Option<&Credentials>,
    inbox: &mut Inbox,
) {
    let shared = &leg.shared;
    let mut answers = Answers::default();
    let Some(mut exchange) = bye(leg, dialog, vec![]).await else {
        return;
    };
    let limit = sleep(shared.timers.transaction());
    tokio::pin!(limit);
    loop {
        tokio::select! {
            biased;
            () = shared.kill.cancelled() => return,
            response = exchange.next() => {
                let Some(response) = response else { return };
                let code = response.status_code.code();
                if code < 200 {
                    continue;
                }
                let Some(credentials) = credentials else { return };
                if !matches!(code, 401 | 407) || !answers.take(&response, credentials) {
                    return;
                }
                let uri = dialog.target().clone();
                let extra = answers.headers(Method::Bye, &uri, credentials);
                match bye(leg, dialog, extra).await {
                    Some(next) => exchange = next,
                    None => return,
                }
            }
            Some(request) = inbox.requests.recv() => inbound::after_bye(request).await,
            () = &mut limit => return,
        }
    }
}

async fn bye(leg: &Leg, dialog: &mut Dialog, extra: Vec<Header>) -> Option<Exchange> {
    let sender = &leg.shared.sender;
    let sent = sender.send(dialog.request(Method::Bye, extra), None).await;
    sent.inspect_err(|error| tracing::warn!(call = %leg.call, %error, "BYE not sent")).ok()
}
