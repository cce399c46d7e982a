//! Messages out of a byte stream (RFC 3261 section 18.3): segments may be cut anywhere.

/// The longest header section that is read, in bytes.
const MAX_HEAD: usize = 64 << 10;
/// The longest body, in bytes. Session descriptions have some hundred.
const MAX_BODY: usize = 64 << 10;

/// What a stream holds next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// One whole message, head and body.
    Message(Vec<u8>),
    /// Two line ends between messages: the peer wants one back (RFC 5626 section 3.5.1).
    Ping,
}

/// Why a stream cannot be read any further: where the next message begins is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    #[error("a message without Content-Length")]
    NoLength,
    #[error("a message whose Content-Length cannot be read")]
    BadLength,
    #[error("a message that is too long")]
    TooLong,
}

/// Collects bytes and gives messages.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    buffer: Vec<u8>,
    /// Bytes in which the end of the head was looked for in vain.
    looked_at: usize,
}

impl Framer {
    /// Takes what has arrived.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece; `None` until more arrives. After an error nothing is readable.
    pub(crate) fn next(&mut self) -> Result<Option<Piece>, Broken> {
        loop {
            if self.buffer.starts_with(b"\r\n\r\n") {
                self.buffer.drain(..4);
                return Ok(Some(Piece::Ping));
            }
            // One line end is the answer to a ping of ours; perhaps the first half of a ping.
            let pong = self.buffer.starts_with(b"\r\n") && self.buffer.len() > 2;
            if !pong || self.buffer[2] == b'\r' {
                break;
            }
            self.buffer.drain(..2);
        }
        let Some(head) = self.head_end()? else {
            return Ok(None);
        };
        let body = content_length(&self.buffer[..head])?;
        if body > MAX_BODY {
            return Err(Broken::TooLong);
        }
        if self.buffer.len() < head + body {
            return Ok(None);
        }
        let rest = self.buffer.split_off(head + body);
        self.looked_at = 0;
        Ok(Some(Piece::Message(std::mem::replace(&mut self.buffer, rest))))
    }

    /// Where the body begins.
    fn head_end(&mut self) -> Result<Option<usize>, Broken> {
        const END: &[u8] = b"\r\n\r\n";
        let from = self.looked_at.saturating_sub(END.len() - 1);
        let found = self.buffer[from..].windows(END.len()).position(|w| w == END);
        let head = found.map(|at| from + at + END.len());
        if head.unwrap_or(self.buffer.len()) > MAX_HEAD {
            return Err(Broken::TooLong);
        }
        if head.is_none() {
            self.looked_at = self.buffer.len();
        }
        Ok(head)
    }
}

/// The one length a head names; repeated headers must agree.
fn content_length(head: &[u8]) -> Result<usize, Broken> {
    let mut length = None;
    for line in head.split(|b| *b == b'\n') {
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            continue;
        };
        let name = line[..colon].trim_ascii();
        if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let digits = line[colon + 1..].trim_ascii();
        // `parse` takes a plus sign, which is no digit.
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Broken::BadLength);
        }
        let digits = std::str::from_utf8(digits).map_err(|_| Broken::BadLength)?;
        let value: usize = digits.parse().map_err(|_| Broken::TooLong)?;
        if length.is_some_and(|had| had != value) {
            return Err(Broken::BadLength);
        }
        length = Some(value);
    }
    length.ok_or(Broken::NoLength)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "SIP/2.0 200 OK\r\nCall-ID: a\r\nContent-Length: 4\r\n\r\nv=0\n";
    const TWO: &str = "BYE sip:a SIP/2.0\r\nl : 0\r\n\r\n";

    fn pieces(chunks: &[&[u8]]) -> Result<Vec<Piece>, Broken> {
        let mut framer = Framer::default();
        let mut found = Vec::new();
        for chunk in chunks {
            framer.push(chunk);
            while let Some(piece) = framer.next()? {
                found.push(piece);
            }
        }
        Ok(found)
    }

    fn message(text: &str) -> Piece {
        Piece::Message(text.as_bytes().to_vec())
    }

    #[test]
    fn segments_may_be_cut_at_every_byte() {
        let stream = format!("{ONE}\r\n\r\n{TWO}\r\n{ONE}");
        let want = vec![message(ONE), Piece::Ping, message(TWO), message(ONE)];
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(pieces(&bytes).unwrap(), want);
        for cut in 0..=stream.len() {
            let (a, b) = stream.as_bytes().split_at(cut);
            assert_eq!(pieces(&[a, b]).unwrap(), want, "cut at {cut}");
        }
    }

    #[test]
    fn a_stream_whose_next_message_cannot_be_found_is_given_up() {
        for (head, want) in [
            ("BYE sip:a SIP/2.0\r\nCall-ID: a\r\n\r\n", Broken::NoLength),
            ("BYE sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n", Broken::BadLength),
            ("BYE sip:a SIP/2.0\r\nContent-Length: +1\r\n\r\n", Broken::BadLength),
            ("BYE sip:a SIP/2.0\r\nContent-Length:\r\n\r\n", Broken::BadLength),
            ("BYE sip:a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n", Broken::BadLength),
            ("BYE sip:a SIP/2.0\r\nContent-Length: 65537\r\n\r\n", Broken::TooLong),
            ("BYE sip:a SIP/2.0\r\nContent-Length: 18446744073709551615\r\n\r\n", Broken::TooLong),
            (
                "BYE sip:a SIP/2.0\r\nContent-Length: 99999999999999999999999\r\n\r\n",
                Broken::TooLong,
            ),
        ] {
            assert_eq!(pieces(&[head.as_bytes()]), Err(want), "{head}");
        }
        let endless = vec![b'x'; MAX_HEAD + 1];
        assert_eq!(pieces(&[&endless]), Err(Broken::TooLong));
    }

    #[test]
    fn repeated_lengths_that_agree_are_one() {
        let twice = "BYE sip:a SIP/2.0\r\nContent-Length: 0\r\nl: 0\r\n\r\n";
        assert_eq!(pieces(&[twice.as_bytes()]).unwrap(), vec![message(twice)]);
    }
}
