//! The API as a customer's program uses it.

use std::time::Duration;

use reqwest::Response;
use serde_json::{Value, json};

use super::{A_CALL, until};

/// What the tests ask to be said unless the words matter.
pub const PLEASE: &str = "请给张伟打电话，我是李娜，通知他明天下午三点开项目会，请他带上合同。";
/// The same in English.
pub const PLEASE_EN: &str = "Call John Smith on behalf of Anna Lee and tell him that the project \
                             meeting is tomorrow at 3 pm in room 2.";

/// A server and a key to it.
#[derive(Clone)]
pub struct Api {
    pub base: String,
    pub key: String,
    pub http: reqwest::Client,
}

/// A reply, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub text: String,
    pub headers: reqwest::header::HeaderMap,
}

impl Reply {
    async fn read(response: Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// Checks a refusal of the callinfo base.
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["success"], false, "{body}");
        assert_eq!(body["code"], code, "{body}");
    }
}

impl Api {
    pub fn new(base: &str, key: &str) -> Self {
        // Fails if another test of this process was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(A_CALL).build();
        Self { base: base.to_owned(), key: key.to_owned(), http: http.unwrap() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        let url = format!("{}{path}", self.base);
        let request = self.http.get(url).header("X-API-Key", &self.key);
        Reply::read(request.send().await.unwrap()).await
    }

    /// Posts bytes to an endpoint of the callinfo base.
    pub async fn post(&self, endpoint: &str, body: impl Into<reqwest::Body>) -> Reply {
        let url = format!("{}/api/v1/callinfo/{endpoint}", self.base);
        let request = self.http.post(url).header("X-API-Key", &self.key);
        Reply::read(request.body(body).send().await.unwrap()).await
    }

    /// The same with one more header.
    pub async fn post_with(
        &self,
        endpoint: &str,
        (name, value): (&str, &str),
        body: impl Into<reqwest::Body>,
    ) -> Reply {
        let url = format!("{}/api/v1/callinfo/{endpoint}", self.base);
        let request = self.http.post(url).header("X-API-Key", &self.key).header(name, value);
        Reply::read(request.body(body).send().await.unwrap()).await
    }

    pub async fn try_call(&self, phones: &str, requirement: &str) -> Reply {
        let body = json!({ "phones": phones, "user_requirement": requirement });
        self.post("initiate_call", body.to_string()).await
    }

    /// Asks for calls; their ids.
    pub async fn call(&self, phones: &str, requirement: &str) -> Vec<String> {
        let reply = self.try_call(phones, requirement).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let ids = reply.json()["data"]["call_ids"].as_array().unwrap().clone();
        ids.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// `data` of `search_callinfo`.
    pub async fn search(&self, id: &str) -> Value {
        let reply = self.post("search_callinfo", json!({ "call_id": id }).to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["data"].clone()
    }

    /// Waits until `search_callinfo` says this status.
    pub async fn reaches(&self, id: &str, status: &str) {
        until(&format!("{id} is {status}"), A_CALL, async || {
            let data = self.search(id).await;
            assert!(
                data["call_content"].is_null() || data["status"] == status,
                "ended before it was {status}: {data}"
            );
            (data["status"] == status).then_some(())
        })
        .await;
    }

    /// Waits for the end of a call.
    pub async fn ended(&self, id: &str) -> Value {
        self.ended_within(id, A_CALL).await
    }

    pub async fn ended_within(&self, id: &str, at_most: Duration) -> Value {
        until(&format!("{id} ends"), at_most, async || {
            let data = self.search(id).await;
            data["call_content"].is_array().then_some(data)
        })
        .await
    }

    /// `GET /v1/calls/{id}`.
    pub async fn record(&self, id: &str) -> Value {
        let reply = self.get(&format!("/v1/calls/{id}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()
    }

    /// The whole of `stream_chat_history`.
    pub async fn stream(&self, id: &str) -> String {
        let reply = self.post("stream_chat_history", json!({ "call_id": id }).to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.headers["content-type"], "text/event-stream");
        reply.text
    }

    /// Nothing is reserved any more.
    pub async fn nothing_is_held(&self) {
        let balance = self.get("/api/v1/callinfo/balance").await.json();
        assert_eq!(balance["data"]["held"].as_f64(), Some(0.0), "{balance}");
    }
}

/// Status, end reason and identity of a record.
pub fn outcome(record: &Value) -> [&str; 3] {
    ["status", "end_reason", "identity"].map(|name| record[name].as_str().unwrap_or("null"))
}
