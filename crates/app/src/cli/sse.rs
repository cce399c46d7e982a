//! Server-sent events as this protocol uses them: lines in, the `data:` lines out.

/// Longest line; a requirement's whole length as one utterance is far below.
const MAX_LINE: usize = 1 << 20;

/// Takes the body in pieces as the network cuts them.
#[derive(Debug, Default)]
pub(crate) struct DataLines {
    /// The line that has begun.
    begun: Vec<u8>,
}

/// A line does not end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EndlessLine;

impl DataLines {
    /// The `data:` lines that end in this piece, without their line ends.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<Vec<String>, EndlessLine> {
        let mut lines = Vec::new();
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|&b| b == b'\n') {
            self.begun.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            let line = std::mem::take(&mut self.begun);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if line.starts_with(b"data:") {
                lines.push(String::from_utf8_lossy(line).into_owned());
            }
        }
        self.begun.extend_from_slice(rest);
        if self.begun.len() > MAX_LINE {
            return Err(EndlessLine);
        }
        Ok(lines)
    }
}

/// What follows `data:`; one space after the colon belongs to the format.
pub(crate) fn value(line: &str) -> &str {
    let value = line.strip_prefix("data:").unwrap_or_default();
    value.strip_prefix(' ').unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = ": keep-alive\n\n\
                        data: {\"role\": \"assistant\", \"content\": \"您好😀\"}\n\n\
                        event: x\r\ndata:b\r\n\r\n: keep-alive\n\ndata: never ended";

    #[test]
    fn every_cut_gives_the_same_lines() {
        let want = ["data: {\"role\": \"assistant\", \"content\": \"您好😀\"}", "data:b"];
        for cut in 0..=BODY.len() {
            let (head, tail) = BODY.as_bytes().split_at(cut);
            let mut lines = DataLines::default();
            let mut got = lines.take(head).unwrap();
            got.extend(lines.take(tail).unwrap());
            assert_eq!(got, want, "cut at {cut}");
        }
        assert_eq!(value("data:b"), "b");
        assert_eq!(value("data:  b"), " b");
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let mut lines = DataLines::default();
        assert_eq!(lines.take(&vec![b'x'; MAX_LINE]), Ok(Vec::new()));
        assert_eq!(lines.take(b"x"), Err(EndlessLine));
    }
}
