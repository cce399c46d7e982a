//! Failures as `application/problem+json` (RFC 9457), with the codes of the specification.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

/// A failure on its way out; the frame turns it into bytes, because only the frame knows the
/// request's number.
#[derive(Clone, Debug)]
pub struct Failure {
    refusal: Refusal,
    /// Headers that only the handler could know.
    headers: HeaderMap,
}

impl Failure {
    /// A failure with a header of its own.
    pub fn with(refusal: Refusal, name: HeaderName, value: HeaderValue) -> Self {
        Self { refusal, headers: HeaderMap::from_iter([(name, value)]) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, headers: HeaderMap::new() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The body of every failure.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of failure.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of failure in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What was wrong this time.
    detail: String,
    /// For programs.
    code: &'static str,
    /// Names this request in the server's log.
    request_id: String,
}

impl Failure {
    /// The whole reply to the request `request_id`.
    pub fn render(self, request_id: &str) -> Response {
        let (code, status, title) = row(&self.refusal);
        let detail = match self.refusal {
            Refusal::Internal => format!("internal failure, request {request_id}"),
            ref other => other.to_string(),
        };
        let problem = Problem {
            kind: format!("/problems/{code}"),
            title,
            status,
            detail,
            code,
            request_id: request_id.to_owned(),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content = [(header::CONTENT_TYPE, "application/problem+json")];
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, content, body).into_response();
        let headers = response.headers_mut();
        headers.extend(own_header(&self.refusal));
        headers.extend(self.headers);
        response
    }
}

fn own_header(refusal: &Refusal) -> Option<(HeaderName, HeaderValue)> {
    let fixed = HeaderValue::from_static;
    Some(match refusal {
        Refusal::Unauthorized => (header::WWW_AUTHENTICATE, fixed("Bearer")),
        Refusal::MethodNotAllowed { allow } => (header::ALLOW, fixed(allow)),
        Refusal::RateLimited { retry_after_s } => {
            (header::RETRY_AFTER, (*retry_after_s).max(1).into())
        }
        Refusal::Overloaded => (header::RETRY_AFTER, SOON_S.into()),
        _ => return None,
    })
}

/// When to come again after a passing shortage, s.
const SOON_S: u32 = 5;

/// Code, status and title.
fn row(refusal: &Refusal) -> (&'static str, u16, &'static str) {
    match refusal {
        Refusal::BadJson => ("bad_json", 400, "Body is not JSON"),
        Refusal::InvalidRequest { .. } => ("invalid_request", 400, "Invalid parameter"),
        Refusal::BadCursor => ("bad_cursor", 400, "Unknown cursor"),
        Refusal::Unauthorized => ("unauthorized", 401, "API key missing, wrong or revoked"),
        Refusal::ScopeDenied { .. } => ("scope_denied", 403, "Key lacks a scope"),
        Refusal::AccountSuspended => ("account_suspended", 403, "Account suspended"),
        Refusal::NotFound => ("not_found", 404, "No such endpoint"),
        Refusal::CallNotFound => ("call_not_found", 404, "No such call"),
        Refusal::RecordingMissing => ("recording_missing", 404, "No recording"),
        Refusal::MethodNotAllowed { .. } => ("method_not_allowed", 405, "Method not allowed"),
        Refusal::RecordingPending => ("recording_pending", 409, "Recording not ready"),
        Refusal::PayloadTooLarge => ("payload_too_large", 413, "Body too large"),
        Refusal::BadRange => ("bad_range", 416, "Range not satisfiable"),
        Refusal::RateLimited { .. } => ("rate_limited", 429, "Too many requests"),
        Refusal::Overloaded => ("overloaded", 503, "Busy or stopping"),
        Refusal::Internal => ("internal", 500, "Internal failure"),
        // What only placing a call can meet; no endpoint here places calls yet.
        _ => ("internal", 500, "Internal failure"),
    }
}
