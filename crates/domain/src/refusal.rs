//! How a request fails before a call exists: the closed table of callout section 6 as values.

use crate::{MicroYuan, Scope};

/// Why nothing was accepted. Dialects turn it into their own codes and texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body is not JSON.
    #[error("body is not valid JSON")]
    BadJson,
    /// A field has the wrong type or form.
    #[error("field {field} is not valid")]
    InvalidRequest {
        /// Which one.
        field: String,
    },
    /// The n-th number (from 1) is not a phone number.
    #[error("number {index} is not valid")]
    InvalidPhone {
        /// Its position, from 1.
        index: usize,
    },
    /// No numbers were given.
    #[error("no numbers")]
    NoPhones,
    /// Too many numbers.
    #[error("more than {max} numbers")]
    TooManyPhones {
        /// The limit.
        max: u32,
    },
    /// No requirement was given.
    #[error("no requirement")]
    RequirementMissing,
    /// The requirement exceeds 20,000 characters.
    #[error("requirement too long")]
    RequirementTooLong,
    /// A value that is not on the list of choices.
    #[error("unknown value for {field}")]
    UnknownOption {
        /// Which field.
        field: &'static str,
    },
    /// The Idempotency-Key has the wrong form.
    #[error("Idempotency-Key is malformed")]
    BadIdempotencyKey,
    /// No key, a wrong one, or a revoked one.
    #[error("key missing, wrong or revoked")]
    Unauthorized,
    /// `available` is below the sum of the holds.
    #[error("{hold} needed, {available} available")]
    InsufficientBalance {
        /// What would be held.
        hold: MicroYuan,
        /// What there is.
        available: MicroYuan,
    },
    /// The key lacks a scope.
    #[error("scope {} missing", scope.word())]
    ScopeDenied {
        /// Which one.
        scope: Scope,
    },
    /// The account is suspended.
    #[error("account suspended")]
    AccountSuspended,
    /// The number opted out, or the key may not call it.
    #[error("number blocked")]
    NumberBlocked,
    /// Not now.
    #[error("outside calling hours")]
    OutsideCallingHours,
    /// The operator's keyword screen.
    #[error("content refused")]
    ContentRefused,
    /// No such path.
    #[error("no such endpoint")]
    NotFound,
    /// No such call, or not this account's.
    #[error("no such call")]
    CallNotFound,
    /// No such agent, or not this account's.
    #[error("no such agent")]
    AgentNotFound,
    /// The path knows no such method.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// What `Allow` names.
        allow: &'static str,
    },
    /// The agent is switched off.
    #[error("agent inactive")]
    AgentInactive,
    /// What makes a request happen once, an Idempotency-Key or a signature's nonce, was used with
    /// another one.
    #[error("key or nonce reused")]
    IdempotencyConflict,
    /// The same request is in progress.
    #[error("same request in progress")]
    IdempotencyInFlight,
    /// The body exceeds its limit.
    #[error("body too large")]
    PayloadTooLarge,
    /// The client speaks another protocol version.
    #[error("version mismatch")]
    VersionMismatch,
    /// Too many requests.
    #[error("rate limited")]
    RateLimited {
        /// Seconds until the next may come.
        retry_after_s: u32,
    },
    /// Too many calls to this number.
    #[error("callee limit")]
    CalleeLimit,
    /// A cap of the key is reached.
    #[error("cap {cap} reached")]
    KeyCapReached {
        /// Which one.
        cap: &'static str,
    },
    /// A fault of ours; the cause is in the log, not here.
    #[error("internal failure")]
    Internal,
    /// Stopping, or too busy.
    #[error("busy or stopping")]
    Overloaded,
    /// No trunk could carry it.
    #[error("no phone line")]
    TrunkUnavailable,
    /// A cursor that we did not make.
    #[error("bad cursor")]
    BadCursor,
    /// The call was not recorded.
    #[error("no recording")]
    RecordingMissing,
    /// The call still runs.
    #[error("recording not ready")]
    RecordingPending,
    /// The range lies beyond the recording.
    #[error("range not satisfiable")]
    BadRange,
}
