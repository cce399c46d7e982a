//! INFO within a call: keys of the telephone by signalling, as gateways send them that have no
//! telephone-event.

use engine::ports::trunk::TrunkEvent;
use rsipstack::sip::{Header, Headers, StatusCode};
use rsipstack::transaction::transaction::Transaction;

use crate::body;
use crate::inbound;
use crate::leg::Leg;

/// What a body says in `Signal=1` and `Duration=160`.
const RELAY: &str = "application/dtmf-relay";
/// A body that is the key itself.
const PLAIN: &str = "application/dtmf";
/// What we understand, for 415.
pub(crate) const ACCEPT: &str = "application/dtmf-relay, application/dtmf";

/// What an INFO says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Key(char),
    /// Nothing that we use: no body, or a flash of the hook.
    Nothing,
    /// A body of a type we do not have.
    Unknown,
}

/// Tells a key, and answers.
pub(crate) async fn serve(leg: &Leg, mut request: Transaction) {
    let (headers, body) = (&request.original.headers, &request.original.body);
    match said(headers, body) {
        Said::Key(key) => {
            leg.tell(TrunkEvent::KeyPressed { key });
            inbound::reply(&mut request, StatusCode::OK, vec![]).await;
        }
        Said::Nothing => inbound::reply(&mut request, StatusCode::OK, vec![]).await,
        Said::Unknown => {
            let accept = vec![Header::Accept(ACCEPT.into())];
            inbound::reply(&mut request, StatusCode::UnsupportedMediaType, accept).await;
        }
    }
}

fn said(headers: &Headers, body: &[u8]) -> Said {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Said::Nothing;
    }
    let Some(part) = body::part(headers, body, &[RELAY, PLAIN]) else {
        return Said::Unknown;
    };
    let text = String::from_utf8_lossy(part.content);
    let signal = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().eq_ignore_ascii_case("signal").then(|| value.trim())
    });
    let signal = signal.or((part.kind == PLAIN).then(|| text.trim()));
    signal.and_then(key).map_or(Said::Nothing, Said::Key)
}

/// A key by its sign, or by its number among the events of RFC 4733 section 3.2.
fn key(signal: &str) -> Option<char> {
    let mut signs = signal.chars();
    match (signs.next()?.to_ascii_uppercase(), signs.next()) {
        (sign @ ('0'..='9' | '*' | '#' | 'A'..='D'), None) => Some(sign),
        _ => match signal {
            "10" => Some('*'),
            "11" => Some('#'),
            "12" => Some('A'),
            "13" => Some('B'),
            "14" => Some('C'),
            "15" => Some('D'),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_every_spelling_gateways_have() {
        for (kind, body, want) in [
            (RELAY, "Signal=1\r\nDuration=160\r\n", Said::Key('1')),
            ("Application/DTMF-Relay", "Signal= *\nDuration= 250", Said::Key('*')),
            (RELAY, "Duration=100\r\nsignal = 11\r\n", Said::Key('#')),
            (RELAY, "Signal=d\r\n", Said::Key('D')),
            (RELAY, "Signal=hf\r\n", Said::Nothing),
            (RELAY, "Signal=16\r\n", Said::Nothing),
            (RELAY, "5", Said::Nothing),
            (PLAIN, "5", Said::Key('5')),
            (PLAIN, "10\r\n", Said::Key('*')),
            (PLAIN, "Signal=7\r\nDuration=1\r\n", Said::Key('7')),
            (PLAIN, "123", Said::Nothing),
            ("application/media_control+xml", "<x/>", Said::Unknown),
            ("application/sdp", "v=0", Said::Unknown),
            ("text/plain", "", Said::Nothing),
        ] {
            let headers = Headers(vec![Header::ContentType(kind.into())]);
            assert_eq!(said(&headers, body.as_bytes()), want, "{kind} {body}");
        }
        assert_eq!(said(&Headers::default(), b"Signal=1"), Said::Unknown);
        let mixed = Headers(vec![Header::ContentType("multipart/mixed;boundary=b".into())]);
        let body = "--b\r\nContent-Type: application/dtmf\r\n\r\n3\r\n--b--";
        assert_eq!(said(&mixed, body.as_bytes()), Said::Key('3'));
    }
}
