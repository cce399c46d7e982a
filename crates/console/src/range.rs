//! Which bytes a `Range` header asks for (RFC 9110 section 14).

/// What to send of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: no range, one that cannot be read, or several.
    Whole,
    /// The bytes from `first` to `last`, both included.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte.
        last: u64,
    },
    /// Nothing of what was asked for exists.
    Unsatisfiable,
}

/// Reads one `bytes=` range against a representation of `len` bytes. Several ranges get the
/// whole, as a server may answer them (section 14.2).
pub fn wanted(header: Option<&str>, len: u64) -> Wanted {
    let set = header.and_then(|h| h.split_once('='));
    let Some((unit, spec)) = set else {
        return Wanted::Whole;
    };
    let spec = spec.trim();
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return Wanted::Whole;
    }
    match spec.split_once('-') {
        Some(("", n)) => number(n).map_or(Wanted::Whole, |n| suffix(n, len)),
        Some((first, "")) => number(first).map_or(Wanted::Whole, |f| part(f, u64::MAX, len)),
        Some((first, last)) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => part(first, last, len),
            _ => Wanted::Whole,
        },
        None => Wanted::Whole,
    }
}

fn part(first: u64, last: u64, len: u64) -> Wanted {
    if first < len {
        Wanted::Part { first, last: last.min(len - 1) }
    } else {
        Wanted::Unsatisfiable
    }
}

fn suffix(n: u64, len: u64) -> Wanted {
    if n == 0 { Wanted::Unsatisfiable } else { part(len.saturating_sub(n), u64::MAX, len) }
}

/// Digits only: `u64::from_str` would take a sign. What exceeds 64 bits lies beyond any end.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_table() {
        use Wanted::{Unsatisfiable, Whole};
        let part = |first, last| Wanted::Part { first, last };
        for (header, want) in [
            (None, Whole),
            (Some("bytes=0-0"), part(0, 0)),
            (Some("bytes=0-"), part(0, 99)),
            (Some("BYTES = 10-19 "), part(10, 19)),
            (Some("bytes=90-200"), part(90, 99)),
            (Some("bytes=90-99999999999999999999"), part(90, 99)),
            (Some("bytes=-1"), part(99, 99)),
            (Some("bytes=-1000"), part(0, 99)),
            (Some("bytes=-0"), Unsatisfiable),
            (Some("bytes=100-"), Unsatisfiable),
            (Some("bytes=100-200"), Unsatisfiable),
            (Some("bytes=20-10"), Whole),
            (Some("bytes=+1-2"), Whole),
            (Some("bytes=a-b"), Whole),
            (Some("bytes=-"), Whole),
            (Some("bytes=0-1,5-6"), Whole),
            (Some("items=0-1"), Whole),
            (Some("bytes"), Whole),
        ] {
            assert_eq!(wanted(header, 100), want, "{header:?}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Unsatisfiable);
        assert_eq!(wanted(Some("bytes=-5"), 0), Unsatisfiable);
    }
}
