//! A leg before its answer: one INVITE, its continuations, and giving up.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use engine::ports::trunk::{DialOrder, LegOutcome, TrunkCommand, TrunkEvent};
use rsipstack::sip::{Header, HostWithPort, Response};
use rsipstack::transaction::transaction::Transaction;
use tokio::time::{Sleep, sleep, timeout};

use crate::arrival;
use crate::config::{TrunkAddress, TrunkConfig};
use crate::dialog::{Dialog, Parties, cancel_of, description};
use crate::digest::{Answers, Credentials};
use crate::exchange::Exchange;
use crate::inbound;
use crate::leg::Leg;
use crate::number::sip_uri;
use crate::registry::{Inbox, Wire};
use crate::socket;
use crate::talk::{Talk, hang_up};

/// A name that does not resolve in this time is taken for unreachable.
const RESOLVE_LIMIT: Duration = Duration::from_secs(5);
/// 422 is followed that often: each proxy on the way may raise the interval once.
const MAX_INTERVAL_ROUNDS: u8 = 3;
/// The longest session interval we agree to (RFC 4028), in seconds.
const MAX_INTERVAL: u32 = 86_400;

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
    order: DialOrder,
    credentials: Option<Credentials>,
    dialog: Dialog,
    invite: Exchange,
    answers: Answers,
    interval: Option<u32>,
    interval_rounds: u8,
    told_sent: bool,
    provisional: bool,
    giving_up: Option<GivingUp>,
}

/// Dials and waits for the final answer.
pub(crate) async fn set_up(
    leg: &Leg,
    inbox: &mut Inbox,
    order: DialOrder,
    trunk: &TrunkConfig,
) -> Setup {
    let peer = tokio::select! {
        biased;
        () = leg.shared.drain.cancelled() => return Setup::Over(LegOutcome::Canceled),
        _ = inbox.commands.recv() => return Setup::Over(LegOutcome::Canceled),
        peer = resolve(leg, &trunk.address) => peer,
    };
    let Some(peer) = peer else {
        tracing::warn!(call = %leg.call, trunk = %trunk.name, "trunk address cannot be reached");
        return Setup::Over(LegOutcome::TransportFailed);
    };
    let parties = match parties(leg, &order, trunk, peer) {
        Ok(parties) => parties,
        Err(error) => {
            tracing::warn!(call = %leg.call, trunk = %trunk.name, %error, "cannot dial");
            return Setup::Over(LegOutcome::TransportFailed);
        }
    };
    let mut dialog = Dialog::new(parties, leg.sip_call_id.clone());
    let sender = &leg.shared.sender;
    let request = dialog.invite(&order.offer, order.language, Vec::new());
    let invite = sender.send(request, Some(peer)).await;
    let invite = match invite {
        Ok(invite) => invite,
        Err(error) => {
            tracing::warn!(call = %leg.call, trunk = %trunk.name, %error, "INVITE not sent");
            return Setup::Over(LegOutcome::TransportFailed);
        }
    };
    let attempt = Attempt {
        leg,
        order,
        credentials: credentials(trunk),
        dialog,
        invite,
        answers: Answers::default(),
        interval: None,
        interval_rounds: 0,
        told_sent: false,
        provisional: false,
        giving_up: None,
    };
    attempt.run(inbox).await
}

async fn resolve(leg: &Leg, address: &TrunkAddress) -> Option<SocketAddr> {
    let v4 = leg.shared.local.is_ipv4();
    if let Ok(ip) = address.host.parse::<std::net::IpAddr>() {
        return (ip.is_ipv4() == v4).then_some(SocketAddr::new(ip, address.port));
    }
    let names = tokio::net::lookup_host((address.host.as_str(), address.port));
    let mut found = timeout(RESOLVE_LIMIT, names).await.ok()?.ok()?;
    found.find(|addr| addr.is_ipv4() == v4)
}

fn parties(
    leg: &Leg,
    order: &DialOrder,
    trunk: &TrunkConfig,
    peer: SocketAddr,
) -> Result<Parties, std::io::Error> {
    let shared = &leg.shared;
    let seen = if shared.local.ip().is_unspecified() {
        socket::route_to(peer)?.ip()
    } else {
        shared.local.ip()
    };
    let local = SocketAddr::new(shared.advertise.unwrap_or(seen), shared.local.port());
    let host = |text: &str| {
        HostWithPort::try_from(text)
            .map_err(|error| std::io::Error::other(format!("host in a URI: {error}")))
    };
    let own = trunk.address.to_string();
    let own = own.strip_prefix("sip:").unwrap_or(&own);
    let caller = order.caller.as_deref().or(trunk.caller.as_deref());
    let caller = caller.or(trunk.username.as_deref()).unwrap_or("anonymous");
    let dialled = trunk.number_format.dial_string(&order.target);
    Ok(Parties {
        callee: sip_uri(&dialled, host(own)?),
        caller: sip_uri(caller, host(trunk.from_domain.as_deref().unwrap_or(own))?),
        local,
        peer,
        user_agent: shared.user_agent.clone(),
    })
}

fn credentials(trunk: &TrunkConfig) -> Option<Credentials> {
    Some(Credentials {
        username: trunk.username.clone()?,
        password: trunk.password.clone()?,
        realm: trunk.realm.clone(),
    })
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
                Input::Command(_) => None,
                Input::Request(request) => {
                    inbound::before_answer(*request).await;
                    None
                }
                Input::Overflow => self.give_up(LegOutcome::TransportFailed).await,
                Input::Drain => self.give_up(LegOutcome::Canceled).await,
                Input::Kill => Some(self.given_up_or(LegOutcome::TransportFailed)),
                Input::Deadline if !gave_up => self.give_up(LegOutcome::TimedOut).await,
                Input::Deadline => Some(self.given_up_or(LegOutcome::TimedOut)),
            };
            if let Some(outcome) = over {
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
            Some(request) = inbox.requests.recv() => Input::Request(Box::new(request)),
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
        let sent = sender.send(request, Some(self.dialog.peer())).await;
        match sent {
            Ok(exchange) => giving_up.cancel = Some(exchange),
            Err(error) => tracing::warn!(call = %self.leg.call, %error, "CANCEL not sent"),
        }
    }

    /// Takes every response but 2xx.
    async fn on_response(&mut self, response: Response) -> Option<LegOutcome> {
        self.tell_sent();
        let code = response.status_code.code();
        let Some(source) = arrival::source(&response) else {
            // The stack's own 408 at the end of timer B.
            return Some(self.given_up_or(LegOutcome::TimedOut));
        };
        if code < 200 {
            self.provisional = true;
            if code >= 180 && self.giving_up.is_none() {
                self.leg.tell(TrunkEvent::Progressed {
                    code,
                    answer: description(&response.headers, &response.body),
                    signalling: source,
                });
            }
            self.cancel_if_due().await;
            return None;
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
        let wanted = response.headers.iter().find_map(|header| match header {
            Header::MinSE(value) => value.value().split(';').next()?.trim().parse().ok(),
            _ => None,
        });
        let Some(wanted) = wanted.filter(|s| (1..=MAX_INTERVAL).contains(s)) else {
            return false;
        };
        let raised = self.interval.is_none_or(|had| wanted > had);
        self.interval = Some(wanted);
        self.interval_rounds += 1;
        raised && self.interval_rounds <= MAX_INTERVAL_ROUNDS
    }

    /// The same attempt once more: same dialog identifiers, next number, what was asked for.
    async fn continue_attempt(&mut self) -> Option<LegOutcome> {
        let sender = &self.leg.shared.sender;
        let mut extra = Vec::new();
        if let Some(credentials) = &self.credentials {
            use rsipstack::sip::Method::Invite;
            let uri = self.dialog.callee().clone();
            extra = self.answers.headers(Invite, &uri, credentials);
        }
        if let Some(seconds) = self.interval {
            extra.push(Header::Supported("timer".into()));
            // The peer refreshes: what refreshes itself needs no timer here.
            let expires = format!("{seconds};refresher=uas");
            extra.push(Header::SessionExpires(expires.into()));
            extra.push(Header::MinSE(seconds.to_string().into()));
        }
        let (offer, language) = (&self.order.offer, self.order.language);
        let request = self.dialog.invite(offer, language, extra);
        let sent = sender.send(request, Some(self.dialog.peer())).await;
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
        self.dialog.confirm(&response);
        let credentials = self.credentials.take();
        if let Some(giving_up) = self.giving_up.take() {
            let outcome = giving_up.outcome;
            hang_up(self.leg, &mut self.dialog, credentials.as_ref(), inbox).await;
            return Setup::Over(outcome);
        }
        let signalling = arrival::source(&response).unwrap_or(self.dialog.peer().ip());
        self.leg.tell(TrunkEvent::Answered {
            answer: description(&response.headers, &response.body),
            signalling,
        });
        Setup::Answered(Box::new(Talk::new(self.dialog, self.invite, credentials)))
    }
}
