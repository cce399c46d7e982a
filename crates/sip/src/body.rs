//! Bodies: the part of one that is meant for us (RFC 3261 section 7.4, RFC 5621).

use rsipstack::sip::{Header, Headers};

/// Bodies within bodies that are looked into.
const MAX_DEPTH: u8 = 3;
/// Parts of one body that are looked at.
const MAX_PARTS: usize = 16;

/// The session description in a message; `None` if there is none.
pub(crate) fn description(headers: &Headers, body: &[u8]) -> Option<String> {
    let kind = kind(headers).unwrap_or("application/sdp");
    let part = find(kind, body, &["application/sdp"], MAX_DEPTH)?;
    Some(String::from_utf8_lossy(part.content).into_owned())
}

/// A part of one of these types.
pub(crate) fn part<'a>(
    headers: &Headers,
    body: &'a [u8],
    types: &[&'static str],
) -> Option<Part<'a>> {
    find(kind(headers)?, body, types, MAX_DEPTH)
}

/// A part of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// Its type: one of those that were asked for.
    pub(crate) kind: &'static str,
    pub(crate) content: &'a [u8],
}

fn kind(headers: &Headers) -> Option<&str> {
    headers.iter().find_map(|header| match header {
        Header::ContentType(kind) => Some(kind.value()),
        _ => None,
    })
}

fn find<'a>(kind: &str, body: &'a [u8], types: &[&'static str], depth: u8) -> Option<Part<'a>> {
    let name = kind.split(';').next().unwrap_or_default().trim();
    if let Some(kind) = types.iter().find(|t| t.eq_ignore_ascii_case(name)) {
        let told = body.iter().any(|b| !b.is_ascii_whitespace());
        return told.then_some(Part { kind, content: body });
    }
    if depth == 0 || !name.get(..10)?.eq_ignore_ascii_case("multipart/") {
        return None;
    }
    let boundary = format!("--{}", boundary(kind)?);
    let parts = parts(body, boundary.as_bytes());
    parts.into_iter().take(MAX_PARTS).find_map(|part| {
        let (head, content) = head_and_content(part);
        // Another disposition than a session's is another description, such as early media of
        // RFC 3959.
        let session = field(&head, "content-disposition").is_none_or(|disposition| {
            let name = disposition.split(';').next().unwrap_or_default().trim();
            ["session", "render", "signal"].iter().any(|known| known.eq_ignore_ascii_case(name))
        });
        let kind = field(&head, "content-type").or_else(|| field(&head, "c"))?;
        find(kind, content, types, depth - 1).filter(|_| session)
    })
}

fn boundary(kind: &str) -> Option<&str> {
    let value = kind.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim())
    })?;
    let value = value.trim_matches('"');
    (!value.is_empty()).then_some(value)
}

/// What stands between the lines that are the boundary (RFC 2046 section 5.1.1).
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let (mut parts, mut start, mut at) = (Vec::new(), None, 0);
    while at < body.len() && parts.len() < MAX_PARTS {
        let end = body[at..].iter().position(|b| *b == b'\n').map_or(body.len(), |n| at + n + 1);
        let behind = body[at..end].strip_prefix(boundary).map(<[u8]>::trim_ascii_end);
        if let Some(behind @ (b"" | b"--")) = behind {
            if let Some(start) = start {
                // The line end before the boundary is the boundary's.
                parts.push(without_line_end(&body[start..at]));
            }
            start = behind.is_empty().then_some(end);
        }
        at = end;
    }
    // A last boundary that is missing cannot hide what stands before it.
    parts.extend(start.map(|start| &body[start..]));
    parts
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// The lines of a part's head, and the rest behind an empty line.
fn head_and_content(part: &[u8]) -> (Vec<&str>, &[u8]) {
    let (mut head, mut at) = (Vec::new(), 0);
    while at < part.len() {
        let end = part[at..].iter().position(|b| *b == b'\n').map_or(part.len(), |n| at + n + 1);
        let line = without_line_end(&part[at..end]);
        at = end;
        if line.is_empty() {
            break;
        }
        head.extend(std::str::from_utf8(line).ok());
    }
    (head, &part[at..])
}

fn field<'a>(head: &[&'a str], name: &str) -> Option<&'a str> {
    head.iter().find_map(|line| {
        let (n, value) = line.split_once(':')?;
        n.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(kind: &str) -> Headers {
        Headers(vec![Header::ContentType(kind.into())])
    }

    #[test]
    fn a_description_is_found_among_other_parts() {
        let sdp = "Content-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n";
        let isup = "Content-Type: application/isup;version=itu-t92+\r\n\
                    Content-Disposition: signal;handling=optional\r\n\r\n\x09\x01\r\n";
        let early =
            "Content-Type: application/sdp\r\nContent-Disposition: early-session\r\n\r\nv=9";
        let inner = "Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\
                     content-type : APPLICATION/SDP;x=y\r\n\r\nv=0\r\ns=-\r\n\r\n--in--\r\n";
        let found = Some("v=0\r\ns=-\r\n");
        for (what, kind, body, want) in [
            (
                "first",
                "multipart/mixed;boundary=b1",
                format!("--b1\r\n{sdp}\r\n--b1\r\n{isup}\r\n--b1--\r\n"),
                found,
            ),
            (
                "second",
                "Multipart/Mixed; x=y; Boundary=\"b 1\"",
                format!("preface\r\n--b 1\r\n{isup}\r\n--b 1\r\n{sdp}\r\n--b 1--\r\n"),
                found,
            ),
            ("inside", "multipart/mixed;boundary=b1", format!("--b1\r\n{inner}\r\n--b1--"), found),
            (
                "early",
                "multipart/mixed;boundary=b1",
                format!("--b1\r\n{early}\r\n--b1\r\n{sdp}\r\n--b1--"),
                found,
            ),
            (
                "bare line feeds",
                "multipart/mixed;boundary=b1",
                "--b1\nContent-Type: application/sdp\n\nv=0\n--b1--\n".to_owned(),
                Some("v=0"),
            ),
            (
                "no last boundary",
                "multipart/mixed;boundary=b1",
                "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0".to_owned(),
                Some("v=0"),
            ),
            ("none", "multipart/mixed;boundary=b1", format!("--b1\r\n{isup}\r\n--b1--"), None),
            ("no boundary", "multipart/mixed", format!("--b1\r\n{sdp}\r\n--b1--"), None),
            (
                "a longer line",
                "multipart/mixed;boundary=b1",
                format!("--b1\r\n{sdp}--b12\r\n--b1--"),
                Some("v=0\r\ns=-\r\n--b12"),
            ),
            (
                "another boundary",
                "multipart/mixed;boundary=b2",
                format!("--b1\r\n{sdp}\r\n--b1--"),
                None,
            ),
        ] {
            let got = description(&with(kind), body.as_bytes());
            assert_eq!(got.as_deref(), want, "{what}");
        }
    }

    #[test]
    fn only_session_descriptions_are_passed_on() {
        let got = |headers: Headers, body: &str| description(&headers, body.as_bytes());
        assert_eq!(got(with("application/SDP;x=y"), "v=0"), Some("v=0".into()));
        assert_eq!(got(with("text/plain"), "v=0"), None);
        assert_eq!(got(with("application/sdp"), ""), None);
        assert_eq!(got(with("application/sdp"), "\r\n"), None);
        assert_eq!(got(Headers::default(), "v=0"), Some("v=0".into()));
        assert_eq!(got(with("multipart"), "v=0"), None);
    }
}
