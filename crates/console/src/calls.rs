//! One call: show it, end it.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use domain::{CallId, Principal, Refusal, Scope};
use engine::{Calls, find_call};

use crate::access;
use crate::frame::Desk;
use crate::problem::{Failure, Problem};
use crate::wire::{CallDetail, HangUpReply};

/// The call that a path names, by its id or its alias.
pub async fn call_of(
    calls: &dyn Calls,
    who: &Principal,
    path: Result<Path<String>, PathRejection>,
) -> Result<CallId, Refusal> {
    let Path(text) = path.map_err(|_| Refusal::CallNotFound)?;
    find_call(calls, who, &text).await
}

/// One call, with exact texts.
#[utoipa::path(
    get, path = "/v1/calls/{id}", tag = "calls",
    params(("id" = String, Path, description = "The call's id or alias")),
    responses(
        (status = 200, description = "Everything committed", body = CallDetail),
        (status = "4XX", description = "Refused", body = Problem,
            content_type = "application/problem+json")
    ),
    security(("api_key" = []), ("bearer" = []))
)]
pub async fn show(
    State(desk): State<Arc<Desk>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<CallDetail>, Failure> {
    let calls = &*desk.calls;
    let who = access::enter(calls, &headers, Scope::CallsRead).await?;
    let record = calls.record(&who, call_of(calls, &who, path).await?).await?;
    Ok(Json(CallDetail::of(&record)?))
}

/// End one call. Harmless when repeated, and when the call has ended.
#[utoipa::path(
    post, path = "/v1/calls/{id}/hangup", tag = "calls",
    params(("id" = String, Path, description = "The call's id or alias")),
    responses(
        (status = 200, description = "Over within 2 s, or over already", body = HangUpReply),
        (status = "4XX", description = "Refused", body = Problem,
            content_type = "application/problem+json")
    ),
    security(("api_key" = []), ("bearer" = []))
)]
pub async fn hang_up(
    State(desk): State<Arc<Desk>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Json<HangUpReply>, Failure> {
    let calls = &*desk.calls;
    let who = access::enter(calls, &headers, Scope::CallsHangup).await?;
    let id = call_of(calls, &who, path).await?;
    let met = calls.hang_up(&who, id).await?;
    Ok(Json(HangUpReply {
        call_id: id.to_string(),
        status: met.status.word(),
        already_ended: met.already_ended,
    }))
}
