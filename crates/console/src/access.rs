//! Who is asking: the key in the request's headers, and whether it may.

use axum::http::{HeaderMap, HeaderValue, header};
use domain::{Principal, Refusal, Scope};
use engine::Calls;

/// The principal behind the request's key, if it has `scope`.
pub async fn enter(
    calls: &dyn Calls,
    headers: &HeaderMap,
    scope: Scope,
) -> Result<Principal, Refusal> {
    let who = calls.authenticate(key(headers)?).await?;
    if who.may(scope) { Ok(who) } else { Err(Refusal::ScopeDenied { scope }) }
}

/// `X-API-Key` and `Authorization: Bearer` mean the same; what is sent twice must be equal.
fn key(headers: &HeaderMap) -> Result<&str, Refusal> {
    let plain = headers.get_all("x-api-key").iter();
    let plain = plain.map(|v| text(v).map(Some));
    let bearer = headers.get_all(header::AUTHORIZATION).iter();
    let bearer = bearer.map(|v| text(v).map(token));
    let mut found = None;
    for key in plain.chain(bearer) {
        let Some(key) = key? else { continue };
        if *found.get_or_insert(key) != key {
            return Err(Refusal::Unauthorized);
        }
    }
    found.filter(|k| !k.is_empty()).ok_or(Refusal::Unauthorized)
}

fn text(value: &HeaderValue) -> Result<&str, Refusal> {
    value.to_str().map_err(|_| Refusal::Unauthorized)
}

/// What follows `Bearer`, in any case (RFC 9110 section 11.1); other schemes are not ours.
fn token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let ours = scheme.eq_ignore_ascii_case("bearer");
    ours.then(|| token.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_credentials_must_agree() {
        for (lines, want) in [
            (&[("x-api-key", "a")][..], Some("a")),
            (&[("authorization", "Bearer a")], Some("a")),
            (&[("authorization", "bearer  a")], Some("a")),
            (&[("x-api-key", "a"), ("authorization", "Bearer a")], Some("a")),
            (&[("x-api-key", "a"), ("authorization", "Bearer b")], None),
            (&[("x-api-key", "a"), ("x-api-key", "b")], None),
            (&[("x-api-key", "a"), ("authorization", "Basic b")], Some("a")),
            (&[("authorization", "Basic b")], None),
            (&[("authorization", "Bearer")], None),
            (&[("x-api-key", "")], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(key(&headers).ok(), want, "{lines:?}");
        }
    }
}
