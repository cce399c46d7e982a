//! What is done for a trunk without calls: OPTIONS while it is quiet (RFC 3261 section 11).

use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{Header, HostWithPort, Method, Uri};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::arrival;
use crate::dialog::{Dialog, Parties, new_call_id};
use crate::exchange::Goes;
use crate::leg::Shared;
use crate::number::sip_uri;
use crate::path::{Path, PathError};
use crate::peer::Peer;

/// The longest wait between two attempts to reach a trunk that does not answer.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Why a trunk counts as not reachable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("no answer to OPTIONS")]
    Silent,
    /// A connection that was ended in place of an answer; why, if the peer said it.
    #[error("{}", .0.as_deref().unwrap_or("the peer closes the connection instead of answering"))]
    Closed(Option<String>),
    #[error("{0} to OPTIONS")]
    Unavailable(u16),
    #[error("OPTIONS could not be sent")]
    NotSent,
}

/// How long to wait after so many failures in a row: 8 * T1, doubled each time.
pub(crate) fn back_off(shared: &Shared, failures: u32) -> Duration {
    let first = shared.timers.t1() * 8;
    first.saturating_mul(1 << failures.min(10)).min(LONGEST_WAIT)
}

/// Asks a quiet trunk whether it is there; one that is not is asked less and less often.
pub(crate) async fn keep_asking(shared: Arc<Shared>, peer: Arc<Peer>, leave: CancellationToken) {
    let usual = Duration::from_secs(u64::from(peer.config.upkeep.options_s));
    let mut failures = 0;
    loop {
        let down = peer.standing.answers() == Some(false);
        failures = if down { failures } else { 0 };
        let wait = if peer.standing.wants_asking() {
            Duration::ZERO
        } else if down {
            back_off(&shared, failures)
        } else {
            usual
        };
        tokio::select! {
            biased;
            () = leave.cancelled() => return,
            // Whatever it said or failed to say elsewhere counts as an answer to this question.
            () = peer.standing.news() => continue,
            () = sleep(wait) => {}
        }
        let asked = tokio::select! {
            biased;
            () = leave.cancelled() => return,
            asked = ask(&shared, &peer) => asked,
        };
        match asked {
            Ok(_) => peer.standing.heard(),
            Err(error) => {
                failures += 1;
                // What `path` reports it has reported already.
                if !matches!(error, ProbeError::Path(_) | ProbeError::Closed(Some(_))) {
                    peer.standing.silent(&error.to_string());
                }
            }
        }
    }
}

/// One OPTIONS; its status. Any status but 503 shows that somebody is there.
pub(crate) async fn ask(shared: &Shared, peer: &Peer) -> Result<u16, ProbeError> {
    let path = peer.path(shared).await?;
    let closed = path.closed.clone();
    let mut dialog = outside(shared, peer, path, &peer.config.address.host_port())?;
    let accept = Header::Accept("application/sdp".into());
    let extra = vec![dialog.contact(), accept];
    let request = dialog.request(Method::Options, extra);
    let sent = shared.sender.send(request, dialog.path(), Goes::ToPeer).await;
    let mut exchange = sent.map_err(|_| ProbeError::NotSent)?;
    // The transaction ends by timer F; the limit is for one that the stack lost.
    let limit = shared.timers.transaction() * 2;
    let last = tokio::select! {
        last = timeout(limit, exchange.last()) => last.ok().flatten(),
        () = closed.cancelled() => return Err(ProbeError::Closed(peer.standing.problem())),
    };
    let response = last.filter(|r| arrival::source(r).is_some()).ok_or(ProbeError::Silent)?;
    match response.status_code.code() {
        503 => Err(ProbeError::Unavailable(503)),
        code => Ok(code),
    }
}

/// A dialog that never comes about: numbers and tags of requests outside of calls. They are
/// addressed to `host`.
pub(crate) fn outside(
    shared: &Shared,
    peer: &Peer,
    path: Path,
    host: &str,
) -> Result<Dialog, PathError> {
    let none = |host: &str| PathError::NoAddress { host: host.to_owned() };
    let trunk = &peer.config;
    let target = HostWithPort::try_from(host).map_err(|_| none(host))?;
    let own = trunk.from_domain.clone().unwrap_or_else(|| trunk.address.host_port());
    let from = HostWithPort::try_from(own.as_str()).map_err(|_| none(&own))?;
    let user = trunk.username.as_deref().unwrap_or("waihu");
    let callee = Uri { auth: None, ..sip_uri("", target) };
    let parties = Parties {
        callee,
        caller: sip_uri(user, from),
        asserted: None,
        user_agent: shared.user_agent.clone(),
    };
    Ok(Dialog::new(parties, path, new_call_id()))
}
