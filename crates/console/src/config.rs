//! What this wing is told when it is plugged in.

/// Settings of the `/v1` API.
#[derive(Clone, Default)]
pub struct Config {
    /// OpenAPI documents of the other wings, which do not know this one; they are shown together
    /// with its own at `/openapi.json`.
    pub documents: Vec<utoipa::openapi::OpenApi>,
}
