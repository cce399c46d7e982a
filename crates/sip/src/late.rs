//! INVITEs of ended legs. They sleep, as text, until a branch answers late: then the stack gets
//! its transaction back, acknowledges the answer, and the branch is ended (RFC 3261 section
//! 13.2.2.4).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::CallId;
use rsipstack::sip::{HeadersExt, Method, Request, Response};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::branches::{Forks, end};
use crate::dialog::Dialog;
use crate::exchange::Exchange;
use crate::leg::Shared;
use crate::path::Path;
use crate::peer::Peer;

/// INVITEs that sleep at once; those of legs that end when it is full are not listened to, and
/// their further branches ring off by themselves. Enough for 500 calls that end in each second of
/// 64 * T1; about 2 KB each.
const MAX_ASLEEP: usize = 16_384;
/// INVITEs that are awake at once, a transaction of the stack each. What comes for others waits
/// for its repetition.
const MAX_AWAKE: usize = 256;

/// An INVITE whose leg has ended.
pub(crate) struct Late {
    shared: Arc<Shared>,
    call: CallId,
    peer: Arc<Peer>,
    path: Path,
    /// The request without its body.
    invite: Box<str>,
    /// The peer's tag in the leg's own dialog, which the leg ended itself.
    own: Option<Box<str>>,
    forks: Forks,
    /// Nobody answers it any more.
    over: CancellationToken,
}

impl Late {
    /// The INVITE of a leg that ends now; `own` is the leg's dialog.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        (call, peer): (CallId, Arc<Peer>),
        invite: &Exchange,
        own: &Dialog,
        forks: Forks,
    ) -> Self {
        let mut request = (*invite.request).clone();
        request.body = Vec::new();
        Self {
            shared: shared.clone(),
            call,
            peer,
            path: own.path().clone(),
            invite: request.to_string().into(),
            own: own.remote_tag().map(Into::into),
            forks,
            over: shared.house.closed.child_token(),
        }
    }

    /// Goes on listening to the INVITE in a task of its own, asleep as long as nothing comes.
    pub(crate) fn see_to(mut self, mut invite: Exchange) {
        let shared = self.shared.clone();
        shared.sender.tasks.clone().spawn(async move {
            while let Some(response) = invite.waiting() {
                self.hear(&response);
            }
            let (key, over) = (invite.key(), self.over.clone());
            let limit = sleep(shared.timers.transaction());
            self.fall_asleep(invite).await;
            tokio::select! {
                () = over.cancelled() => {}
                () = limit => over.cancel(),
            }
            drop(key.and_then(|key| shared.late.take(&key)));
        });
    }

    /// From now on only an answer wakes it.
    async fn fall_asleep(self, invite: Exchange) {
        let (shared, key) = (self.shared.clone(), invite.key());
        shared.sender.forget(invite).await;
        if let Some(key) = key {
            shared.late.put(key, self);
        }
    }

    /// Ends the branch that answered, if it is one.
    fn hear(&mut self, response: &Response) {
        if self.forks.admit(self.own.as_deref(), response)
            && let Some(dialog) = self.dialog()
        {
            end(&self.shared, self.call, &self.peer, dialog, response);
        }
    }

    fn request(&self) -> Option<Request> {
        Request::try_from(&*self.invite).ok()
    }

    fn dialog(&self) -> Option<Dialog> {
        Dialog::of_invite(&self.request()?, self.path.clone(), &self.shared.user_agent)
    }

    /// Gives the stack the transaction back at once, so that it takes the answer that is under
    /// way, and listens until nothing more comes.
    fn wake(mut self, awake: OwnedSemaphorePermit) {
        let shared = self.shared.clone();
        let invite = self.request().and_then(|r| shared.sender.reopen(r, &self.path));
        let Some(mut invite) = invite else { return };
        shared.sender.tasks.clone().spawn(async move {
            loop {
                let response = tokio::select! {
                    biased;
                    () = self.over.cancelled() => None,
                    response = invite.next() => response,
                };
                match response {
                    Some(response) => self.hear(&response),
                    None => break,
                }
            }
            self.fall_asleep(invite).await;
            drop(awake);
        });
    }
}

/// The INVITEs that sleep, by transaction.
pub(crate) struct Sleepers {
    // A lock, because legs end on any task; held for one look-up.
    asleep: Mutex<HashMap<TransactionKey, Late>>,
    awake: Arc<Semaphore>,
}

impl Default for Sleepers {
    fn default() -> Self {
        Self { asleep: Mutex::default(), awake: Arc::new(Semaphore::new(MAX_AWAKE)) }
    }
}

impl Sleepers {
    /// How many sleep.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// A response has come, and the stack will look for its transaction next: wakes it if it is
    /// the final answer to an INVITE that sleeps.
    pub(crate) fn rouse(&self, response: &Response) {
        let invite = response.cseq_header().and_then(|c| c.method());
        if response.status_code.code() < 200 || !matches!(invite, Ok(Method::Invite)) {
            return;
        }
        let Ok(key) = TransactionKey::from_response(response, TransactionRole::Client) else {
            return;
        };
        let Ok(awake) = self.awake.clone().try_acquire_owned() else { return };
        if let Some(late) = self.take(&key) {
            late.wake(awake);
        }
    }

    fn put(&self, key: TransactionKey, late: Late) {
        let mut asleep = self.lock();
        // When it is over nobody takes it out any more.
        if asleep.len() < MAX_ASLEEP && !late.over.is_cancelled() {
            asleep.insert(key, late);
        }
    }

    fn take(&self, key: &TransactionKey) -> Option<Late> {
        let mut asleep = self.lock();
        let late = asleep.remove(key);
        // What a burst has taken goes back when it is over.
        if asleep.is_empty() {
            asleep.shrink_to_fit();
        }
        late
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TransactionKey, Late>> {
        self.asleep.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
