//! Marks every arriving response with its source, and mends what would stall the stack.

use std::net::IpAddr;

use async_trait::async_trait;
use rsipstack::sip::{Header, HeadersExt, Method, Response, SipMessage, StatusCodeKind};
use rsipstack::sip::{Transport, Uri};
use rsipstack::transaction::endpoint::{MessageInspector, TargetLocator};
use rsipstack::transport::SipAddr;

use crate::seal;

/// Our private header; what a peer sends under this name is removed.
const SOURCE: &str = "X-Waihu-Source";

/// Sees each message between socket and transactions.
pub(crate) struct Arrivals {
    /// Sees each response before the stack looks for its transaction.
    pub(crate) first: Box<dyn Fn(&Response) + Send + Sync>,
}

impl MessageInspector for Arrivals {
    fn before_send(&self, mut message: SipMessage, _to: Option<&SipAddr>) -> SipMessage {
        seal::open(&mut message);
        message
    }

    fn after_received(&self, message: SipMessage, from: Option<&SipAddr>) -> SipMessage {
        match message {
            SipMessage::Response(response) => {
                (self.first)(&response);
                SipMessage::Response(mark(response, from))
            }
            request => request,
        }
    }
}

/// Where the stack sends an ACK of its own over UDP. Contacts that name another transport get
/// datagrams: the stack would open a connection of its own, past our checks.
pub(crate) struct Datagrams;

#[async_trait]
impl TargetLocator for Datagrams {
    async fn locate(&self, uri: &Uri) -> rsipstack::Result<SipAddr> {
        // What is no address of ours goes where the response came from.
        let addr = seal::hop_of(uri).ok_or_else(|| {
            rsipstack::Error::Error("the target of an ACK names no host".to_owned())
        })?;
        Ok(SipAddr { r#type: Some(Transport::Udp), addr })
    }
}

fn mark(mut response: Response, from: Option<&SipAddr>) -> Response {
    response
        .headers
        .retain(|h| !matches!(h, Header::Other(name, _) if name.eq_ignore_ascii_case(SOURCE)));
    let Some(source) = from.and_then(|from| from.get_socketaddr().ok()) else {
        return response;
    };
    let header = Header::Other(SOURCE.to_owned(), source.ip().to_string());
    response.headers.push(header);
    let invite = response.cseq_header().and_then(|c| c.method());
    if response.status_code.kind() == StatusCodeKind::Successful
        && matches!(invite, Ok(Method::Invite))
    {
        // A 2xx without a Contact that can be read breaks RFC 3261 section 12.1.1, and the stack
        // would not acknowledge it: the callee would ring off after half a minute of silence. Its
        // source stands in.
        let contact = seal::contact(&response.headers);
        let target = contact.unwrap_or_else(|| format!("sip:{source}"));
        seal::seal_dialog(&mut response.headers, &target);
    }
    response
}

/// Where a response came from; `None` if the stack made it itself, at the end of a timer.
pub(crate) fn source(response: &Response) -> Option<IpAddr> {
    response.headers.iter().find_map(|header| match header {
        Header::Other(name, value) if name == SOURCE => value.parse().ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn response(extra: &str) -> Response {
        let text = format!(
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\
             \r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n{extra}\r\n"
        );
        Response::try_from(text.as_str()).unwrap()
    }

    #[test]
    fn the_source_is_ours_to_tell() {
        let from: SipAddr = SocketAddr::from(([10, 0, 0, 7], 5060)).into();
        let forged = response("X-Waihu-Source: 6.6.6.6\r\n");
        assert_eq!(source(&mark(forged.clone(), None)), None);
        let marked = mark(forged, Some(&from));
        assert_eq!(source(&marked), Some(IpAddr::from([10, 0, 0, 7])));
        assert_eq!(seal::contact(&marked.headers).unwrap(), "sip:10.0.0.7:5060");
        let own = mark(response("Contact: \"<sip:v@w>\" <sip:x%40@y>\r\n"), Some(&from));
        assert_eq!(seal::contact(&own.headers).unwrap(), "sip:x%40@y");
        let own = mark(response("Contact: <sip:x@y\r\n"), Some(&from));
        assert_eq!(seal::contact(&own.headers).unwrap(), "sip:10.0.0.7:5060");
    }
}
