//! One request to the server: the headers every request has, and what can become of it.

use std::time::Duration;

use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::account::{find_base, find_key};
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{Failure, Refused};
use super::output::trouble;
use super::tongue::Tongue;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a whole reply may take.
const REPLY: Duration = Duration::from_secs(30);
/// How long a stream may be silent; the server gives a sign of life every 15 s.
const SILENCE: Duration = Duration::from_secs(45);
/// Longest reply that is read: a page of 200 calls with the longest requirements fits.
const MAX_BODY: usize = 64 << 20;

/// The server, and the account on it.
pub(crate) struct Api {
    http: reqwest::Client,
    base: Url,
    tongue: Tongue,
}

impl Api {
    /// A server that is told who asks.
    pub(crate) fn with_key(environment: &Environment, tongue: Tongue) -> Result<Self, Exit> {
        let base = find_base(environment).map_err(|e| e.report(tongue))?;
        let key = find_key(environment, tongue).map_err(|e| e.report(tongue))?;
        let mut key = HeaderValue::from_str(&key).map_err(|_| {
            let what = "The API key holds characters no key has [no_key]";
            trouble(tongue.pick(what, "API Key 含有非法字符 [no_key]"));
            Exit::NoAccess
        })?;
        key.set_sensitive(true);
        Self::new(base, Some(key), tongue)
    }

    /// A server that is asked without a key.
    pub(crate) fn without_key(environment: &Environment, tongue: Tongue) -> Result<Self, Exit> {
        let base = find_base(environment).map_err(|e| e.report(tongue))?;
        Self::new(base, None, tongue)
    }

    fn new(base: Url, key: Option<HeaderValue>, tongue: Tongue) -> Result<Self, Exit> {
        let mut headers = HeaderMap::new();
        let version = HeaderValue::from_static(callout::SKILL_VERSION);
        headers.insert("x-skill-version", version);
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(tongue.code()));
        if let Some(key) = key {
            headers.insert("x-api-key", key);
        }
        let builder = http_client(&base)
            .default_headers(headers)
            .user_agent(concat!("waihu/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE);
        let http = builder.build().map_err(|error| {
            trouble(&cause(error));
            Exit::Failed
        })?;
        Ok(Self { http, base, tongue })
    }

    /// The language of messages.
    pub(crate) fn tongue(&self) -> Tongue {
        self.tongue
    }

    /// A POST under the callinfo base.
    pub(crate) fn callinfo(&self, endpoint: &str, body: &impl Serialize) -> RequestBuilder {
        self.request(Method::POST, &["api", "v1", "callinfo", endpoint]).json(body)
    }

    /// A GET under the callinfo base.
    pub(crate) fn callinfo_get(&self, endpoint: &str) -> RequestBuilder {
        self.request(Method::GET, &["api", "v1", "callinfo", endpoint])
    }

    /// A request to a path, given by its parts.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.http.request(method, self.url(path, &[]))
    }

    /// A GET with a query.
    pub(crate) fn get(&self, path: &[&str], query: &[(&str, String)]) -> RequestBuilder {
        self.http.get(self.url(path, query))
    }

    fn url(&self, path: &[&str], query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        // Only addresses without an authority have no path to extend.
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// Sends a request once and reads the whole reply.
pub(crate) async fn ask(request: RequestBuilder) -> Result<Vec<u8>, Failure> {
    let reply = request.timeout(REPLY).send().await.map_err(lost)?;
    whole(reply).await
}

/// Sends a request once, whose reply goes on for as long as it has something to say.
pub(crate) async fn open(request: RequestBuilder) -> Result<Response, Failure> {
    let reply = request.send().await.map_err(lost)?;
    let kind = reply.headers().get(reqwest::header::CONTENT_TYPE);
    let streams = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if reply.status().is_success() && streams {
        return Ok(reply);
    }
    whole(reply).await?;
    Err(Failure::Garbled)
}

/// The members of a body that are of interest.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure::Garbled)
}

/// An HTTP client for `base` alone: no proxy, no redirect that would carry
/// the key elsewhere, and nothing sent twice.
pub(crate) fn http_client(base: &Url) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder();
    let builder = builder.no_proxy().redirect(reqwest::redirect::Policy::none());
    if base.scheme() == "http" {
        // Without this a machine that has no certificates could not talk to itself.
        return builder.tls_certs_only([]);
    }
    builder
}

async fn whole(mut reply: Response) -> Result<Vec<u8>, Failure> {
    let status = reply.status().as_u16();
    let mut body = Vec::new();
    while let Some(piece) = reply.chunk().await.map_err(lost)? {
        if body.len() + piece.len() > MAX_BODY {
            return Err(Failure::Garbled);
        }
        body.extend_from_slice(&piece);
    }
    Refused::read(status, body).map_err(Failure::Refused)
}

fn lost(error: reqwest::Error) -> Failure {
    if error.is_connect() || error.is_builder() {
        Failure::NotSent(cause(error))
    } else {
        Failure::NoReply(cause(error))
    }
}

/// The innermost cause, which says most in fewest words, and no address with it.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
