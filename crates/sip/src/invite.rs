//! A leg before its answer: one INVITE, its continuations, and giving up.

use std::pin::Pin;
use std::sync::Arc;

use engine::ports::trunk::{DialOrder, LegOutcome, TrunkCommand, TrunkEvent};
use rsipstack::sip::{Header, HostWithPort, Method, Response};
use rsipstack::transaction::transaction::Transaction;
use tokio::time::{Sleep, sleep};

use crate::arrival;
use crate::asking::Asking;
use crate::body::description;
use crate::branches::Branches;
use crate::config::TrunkConfig;
use crate::dialog::{Dialog, Parties, cancel_of};
use crate::digest::{Answers, Credentials};
use crate::early::Early;
use crate::exchange::{Exchange, Goes};
use crate::hosts;
use crate::inbound;
use crate::leg::Leg;
use crate::number::sip_uri;
use crate::path::PathError;
use crate::peer::Peer;
use crate::registry::{Inbox, Wire};
use crate::reoffer::ReofferEnd;
use crate::retry_after::retry_after;
use crate::session;
use crate::talk::{Parts, Talk, hang_up};

/// 422 is followed that often: each proxy on the way may raise the interval once.
const MAX_INTERVAL_ROUNDS: u8 = 3;

/// How the set-up went.
pub(crate) enum Setup {
    Answered(Box<Talk>),
    Over(LegOutcome),
}

/// What can happen while the phone rings.
enum Input {
    Wire(Wire),
    Response(Option<Response>),
    Command(TrunkCommand),
    Request(Box<Transaction>),
    /// An UPDATE of the peer is over.
    Reoffer(ReofferEnd),
    /// The connection is gone.
    Cut,
    Overflow,
    Drain,
    Kill,
    Deadline,
}

/// Giving up: how the leg will have ended, and whether CANCEL has left.
struct GivingUp {
    outcome: LegOutcome,
    cancel: Option<Exchange>,
}

/// One attempt to reach one number: all its INVITEs.
struct Attempt<'a> {
    leg: &'a Leg,
    peer: &'a Arc<Peer>,
    order: DialOrder,
    credentials: Option<Credentials>,
    dialog: Dialog,
    invite: Exchange,
    answers: Answers,
    /// The session interval a peer insisted on, and how often one did.
    interval: (Option<u32>, u8),
    /// What branches said and asked so far.
    early: Early,
    told_sent: bool,
    provisional: bool,
    giving_up: Option<GivingUp>,
}

/// Dials and waits for the final answer.
pub(crate) async fn set_up(
    leg: &Leg,
    inbox: &mut Inbox,
    order: DialOrder,
    peer: &Arc<Peer>,
) -> Setup {
    let path = tokio::select! {
        biased;
        () = leg.shared.drain.cancelled() => return Setup::Over(LegOutcome::Canceled),
        _ = inbox.commands.recv() => return Setup::Over(LegOutcome::Canceled),
        path = peer.path(&leg.shared) => path,
    };
    let trunk = &peer.config;
    let made = path.and_then(|path| Ok((parties(leg, &order, trunk)?, path)));
    let (parties, path) = match made {
        Ok(made) => made,
        Err(error) => {
            tracing::warn!(call = %leg.call, trunk = %trunk.name, %error, "cannot dial");
            return Setup::Over(LegOutcome::TransportFailed);
        }
    };
    let mut dialog = Dialog::new(parties, path, leg.sip_call_id.clone());
    let sender = &leg.shared.sender;
    let extra = proposal(trunk, None);
    let request = dialog.invite(&order.offer, order.language, extra);
    let invite = sender.send(request, dialog.path(), Goes::ToPeer).await;
    let invite = match invite {
        Ok(invite) => invite,
        Err(error) => {
            tracing::warn!(call = %leg.call, trunk = %trunk.name, %error, "INVITE not sent");
            return Setup::Over(LegOutcome::TransportFailed);
        }
    };
    let attempt = Attempt {
        leg,
        peer,
        early: Early::new(order.offer.clone()),
        order,
        credentials: peer.credentials(),
        dialog,
        invite,
        answers: Answers::default(),
        interval: (None, 0),
        told_sent: false,
        provisional: false,
        giving_up: None,
    };
    attempt.run(inbox).await
}

fn parties(leg: &Leg, order: &DialOrder, trunk: &TrunkConfig) -> Result<Parties, PathError> {
    let host = |text: &str| {
        HostWithPort::try_from(text).map_err(|_| PathError::NoAddress { host: text.to_owned() })
    };
    let own = trunk.address.host_port();
    let caller = order.caller.as_deref().or(trunk.caller.as_deref());
    let caller = caller.or(trunk.username.as_deref());
    let from = host(trunk.from_domain.as_deref().unwrap_or(&own))?;
    let dialled = trunk.number_format.dial_string(&order.target);
    let dialled = format!("{}{dialled}", trunk.dial_prefix);
    let asserted = caller.filter(|_| trunk.assert_caller);
    Ok(Parties {
        callee: sip_uri(&dialled, host(&own)?),
        asserted: asserted.map(|caller| sip_uri(caller, from.clone())),
        caller: sip_uri(caller.unwrap_or("anonymous"), from),
        user_agent: leg.shared.user_agent.clone(),
    })
}

/// The session timer of an INVITE (RFC 4028 section 7.1).
fn proposal(trunk: &TrunkConfig, min: Option<u32>) -> Vec<Header> {
    match (trunk.upkeep.session_s, min) {
        (0, None) => Vec::new(),
        (ours, min) => session::proposing(ours.max(min.unwrap_or(0)), min, false),
    }
}

impl Attempt<'_> {
    async fn run(mut self, inbox: &mut Inbox) -> Setup {
        let deadline = sleep(self.leg.shared.timers.answer());
        tokio::pin!(deadline);
        loop {
            let input = self.next(inbox, deadline.as_mut()).await;
            let gave_up = self.giving_up.is_some();
            let over = match input {
                Input::Wire(state) => self.on_wire(state),
                Input::Response(None) => Some(self.given_up_or(LegOutcome::TransportFailed)),
                Input::Response(Some(response)) if response.status_code.code() / 100 == 2 => {
                    return self.answered(response, inbox).await;
                }
                Input::Response(Some(response)) => self.on_response(response).await,
                Input::Command(TrunkCommand::Cancel | TrunkCommand::Bye) => {
                    self.give_up(LegOutcome::Canceled).await
                }
                Input::Command(TrunkCommand::AnswerReoffer(answer)) => {
                    self.early.offers.answer(answer);
                    None
                }
                Input::Command(TrunkCommand::Dial(_)) => None,
                Input::Request(request) if gave_up => {
                    inbound::before_answer(*request).await;
                    None
                }
                Input::Request(request) => {
                    self.early.on_request(self.leg, *request).await;
                    None
                }
                Input::Reoffer(end) => {
                    self.early.on_end(end);
                    None
                }
                Input::Cut => self.cut().await,
                Input::Overflow => self.give_up(LegOutcome::TransportFailed).await,
                Input::Drain => self.give_up(LegOutcome::Canceled).await,
                Input::Kill => Some(self.given_up_or(LegOutcome::TransportFailed)),
                Input::Deadline if !gave_up => self.give_up(LegOutcome::TimedOut).await,
                Input::Deadline => Some(self.given_up_or(LegOutcome::TimedOut)),
            };
            if let Some(outcome) = over {
                if self.told_sent {
                    Branches::new(self.leg.call, self.peer, self.invite)
                        .outlive(self.leg, &self.dialog);
                }
                return Setup::Over(outcome);
            }
            if !gave_up && self.giving_up.is_some() {
                // RFC 3261 section 9.1: 64 * T1 after CANCEL the INVITE counts as cancelled. The
                // INVITE's own timer B ends no later.
                deadline.set(sleep(self.leg.shared.timers.transaction()));
            }
        }
    }

    async fn next(&mut self, inbox: &mut Inbox, deadline: Pin<&mut Sleep>) -> Input {
        let shared = &self.leg.shared;
        let giving_up = self.giving_up.is_some();
        tokio::select! {
            biased;
            () = shared.kill.cancelled() => Input::Kill,
            () = inbox.overflow.cancelled(), if !giving_up => Input::Overflow,
            Ok(()) = inbox.wire.changed() => Input::Wire(*inbox.wire.borrow_and_update()),
            response = self.invite.next() => Input::Response(response),
            () = self.dialog.path().closed.cancelled() => Input::Cut,
            Some(request) = inbox.requests.recv() => Input::Request(Box::new(request)),
            end = self.early.offers.next() => Input::Reoffer(end),
            Some(command) = inbox.commands.recv() => Input::Command(command),
            () = shared.drain.cancelled(), if !giving_up => Input::Drain,
            () = deadline => Input::Deadline,
        }
    }

    fn on_wire(&mut self, state: Wire) -> Option<LegOutcome> {
        if state == Wire::Failed && !self.told_sent {
            return Some(LegOutcome::TransportFailed);
        }
        self.tell_sent();
        None
    }

    fn tell_sent(&mut self) {
        if !self.told_sent {
            self.told_sent = true;
            self.leg.tell(TrunkEvent::InviteSent);
        }
    }

    fn given_up_or(&self, otherwise: LegOutcome) -> LegOutcome {
        self.giving_up.as_ref().map_or(otherwise, |g| g.outcome)
    }

    /// CANCEL, now or after the first provisional response (RFC 3261 section 9.1).
    async fn give_up(&mut self, outcome: LegOutcome) -> Option<LegOutcome> {
        if self.giving_up.is_none() {
            self.giving_up = Some(GivingUp { outcome, cancel: None });
            self.cancel_if_due().await;
        }
        None
    }

    async fn cancel_if_due(&mut self) {
        let Some(giving_up) = &mut self.giving_up else {
            return;
        };
        if !self.provisional || giving_up.cancel.is_some() {
            return;
        }
        let sender = &self.leg.shared.sender;
        let Some(request) = cancel_of(&self.invite.request) else {
            return;
        };
        let sent = sender.send(request, self.dialog.path(), Goes::ToPeer).await;
        match sent {
            Ok(exchange) => giving_up.cancel = Some(exchange),
            Err(error) => tracing::warn!(call = %self.leg.call, %error, "CANCEL not sent"),
        }
    }

    /// The connection is gone, and with it every answer. What was not sent fails; what was sent
    /// may ring, so the CANCEL goes over a new connection. The INVITE itself goes out once only.
    async fn cut(&mut self) -> Option<LegOutcome> {
        let outcome = self.given_up_or(LegOutcome::TransportFailed);
        if !self.told_sent && self.leg.shared.registry.wire(&self.leg.sip_call_id) != Wire::Sent {
            return Some(outcome);
        }
        self.tell_sent();
        let path = tokio::select! {
            biased;
            () = self.leg.shared.kill.cancelled() => return Some(outcome),
            path = self.peer.path(&self.leg.shared) => path,
        };
        if let (Ok(path), Some(cancel)) = (path, cancel_of(&self.invite.request)) {
            let limit = self.leg.shared.timers.transaction();
            self.leg.shared.sender.see_off(cancel, &path, Goes::ToPeer, limit);
            self.dialog.set_path(path);
        }
        Some(outcome)
    }

    /// Takes every response but 2xx.
    async fn on_response(&mut self, response: Response) -> Option<LegOutcome> {
        self.tell_sent();
        let code = response.status_code.code();
        let Some(source) = arrival::source(&response) else {
            // The stack's own 408 at the end of timer B.
            self.peer.standing.silent("it did not answer an INVITE");
            return Some(self.given_up_or(LegOutcome::TimedOut));
        };
        self.peer.standing.heard();
        if code < 200 {
            let first = !std::mem::replace(&mut self.provisional, true);
            if first && code < 180 && self.giving_up.is_none() {
                self.leg.tell(TrunkEvent::Taken);
            }
            if code > 100 {
                self.early.note(&self.dialog, &response);
            }
            if code >= 180 && self.giving_up.is_none() {
                let answer = match description(&response.headers, &response.body) {
                    Some(answer) => Some(hosts::resolved(&answer).await),
                    None => None,
                };
                self.leg.tell(TrunkEvent::Progressed { code, answer, signalling: source });
            }
            if let Some(rack) = self.early.reliable.take(&response) {
                // Of the early dialog that the response opened (RFC 3262 section 4).
                let rack = vec![Header::Other("RAck".to_owned(), rack)];
                let prack = Asking::new(self.leg.call, self.peer, Method::PRack, rack);
                prack.see_to(&self.leg.shared, self.dialog.early(&response));
            }
            self.cancel_if_due().await;
            return None;
        }
        if code == 503
            && let Some(wait) = retry_after(&response.headers)
        {
            self.peer.standing.full(wait);
        }
        if let Some(giving_up) = &self.giving_up {
            // A refusal that crossed our CANCEL is still what the peer said.
            let ours = matches!(code, 401 | 407 | 422 | 487);
            return Some(if ours { giving_up.outcome } else { LegOutcome::Refused { code } });
        }
        let again = match code {
            401 | 407 => match &self.credentials {
                Some(credentials) => self.answers.take(&response, credentials),
                None => false,
            },
            422 => self.take_interval(&response),
            _ => false,
        };
        if !again {
            return Some(LegOutcome::Refused { code });
        }
        self.continue_attempt().await
    }

    /// 422: the interval the peer insists on (RFC 4028 section 7.3).
    fn take_interval(&mut self, response: &Response) -> bool {
        let Some(wanted) = session::insisted(&response.headers) else {
            return false;
        };
        let (had, rounds) = self.interval;
        self.interval = (Some(wanted), rounds + 1);
        had.is_none_or(|had| wanted > had) && rounds < MAX_INTERVAL_ROUNDS
    }

    /// The same attempt once more: same dialog identifiers, next number, what was asked for.
    async fn continue_attempt(&mut self) -> Option<LegOutcome> {
        let sender = &self.leg.shared.sender;
        let mut extra = Vec::new();
        if let Some(credentials) = &self.credentials {
            let uri = self.dialog.callee().clone();
            extra = self.answers.headers(Method::Invite, &uri, credentials);
        }
        extra.extend(proposal(&self.peer.config, self.interval.0));
        let (offer, language) = (&self.order.offer, self.order.language);
        let request = self.dialog.invite(offer, language, extra);
        let sent = sender.send(request, self.dialog.path(), Goes::ToPeer).await;
        self.provisional = false;
        match sent {
            Ok(exchange) => {
                self.invite = exchange;
                None
            }
            Err(error) => {
                tracing::warn!(call = %self.leg.call, %error, "INVITE not continued");
                Some(LegOutcome::TransportFailed)
            }
        }
    }

    /// 2xx: the stack has sent the ACK.
    async fn answered(mut self, response: Response, inbox: &mut Inbox) -> Setup {
        self.tell_sent();
        self.peer.standing.heard();
        if let Some(giving_up) = self.giving_up.take() {
            self.dialog.confirm(&response);
            let outcome = giving_up.outcome;
            Branches::new(self.leg.call, self.peer, self.invite).outlive(self.leg, &self.dialog);
            hang_up(self.leg, self.peer, &mut self.dialog, inbox).await;
            return Setup::Over(outcome);
        }
        let signalling = arrival::source(&response).unwrap_or(self.dialog.path().peer.ip());
        let (told, offers) = self.early.answered(&mut self.dialog, &response);
        let answer = match told {
            Some(answer) => Some(hosts::resolved(&answer).await),
            None => None,
        };
        self.leg.tell(TrunkEvent::Answered { answer, signalling });
        Setup::Answered(Box::new(Talk::new(Parts {
            peer: self.peer.clone(),
            dialog: self.dialog,
            branches: Branches::new(self.leg.call, self.peer, self.invite),
            response,
            offers,
        })))
    }
}
