//! Settings of this dialect; what holds for every dialect comes from the engine's catalogue.

/// How strict this door is. Reading the body in time is not its business: it owns no timer, and
/// whoever serves the router wraps it in a layer that ends a body which stalls (the reply is
/// then `bad_json`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Setting `callout.require_version_header`: a request without `X-Skill-Version` gets 426.
    pub require_version_header: bool,
    /// Setting `callout.max_phones`: numbers in one request.
    pub max_phones: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { require_version_header: false, max_phones: 100 }
    }
}
