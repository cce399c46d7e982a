//! Answers to requests of peers that need no decision.

use rsipstack::sip::{Header, HeadersExt, Method, Request, StatusCode};
use rsipstack::transaction::transaction::Transaction;

use crate::dialog::{ALLOW, supports};
use crate::info;

/// Sends a response; a peer that cannot be reached repeats its request.
pub(crate) async fn reply(request: &mut Transaction, status: StatusCode, headers: Vec<Header>) {
    let method = request.original.method;
    if let Err(error) = request.reply_with(status, headers, None).await {
        tracing::debug!(%method, %error, "response not sent");
    }
}

/// The extensions a request requires that we do not have (RFC 3261 section 8.2.2.3); none for a
/// BYE, which ends its call whatever it requires.
pub(crate) fn unsupported(request: &Request) -> Option<Header> {
    let required = request.headers.iter().filter_map(|header| match header {
        Header::Require(list) => Some(list.value()),
        _ => None,
    });
    let tags = required.flat_map(|list| list.split(',').map(str::trim));
    let unknown = |tag: &&str| !tag.is_empty() && !supports(tag);
    let unknown: Vec<&str> = tags.filter(unknown).collect();
    let counts = !unknown.is_empty() && request.method != Method::Bye;
    counts.then(|| Header::Unsupported(unknown.join(", ").into()))
}

fn allow() -> Vec<Header> {
    let accept = format!("application/sdp, {}", info::ACCEPT);
    vec![Header::Allow(ALLOW.into()), Header::Accept(accept.into())]
}

/// A request of the callee before it answered: only OPTIONS makes sense then.
pub(crate) async fn before_answer(mut request: Transaction) {
    match request.original.method {
        Method::Options => reply(&mut request, StatusCode::OK, allow()).await,
        _ => reply(&mut request, StatusCode::CallTransactionDoesNotExist, vec![]).await,
    }
}

/// A request in a confirmed dialog that neither ends nor changes it.
pub(crate) async fn in_dialog(mut request: Transaction) {
    match request.original.method {
        Method::Options => reply(&mut request, StatusCode::OK, allow()).await,
        _ => reply(&mut request, StatusCode::MethodNotAllowed, allow()).await,
    }
}

/// A request that crossed our BYE.
pub(crate) async fn after_bye(mut request: Transaction) {
    match request.original.method {
        Method::Bye => reply(&mut request, StatusCode::OK, vec![]).await,
        _ => reply(&mut request, StatusCode::CallTransactionDoesNotExist, vec![]).await,
    }
}

/// A request that belongs to no leg. We only call out: nobody can be called here.
pub(crate) async fn stray(mut request: Transaction) {
    let tag = request.original.to_header().ok().and_then(|to| to.tag().ok());
    match request.original.method {
        _ if tag.flatten().is_some() => {
            reply(&mut request, StatusCode::CallTransactionDoesNotExist, vec![]).await;
        }
        Method::Options => reply(&mut request, StatusCode::OK, allow()).await,
        _ => {
            let only = vec![Header::Allow("OPTIONS".into())];
            reply(&mut request, StatusCode::MethodNotAllowed, only).await;
        }
    }
}
