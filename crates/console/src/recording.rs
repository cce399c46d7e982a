//! A call's recording, whole or in part.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::{Refusal, Scope};
use engine::{Calls, Recording};
use futures::stream;

use crate::access;
use crate::calls::call_of;
use crate::frame::Desk;
use crate::problem::{Failure, Problem};
use crate::range::{Wanted, wanted};

/// How much is read at once; a reader that does not read costs no more than this.
const PIECE_BYTES: u64 = 64 * 1024;

/// The recording: WAV, 16 bit, left the callee, right the AI.
#[utoipa::path(
    get, path = "/v1/calls/{id}/recording", tag = "calls",
    params(
        ("id" = String, Path, description = "The call's id"),
        ("Range" = Option<String>, Header, description = "One range of bytes"),
        ("If-Range" = Option<String>, Header, description = "The ETag the range belongs to")
    ),
    responses(
        (status = 200, description = "All of it", body = Vec<u8>, content_type = "audio/wav"),
        (status = 206, description = "The range", body = Vec<u8>, content_type = "audio/wav"),
        (status = 304, description = "Unchanged since the ETag of If-None-Match"),
        (status = 409, description = "The call still runs", body = Problem,
            content_type = "application/problem+json"),
        (status = 416, description = "The range lies beyond the end", body = Problem,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = Problem,
            content_type = "application/problem+json")
    ),
    security(("api_key" = []), ("bearer" = []))
)]
pub async fn recording(
    State(desk): State<Arc<Desk>>,
    path: Result<Path<String>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let who = access::enter(&*desk.calls, &headers, Scope::RecordingsRead).await?;
    let id = call_of(&*desk.calls, &who, path).await?;
    let recording = desk.calls.recording(&who, id).await?;
    let etag = format!("\"{}\"", recording.sha256);
    let mut reply = if is_named(&headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        // Only GET knows ranges (RFC 9110 section 14.2).
        let range = asked_range(&headers, &etag).filter(|_| method == Method::GET);
        send(desk.calls.clone(), recording, range)?
    };
    let etag = HeaderValue::from_str(&etag).map_err(|_| Refusal::Internal)?;
    let fixed = HeaderValue::from_static;
    let headers = reply.headers_mut();
    headers.insert(header::ETAG, etag);
    headers.insert(header::ACCEPT_RANGES, fixed("bytes"));
    headers.insert(header::CACHE_CONTROL, fixed("private, no-cache"));
    Ok(reply)
}

/// The `Range`, unless `If-Range` names another version; a date never matches, because no
/// `Last-Modified` is sent.
fn asked_range<'a>(headers: &'a HeaderMap, etag: &str) -> Option<&'a str> {
    let stale = headers.get(header::IF_RANGE).is_some_and(|v| v != etag);
    let range = headers.get(header::RANGE).filter(|_| !stale)?;
    range.to_str().ok()
}

/// Whether `If-None-Match` names this version.
fn is_named(headers: &HeaderMap, etag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter();
    lists.filter_map(|v| v.to_str().ok()).any(|list| {
        let mut tags = list.split(',').map(str::trim);
        tags.any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == etag)
    })
}

fn send(
    calls: Arc<dyn Calls>,
    recording: Recording,
    range: Option<&str>,
) -> Result<Response, Failure> {
    let len = recording.len;
    let (first, end, part) = match wanted(range, len) {
        Wanted::Whole => (0, len, None),
        Wanted::Part { first, last } => {
            let part = format!("bytes {first}-{last}/{len}");
            (first, last + 1, Some(part))
        }
        Wanted::Unsatisfiable => {
            let range = HeaderValue::from_str(&format!("bytes */{len}"));
            let range = range.map_err(|_| Refusal::Internal)?;
            return Err(Failure::with(Refusal::BadRange, header::CONTENT_RANGE, range));
        }
    };
    let mut reply = body(calls, recording, first, end).into_response();
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::CONTENT_LENGTH, (end - first).into());
    if let Some(part) = part {
        let part = HeaderValue::from_str(&part).map_err(|_| Refusal::Internal)?;
        headers.insert(header::CONTENT_RANGE, part);
        *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(reply)
}

/// The bytes from `first` up to `end`, read piece by piece as the client takes them. If they
/// cannot be read the body breaks off before its announced length, so no client takes it for
/// whole.
fn body(calls: Arc<dyn Calls>, recording: Recording, first: u64, end: u64) -> Body {
    let reader = Arc::new((calls, recording));
    Body::from_stream(stream::unfold(first, move |at| {
        let reader = reader.clone();
        async move {
            if at >= end {
                return None;
            }
            let (calls, recording) = &*reader;
            let count = PIECE_BYTES.min(end - at);
            match calls.read_recording(recording, at, count).await {
                Ok(piece) if !piece.is_empty() => {
                    let next = at + piece.len() as u64;
                    Some((Ok(Bytes::from(piece)), next))
                }
                Ok(_) => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), end)),
                Err(refusal) => Some((Err(io::Error::other(refusal)), end)),
            }
        }
    }))
}
