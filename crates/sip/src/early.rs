//! Early dialogs: what the branches of an INVITE say and ask before one of them answers (RFC 3261
//! section 12.1, RFC 3262, RFC 3311).

use rsipstack::sip::{Method, Response, StatusCode};
use rsipstack::transaction::transaction::Transaction;

use crate::body::description;
use crate::dialog::{Dialog, remote_tag};
use crate::inbound;
use crate::info;
use crate::leg::Leg;
use crate::offers::{self, Asked, Offers};
use crate::prack::Reliable;
use crate::reoffer::ReofferEnd;

/// Branches of a forked INVITE that may ask something before the answer.
const MAX_BRANCHES: usize = 8;

/// One branch.
struct Branch {
    dialog: Dialog,
    /// It has described its media: our offer is answered, and it may make one of its own.
    described: bool,
    /// Its newest offer, if it made one.
    offer: Option<String>,
}

/// All branches of one INVITE, before the answer.
pub(crate) struct Early {
    branches: Vec<Branch>,
    pub(crate) reliable: Reliable,
    pub(crate) offers: Offers,
    /// The tag of the branch whose description was told last.
    told: Option<String>,
}

impl Early {
    pub(crate) fn new(ours: String) -> Self {
        let (branches, reliable) = (Vec::new(), Reliable::default());
        Self { branches, reliable, offers: Offers::new(ours), told: None }
    }

    /// Takes a provisional response, which may open a dialog besides `own`, and its description.
    pub(crate) fn note(&mut self, own: &Dialog, response: &Response) {
        let Some(tag) = remote_tag(response) else { return };
        let described = description(&response.headers, &response.body).is_some();
        if described {
            self.told = Some(tag.clone());
        }
        if let Some(branch) = self.of(&tag) {
            branch.described |= described;
            branch.dialog.refresh_target(&response.headers);
        } else if self.branches.len() < MAX_BRANCHES {
            let dialog = own.early(response);
            self.branches.push(Branch { dialog, described, offer: None });
        }
    }

    /// Answers a request of a branch.
    pub(crate) async fn on_request(&mut self, leg: &Leg, mut request: Transaction) {
        let owner = |b: &&mut Branch| b.dialog.owns(&request.original);
        let Some(branch) = self.branches.iter_mut().find(owner) else {
            inbound::before_answer(request).await;
            return;
        };
        if !branch.dialog.in_order(&request.original) {
            inbound::reply(&mut request, StatusCode::ServerInternalError, vec![]).await;
            return;
        }
        match request.original.method {
            Method::Update => self.on_update(leg, request).await,
            Method::Info => info::serve(leg, request).await,
            // RFC 3261 section 14.2: ours is not answered yet.
            Method::Invite => {
                inbound::reply(&mut request, StatusCode::RequestPending, vec![]).await
            }
            // It may refuse, but not hang up (section 15).
            Method::Bye => inbound::before_answer(request).await,
            _ => inbound::in_dialog(request).await,
        }
    }

    /// RFC 3311 section 5.2.
    async fn on_update(&mut self, leg: &Leg, mut request: Transaction) {
        let owner = |b: &&mut Branch| b.dialog.owns(&request.original);
        let Some(branch) = self.branches.iter_mut().find(owner) else { return };
        let offer = description(&request.original.headers, &request.original.body);
        let contact = branch.dialog.contact();
        if offer.is_none() {
            branch.dialog.refresh_target(&request.original.headers);
            inbound::reply(&mut request, StatusCode::OK, vec![contact]).await;
            return;
        }
        if !branch.described {
            // Our offer is not answered yet.
            inbound::reply(&mut request, StatusCode::RequestPending, vec![]).await;
            return;
        }
        if self.offers.is_waiting() {
            offers::refuse(request).await;
            return;
        }
        branch.offer.clone_from(&offer);
        self.told = branch.dialog.remote_tag().map(str::to_owned);
        self.offers.ask(leg, Asked { request, offer, contact, session: Vec::new() }).await;
    }

    /// An UPDATE of a branch is over.
    pub(crate) fn on_end(&mut self, end: ReofferEnd) {
        self.offers.settle();
        let ReofferEnd::Accepted { request, ours, .. } = end else { return };
        self.offers.ours = ours;
        let owner = |b: &&mut Branch| b.dialog.owns(&request);
        if let Some(branch) = self.branches.iter_mut().find(owner) {
            branch.dialog.refresh_target(&request.headers);
        }
    }

    /// A branch answers: its dialog goes on in `own`. Returns what to tell of its media, and the
    /// descriptions in force.
    pub(crate) fn answered(
        mut self,
        own: &mut Dialog,
        response: &Response,
    ) -> (Option<String>, Offers) {
        own.confirm(response);
        // After a reliable provisional answer the 2xx repeats none (RFC 6337 section 3.1).
        let said = description(&response.headers, &response.body);
        let answer = said.or_else(|| self.reliable.description(response));
        let tag = own.remote_tag().map(str::to_owned);
        let branch = tag.as_ref().and_then(|tag| self.of(tag));
        let newest = branch.and_then(|branch| {
            own.count_on_from(&branch.dialog);
            branch.offer.take()
        });
        self.offers.theirs = newest.clone().or_else(|| answer.clone());
        let last = self.told == tag;
        if !last {
            // Another branch asks; its call is not this one.
            self.offers.abandon();
        }
        // What the branch offered later counts, and not what it repeats of its first answer. If
        // that was told last, it is in force.
        let told = match newest {
            Some(_) if last => None,
            Some(newest) => Some(newest),
            None => answer,
        };
        (told, self.offers)
    }

    fn of(&mut self, tag: &str) -> Option<&mut Branch> {
        self.branches.iter_mut().find(|b| b.dialog.remote_tag() == Some(tag))
    }
}
