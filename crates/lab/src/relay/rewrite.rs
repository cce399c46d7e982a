//! Putting one address in place of another in SIP messages and session descriptions.

use std::net::{IpAddr, SocketAddr};

/// Where a description wants media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) ip: IpAddr,
    pub(crate) port: u16,
}

impl Body {
    /// The first audio stream of a session description; `None` if there is none, or it is refused.
    pub(crate) fn read(body: &str) -> Option<Self> {
        let line = |start: &str| body.lines().find_map(|l| l.strip_prefix(start));
        let ip = line("c=IN IP4 ").or(line("c=IN IP6 "))?.trim().parse().ok()?;
        let port = line("m=audio ")?.split(' ').next()?.parse().ok()?;
        (port != 0).then_some(Self { ip, port })
    }

    /// The same description with another address and port.
    pub(crate) fn with(&self, body: &str, ip: IpAddr, port: u16) -> String {
        let own = format!("m=audio {} ", self.port);
        let control = format!("a=rtcp:{}", self.port.wrapping_add(1));
        let host = self.ip.to_string();
        body.split_inclusive('\n')
            .map(|line| {
                if let Some(rest) = line.strip_prefix(&own) {
                    format!("m=audio {port} {rest}")
                } else if let Some(rest) = line.strip_prefix(&control) {
                    format!("a=rtcp:{}{}", port + 1, rest.replace(&host, &ip.to_string()))
                } else if line.starts_with("c=IN ") {
                    line.replace(&host, &ip.to_string())
                } else {
                    line.to_owned()
                }
            })
            .collect()
    }
}

/// A message of this head and body, with the length that the body has now.
pub(crate) fn pass(head: &str, body: &str) -> String {
    let lines = head.split("\r\n").map(|line| match line.split_once(':') {
        Some((name, _)) if is(name, "content-length", "l") => {
            format!("{name}: {}\r\n", body.len())
        }
        _ => format!("{line}\r\n"),
    });
    format!("{}\r\n{body}", lines.collect::<String>())
}

/// The Call-ID in a head.
pub(crate) fn call_id(head: &str) -> Option<&str> {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.into_iter().find_map(|(name, value)| is(name, "call-id", "i").then_some(value.trim()))
}

/// The called number: the user of To.
pub(crate) fn number(head: &str) -> &str {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let to = lines.find_map(|(name, value)| is(name, "to", "t").then_some(value));
    let user = to.and_then(|to| to.split_once("sip:")).and_then(|(_, uri)| uri.split_once('@'));
    user.map_or("", |(user, _)| user)
}

fn is(name: &str, long: &str, short: &str) -> bool {
    let name = name.trim();
    name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short)
}

/// Replaces each first address of a pair by the second, all in one pass.
pub(crate) fn rewritten(text: &str, names: &[(SocketAddr, SocketAddr)]) -> String {
    let names: Vec<_> = names.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while !rest.is_empty() {
        let whole = |own: &str| {
            let after = rest[own.len()..].bytes().next();
            !after.is_some_and(|b| b.is_ascii_digit())
        };
        let found = names.iter().find(|(own, _)| rest.starts_with(own.as_str()) && whole(own));
        match found {
            Some((own, other)) => {
                out.push_str(other);
                rest = &rest[own.len()..];
            }
            None => {
                let next = rest.chars().next().map_or(1, char::len_utf8);
                out.push_str(&rest[..next]);
                rest = &rest[next..];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn addresses_change_places_whole_and_once() {
        let names = [(at(5060), at(7000)), (at(7000), at(5060))];
        let text = "<sip:a@127.0.0.1:5060> 127.0.0.1:50600 127.0.0.1:7000;x é";
        let want = "<sip:a@127.0.0.1:7000> 127.0.0.1:50600 127.0.0.1:5060;x é";
        assert_eq!(rewritten(text, &names), want);
        assert_eq!(rewritten(want, &names), text);
    }

    #[test]
    fn a_description_gets_our_port_and_the_head_its_length() {
        let body = "v=0\r\nc=IN IP4 10.0.0.7\r\nm=audio 998 RTP/AVP 8\r\na=rtcp:999\r\n";
        let described = Body::read(body).unwrap();
        assert_eq!(described, Body { ip: [10, 0, 0, 7].into(), port: 998 });
        let other = described.with(body, [127, 0, 0, 1].into(), 40_000);
        let want = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 40000 RTP/AVP 8\r\na=rtcp:40001\r\n";
        assert_eq!(other, want);
        let head = "SIP/2.0 200 OK\r\nl: 3\r\nTo: <sip:138@h>\r\nCall-ID: a@b";
        let message = pass(head, &other);
        assert!(message.contains(&format!("\r\nl: {}\r\n", want.len())), "{message}");
        assert!(message.ends_with(&format!("a@b\r\n\r\n{want}")), "{message}");
        assert_eq!((call_id(head), number(head)), (Some("a@b"), "138"));
        assert_eq!(Body::read("v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 0 RTP/AVP 8\r\n"), None);
        assert_eq!(Body::read(""), None);
    }
}
