//! `Retry-After`: how long a peer wants to be left alone (RFC 3261 section 20.33).

use std::time::Duration;

use rsipstack::sip::{Header, Headers};

/// The longest `Retry-After` that is obeyed, in seconds.
const LONGEST: u64 = 3_600;

/// The wait that is asked for, an hour at most; comment and parameters are passed over.
pub(crate) fn retry_after(headers: &Headers) -> Option<Duration> {
    let seconds: u64 = headers.iter().find_map(|header| match header {
        Header::RetryAfter(value) => {
            let digits = value.value().trim().split(|c: char| !c.is_ascii_digit()).next()?;
            // More digits than fit are a long time, too.
            (!digits.is_empty()).then(|| digits.parse().unwrap_or(LONGEST))
        }
        _ => None,
    })?;
    Some(Duration::from_secs(seconds.min(LONGEST)))
}
