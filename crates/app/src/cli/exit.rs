//! The exit codes of callout section 10, and which refusal has which.

use std::process::ExitCode;

/// How a customer's command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done; a stream saw `[DONE]`.
    Done = 0,
    /// Another refusal or failure; with `--wait`, a call that `failed`.
    Failed = 1,
    /// Bad input, found here or by the server.
    BadInput = 2,
    /// No key, a wrong one, or one that may not do this.
    NoAccess = 4,
    /// No such call or agent.
    Missing = 5,
    /// A policy forbids the call.
    Forbidden = 6,
    /// Too little balance.
    Unpaid = 7,
    /// Client and server speak different versions.
    Version = 8,
    /// Too many requests.
    RateLimited = 9,
    /// Nobody answered, or it was not over when the waiting was.
    Unanswered = 10,
    /// The server cannot be reached, or the stream broke off.
    Unreachable = 11,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// What a refusal with this HTTP status and code comes to.
    pub(crate) fn of_refusal(status: u16, code: &str) -> Self {
        match (status, code) {
            (_, "scope_denied" | "account_suspended") | (401, _) => Self::NoAccess,
            (
                _,
                "number_blocked"
                | "outside_calling_hours"
                | "content_refused"
                | "callee_limit"
                | "key_cap_reached",
            ) => Self::Forbidden,
            (400 | 413, _) => Self::BadInput,
            (402, _) => Self::Unpaid,
            (404, _) => Self::Missing,
            (426, _) => Self::Version,
            (429, _) => Self::RateLimited,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_closed_table_has_its_exit() {
        for (exit, rows) in [
            (
                2,
                &[
                    (400, "bad_json"),
                    (400, "invalid_request"),
                    (400, "invalid_phone"),
                    (400, "no_phones"),
                    (400, "too_many_phones"),
                    (400, "requirement_missing"),
                    (400, "requirement_too_long"),
                    (400, "unknown_option"),
                    (400, "bad_idempotency_key"),
                    (400, "bad_cursor"),
                    (413, "payload_too_large"),
                ][..],
            ),
            (4, &[(401, "unauthorized"), (403, "scope_denied"), (403, "account_suspended")]),
            (5, &[(404, "not_found"), (404, "call_not_found"), (404, "agent_not_found")]),
            (
                6,
                &[
                    (403, "number_blocked"),
                    (403, "outside_calling_hours"),
                    (403, "content_refused"),
                    (429, "callee_limit"),
                    (429, "key_cap_reached"),
                ],
            ),
            (7, &[(402, "insufficient_balance")]),
            (8, &[(426, "version_mismatch")]),
            (9, &[(429, "rate_limited")]),
            (
                1,
                &[
                    (405, "method_not_allowed"),
                    (409, "agent_inactive"),
                    (409, "idempotency_conflict"),
                    (409, "idempotency_in_flight"),
                    (500, "internal"),
                    (503, "overloaded"),
                    (503, "trunk_unavailable"),
                    (302, ""),
                    (403, ""),
                ],
            ),
        ] {
            for (status, code) in rows {
                assert_eq!(Exit::of_refusal(*status, code) as u8, exit, "{status} {code}");
            }
        }
    }
}
