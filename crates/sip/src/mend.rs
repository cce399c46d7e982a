//! What arrives, put into a form that the stack's parser reads as it is meant. It drops messages
//! that RFC 3261 allows: with blanks around signs, without a length, with text that is not UTF-8.

use std::borrow::Cow;

use crate::seal;

/// The longest datagram that the stack reads.
pub(crate) const STACK_LIMIT: usize = 8_192;

/// Headers that somebody here reads; a message that is too long for the stack loses all others.
const USED: [&str; 36] = [
    "accept",
    "allow",
    "c",
    "call-id",
    "contact",
    "content-disposition",
    "content-length",
    "content-type",
    "cseq",
    "expires",
    "f",
    "from",
    "i",
    "info-package",
    "k",
    "l",
    "m",
    "max-forwards",
    "min-expires",
    "min-se",
    "proxy-authenticate",
    "rack",
    "reason",
    "record-route",
    "require",
    "retry-after",
    "rseq",
    "session-expires",
    "supported",
    "t",
    "to",
    "v",
    "via",
    "warning",
    "www-authenticate",
    "x",
];

/// How a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// As a datagram, whose end is the body's end unless it says otherwise (section 18.3).
    Datagram,
    /// Over a connection, cut out of it by its length.
    Stream,
}

/// The message as the stack reads it.
pub(crate) fn mend(message: &[u8], came: Came) -> Cow<'_, [u8]> {
    // Line ends before a message mean nothing (section 7.5).
    let blank = message.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let message = if blank < message.len() { &message[blank..] } else { message };
    let Some(end) = head_end(message) else { return Cow::Borrowed(message) };
    let (head, body) = (&message[..end], &message[end + 4..]);
    let text = String::from_utf8_lossy(head);
    let mut changed = matches!(text, Cow::Owned(_));
    let mut length = came == Came::Stream;
    let mut lines: Vec<Cow<'_, str>> = Vec::with_capacity(24);
    for line in unfolded(&text) {
        changed |= matches!(line, Cow::Owned(_));
        let mended = mended(&line, &mut length);
        changed |= mended.is_some();
        match mended {
            Some(mended) => lines.extend(mended.map(Cow::Owned)),
            None => lines.push(line),
        }
    }
    if !length {
        lines.push(Cow::Owned(format!("Content-Length: {}", body.len())));
        changed = true;
    }
    let slim = message.len() > STACK_LIMIT && came == Came::Datagram;
    if slim {
        let mut first = true;
        lines.retain(|line| std::mem::take(&mut first) || is_used(line));
    }
    if !changed && !slim {
        return Cow::Borrowed(message);
    }
    let mut whole = lines.join("\r\n").into_bytes();
    whole.extend_from_slice(b"\r\n\r\n");
    whole.extend_from_slice(body);
    Cow::Owned(whole)
}

fn head_end(message: &[u8]) -> Option<usize> {
    message.windows(4).position(|w| w == b"\r\n\r\n")
}

/// The lines of a head; one that begins with a blank goes on with the one before (section 7.3.1).
fn unfolded(head: &str) -> Vec<Cow<'_, str>> {
    let mut lines: Vec<Cow<'_, str>> = Vec::with_capacity(24);
    for line in head.split("\r\n") {
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.to_mut().push_str(&format!(" {}", line.trim()));
            }
            _ => lines.push(Cow::Borrowed(line)),
        }
    }
    lines
}

/// The line instead of this one, or none; the outer `None` if it may stay. Notes a length.
fn mended(line: &str, length: &mut bool) -> Option<Option<String>> {
    let (name, value) = line.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let is = |long: &str, short: &str| {
        name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short)
    };
    if is("content-length", "l") {
        // A length that is none is as good as missing.
        let known = value.parse::<u32>().is_ok();
        let drop = !known && !*length;
        *length |= known;
        return drop.then_some(None);
    }
    let better = if is("via", "v") {
        via(value)
    } else if is("from", "f") || is("to", "t") {
        seal::party(value)
    } else {
        None
    };
    better.map(|value| Some(format!("{name}: {value}")))
}

/// Via without blanks around its signs (section 25.1), and without a port that is none.
fn via(value: &str) -> Option<String> {
    let tight = tight(value);
    let unusable = |part: &&str| {
        let (name, port) = part.split_once('=').unwrap_or((part, "1"));
        !name.eq_ignore_ascii_case("rport") || port.contains(',') || port.parse::<u16>().is_ok()
    };
    let kept: Vec<&str> = tight.split(';').filter(unusable).collect();
    let kept = kept.join(";");
    (kept != value).then_some(kept)
}

/// A value without the blanks that stand beside a sign, outside of quotes.
fn tight(value: &str) -> String {
    const SIGNS: [char; 5] = ['=', ';', ':', '/', ','];
    let mut out = String::with_capacity(value.len());
    let (mut quoted, mut blank) = (false, false);
    for c in value.chars() {
        if !quoted && c.is_whitespace() {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) && !SIGNS.contains(&c) && !out.ends_with(SIGNS) {
            out.push(' ');
        }
        quoted ^= c == '"';
        out.push(c);
    }
    out
}

fn is_used(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    USED.binary_search(&name.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use rsipstack::sip::{HeadersExt, SipMessage};
    use rsipstack::transaction::key::{TransactionKey, TransactionRole};

    use super::*;

    const REST: &str = "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\n\
                        CSeq: 7 INVITE\r\n";

    fn message(via: &str, rest: &str, body: &str) -> String {
        format!("SIP/2.0 200 OK\r\nVia: {via}\r\n{REST}{rest}\r\n{body}")
    }

    fn key(text: &[u8]) -> Option<String> {
        let SipMessage::Response(response) = SipMessage::try_from(text).ok()? else { return None };
        let key = TransactionKey::from_response(&response, TransactionRole::Client);
        key.ok().map(|key| key.to_string())
    }

    #[test]
    fn a_message_that_is_read_right_is_left_alone() {
        let text = message("SIP/2.0/UDP h:5060;rport=5;branch=z9", "l: 2\r\n", "v=");
        for came in [Came::Datagram, Came::Stream] {
            assert_eq!(mend(text.as_bytes(), came), Cow::Borrowed(text.as_bytes()));
        }
        let late = format!("\r\n\r\n{text}");
        assert_eq!(mend(late.as_bytes(), Came::Datagram), Cow::Borrowed(text.as_bytes()));
        for odd in [&b"\r\n\r\n"[..], b"", b"SIP/2.0 200 OK\r\n", b"\0\r\n\r\n\0"] {
            let _ = mend(odd, Came::Stream);
        }
    }

    #[test]
    fn blanks_around_signs_mean_nothing() {
        let want = key(message("SIP/2.0/UDP h:5060;branch=z9", "", "").as_bytes());
        assert!(want.is_some());
        for via in [
            "SIP/2.0/UDP h:5060;branch = z9",
            "SIP / 2.0 / UDP  h : 5060 ; branch= z9 ; rport = 7",
            "SIP/2.0/UDP\r\n h:5060\r\n\t;branch=z9",
            "SIP/2.0/UDP h:5060;rport=;branch=z9",
            "SIP/2.0/UDP h:5060;rport=99999;branch=z9;received=\"a b\"",
        ] {
            let text = message(via, "", "");
            assert_eq!(key(&mend(text.as_bytes(), Came::Datagram)), want, "{via}");
        }
    }

    #[test]
    fn without_a_length_the_body_ends_with_the_datagram() {
        let body = |came, length: &str| {
            let text = message("SIP/2.0/UDP h;branch=z9", length, "v=0\r\n");
            let mended = mend(text.as_bytes(), came);
            match SipMessage::try_from(&*mended).unwrap() {
                SipMessage::Response(response) => response.body.len(),
                SipMessage::Request(_) => panic!(),
            }
        };
        assert_eq!(body(Came::Datagram, ""), 5);
        assert_eq!(body(Came::Datagram, "Content-Length: x\r\n"), 5);
        assert_eq!(body(Came::Datagram, "Content-Length: 3\r\n"), 3);
        assert_eq!(body(Came::Datagram, "l: 0\r\n"), 0);
        assert_eq!(body(Came::Stream, ""), 0);
    }

    #[test]
    fn text_that_is_not_utf_8_hides_no_header() {
        let mut text = b"SIP/2.0 200 \xba\xc3\r\nVia: SIP/2.0/UDP h;branch=z9\r\n\
                         Organization: \xd6\xd0\xb9\xfa\r\n"
            .to_vec();
        text.extend_from_slice(REST.as_bytes());
        text.extend_from_slice(b"\r\n");
        let mended = mend(&text, Came::Datagram);
        let SipMessage::Response(response) = SipMessage::try_from(&*mended).unwrap() else {
            panic!("{mended:?}");
        };
        assert_eq!(response.call_id_header().unwrap().value(), "x");
    }

    #[test]
    fn a_long_message_is_read_for_what_is_used_of_it() {
        let long = format!("X-Vendor: {}\r\nContact: <sip:c@d>\r\n", "x".repeat(STACK_LIMIT));
        let text = message("SIP/2.0/UDP h;branch=z9", &long, "v=0");
        let mended = mend(text.as_bytes(), Came::Datagram);
        assert!(mended.len() < 400);
        assert!(mended.ends_with(b"Contact: <sip:c@d>\r\nContent-Length: 3\r\n\r\nv=0"));
        assert!(USED.is_sorted());
    }
}
