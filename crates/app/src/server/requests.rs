//! What was asked of the listener: a line in the log and a count for each request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// Requests answered, by status.
pub(crate) struct Requests([AtomicU64; 1_000]);

impl Default for Requests {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Requests {
    /// Statuses that were sent, and how often.
    pub(crate) fn by_status(&self) -> impl Iterator<Item = (usize, u64)> {
        let counts = self.0.iter().map(|n| n.load(Ordering::Relaxed)).enumerate();
        counts.filter(|(_, n)| *n > 0)
    }
}

/// Notes a request when its reply begins. Query and headers are left out: they may hold numbers
/// and keys.
#[expect(clippy::disallowed_methods, reason = "a log line says how long the reply took")]
pub(crate) async fn note(
    State(requests): State<Arc<Requests>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    if let Some(count) = requests.0.get(usize::from(status)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
    let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    tracing::info!(
        target: "waihu::http",
        %method,
        path = %masked(&path),
        status,
        ms = began.elapsed().as_millis() as u64,
        peer = peer.map(tracing::field::display),
        request = id,
        "request"
    );
    response
}

/// A path, cut at 200 characters, with its parts that may be phone numbers masked: a stranger may
/// write one anywhere. A part with letters is none.
fn masked(path: &str) -> String {
    let path: String = path.chars().take(200).collect();
    let parts = path.split('/').map(|part| {
        let digits: String = part.chars().filter(char::is_ascii_digit).collect();
        if digits.len() < 8 || part.chars().any(|c| c.is_ascii_alphabetic()) {
            return part.to_owned();
        }
        format!("{}****{}", &digits[..3], &digits[digits.len() - 4..])
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn numbers_in_paths_are_masked_and_ids_are_not() {
        for (path, want) in [
            ("/v1/calls", "/v1/calls"),
            ("/v1/opt-outs/13800138000", "/v1/opt-outs/138****8000"),
            ("/8613800138000/x", "/861****8000/x"),
            ("/v1/calls/01a1faa5-0b6e-7c1d", "/v1/calls/01a1faa5-0b6e-7c1d"),
            ("/x/+86-138%200013%208000", "/x/861****8000"),
            ("/1234567", "/1234567"),
            ("", ""),
        ] {
            assert_eq!(masked(path), want);
        }
        assert_eq!(masked(&"/a".repeat(500)).len(), 200);
    }
}
