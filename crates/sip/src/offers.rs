//! Descriptions within a dialog, before its answer or after: which are in force, and the peer's
//! re-INVITE or UPDATE that waits for ours.

use engine::ports::trunk::TrunkEvent;
use rsipstack::sip::{Header, StatusCode};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{mpsc, oneshot};

use crate::hosts;
use crate::inbound;
use crate::leg::Leg;
use crate::reoffer::{self, Reoffer, ReofferEnd};

/// Ends of re-INVITEs that may wait at the leg; their tasks wait when it is full.
const REOFFER_QUEUE: usize = 4;

/// A re-INVITE or UPDATE of the peer, and what a 2xx to it says besides.
pub(crate) struct Asked {
    pub(crate) request: Transaction,
    /// The peer's description; without one ours is wanted.
    pub(crate) offer: Option<String>,
    pub(crate) contact: Header,
    /// About the session's timer.
    pub(crate) session: Vec<Header>,
}

/// What both sides described, and what is being asked.
pub(crate) struct Offers {
    /// Takes the engine's answer to what waits.
    pending: Option<oneshot::Sender<Option<String>>>,
    ends: mpsc::Receiver<ReofferEnd>,
    ended: mpsc::Sender<ReofferEnd>,
    /// The descriptions in force, ours and the peer's.
    pub(crate) ours: String,
    pub(crate) theirs: Option<String>,
}

impl Offers {
    /// Begins with our offer.
    pub(crate) fn new(ours: String) -> Self {
        let (ended, ends) = mpsc::channel(REOFFER_QUEUE);
        Self { pending: None, ends, ended, ours, theirs: None }
    }

    /// Whether one of the peer's waits for the engine's answer.
    pub(crate) fn is_waiting(&self) -> bool {
        self.pending.as_ref().is_some_and(|p| !p.is_closed())
    }

    /// Asks the engine. Nothing must be waiting.
    pub(crate) async fn ask(&mut self, leg: &Leg, asked: Asked) {
        let (answer, answered) = oneshot::channel();
        self.pending = Some(answer);
        let job = Reoffer {
            transaction: asked.request,
            answered,
            contact: asked.contact,
            session: asked.session,
            limit: leg.shared.timers.reoffer(),
            ended: self.ended.clone(),
        };
        leg.shared.sender.tasks.spawn(reoffer::serve(job));
        let offer = match asked.offer {
            Some(offer) => Some(hosts::resolved(&offer).await),
            None => None,
        };
        leg.tell(TrunkEvent::Reoffered { offer });
    }

    /// The engine's answer.
    pub(crate) fn answer(&mut self, answer: Option<String>) {
        if let Some(pending) = self.pending.take() {
            // Too late if its task has answered 500 already.
            let _ = pending.send(answer);
        }
    }

    /// The next end of what was asked. Safe to cancel.
    pub(crate) async fn next(&mut self) -> ReofferEnd {
        match self.ends.recv().await {
            Some(end) => end,
            // Never while `self` holds a sender.
            None => std::future::pending().await,
        }
    }

    /// Forgets what its task has answered without us.
    pub(crate) fn settle(&mut self) {
        if self.pending.as_ref().is_some_and(oneshot::Sender::is_closed) {
            self.pending = None;
        }
    }

    /// What still waits is answered 487 by its task.
    pub(crate) fn abandon(&mut self) {
        self.pending = None;
    }

    /// Whether a peer's is under way.
    pub(crate) fn is_asked(&self) -> bool {
        self.pending.is_some()
    }

    /// The peer answered an offer of ours; told only if it changes something.
    pub(crate) async fn redescribed(&mut self, leg: &Leg, answer: Option<String>) {
        let Some(answer) = answer.filter(|answer| self.theirs.as_ref() != Some(answer)) else {
            return;
        };
        let told = hosts::resolved(&answer).await;
        self.theirs = Some(answer);
        leg.tell(TrunkEvent::Reanswered { answer: told });
    }
}

/// RFC 3261 section 14.2: a second one before the first is answered, to be tried again after 0 to
/// 10 s.
pub(crate) async fn refuse(mut request: Transaction) {
    let wait: u8 = rand::random_range(0..=10);
    let later = vec![Header::RetryAfter(wait.to_string().into())];
    inbound::reply(&mut request, StatusCode::ServerInternalError, later).await;
}
