//! One leg's dialog (RFC 3261 section 12): the requests that belong to it, and their numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::Language;
use rsipstack::sip::{Header, Headers, HeadersExt, Method, Request, Response, Uri, Version};
use rsipstack::transaction::{make_tag, random_text};

use crate::name_addr::NameAddr;
use crate::path::Path;
use crate::seal;

/// What we take; named in every INVITE and in answers to re-INVITEs and OPTIONS.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK";

/// The extensions we know (RFC 3262, RFC 4028).
const SUPPORTED: &str = "100rel, timer";

/// Whether we know an extension.
pub(crate) fn supports(tag: &str) -> bool {
    SUPPORTED.split(", ").any(|known| known.eq_ignore_ascii_case(tag))
}

/// Between whom the dialog is.
#[derive(Clone, Debug)]
pub(crate) struct Parties {
    /// Request-URI and To.
    pub(crate) callee: Uri,
    /// From.
    pub(crate) caller: Uri,
    /// `P-Asserted-Identity` of each INVITE, if the trunk wants it.
    pub(crate) asserted: Option<Uri>,
    pub(crate) user_agent: String,
}

/// The dialog's state.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    parties: Parties,
    path: Path,
    call_id: String,
    local_tag: String,
    remote_tag: Option<String>,
    /// One count for all dialogs of an INVITE and their copies, so that a request repeated by a
    /// task of its own takes nobody's number; gaps are allowed (RFC 3261 section 12.2.1.1).
    local_cseq: Arc<AtomicU32>,
    remote_cseq: Option<u32>,
    /// As the peer wrote it (RFC 3261 section 12.1.2).
    remote_target: String,
    /// The URIs of its route set, in our order, as they were written.
    routes: Vec<String>,
}

impl Dialog {
    pub(crate) fn new(parties: Parties, path: Path, call_id: String) -> Self {
        Self {
            remote_target: parties.callee.to_string(),
            parties,
            path,
            call_id,
            local_tag: make_tag().value().to_owned(),
            remote_tag: None,
            local_cseq: Arc::default(),
            remote_cseq: None,
            routes: Vec::new(),
        }
    }

    /// A dialog that an INVITE of ours may still open, with another peer than the first.
    pub(crate) fn of_invite(invite: &Request, path: Path, user_agent: &str) -> Option<Self> {
        let (from, to) = (invite.from_header().ok()?, invite.to_header().ok()?);
        let uri = |value| NameAddr::read(value).map(|address| seal::verbatim(address.uri));
        let parties = Parties {
            callee: uri(to.value())?,
            caller: uri(from.value())?,
            asserted: None,
            user_agent: user_agent.to_owned(),
        };
        let call_id = invite.call_id_header().ok()?.value().to_owned();
        let mut dialog = Self::new(parties, path, call_id);
        dialog.local_tag = from.tag().ok()??.value().to_owned();
        dialog.local_cseq = Arc::new(invite.cseq_header().ok()?.seq().ok()?.into());
        Some(dialog)
    }

    pub(crate) fn callee(&self) -> &Uri {
        &self.parties.callee
    }

    /// The URI in the first line of its requests.
    pub(crate) fn target(&self) -> Uri {
        seal::request_uri(&self.remote_target, &self.routes)
    }

    /// Aims requests outside of dialogs at another URI than `To` names.
    pub(crate) fn set_target(&mut self, target: &Uri) {
        self.remote_target = target.to_string();
    }

    /// The way its requests go.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// From now on its requests go this way.
    pub(crate) fn set_path(&mut self, path: Path) {
        self.path = path;
    }

    /// `Contact` of ours.
    pub(crate) fn contact(&self) -> Header {
        Header::Contact(self.path.contact("waihu").into())
    }

    /// The INVITE of the attempt, or its continuation after 401, 407 or 422: same Call-ID and
    /// tag, next number, new branch.
    pub(crate) fn invite(
        &mut self,
        offer: &str,
        language: Language,
        extra: Vec<Header>,
    ) -> Request {
        let mut request = self.reinvite(offer, extra);
        request.headers.push(Header::AcceptLanguage(language.code().into()));
        if let Some(uri) = &self.parties.asserted {
            request.headers.push(Header::PAssertedIdentity(format!("<{uri}>").into()));
        }
        request
    }

    /// An INVITE with a description, inside the dialog or opening it.
    pub(crate) fn reinvite(&mut self, description: &str, extra: Vec<Header>) -> Request {
        let mut request = self.targeted(Method::Invite, extra);
        let headers = &mut request.headers;
        headers.push(Header::Accept("application/sdp".into()));
        headers.push(Header::ContentType("application/sdp".into()));
        let body = description.as_bytes().to_vec();
        headers.unique_push(Header::ContentLength((body.len() as u32).into()));
        request.body = body;
        request
    }

    /// An UPDATE without a description (RFC 3311).
    pub(crate) fn update(&mut self, extra: Vec<Header>) -> Request {
        self.targeted(Method::Update, extra)
    }

    /// A request that says where we are reached and what we know.
    fn targeted(&mut self, method: Method, extra: Vec<Header>) -> Request {
        let mut request = self.request(method, extra);
        let headers = &mut request.headers;
        headers.push(self.contact());
        headers.push(Header::Allow(ALLOW.into()));
        headers.push(Header::Supported(SUPPORTED.into()));
        request
    }

    /// The dialog that a provisional response opens, whose numbers go on from ours.
    pub(crate) fn early(&self, response: &Response) -> Self {
        let mut early = self.clone();
        early.confirm(response);
        early
    }

    /// A request of the dialog without a body.
    pub(crate) fn request(&mut self, method: Method, extra: Vec<Header>) -> Request {
        let number = self.local_cseq.fetch_add(1, Ordering::Relaxed) + 1;
        let via = format!("{};branch=z9hG4bK{};rport", self.path.sent_by(), random_text(20));
        let parties = &self.parties;
        let mut to = format!("<{}>", parties.callee);
        if let Some(tag) = &self.remote_tag {
            to.push_str(";tag=");
            to.push_str(tag);
        }
        let mut headers = vec![
            Header::Via(via.into()),
            Header::MaxForwards(70.into()),
            Header::From(format!("<{}>;tag={}", parties.caller, self.local_tag).into()),
            Header::To(to.into()),
            Header::CallId(self.call_id.clone().into()),
            Header::CSeq(format!("{number} {method}").into()),
            Header::UserAgent(parties.user_agent.clone().into()),
            Header::ContentLength(0.into()),
        ];
        headers.extend(seal::route(&self.routes));
        headers.extend(extra);
        Request {
            method,
            uri: seal::verbatim(&self.remote_target),
            version: Version::V2,
            headers: Headers(headers),
            body: Vec::new(),
        }
    }

    /// Takes tag, target and route of the 2xx that made the dialog (RFC 3261 section 12.1.2).
    pub(crate) fn confirm(&mut self, response: &Response) {
        self.remote_tag = remote_tag(response);
        self.refresh_target(&response.headers);
        self.routes = seal::recorded_routes(&response.headers);
        self.routes.reverse();
    }

    /// The peer's newest Contact (RFC 3261 section 12.2.1.2).
    pub(crate) fn refresh_target(&mut self, headers: &Headers) {
        if let Some(contact) = seal::contact(headers) {
            self.remote_target = contact;
        }
    }

    /// Goes on with the peer's numbers of an early dialog.
    pub(crate) fn count_on_from(&mut self, early: &Self) {
        self.remote_cseq = early.remote_cseq;
    }

    /// The tag of the peer in this dialog.
    pub(crate) fn remote_tag(&self) -> Option<&str> {
        self.remote_tag.as_deref()
    }

    /// Whether a request of the peer belongs to this dialog.
    pub(crate) fn owns(&self, request: &Request) -> bool {
        let to = request.to_header().ok().and_then(|h| h.tag().ok().flatten());
        let from = request.from_header().ok().and_then(|h| h.tag().ok().flatten());
        to.is_some_and(|t| t.value() == self.local_tag)
            && from.map(|t| t.value().to_owned()) == self.remote_tag
    }

    /// Takes the number of a request; false if it is out of order (section 12.2.2).
    pub(crate) fn in_order(&mut self, request: &Request) -> bool {
        let Ok(number) = request.cseq_header().and_then(|c| c.seq()) else {
            return false;
        };
        let fresh = self.remote_cseq.is_none_or(|last| number > last);
        if fresh {
            self.remote_cseq = Some(number);
        }
        fresh
    }
}

/// CANCEL for an INVITE that was sent (RFC 3261 section 9.1): same branch, number and route.
/// `None` never happens with an INVITE of ours.
pub(crate) fn cancel_of(invite: &Request) -> Option<Request> {
    let mut request = invite.clone();
    request.method = Method::Cancel;
    request.body = Vec::new();
    request.headers.retain(|header| {
        matches!(
            header,
            Header::Via(_)
                | Header::MaxForwards(_)
                | Header::From(_)
                | Header::To(_)
                | Header::CallId(_)
                | Header::CSeq(_)
                | Header::Route(_)
                | Header::UserAgent(_)
        )
    });
    let number = request.cseq_header_mut().ok()?;
    number.mut_method(Method::Cancel).ok()?;
    request.headers.push(Header::ContentLength(0.into()));
    Some(request)
}

/// The peer's tag in a response to us.
pub(crate) fn remote_tag(response: &Response) -> Option<String> {
    let tag = response.to_header().ok()?.tag().ok()??;
    Some(tag.value().to_owned())
}

/// A Call-ID of ours: random, with our name behind it.
pub(crate) fn new_call_id() -> String {
    format!("{}@waihu", random_text(24))
}
