//! Session timers (RFC 4028): what was agreed, when to refresh, and when a call counts as dead.

use std::pin::Pin;
use std::time::Duration;

use rsipstack::sip::{Header, Headers};
use tokio::time::{Sleep, sleep};

/// The longest interval we agree to, in seconds.
const MAX_INTERVAL: u32 = 86_400;

/// An agreed timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// The session's interval.
    pub(crate) seconds: u32,
    /// We refresh; else the peer does.
    pub(crate) ours: bool,
}

impl Agreed {
    /// When to refresh (section 7.2 advises half of the interval).
    fn half(self) -> Duration {
        Duration::from_millis(u64::from(self.seconds) * 500)
    }

    /// When to hang up unless it was refreshed: a little before the end (section 10).
    fn end(self) -> Duration {
        Duration::from_secs(u64::from(self.seconds - (self.seconds / 3).min(32)))
    }
}

/// What a peer's request says about the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nothing, and nothing was agreed before.
    Nothing,
    /// Less than we take: 422.
    TooSmall,
    /// This.
    Agreed(Agreed),
}

/// What a 2xx to a request of ours agrees to; `None` if the peer keeps no timer.
pub(crate) fn answered(headers: &Headers) -> Option<Agreed> {
    let (seconds, refresher) = session_expires(headers)?;
    // Section 7.2 wants the refresher named; without a name it cannot hurt to be it.
    Some(Agreed { seconds, ours: !refresher.is_some_and(|r| r.eq_ignore_ascii_case("uas")) })
}

/// What a request of the peer wants, given what was agreed before and the least we take.
pub(crate) fn wanted(headers: &Headers, before: Option<Agreed>, min: u32) -> Wanted {
    let knows = supports_timer(headers);
    let Some((seconds, refresher)) = session_expires(headers) else {
        // Section 9 lets the one who answers keep a timer that the other knows nothing of.
        return match before {
            Some(agreed) => Wanted::Agreed(Agreed { ours: true, ..agreed }),
            None => Wanted::Nothing,
        };
    };
    if seconds < min && knows {
        return Wanted::TooSmall;
    }
    let ours = match refresher {
        Some(name) => name.eq_ignore_ascii_case("uas"),
        // A proxy asked on behalf of a peer that cannot refresh (section 9, table 2).
        None => !knows,
    };
    Wanted::Agreed(Agreed { seconds, ours })
}

/// The headers of a 2xx that agrees.
pub(crate) fn agreeing(agreed: Agreed) -> Vec<Header> {
    let role = if agreed.ours { "uas" } else { "uac" };
    let value = format!("{};refresher={role}", agreed.seconds);
    let mut headers = vec![Header::SessionExpires(value.into())];
    if !agreed.ours {
        headers.push(Header::Require("timer".into()));
    }
    headers
}

/// The headers of a request that proposes a session of so many seconds; `ours` claims the
/// refreshing, else the peer may choose.
pub(crate) fn proposing(seconds: u32, min: Option<u32>, ours: bool) -> Vec<Header> {
    let role = if ours { ";refresher=uac" } else { "" };
    let mut headers = vec![Header::SessionExpires(format!("{seconds}{role}").into())];
    if let Some(min) = min {
        headers.push(Header::MinSE(min.to_string().into()));
    }
    headers
}

/// The interval a 422 insists on (section 7.3); `None` if it cannot be met.
pub(crate) fn insisted(headers: &Headers) -> Option<u32> {
    let wanted = headers.iter().find_map(|header| match header {
        Header::MinSE(value) => value.value().split(';').next()?.trim().parse().ok(),
        _ => None,
    });
    wanted.filter(|s| (1..=MAX_INTERVAL).contains(s))
}

/// Interval and refresher; an interval that makes no sense counts as none.
fn session_expires(headers: &Headers) -> Option<(u32, Option<String>)> {
    let value = headers.iter().find_map(|header| match header {
        Header::SessionExpires(value) => Some(value.value().to_owned()),
        Header::Other(name, value) if name.eq_ignore_ascii_case("x") => Some(value.clone()),
        _ => None,
    })?;
    let mut parts = value.split(';').map(str::trim);
    let seconds = parts.next()?.parse().ok().filter(|s| (1..=MAX_INTERVAL).contains(s))?;
    let refresher = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("refresher").then(|| value.trim().to_owned())
    });
    Some((seconds, refresher))
}

fn supports_timer(headers: &Headers) -> bool {
    headers.iter().any(|header| {
        let list = match header {
            Header::Supported(list) => list.value(),
            Header::Require(list) => list.value(),
            Header::Other(name, value) if name.eq_ignore_ascii_case("k") => value,
            _ => return false,
        };
        list.split(',').any(|tag| tag.trim().eq_ignore_ascii_case("timer"))
    })
}

/// What a session's clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Refresh it.
    Refresh,
    /// Nobody did in time: hang up.
    Expired,
}

/// Waits for a session.
#[derive(Default)]
pub(crate) struct SessionClock {
    agreed: Option<Agreed>,
    refresh: Option<Pin<Box<Sleep>>>,
    end: Option<Pin<Box<Sleep>>>,
}

impl SessionClock {
    /// Starts again with what was agreed just now.
    pub(crate) fn agree(&mut self, agreed: Option<Agreed>) {
        self.agreed = agreed;
        self.refresh = agreed.filter(|a| a.ours).map(|a| Box::pin(sleep(a.half())));
        self.end = agreed.map(|a| Box::pin(sleep(a.end())));
    }

    pub(crate) fn agreed(&self) -> Option<Agreed> {
        self.agreed
    }

    /// The refresh was not taken: again after `wait`, unless the session ends first.
    pub(crate) fn again(&mut self, wait: Duration) {
        self.refresh = Some(Box::pin(sleep(wait)));
    }

    /// Waits; for ever if nothing was agreed. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Due {
        let due = tokio::select! {
            biased;
            () = at(&mut self.end) => Due::Expired,
            () = at(&mut self.refresh) => Due::Refresh,
        };
        match due {
            Due::Refresh => self.refresh = None,
            Due::Expired => self.agree(None),
        }
        due
    }
}

async fn at(moment: &mut Option<Pin<Box<Sleep>>>) {
    match moment {
        Some(moment) => moment.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    fn headers(list: &[(&str, &str)]) -> Headers {
        let header = |(name, value): &(&str, &str)| match *name {
            "Session-Expires" => Header::SessionExpires((*value).into()),
            "Supported" => Header::Supported((*value).into()),
            "Min-SE" => Header::MinSE((*value).into()),
            _ => Header::Other((*name).into(), (*value).into()),
        };
        Headers(list.iter().map(header).collect())
    }

    const fn agreed(seconds: u32, ours: bool) -> Agreed {
        Agreed { seconds, ours }
    }

    #[test]
    fn an_answer_says_who_refreshes() {
        for (value, want) in [
            ("1800;refresher=uac", Some(agreed(1800, true))),
            ("1800; Refresher = UAS", Some(agreed(1800, false))),
            ("1800", Some(agreed(1800, true))),
            ("0;refresher=uac", None),
            ("86401;refresher=uac", None),
            ("-5", None),
            ("soon", None),
        ] {
            assert_eq!(answered(&headers(&[("Session-Expires", value)])), want, "{value}");
        }
        assert_eq!(answered(&headers(&[])), None);
        assert_eq!(answered(&headers(&[("x", "90;refresher=uas")])), Some(agreed(90, false)));
    }

    #[test]
    fn a_request_is_agreed_to_unless_it_wants_too_little() {
        let timer = ("Supported", "100rel, Timer");
        let before = Some(agreed(600, false));
        for (list, want) in [
            (vec![("Session-Expires", "89"), timer], Wanted::TooSmall),
            (vec![("Session-Expires", "90"), timer], Wanted::Agreed(agreed(90, false))),
            // Who does not know 422 cannot be told; the timer of its proxy is kept by us.
            (vec![("Session-Expires", "60")], Wanted::Agreed(agreed(60, true))),
            (
                vec![("Session-Expires", "120;refresher=uas"), timer],
                Wanted::Agreed(agreed(120, true)),
            ),
            (vec![timer], Wanted::Agreed(agreed(600, true))),
        ] {
            assert_eq!(wanted(&headers(&list), before, 90), want, "{list:?}");
        }
        assert_eq!(wanted(&headers(&[timer]), None, 90), Wanted::Nothing);
    }

    #[tokio::test(start_paused = true)]
    async fn our_refresh_is_due_at_half_time_and_the_end_comes_a_little_early() {
        let mut clock = SessionClock::default();
        let idle = timeout(Duration::from_secs(100_000), clock.next()).await;
        assert!(idle.is_err(), "without a timer nothing is ever due");
        clock.agree(Some(agreed(90, true)));
        let early = timeout(Duration::from_millis(44_900), clock.next()).await;
        assert!(early.is_err());
        assert_eq!(clock.next().await, Due::Refresh);
        // 90 - 90 / 3 = 60 s after the agreement; 45 s have gone.
        let early = timeout(Duration::from_millis(14_900), clock.next()).await;
        assert!(early.is_err());
        assert_eq!(clock.next().await, Due::Expired);
        assert_eq!(clock.agreed(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refresh_starts_the_clock_again() {
        let mut clock = SessionClock::default();
        clock.agree(Some(agreed(1800, true)));
        for _ in 0..5 {
            assert_eq!(clock.next().await, Due::Refresh);
            clock.agree(Some(agreed(1800, true)));
        }
        assert_eq!(clock.next().await, Due::Refresh);
        clock.again(Duration::from_secs(3));
        let soon = timeout(Duration::from_secs(4), clock.next()).await;
        assert_eq!(soon, Ok(Due::Refresh));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_refresh_is_hung_up_on() {
        let mut clock = SessionClock::default();
        clock.agree(Some(agreed(1800, false)));
        let early = timeout(Duration::from_secs(1767), clock.next()).await;
        assert!(early.is_err());
        let end = timeout(Duration::from_secs(2), clock.next()).await;
        assert_eq!(end, Ok(Due::Expired));
    }
}
