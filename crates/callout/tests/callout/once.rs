//! A request with an Idempotency-Key happens once, and is answered alike however often it comes.

use std::sync::Arc;

use domain::Refusal;
use testkit::desk::fake::FakeCalls;
use testkit::desk::raw::{Reply, Served};

use crate::{checker, serve};

const PATH: &str = "/api/v1/callinfo/initiate_call";
const BODY: &str = r#"{"phones":"13800138000,13800138001","user_requirement":"通知","speed":40}"#;

async fn post(server: &Served, key: &str, body: &str) -> Reply {
    let key = format!("Idempotency-Key: {key}");
    server.send("POST", PATH, &["X-API-Key: sk_good", &key], body).await
}

fn code(reply: &Reply) -> String {
    checker::check(&reply.body);
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    body["code"].as_str().unwrap_or_default().to_owned()
}

fn orders(calls: &Arc<FakeCalls>) -> usize {
    calls.orders.lock().unwrap().len()
}

#[tokio::test]
async fn the_same_value_gets_the_same_bytes_and_another_one_a_conflict() {
    let calls = FakeCalls::new();
    let server = serve(calls.clone()).await;
    let first = post(&server, "key-0001", BODY).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, None));
    let turned = r#"{ "speed": 40, "user_requirement": "\u901a\u77e5",
        "phones": "13800138000,13800138001" }"#;
    for body in [BODY, turned] {
        let again = post(&server, "key-0001", body).await;
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    assert_eq!(orders(&calls), 1, "nothing was asked of the engine again");
    for other in [BODY.replace("40", "41"), BODY.replace("通知", "不通知")] {
        let refused = post(&server, "key-0001", &other).await;
        assert_eq!((refused.status, code(&refused)), (409, "idempotency_conflict".to_owned()));
    }
    let other = post(&server, "key-0002", BODY).await;
    assert_eq!((other.status, other.header("idempotent-replayed")), (200, None));
    assert_eq!(orders(&calls), 2);
}

#[tokio::test]
async fn a_replay_comes_before_the_fields_are_looked_at_and_after_the_key_is() {
    let server = serve(FakeCalls::new()).await;
    for bad in ["short12", "with space", "", &"x".repeat(129), "käse-0001", "key-0001, key-0002"] {
        for body in [BODY, r#"{"phones":1}"#] {
            let refused = post(&server, bad, body).await;
            let want = (400, "bad_idempotency_key".to_owned());
            assert_eq!((refused.status, code(&refused)), want, "{bad:?}");
        }
        let refused = post(&server, bad, "{").await;
        assert_eq!(code(&refused), "bad_json", "{bad:?}");
    }
    let two = ["X-API-Key: sk_good", "Idempotency-Key: key-0001", "Idempotency-Key: key-0002"];
    let refused = server.send("POST", PATH, &two, BODY).await;
    assert_eq!(code(&refused), "bad_idempotency_key");
    assert_eq!(post(&server, &"x".repeat(128), BODY).await.status, 200);
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let calls = FakeCalls::new();
    let server = serve(calls.clone()).await;
    *calls.refusal.lock().unwrap() = Some(Refusal::Overloaded);
    assert_eq!(post(&server, "key-0001", BODY).await.status, 503);
    calls.orders.lock().unwrap().clear();
    *calls.refusal.lock().unwrap() = None;
    let other = BODY.replace("40", "41");
    let accepted = post(&server, "key-0001", &other).await;
    assert_eq!((accepted.status, accepted.header("idempotent-replayed")), (200, None));
}
