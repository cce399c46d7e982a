//! Input as an HTTP request: `METHOD path`, header lines, an empty line, the body. The reader of
//! real connections is hyper's and not searched here; what is behind it is.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// A reply, read to its end.
pub struct Reply {
    pub status: u16,
    pub is_json: bool,
    pub body: Vec<u8>,
}

/// Reads the input; `None` for what hyper would not let through. The good key is added, so that
/// most inputs come past the door.
pub fn read(data: &[u8]) -> Option<Request<Body>> {
    let end = data.windows(2).position(|w| w == b"\n\n");
    let (head, body) = match end {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let (method, path) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(path);
    let mut keyed = false;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        keyed |= name.eq_ignore_ascii_case("x-api-key");
        request = request.header(name, value);
    }
    if !keyed {
        request = request.header("X-API-Key", "sk_good");
    }
    let request = request.body(Body::from(body.to_vec())).ok()?;
    // Hyper refuses a request target without a path.
    request.uri().path().starts_with('/').then_some(request)
}

/// Sends it through the router and reads the reply, streams too: the fake's news end.
pub fn answer(router: Router, request: Request<Body>) -> Reply {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let response = router.oneshot(request).await.expect("infallible");
        let json = response.headers().get(header::CONTENT_TYPE);
        let is_json = json.is_some_and(|v| v.as_bytes().ends_with(b"json"));
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a whole body");
        Reply { status, is_json, body: body.to_bytes().to_vec() }
    })
}
