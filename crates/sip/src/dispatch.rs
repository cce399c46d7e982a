//! Hands requests of peers to the legs they belong to.

use std::sync::Arc;

use rsipstack::sip::{HeadersExt, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;

use crate::inbound;
use crate::registry::Registry;

/// Runs until the endpoint closes. The stack's queue of requests has no bound, so nothing here
/// waits for a leg: a full leg's request is answered 503.
pub(crate) async fn run(
    mut requests: TransactionReceiver,
    registry: Arc<Registry>,
    closed: CancellationToken,
) {
    loop {
        let request = tokio::select! {
            () = closed.cancelled() => return,
            request = requests.recv() => request,
        };
        let Some(mut request) = request else { return };
        if let Some(unknown) = inbound::unsupported(&request.original) {
            inbound::reply(&mut request, StatusCode::BadExtension, vec![unknown]).await;
            continue;
        }
        let id = request.original.call_id_header().map(|id| id.value().to_owned());
        let leg = id.ok().and_then(|id| registry.requests(&id));
        let Some(leg) = leg else {
            inbound::stray(request).await;
            continue;
        };
        match leg.try_send(request) {
            Ok(()) => {}
            Err(TrySendError::Full(mut request)) => {
                inbound::reply(&mut request, StatusCode::ServiceUnavailable, vec![]).await;
            }
            Err(TrySendError::Closed(request)) => inbound::stray(request).await,
        }
    }
}
