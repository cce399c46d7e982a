//! Why a request came to nothing, how it is told, and what exit code it has.

use serde::Deserialize;

use super::exit::Exit;
use super::output::{self, plain, trouble};
use super::tongue::Tongue;

/// A request that came to nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server said no.
    Refused(Refused),
    /// No connection was made: the server has not seen the request.
    NotSent(String),
    /// The request may have arrived, but no whole reply came back.
    NoReply(String),
    /// A reply that is none of this protocol.
    Garbled,
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Refused {
    /// HTTP status.
    pub(crate) status: u16,
    /// The specification's code, or `http_<status>` from a server that has none.
    pub(crate) code: String,
    /// For people.
    pub(crate) message: String,
    /// The whole reply.
    pub(crate) body: Vec<u8>,
}

/// Members of the failure bodies of both bases: this dialect's and RFC 9457's.
#[derive(Default, Deserialize)]
struct Told {
    success: Option<bool>,
    message: Option<String>,
    code: Option<String>,
    title: Option<String>,
    detail: Option<String>,
}

impl Refused {
    /// The refusal in a reply, or the body back if it is none.
    pub(crate) fn read(status: u16, body: Vec<u8>) -> Result<Vec<u8>, Self> {
        let told: Told = serde_json::from_slice(&body).unwrap_or_default();
        if (200..300).contains(&status) && told.success != Some(false) {
            return Ok(body);
        }
        let code = told.code.unwrap_or_else(|| format!("http_{status}"));
        let said = told.message.or(told.detail).or(told.title);
        let message = said.unwrap_or_else(|| {
            let reason = reqwest::StatusCode::from_u16(status).ok();
            let reason = reason.and_then(|s| s.canonical_reason()).unwrap_or("");
            format!("HTTP {status} {reason}").trim_end().to_owned()
        });
        Err(Self { status, code, message, body })
    }
}

impl Failure {
    /// Whether asking again later may help: not yet known, too busy, out of order, unreachable.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Refused(r) => {
                r.code == "call_not_found" || r.status == 429 || (500..600).contains(&r.status)
            }
            Self::NotSent(_) | Self::NoReply(_) => true,
            Self::Garbled => false,
        }
    }

    /// Its exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Refused(r) => Exit::of_refusal(r.status, &r.code),
            Self::NotSent(_) | Self::NoReply(_) => Exit::Unreachable,
            Self::Garbled => Exit::Failed,
        }
    }

    /// Tells the reader; with `json`, the server's own body goes to stdout as well.
    pub(crate) fn report(&self, json: bool, tongue: Tongue) -> Exit {
        if let (true, Self::Refused(r)) = (json, self)
            && let Err(exit) = output::result(&r.body)
        {
            return exit;
        }
        trouble(&self.text(tongue));
        self.exit()
    }

    fn text(&self, tongue: Tongue) -> String {
        match self {
            Self::Refused(r) => format!("{} [{}]", plain(&r.message), plain(&r.code)),
            Self::NotSent(why) => tongue.pick(
                format!("Cannot reach the server: {why} [unreachable]"),
                format!("无法连接服务器：{why} [unreachable]"),
            ),
            Self::NoReply(why) => tongue.pick(
                format!("Connection lost: {why} [unreachable]"),
                format!("连接中断：{why} [unreachable]"),
            ),
            Self::Garbled => tongue
                .pick(
                    "The reply is not one of this service; is the base address right? [bad_reply]",
                    "收到的不是本服务的回复，请检查服务器地址 [bad_reply]",
                )
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_both_bases_are_read() {
        for (status, body, want) in [
            (402, r#"{"success":false,"message":"m","code":"c"}"#, Some(("c", "m"))),
            (
                404,
                r#"{"type":"/problems/c","title":"t","detail":"d","code":"c"}"#,
                Some(("c", "d")),
            ),
            (404, r#"{"title":"t"}"#, Some(("http_404", "t"))),
            (200, r#"{"success":false,"message":"m"}"#, Some(("http_200", "m"))),
            (502, "<html>", Some(("http_502", "HTTP 502 Bad Gateway"))),
            (302, "", Some(("http_302", "HTTP 302 Found"))),
            (200, r#"{"success":true}"#, None),
            (200, r#"{"items":[]}"#, None),
        ] {
            let got = Refused::read(status, body.into()).err();
            let got = got.as_ref().map(|r| (r.code.as_str(), r.message.as_str()));
            assert_eq!(got, want, "{status} {body}");
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let refused = |status, code: &str| {
            let (code, message) = (code.to_owned(), String::new());
            Failure::Refused(Refused { status, code, message, body: Vec::new() })
        };
        for (failure, want) in [
            (refused(404, "call_not_found"), true),
            (refused(404, "not_found"), false),
            (refused(429, "rate_limited"), true),
            (refused(500, "internal"), true),
            (refused(503, "overloaded"), true),
            (refused(401, "unauthorized"), false),
            (refused(426, "version_mismatch"), false),
            (Failure::NotSent(String::new()), true),
            (Failure::NoReply(String::new()), true),
            (Failure::Garbled, false),
        ] {
            assert_eq!(failure.passes(), want, "{failure:?}");
        }
    }
}
