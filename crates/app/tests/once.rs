//! A request with an Idempotency-Key dials once: also when it comes many times at once, and after
//! the server was killed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use serde_json::json;

use crate::support::api::{Api, PLEASE, Reply};
use crate::support::process::{ExternalLab, Server};

async fn post(api: &Api, key: &str, number: &str) -> Reply {
    let body = json!({ "user_requirement": PLEASE, "phones": number });
    api.post_with("initiate_call", ("Idempotency-Key", key), body.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_posts_with_one_key_are_one_call_also_after_a_kill() {
    let lab = ExternalLab::start().await;
    let data = tempfile::tempdir().unwrap();
    let trunk = ["--trunk", lab.address.as_str()];
    let first = Server::start(data.path(), "", &trunk).await;
    let posts = (0..30).map(|_| post(&first.api, "order-4711", "13800138003"));
    let replies = futures::future::join_all(posts).await;
    for reply in &replies {
        assert_eq!((reply.status, &reply.text), (200, &replies[0].text));
    }
    let id = replies[0].json()["data"]["call_ids"][0].as_str().unwrap().to_owned();
    let listed = first.api.get("/v1/calls").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    first.api.reaches(&id, "ringing").await;
    first.waihu.kill().await;

    let second = Server::start(data.path(), "", &trunk).await;
    let again = post(&second.api, "order-4711", "13800138003").await;
    assert_eq!((again.status, &again.text), (200, &replies[0].text));
    post(&second.api, "order-4711", "13800138009").await.refused(409, "idempotency_conflict");
    let listed = second.api.get("/v1/calls").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
}
