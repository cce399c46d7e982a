//! Who is asking: the key in the request's headers, and whether it may.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use domain::{Principal, Refusal, Scope};
use engine::Calls;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The principal behind the request's key, if it has `scope`.
pub async fn enter(
    calls: &dyn Calls,
    headers: &HeaderMap,
    scope: Scope,
) -> Result<Principal, Refusal> {
    let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let key = domain::shown_key(values(API_KEY), values(header::AUTHORIZATION))?;
    let who = calls.authenticate(key).await?;
    if who.may(scope) { Ok(who) } else { Err(Refusal::ScopeDenied { scope }) }
}
