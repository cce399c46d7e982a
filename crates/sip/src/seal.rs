//! Values that leave as they came. The stack takes URIs apart and writes them anew: it cuts a user
//! at its semicolon, escapes escapes again, and looks for brackets inside of quotes. What it shall
//! not understand it is therefore given as a host name that means nothing, and just before a
//! message leaves the original is put in place again (RFC 3261 sections 12.1.2 and 19.1.2).

use std::fmt::Write as _;
use std::net::IpAddr;

use rsipstack::sip::{Domain, Header, Headers, Host, HostWithPort, Request, SipMessage, Uri};

use crate::name_addr::{NameAddr, split_list, uri_has_param};

/// What every seal ends in; a domain that cannot be (RFC 6761 section 6.4).
const MARK: &str = ".sealed.invalid";

/// A URI that the stack writes as this text.
pub(crate) fn verbatim(text: &str) -> Uri {
    let host = Host::Domain(Domain(text.to_owned()));
    Uri { host_with_port: HostWithPort { host, port: None }, ..Uri::default() }
}

/// A URI as it will stand in a message.
pub(crate) fn text_of(uri: &Uri) -> String {
    sealed_in(uri).unwrap_or_else(|| uri.to_string())
}

/// The URI of the first Contact.
pub(crate) fn contact(headers: &Headers) -> Option<String> {
    let value = headers.iter().find_map(|header| match header {
        Header::Contact(value) => Some(value.value()),
        _ => None,
    })?;
    first_uri(value)
}

/// The URIs of all Record-Route headers, in their order.
pub(crate) fn recorded_routes(headers: &Headers) -> Vec<String> {
    let values = headers.iter().filter_map(|header| match header {
        Header::RecordRoute(value) => Some(value.value()),
        _ => None,
    });
    let as_recorded = |value: &str| match opened(value) {
        // A seal holds them as the stack's ACK needs them, the other way round.
        Some(routes) => routes.into_iter().rev().collect(),
        None => uris(value),
    };
    values.flat_map(as_recorded).collect()
}

/// A Route header that holds the whole route set of a dialog; `None` for an empty one.
pub(crate) fn route(routes: &[String]) -> Option<Header> {
    let list = list(routes);
    (!routes.is_empty()).then(|| Header::Route(format!("<sip:{}>", seal(&list)).into()))
}

/// Seals Contact and Record-Route of a 2xx, of which the stack makes an ACK: `target` is where the
/// dialog's requests go.
pub(crate) fn seal_dialog(headers: &mut Headers, target: &str) {
    let mut routes = recorded_routes(headers);
    routes.reverse();
    headers.retain(|h| !matches!(h, Header::Contact(_) | Header::RecordRoute(_)));
    headers.push(Header::Contact(format!("<sip:{}>", seal(target)).into()));
    if !routes.is_empty() {
        let list = list(&routes);
        headers.push(Header::RecordRoute(format!("<sip:{}>", seal(&list)).into()));
    }
}

/// A value of From or To that the stack reads right; `None` if it reads the original right.
pub(crate) fn party(value: &str) -> Option<String> {
    let address = NameAddr::read(value)?;
    if is_plain(&address) && !value.contains(MARK) {
        return None;
    }
    let rest = format!("{}{}", address.whole, address.params_but("tag"));
    let tag = address.param("tag").filter(|tag| !tag.is_empty());
    let tag = tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
    Some(format!("<sip:{}>{tag}", seal(&rest)))
}

/// Breaks all seals of a message that leaves.
pub(crate) fn open(message: &mut SipMessage) {
    let headers = match message {
        SipMessage::Request(request) => {
            open_target(request);
            &mut request.headers
        }
        SipMessage::Response(response) => &mut response.headers,
    };
    for header in headers.iter_mut() {
        let (Header::From(_) | Header::To(_)) = header else { continue };
        let value = header.value().to_owned();
        let Some(address) = NameAddr::read(&value) else { continue };
        let Some(original) = opened_uri(address.uri) else { continue };
        let value = format!("{original}{}", address.params);
        *header = match header {
            Header::From(_) => Header::From(value.into()),
            _ => Header::To(value.into()),
        };
    }
}

/// Where a request goes next: its first route, else its target. `None` if that is no address.
pub(crate) fn next_hop(request: &Request) -> Option<HostWithPort> {
    let route = request.headers.iter().find_map(|header| match header {
        Header::Route(value) => first_uri(value.value()),
        _ => None,
    });
    host_of(&route.unwrap_or_else(|| text_of(&request.uri)))
}

/// Host and port of a URI; `None` if it names none.
pub(crate) fn host_of(uri: &str) -> Option<HostWithPort> {
    let (scheme, rest) = uri.split_once(':')?;
    if !["sip", "sips"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let rest = rest.split('?').next()?;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let host = rest.split(';').next()?.trim();
    let known = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    HostWithPort::try_from(host).ok().filter(|_| host.chars().all(known))
}

/// The first address of a URI that may be sealed.
pub(crate) fn hop_of(uri: &Uri) -> Option<HostWithPort> {
    let text = text_of(uri);
    let first = split_list(&text).into_iter().next()?;
    host_of(NameAddr::read(&first).map_or(text.as_str(), |address| address.uri))
}

/// Puts target and route set in their places. A first route without `lr` is one of RFC 2543: it
/// wants to be the target, and the target to be the last route (RFC 3261 section 12.2.1.1).
fn open_target(request: &mut Request) {
    let sealed = request.headers.iter().find_map(|header| match header {
        Header::Route(value) => opened(value.value()),
        _ => None,
    });
    let target = text_of(&request.uri);
    let mut routes = sealed.unwrap_or_default();
    if routes.first().is_some_and(|first| !uri_has_param(first, "lr")) {
        let first = routes.remove(0);
        routes.push(target);
        request.uri = verbatim(first.split('?').next().unwrap_or_default());
    } else if sealed_in(&request.uri).is_some() {
        request.uri = verbatim(&target);
    }
    if !routes.is_empty() {
        request.headers.retain(|header| !matches!(header, Header::Route(_)));
        let headers = routes.iter().map(|uri| Header::Route(format!("<{uri}>").into()));
        request.headers.extend(headers.collect());
    }
}

/// The request URI of a dialog's requests.
pub(crate) fn request_uri(target: &str, routes: &[String]) -> Uri {
    let strict = routes.first().filter(|first| !uri_has_param(first, "lr"));
    verbatim(strict.map_or(target, |first| first.split('?').next().unwrap_or_default()))
}

/// Whether the stack reads such an address as it is meant.
fn is_plain(address: &NameAddr) -> bool {
    let name = |c: char| c.is_ascii_alphanumeric() || "-._~ ".contains(c);
    let display = address.whole.split('<').next().unwrap_or_default();
    let bracketed = address.whole.ends_with('>');
    let uri = |c: char| c.is_ascii_alphanumeric() || "-._~+:@[]".contains(c);
    let param = |c: char| c.is_ascii_alphanumeric() || "-._~+;=".contains(c);
    (!bracketed || display.chars().all(name))
        && address.uri.chars().all(uri)
        && address.params.chars().all(param)
}

fn first_uri(value: &str) -> Option<String> {
    match opened(value) {
        Some(list) => list.into_iter().next(),
        None => uris(value).into_iter().next(),
    }
}

fn uris(value: &str) -> Vec<String> {
    let entries = split_list(value);
    let uris = entries.iter().filter_map(|entry| Some(NameAddr::read(entry)?.uri));
    // A blank in it would break our first line, a bare return perhaps more; `*` is no target.
    let whole =
        |uri: &&str| uri.contains(':') && !uri.chars().any(|c| c.is_control() || c.is_whitespace());
    uris.filter(whole).map(str::to_owned).collect()
}

fn list(uris: &[String]) -> String {
    let bracketed: Vec<String> = uris.iter().map(|uri| format!("<{uri}>")).collect();
    bracketed.join(",")
}

fn seal(text: &str) -> String {
    let mut sealed = String::with_capacity(text.len() * 2 + MARK.len());
    for byte in text.bytes() {
        let _ = write!(sealed, "{byte:02x}");
    }
    sealed + MARK
}

/// The URIs in a sealed list, or the one that was sealed alone.
fn opened(value: &str) -> Option<Vec<String>> {
    let text = opened_uri(NameAddr::read(value)?.uri)?;
    Some(if text.starts_with('<') { uris(&text) } else { vec![text] })
}

fn opened_uri(uri: &str) -> Option<String> {
    unseal(uri.strip_prefix("sip:")?)
}

fn sealed_in(uri: &Uri) -> Option<String> {
    match &uri.host_with_port.host {
        Host::Domain(domain) => unseal(&domain.0),
        Host::IpAddr(IpAddr::V4(_) | IpAddr::V6(_)) => None,
    }
}

/// What a seal holds; `None` if it is none. A peer may make one, but no new lines by it.
fn unseal(host: &str) -> Option<String> {
    let digits = host.strip_suffix(MARK)?.as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    let text = String::from_utf8(bytes?).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, routes: &[&str]) -> Request {
        let text = "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx\r\n\r\n";
        let mut request = Request::try_from(text).unwrap();
        request.uri = verbatim(target);
        let routes: Vec<String> = routes.iter().map(|r| (*r).to_owned()).collect();
        request.headers.extend(route(&routes).into_iter().collect());
        request
    }

    fn sent(request: Request) -> (String, Vec<String>) {
        let mut message = SipMessage::Request(request);
        open(&mut message);
        let text = message.to_string();
        let routes = text.lines().filter_map(|line| line.strip_prefix("Route: "));
        (text.lines().next().unwrap().to_owned(), routes.map(str::to_owned).collect())
    }

    #[test]
    fn a_target_leaves_as_it_came() {
        for uri in [
            "sip:+86138;phone-context=ims.example@10.0.0.1:5070;user=phone",
            "sip:a%40b:p%3Aw@h;transport=udp;x=%41?subject=y",
            "sips:h:5061",
            "tel:+86138;phone-context=x",
        ] {
            assert_eq!(sent(request(uri, &[])), (format!("BYE {uri} SIP/2.0"), vec![]));
            let loose = sent(request(uri, &["sip:p;lr", "sip:a;b@q"]));
            let routes = vec!["<sip:p;lr>".to_owned(), "<sip:a;b@q>".to_owned()];
            assert_eq!(loose, (format!("BYE {uri} SIP/2.0"), routes));
        }
    }

    #[test]
    fn a_route_of_the_old_kind_is_the_target() {
        let (line, routes) = sent(request("sip:a%40@b", &["sip:p@h?x=y", "sip:q;lr"]));
        assert_eq!(line, "BYE sip:p@h SIP/2.0");
        assert_eq!(routes, ["<sip:q;lr>", "<sip:a%40@b>"]);
        let routes = vec!["sip:p@h?x=y".to_owned()];
        assert_eq!(request_uri("sip:a@b", &routes).to_string(), "sip:p@h");
        assert_eq!(request_uri("sip:a@b", &[]).to_string(), "sip:a@b");
    }

    #[test]
    fn the_next_hop_is_the_first_route_or_the_target() {
        for (target, routes, want) in [
            ("sip:a;b=c@10.0.0.1:5070;d", vec![], Some("10.0.0.1:5070")),
            ("sip:a@h", vec!["sip:p:1;lr", "sip:q"], Some("p:1")),
            ("sip:a@h", vec!["sip:a;x@p"], Some("p")),
            ("SIPS:[::1]:5061", vec![], Some("[::1]:5061")),
            ("tel:+86138", vec![], None),
            ("sip:a@h:x y", vec![], None),
            ("", vec![], None),
        ] {
            let hop = next_hop(&request(target, &routes)).map(|hop| hop.to_string());
            assert_eq!(hop.as_deref(), want, "{target} {routes:?}");
        }
    }

    #[test]
    fn from_and_to_are_read_right_and_leave_as_they_came() {
        for (value, tag, plain) in [
            ("<sip:a@b>;tag=1", Some("1"), true),
            ("Bob <sip:a@b:5060>;tag=x-1", Some("x-1"), true),
            ("sip:a@b;tag=1", Some("1"), true),
            ("<sip:a@b>", None, true),
            ("\"Bob <sip:x@y>;tag=9\" <sip:a@b>;tag=1", Some("1"), false),
            ("<sip:+86138;phone-context=c@b;user=phone>;tag=1", Some("1"), false),
            ("<sip:a%40c@b>", None, false),
            ("<sip:a@b>;tag = 1", Some("1"), false),
            ("<sip:a@b;transport=pigeon>;tag=1", Some("1"), false),
            ("王 <sip:a@b>;x=\";tag=7\";tag=1", Some("1"), false),
        ] {
            let sealed = party(value);
            assert_eq!(sealed.is_none(), plain, "{value}");
            let read = rsipstack::sip::headers::From::new(sealed.unwrap_or(value.to_owned()));
            let got = read.tag().unwrap().map(|tag| tag.value().to_owned());
            assert_eq!(got.as_deref(), tag, "{value}");
            let mut request = request("sip:x", &[]);
            request.headers.push(Header::From(read));
            let mut message = SipMessage::Request(request);
            open(&mut message);
            let value = value.replace(" = ", "=");
            assert!(message.to_string().contains(&format!("From: {value}\r\n")), "{message}");
        }
    }

    #[test]
    fn a_uri_that_would_break_a_line_is_none() {
        let contact = |value: &str| contact(&Headers(vec![Header::Contact(value.into())]));
        assert_eq!(contact("<sip:a@b>").as_deref(), Some("sip:a@b"));
        assert_eq!(contact("<sip:a\rX: y@b>"), None);
        assert_eq!(contact("<sip:a b@c>"), None);
        assert_eq!(contact("*"), None);
    }

    #[test]
    fn a_seal_of_a_peer_makes_no_lines() {
        let forged = format!("sip:{}", seal("a\r\nX: y"));
        assert_eq!(text_of(&verbatim(&forged[4..])), forged[4..]);
        assert!(party(&format!("<{forged}>")).is_some(), "a seal that came is sealed");
    }
}
