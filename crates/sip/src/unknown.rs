//! Requests with a method that SIP's registry, and so the stack's parser, does not have: 501.
//!
//! The stack drops what it cannot parse, and a peer would repeat its question for 32 s. So they
//! are answered before it sees them, without state: an equal request gets an equal answer
//! (RFC 3261 section 8.2.7).

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

use rsipstack::sip::Method;

use crate::dialog::ALLOW;

/// Via headers that are copied; a request that came a longer way is not answered.
const MAX_VIA: usize = 32;
/// A method is a token (RFC 3261 section 25.1); longer ones are taken for noise.
const MAX_METHOD: usize = 32;

/// The answer to a request whose method is a word unknown to SIP; `None` if `message` is anything
/// else, or lacks what an answer needs.
pub(crate) fn refusal(message: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let line = message.split(|b| *b == b'\r').next()?;
    let method = line.split(|b| *b == b' ').next()?;
    let unknown = is_token(method)
        && line.ends_with(b" SIP/2.0")
        && std::str::from_utf8(method).is_ok_and(|m| m.parse::<Method>().is_err());
    if !unknown {
        return None;
    }
    let end = message.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(message.get(line.len() + 2..end + 2)?).ok()?;
    answer(head, from)
}

fn is_token(method: &[u8]) -> bool {
    (1..=MAX_METHOD).contains(&method.len())
        && method.iter().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(b))
}

fn answer(head: &str, from: SocketAddr) -> Option<Vec<u8>> {
    let mut vias = Vec::new();
    let [mut sender, mut target, mut id, mut number] = [None; 4];
    for line in head.split_terminator("\r\n") {
        let Some((name, value)) = line.split_once(':') else { continue };
        let kept = match name.trim().to_ascii_lowercase().as_str() {
            "via" | "v" => {
                vias.push(value.trim());
                continue;
            }
            "from" | "f" => &mut sender,
            "to" | "t" => &mut target,
            "call-id" | "i" => &mut id,
            "cseq" => &mut number,
            _ => continue,
        };
        *kept = Some(value.trim());
    }
    let (sender, target, id, number) = (sender?, target?, id?, number?);
    if vias.is_empty() || vias.len() > MAX_VIA {
        return None;
    }
    let mut text = String::from("SIP/2.0 501 Not Implemented\r\n");
    for (n, via) in vias.iter().enumerate() {
        // RFC 3581 section 4: the first hop learns how we see it.
        let via = if n == 0 { seen(via, from) } else { (*via).to_owned() };
        text.push_str(&format!("Via: {via}\r\n"));
    }
    let tag = if target.contains(";tag=") { String::new() } else { tag(vias[0], id) };
    text.push_str(&format!(
        "From: {sender}\r\nTo: {target}{tag}\r\nCall-ID: {id}\r\nCSeq: {number}\r\n\
         Allow: {ALLOW}\r\nContent-Length: 0\r\n\r\n"
    ));
    Some(text.into_bytes())
}

/// A Via header with `received` and `rport` in its first value.
fn seen(via: &str, from: SocketAddr) -> String {
    let (first, rest) = via.split_once(',').map_or((via, None), |(a, b)| (a, Some(b)));
    let own = |p: &&str| {
        let name = p.split('=').next().unwrap_or_default().trim();
        !name.eq_ignore_ascii_case("rport") && !name.eq_ignore_ascii_case("received")
    };
    let kept: Vec<&str> = first.split(';').filter(own).collect();
    let rest = rest.map(|rest| format!(",{rest}")).unwrap_or_default();
    format!("{};received={};rport={}{rest}", kept.join(";"), from.ip(), from.port())
}

fn tag(via: &str, id: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (via, id).hash(&mut hasher);
    format!(";tag={:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<String> {
        let from = SocketAddr::from(([10, 0, 0, 7], 5062));
        refusal(text.as_bytes(), from).map(|b| String::from_utf8(b).unwrap())
    }

    const REST: &str = "Via: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx;rport\r\nv: SIP/2.0/UDP p\r\n\
                        f: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 7 FROB\r\n";

    #[test]
    fn an_unknown_word_is_answered_with_what_it_brought() {
        let answer = asked(&format!("FROB sip:x SIP/2.0\r\n{REST}\r\n")).unwrap();
        for part in [
            "SIP/2.0 501 Not Implemented\r\n",
            "Via: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx;received=10.0.0.7;rport=5062\r\n\
             Via: SIP/2.0/UDP p\r\n",
            "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=",
            "Call-ID: x\r\nCSeq: 7 FROB\r\n",
            "Allow: INVITE",
        ] {
            assert!(answer.contains(part), "{part} in {answer}");
        }
        assert_eq!(asked(&format!("FROB sip:x SIP/2.0\r\n{REST}\r\n")), Some(answer));
    }

    #[test]
    fn everything_else_is_left_to_the_stack() {
        for (what, text) in [
            ("a method of SIP", format!("BYE sip:x SIP/2.0\r\n{REST}\r\n")),
            ("its other spelling", format!("bye sip:x SIP/2.0\r\n{REST}\r\n")),
            ("a response", format!("SIP/2.0 200 OK\r\n{REST}\r\n")),
            ("another protocol", format!("GET / HTTP/1.1\r\n{REST}\r\n")),
            ("no end", format!("FROB sip:x SIP/2.0\r\n{REST}")),
            ("no Via", "FROB sip:x SIP/2.0\r\nTo: x\r\n\r\n".to_owned()),
            ("a long word", format!("{} sip:x SIP/2.0\r\n{REST}\r\n", "F".repeat(33))),
            ("no word", format!("FR(OB sip:x SIP/2.0\r\n{REST}\r\n")),
            ("nothing", String::new()),
            ("a long way", format!("FROB sip:x SIP/2.0\r\n{REST}{}\r\n", "v: a\r\n".repeat(40))),
        ] {
            assert_eq!(asked(&text), None, "{what}");
        }
    }
}
