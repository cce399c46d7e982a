//! A re-INVITE (or an UPDATE with a description) of the peer: waits for the engine's answer,
//! then for the peer's ACK.

use std::time::Duration;

use rsipstack::sip::{Header, Method, Request, SipMessage, StatusCode};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::body::description;
use crate::dialog::ALLOW;
use crate::inbound;

/// What is needed to answer.
pub(crate) struct Reoffer {
    pub(crate) transaction: Transaction,
    /// The engine's answer; closed when the leg hangs up first.
    pub(crate) answered: oneshot::Receiver<Option<String>>,
    pub(crate) contact: Header,
    /// What a 2xx says about the session's timer.
    pub(crate) session: Vec<Header>,
    /// How long the engine may think.
    pub(crate) limit: Duration,
    pub(crate) ended: mpsc::Sender<ReofferEnd>,
}

/// How it ended.
pub(crate) enum ReofferEnd {
    /// Accepted and acknowledged.
    Accepted {
        request: Box<Request>,
        /// What we said.
        ours: String,
        /// The description in the ACK: the peer's answer, if it had made no offer.
        answer: Option<String>,
    },
    /// Refused, withdrawn, or too late.
    Settled,
    /// Accepted, but no ACK came in 64 * T1.
    NotAcknowledged,
}

/// Answers one re-INVITE. The leg may be gone when it is done.
pub(crate) async fn serve(mut job: Reoffer) {
    let end = answer(&mut job).await;
    // The leg may have ended.
    let _ = job.ended.send(end).await;
}

async fn answer(job: &mut Reoffer) -> ReofferEnd {
    let invite = job.transaction.original.method == Method::Invite;
    if invite && let Err(error) = job.transaction.send_trying().await {
        tracing::debug!(%error, "100 for a re-INVITE not sent");
    }
    let late = sleep(job.limit);
    tokio::pin!(late);
    let (status, body) = loop {
        tokio::select! {
            biased;
            answer = &mut job.answered => break match answer {
                Ok(Some(description)) => (StatusCode::OK, Some(description)),
                Ok(None) => (StatusCode::NotAcceptableHere, None),
                Err(_) => (StatusCode::RequestTerminated, None),
            },
            message = job.transaction.receive() => match message {
                Some(SipMessage::Request(request)) if request.method == Method::Cancel => {
                    break (StatusCode::RequestTerminated, None);
                }
                Some(_) => {}
                None => return ReofferEnd::Settled,
            },
            () = &mut late => break (StatusCode::ServerInternalError, None),
        }
    };
    job.answered.close();
    let Some(body) = body else {
        inbound::reply(&mut job.transaction, status, vec![]).await;
        return ReofferEnd::Settled;
    };
    let request = Box::new(job.transaction.original.clone());
    let mut headers = vec![
        job.contact.clone(),
        Header::Allow(ALLOW.into()),
        Header::ContentType("application/sdp".into()),
    ];
    headers.append(&mut job.session);
    let ours = body.clone();
    let body = Some(body.into_bytes());
    if let Err(error) = job.transaction.reply_with(status, headers, body).await {
        tracing::warn!(%error, "answer to a re-INVITE not sent");
        return ReofferEnd::Settled;
    }
    if !invite {
        return ReofferEnd::Accepted { request, ours, answer: None };
    }
    // The transaction repeats the 2xx until the ACK or 64 * T1.
    while let Some(message) = job.transaction.receive().await {
        if let SipMessage::Request(ack) = &message
            && ack.method == Method::Ack
        {
            let answer = description(&ack.headers, &ack.body);
            return ReofferEnd::Accepted { request, ours, answer };
        }
    }
    ReofferEnd::NotAcknowledged
}
