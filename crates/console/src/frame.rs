//! The router and what is common to all its replies.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use domain::Refusal;
use engine::Calls;
use uuid::Uuid;

use crate::config::Config;
use crate::problem::Failure;
use crate::{calls, docs, events, list, recording};

/// What every handler needs.
pub struct Desk {
    pub calls: Arc<dyn Calls>,
}

/// The wing's router, with absolute paths. It brings the fallback for every path that no other
/// wing owns, so it is the only one that may have a fallback.
pub fn router(calls: Arc<dyn Calls>, config: Config) -> Router {
    let public_url = calls.catalogue().public_url.clone();
    let desk = Arc::new(Desk { calls });
    Router::new()
        .route("/v1/calls", reads(get(list::list)))
        .route("/v1/calls/{id}", reads(get(calls::show)))
        .route("/v1/calls/{id}/hangup", writes(post(calls::hang_up)))
        .route("/v1/calls/{id}/events", reads(get(events::events)))
        .route("/v1/calls/{id}/recording", reads(get(recording::recording)))
        .route("/", reads(get(welcome)))
        .fallback(unknown)
        .with_state(desk)
        .merge(docs::router(config.documents, public_url))
        .layer(middleware::from_fn(frame))
}

/// Gives every reply its number and its caching rule, and every failure its bytes.
async fn frame(request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().to_string();
    let mut response = next.run(request).await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = failure.render(&id);
        if response.status().is_server_error() {
            tracing::error!(request = id, status = %response.status(), "a request failed");
        }
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
    response
}

async fn welcome() -> &'static str {
    "waihu places AI phone calls.\n\nThe API: /docs (page), /openapi.json (document).\n"
}

async fn unknown() -> Failure {
    Refusal::NotFound.into()
}

fn reads<S: Clone + Send + Sync + 'static>(methods: MethodRouter<S>) -> MethodRouter<S> {
    methods.fallback(|| refuse("GET, HEAD"))
}

fn writes<S: Clone + Send + Sync + 'static>(methods: MethodRouter<S>) -> MethodRouter<S> {
    methods.fallback(|| refuse("POST"))
}

async fn refuse(allow: &'static str) -> Failure {
    Refusal::MethodNotAllowed { allow }.into()
}
