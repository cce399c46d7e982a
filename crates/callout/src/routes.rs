//! The endpoints, in the order of checks that the specification fixes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use domain::{Principal, Refusal, Scope};
use engine::{Calls, Once, PlaceOrder, Placed, Placement, StoredReply, find_call};
use futures::StreamExt;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::OpenApi;
use uuid::Uuid;

use crate::config::Config;
use crate::error::{self, Circumstances, Failure};
use crate::wire::{self, Reply};
use crate::{convert, stream};

/// Longest body.
const MAX_BODY_BYTES: usize = 512 * 1024;
/// How much of a body that is too long is read before the reply, so that an honest client has
/// finished writing and sees the reply instead of a reset connection.
const MAX_DRAINED_BYTES: usize = 4 * MAX_BODY_BYTES;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const VERSION: HeaderName = HeaderName::from_static("x-skill-version");

/// The dialect's router, with absolute paths; to be merged with those of its neighbours.
pub fn router(calls: Arc<dyn Calls>, config: Config) -> Router {
    let door = Arc::new(Door { calls, config });
    let no_post = || any(|| async { not_allowed("POST") });
    let no_get = || any(|| async { not_allowed("GET, HEAD") });
    let unknown = || any(|| async { Failure(Refusal::NotFound) });
    Router::new()
        .route("/api/v1/callinfo/initiate_call", no_post().merge(post(initiate_call)))
        .route("/api/v1/callinfo/search_callinfo", no_post().merge(post(search_callinfo)))
        .route("/api/v1/callinfo/stream_chat_history", no_post().merge(post(stream_chat_history)))
        .route("/api/v1/callinfo/skill_version", no_get().merge(get(skill_version)))
        .route("/api/v1/callinfo/balance", no_get().merge(get(balance)))
        .route("/api/v1/callinfo", unknown())
        .route("/api/v1/callinfo/", unknown())
        .route("/api/v1/callinfo/{*unknown}", unknown())
        .layer(middleware::from_fn_with_state(door.clone(), frame))
        .with_state(door)
}

/// What the endpoints of this dialect look like, for the common OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(
    paths(
        initiate_call,
        search_callinfo,
        stream_chat_history,
        skill_version,
        balance
    ),
    components(schemas(wire::FailureReply)),
    tags((name = "callout", description = "The callout dialect: REST and SSE"))
)]
struct Document;

/// What every handler needs.
struct Door {
    calls: Arc<dyn Calls>,
    config: Config,
}

impl Door {
    /// Version, key and scope, in this order.
    async fn enter(&self, headers: &HeaderMap, scope: Scope) -> Result<Principal, Refusal> {
        let mut versions = headers.get_all(VERSION).iter().peekable();
        let missing = versions.peek().is_none();
        let wrong = versions.any(|v| v.as_bytes() != wire::SKILL_VERSION.as_bytes());
        if wrong || (missing && self.config.require_version_header) {
            return Err(Refusal::VersionMismatch);
        }
        let who = self.calls.authenticate(key(headers)?).await?;
        if who.may(scope) { Ok(who) } else { Err(Refusal::ScopeDenied { scope }) }
    }
}

/// Place calls: all numbers are accepted, or none.
#[utoipa::path(
    post, path = "/api/v1/callinfo/initiate_call", tag = "callout",
    request_body = wire::InitiateRequest,
    responses(
        (status = 200, description = "Accepted, before any dialling",
            body = wire::InitiateReply),
        (status = "4XX", description = "Refused, nothing was dialled", body = wire::FailureReply),
        (status = "5XX", description = "Failed, nothing was dialled", body = wire::FailureReply)
    ),
    security(("api_key" = []), ("bearer" = []))
)]
async fn initiate_call(
    State(door): State<Arc<Door>>,
    request: Request,
) -> Result<Response, Failure> {
    let who = door.enter(request.headers(), Scope::CallsCreate).await?;
    let key = request.headers().get_all(IDEMPOTENCY_KEY).iter().map(HeaderValue::as_bytes);
    let key = convert::idempotency_key(key);
    let members = members(request).await?;
    let key = key?.map(|key| format!("initiate_call:{key}"));
    let digest = convert::digest(&members);
    if let Some(key) = &key
        && let Some(reply) = door.calls.replayed(&who, key, &digest).await?
    {
        return Ok(again(reply));
    }
    let wanted = convert::initiate_request(&members)?;
    let order = convert::place_order(&wanted, door.calls.catalogue(), door.config.max_phones)?;
    let once = key.map(|key| Once::Key { key, digest, reply: Arc::new(initiate_reply) });
    match door.calls.place(&who, PlaceOrder { once, ..order }).await? {
        Placement::New(placed) => Ok(sent(initiate_reply(&placed)?)),
        Placement::Repeated(reply) => Ok(again(reply)),
    }
}

/// What `initiate_call` answers, byte for byte: it may have to be given again.
fn initiate_reply(placed: &Placed) -> Result<StoredReply, Refusal> {
    let reply = wire::InitiateReply::new(convert::initiate_data(placed)?);
    Ok(StoredReply { status: StatusCode::OK.as_u16(), body: wire::bytes(&reply)? })
}

fn sent(reply: StoredReply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    (status, [(header::CONTENT_TYPE, "application/json")], reply.body).into_response()
}

/// A reply that was given before, with the mark that says so.
fn again(reply: StoredReply) -> Response {
    let mut response = sent(reply);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// Look up one call.
#[utoipa::path(
    post, path = "/api/v1/callinfo/search_callinfo", tag = "callout",
    request_body = wire::CallIdRequest,
    responses(
        (status = 200, description = "The call as committed", body = Reply<wire::CallInfo>),
        (status = "4XX", description = "Refused", body = wire::FailureReply)
    ),
    security(("api_key" = []), ("bearer" = []))
)]
async fn search_callinfo(
    State(door): State<Arc<Door>>,
    request: Request,
) -> Result<Response, Failure> {
    let who = door.enter(request.headers(), Scope::CallsRead).await?;
    let members = members(request).await?;
    let id = find_call(&*door.calls, &who, convert::call_id(&members)?).await?;
    let record = door.calls.record(&who, id).await?;
    json(&Reply::ok(convert::call_info(&record)?))
}

/// Follow one call's conversation.
///
/// Events are `data: {"role": "assistant|user|system", "content": "…"}`; the last one is
/// `[DONE]`, or `[TIMEOUT]` if nobody answered.
#[utoipa::path(
    post, path = "/api/v1/callinfo/stream_chat_history", tag = "callout",
    request_body = wire::CallIdRequest,
    responses(
        (status = 200, description = "Utterances as they are committed",
            body = String, content_type = "text/event-stream"),
        (status = "4XX", description = "Refused", body = wire::FailureReply)
    ),
    security(("api_key" = []), ("bearer" = []))
)]
async fn stream_chat_history(
    State(door): State<Arc<Door>>,
    request: Request,
) -> Result<Response, Failure> {
    let who = door.enter(request.headers(), Scope::CallsRead).await?;
    let members = members(request).await?;
    let id = find_call(&*door.calls, &who, convert::call_id(&members)?).await?;
    let watch = door.calls.watch(&who, id, stream::watch_options()).await?;
    Ok(stream::reply(watch))
}

/// The protocol's version; needs no key and no header.
#[utoipa::path(
    get, path = "/api/v1/callinfo/skill_version", tag = "callout",
    responses((status = 200, description = "Compare by equality", body = wire::VersionReply))
)]
async fn skill_version() -> Result<Response, Failure> {
    json(&wire::VersionReply { skill_version: wire::SKILL_VERSION })
}

/// What the account has, and what a minute costs.
#[utoipa::path(
    get, path = "/api/v1/callinfo/balance", tag = "callout",
    responses(
        (status = 200, description = "In CNY", body = Reply<wire::BalanceData>),
        (status = "4XX", description = "Refused", body = wire::FailureReply)
    ),
    security(("api_key" = []), ("bearer" = []))
)]
async fn balance(State(door): State<Arc<Door>>, headers: HeaderMap) -> Result<Response, Failure> {
    let who = door.enter(&headers, Scope::BalanceRead).await?;
    let balance = door.calls.balance(&who).await?;
    let catalogue = door.calls.catalogue();
    json(&Reply::ok(convert::balance_data(balance, catalogue)?))
}

/// Gives every reply its number and its caching rule, and every refusal its bytes.
async fn frame(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let around = Circumstances::of(request.headers(), request.version(), id);
    let mut response = next.run(request).await;
    if let Some(Failure(refusal)) = response.extensions_mut().remove() {
        if refusal == Refusal::Internal {
            tracing::error!(request = around.request_id, "a request failed");
        }
        response = error::render(&refusal, &around, &door.calls.catalogue().public_url);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&around.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    response
}

fn not_allowed(allow: &'static str) -> Failure {
    Failure(Refusal::MethodNotAllowed { allow })
}

fn json(reply: &impl Serialize) -> Result<Response, Failure> {
    let bytes = wire::bytes(reply)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

fn key(headers: &HeaderMap) -> Result<&str, Refusal> {
    let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    domain::shown_key(values(API_KEY), values(header::AUTHORIZATION))
}

async fn members(request: Request) -> Result<Map<String, Value>, Refusal> {
    convert::members(&read(request.into_body()).await?)
}

/// The whole body. One that breaks off, stalls (a layer around this router ends it) or is no
/// HTTP body at all is not JSON.
async fn read(body: Body) -> Result<Vec<u8>, Refusal> {
    let mut pieces = body.into_data_stream();
    let mut whole = Vec::new();
    let mut length = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Refusal::BadJson)?;
        length += piece.len();
        if length <= MAX_BODY_BYTES {
            whole.extend_from_slice(&piece);
        } else if length > MAX_DRAINED_BYTES {
            break;
        }
    }
    if length > MAX_BODY_BYTES {
        return Err(Refusal::PayloadTooLarge);
    }
    Ok(whole)
}
