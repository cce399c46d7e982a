//! REGISTER with a trunk (RFC 3261 section 10): refreshed in time, taken back at the end.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{Header, Headers, HostWithPort, Method, Response, Uri};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::arrival;
use crate::dialog::{Dialog, Parties, new_call_id};
use crate::digest::Answers;
use crate::exchange::Goes;
use crate::leg::Shared;
use crate::name_addr::split_list;
use crate::number::sip_uri;
use crate::path::Path;
use crate::peer::Peer;
use crate::retry_after::retry_after;
use crate::standing::Registered;
use crate::upkeep::back_off;

/// The longest registration a registrar may ask for, in seconds.
const MAX_EXPIRES: u32 = 86_400;

/// Why a registrar did not agree.
#[derive(Debug)]
struct Refused {
    why: String,
    retry_after: Option<Duration>,
}

/// Our registration with one trunk. Its Call-ID stays, its numbers go up (section 10.2).
struct Registration {
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    dialog: Option<Dialog>,
    /// Asked for; raised by 423.
    expires: u32,
}

/// Registers, refreshes, and takes it back when `leave` is cancelled.
pub(crate) async fn keep_registered(
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    leave: CancellationToken,
) {
    let expires = peer.config.upkeep.register_s.min(MAX_EXPIRES);
    let limit = shared.timers.shutdown() / 2;
    let mut own = Registration { shared, peer, dialog: None, expires };
    let mut failures = 0;
    let mut holds = false;
    loop {
        let asked = tokio::select! {
            biased;
            () = leave.cancelled() => break,
            asked = own.ask(own.expires) => asked,
        };
        let wait = match asked {
            Ok(granted) => {
                (failures, holds) = (0, granted > 0);
                own.peer.standing.registered(Registered::For(granted), None);
                // A tenth early, and never in a storm.
                Duration::from_millis(u64::from(granted) * 900).max(Duration::from_secs(1))
            }
            Err(Refused { why, retry_after }) => {
                own.peer.standing.registered(Registered::No, Some(&why));
                failures += 1;
                let wait = back_off(&own.shared, failures - 1);
                retry_after.map_or(wait, |asked| asked.max(wait))
            }
        };
        let closed = own.dialog.as_ref().map(|d| d.path().closed.clone()).unwrap_or_default();
        tokio::select! {
            biased;
            () = leave.cancelled() => break,
            // The contact named a connection that is gone.
            () = closed.cancelled(), if failures == 0 => {}
            () = sleep(wait) => {}
        }
    }
    if holds && !matches!(timeout(limit, own.ask(0)).await, Ok(Ok(_))) {
        tracing::warn!(trunk = %own.peer.config.name, "registration not taken back");
    }
}

impl Registration {
    /// One REGISTER with its continuations by 401, 407 and 423; the seconds it was granted for.
    async fn ask(&mut self, expires: u32) -> Result<u32, Refused> {
        let plain = |why: String| Refused { why, retry_after: None };
        let path = self.peer.path(&self.shared).await.map_err(|e| plain(e.to_string()))?;
        let closed = path.closed.clone();
        let (mut answers, mut wanted) = (Answers::default(), expires);
        let credentials = self.peer.credentials();
        loop {
            let contact = path.contact(&contact_user(&self.peer));
            let dialog = self.dialog(&path).map_err(plain)?;
            let uri = dialog.target();
            let mut extra = vec![
                Header::Contact(format!("{contact};expires={wanted}").into()),
                Header::Expires(wanted.to_string().into()),
            ];
            if let Some(credentials) = &credentials {
                extra.extend(answers.headers(Method::Register, &uri, credentials));
            }
            let request = dialog.request(Method::Register, extra);
            let sent = self.shared.sender.send(request, &path, Goes::ToPeer).await;
            let mut exchange = sent.map_err(|_| plain("REGISTER could not be sent".to_owned()))?;
            let last = tokio::select! {
                last = exchange.last() => last,
                () = closed.cancelled() => None,
            };
            let response = last.filter(|r| arrival::source(r).is_some());
            let Some(response) = response else {
                return Err(plain("no answer to REGISTER".to_owned()));
            };
            match response.status_code.code() {
                200..300 => match granted(&response.headers, &contact).unwrap_or(wanted) {
                    // Nobody finds us by a binding of no time (section 10.3).
                    0 if wanted > 0 => return Err(plain("0 s granted by REGISTER".to_owned())),
                    seconds => return Ok(seconds),
                },
                401 | 407 if credentials.as_ref().is_some_and(|c| answers.take(&response, c)) => {}
                423 if wanted > 0 && raised(&response.headers, wanted).is_some() => {
                    wanted = raised(&response.headers, wanted).unwrap_or(wanted);
                    self.expires = wanted;
                }
                _ => return Err(refused(&response)),
            }
        }
    }

    /// The dialog that numbers its requests, on today's path.
    fn dialog(&mut self, path: &Path) -> Result<&mut Dialog, String> {
        let dialog = match self.dialog.take() {
            Some(mut dialog) => {
                dialog.set_path(path.clone());
                dialog
            }
            None => dialog(&self.shared, &self.peer, path.clone())?,
        };
        Ok(self.dialog.insert(dialog))
    }
}

/// The address of record stands in both From and To; the request goes to its domain.
fn dialog(shared: &Shared, peer: &Peer, path: Path) -> Result<Dialog, String> {
    let trunk = &peer.config;
    let own = trunk.from_domain.clone().unwrap_or_else(|| trunk.address.host_port());
    let domain = HostWithPort::try_from(own.as_str()).map_err(|_| format!("no domain: {own}"))?;
    let record = sip_uri(&contact_user(peer), domain.clone());
    let parties = Parties {
        callee: record.clone(),
        caller: record,
        asserted: None,
        user_agent: shared.user_agent.clone(),
    };
    let mut dialog = Dialog::new(parties, path, new_call_id());
    dialog.set_target(&Uri { auth: None, ..sip_uri("", domain) });
    Ok(dialog)
}

fn contact_user(peer: &Peer) -> String {
    peer.config.username.clone().unwrap_or_default()
}

/// What 423 wants at least, if that is more than was asked for (section 10.2.8).
fn raised(headers: &Headers, wanted: u32) -> Option<u32> {
    let least = headers.iter().find_map(|header| match header {
        Header::MinExpires(value) => value.value().trim().parse().ok(),
        _ => None,
    });
    least.filter(|least| (wanted + 1..=MAX_EXPIRES).contains(least))
}

fn refused(response: &Response) -> Refused {
    let why = format!("{} to REGISTER", response.status_code.code());
    Refused { why, retry_after: retry_after(&response.headers) }
}

/// The seconds granted to our contact: its own parameter, else the header (section 10.2.4).
fn granted(headers: &Headers, contact: &str) -> Option<u32> {
    let inside = contact.trim_start_matches('<').trim_end_matches('>');
    let ours = headers.iter().find_map(|header| match header {
        Header::Contact(list) => {
            split_list(list.value()).into_iter().find(|entry| entry.contains(inside))
        }
        _ => None,
    });
    let own = ours.and_then(|entry| {
        let parameters = entry.rsplit_once('>')?.1.to_ascii_lowercase();
        let value = parameters.split(';').find_map(|p| p.trim().strip_prefix("expires="))?;
        value.trim().parse().ok()
    });
    let general = headers.iter().find_map(|header| match header {
        Header::Expires(value) => value.value().trim().parse().ok(),
        _ => None,
    });
    own.or(general).map(|seconds: u32| seconds.min(MAX_EXPIRES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registrar_grants_to_the_contact_first() {
        let contact = "<sip:u@10.0.0.1:5060;transport=tcp>";
        let of = |list: &[(&str, &str)]| {
            let header = |(name, value): &(&str, &str)| match *name {
                "Contact" => Header::Contact((*value).into()),
                _ => Header::Expires((*value).into()),
            };
            Headers(list.iter().map(header).collect())
        };
        let both = "<sip:u@10.9.9.9>;expires=5, <sip:u@10.0.0.1:5060;transport=tcp>;q=1;Expires=77";
        for (list, want) in [
            (vec![("Contact", both), ("Expires", "300")], Some(77)),
            (vec![("Contact", "<sip:u@10.9.9.9>;expires=5"), ("Expires", "300")], Some(300)),
            (vec![("Contact", "<sip:u@10.0.0.1:5060;transport=tcp>")], None),
            (vec![("Expires", "4000000000")], Some(MAX_EXPIRES)),
            (vec![("Expires", "-1")], None),
        ] {
            assert_eq!(granted(&of(&list), contact), want, "{list:?}");
        }
    }

    #[test]
    fn only_a_higher_least_is_followed() {
        let of = |value: &str| Headers(vec![Header::MinExpires(value.into())]);
        assert_eq!(raised(&of("600"), 300), Some(600));
        assert_eq!(raised(&of("300"), 300), None);
        assert_eq!(raised(&of("86401"), 300), None);
        assert_eq!(raised(&Headers::default(), 300), None);
    }
}
