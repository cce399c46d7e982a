//! The lines of a session description that matter for audio; all others may say what they like.
//!
//! A parser that reads every line fails on lines nobody needs: a blank in a user name, a version
//! beyond 64 bits, a proprietary line without `=`, a NUL behind the text. Each of them would end
//! a call that a person has answered. So only `v`, `c`, `m` and `a` are looked at (RFC 8866).

use super::SdpError;

/// A description: what stands before the first stream, and the streams.
#[derive(Debug, Default)]
pub(super) struct Description<'a> {
    /// Value of `c=`.
    pub connection: Option<&'a str>,
    /// Values of `a=`.
    pub attributes: Vec<&'a str>,
    pub streams: Vec<Stream<'a>>,
}

/// One `m=` and what belongs to it.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    /// Which line it stands in, from 1.
    pub line: usize,
    pub kind: &'a str,
    /// `None` if it is not a number up to 65,535.
    pub port: Option<u16>,
    pub proto: &'a str,
    /// Payload types, as they stand.
    pub formats: &'a str,
    pub connection: Option<&'a str>,
    pub attributes: Vec<&'a str>,
}

/// The text of a description: what follows a NUL is no part of it, and what is not UTF-8 can only
/// be in lines that do not matter.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Sorts the lines of a text.
pub(super) fn read(text: &str) -> Result<Description<'_>, SdpError> {
    let mut found = Description::default();
    for (at, line) in text.split('\n').enumerate() {
        // A bare carriage return ends a line, too.
        for line in line.split('\r') {
            let Some((kind, value)) = line.trim().split_once('=') else { continue };
            let value = value.trim();
            match (kind.trim_end(), found.streams.last_mut()) {
                ("v", _) if value != "0" => {
                    return Err(SdpError::Malformed { line: at + 1, what: "unknown version" });
                }
                ("m", _) => found.streams.push(stream(at + 1, value)),
                // Several addresses may be named; the first one counts.
                ("c", None) => found.connection = found.connection.or(Some(value)),
                ("c", Some(s)) => s.connection = s.connection.or(Some(value)),
                ("a", None) => found.attributes.push(value),
                ("a", Some(s)) => s.attributes.push(value),
                _ => {}
            }
        }
    }
    Ok(found)
}

fn stream(line: usize, value: &str) -> Stream<'_> {
    let mut rest = value;
    let mut word = || {
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        rest = after.trim_start();
        word
    };
    let (kind, port, proto) = (word(), word(), word());
    // A number of ports may follow a slash (section 5.14).
    let port = port.split('/').next().and_then(|port| port.parse().ok());
    Stream { line, kind, port, proto, formats: rest, connection: None, attributes: Vec::new() }
}

/// Name and value of an attribute.
pub(super) fn pair(attribute: &str) -> (&str, Option<&str>) {
    match attribute.split_once(':') {
        Some((name, value)) => (name.trim_end(), Some(value)),
        None => (attribute, None),
    }
}
