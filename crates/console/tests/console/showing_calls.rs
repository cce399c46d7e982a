//! `GET /v1/calls`, `GET /v1/calls/{id}`, `POST /v1/calls/{id}/hangup`, and what they refuse.

use crate::{check_problem, json, serve};
use domain::{CallRecord, EndWhat, Who};
use serde_json::json;
use testkit::desk::fake::{FakeCalls, accepted, call};
use testkit::desk::story;

#[tokio::test]
async fn a_finished_call_shows_exact_texts_and_more() {
    let calls = FakeCalls::new();
    calls.found(story::record(&story::completed()));
    let server = serve(calls).await;
    let reply = server.get(&format!("/v1/calls/{}", call(1)), &[]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    // The digits of money are those of the ledger, not a float's.
    assert!(reply.text().contains("\"cost\":0.30,"));
    let mut body = json(&reply);
    assert_eq!(body["cost"].take(), json!(0.3));
    let want = json!({
        "call_id": call(1).to_string(),
        "surface": "callout",
        "kind": "phone",
        "alias": null,
        "batch_id": "00000000-0001-7b0b-8b0b-0b0b0b0b0b0b",
        "agent_id": null,
        "status": "completed",
        "phones": "13800138000",
        "user_requirement": story::REQUIREMENT,
        "model_engine": "stepone-mini",
        "voice_id": "v0001",
        "language": "zh",
        "duration_seconds": 33,
        "cost": null,
        "cost_micro_yuan": 300_000,
        "billed": true,
        "identity": "confirmed",
        "end_reason": "task_done",
        "hung_up_by": "ai",
        "created_at": "2026-01-31T08:00:00.000Z",
        "dialed_at": "2026-01-31T08:00:00.500Z",
        "ringing_at": "2026-01-31T08:00:01.000Z",
        "answered_at": "2026-01-31T08:00:07.200Z",
        "ended_at": "2026-01-31T08:00:40.000Z",
        "recording_ready": true,
        "trunk": "lab",
        "simulated": true,
        "provider_response": "result=answered; sip=200; ring_ms=6200; hung_up_by=ai",
        "answered_by": null,
        "disclosure": {"ai_at": null, "recording_at": null},
        "call_content": [
            {"role": "assistant", "content": "请问是张三吗？"},
            {"role": "user", "content": "[unclear]"},
            {"role": "user", "content": " \n"},
            {"role": "user", "content": "我说\"是\"，C:\\\n再见"},
        ],
        "transcript": [
            {"seq": 5, "role": "assistant", "content": "请问是张三吗？",
                "start_ms": 0, "end_ms": 1000},
            {"seq": 6, "role": "user", "content": "[unclear]",
                "start_ms": 1000, "end_ms": 2000},
            {"seq": 7, "role": "user", "content": " \n", "start_ms": 1000, "end_ms": 2000},
            {"seq": 9, "role": "user", "content": "我说\"是\"，C:\\\n再见",
                "start_ms": 1000, "end_ms": 2000},
        ],
        "turns": [],
        "quality": null,
    });
    assert_eq!(body, want);
}

#[tokio::test]
async fn a_running_call_has_no_content_yet_but_a_live_transcript() {
    let calls = FakeCalls::new();
    calls.found(story::record(&story::eventful()[..11]));
    let server = serve(calls).await;
    let path = format!("/v1/calls/{}", call(1));
    let body = json(&server.get(&path, &[]).await);
    assert_eq!(body["status"], "in_progress");
    assert!(body.get("call_content").is_none());
    assert_eq!(body["transcript"].as_array().unwrap().len(), 4);
    assert_eq!(body["turns"][0]["total_ms"], 780);
    for absent in ["cost", "cost_micro_yuan", "ended_at", "provider_response"] {
        assert!(body[absent].is_null());
    }
}

#[tokio::test]
async fn an_unanswered_call_says_who_did_not_answer() {
    let calls = FakeCalls::new();
    let busy = story::unanswered(EndWhat::Busy, Who::Callee, 486);
    calls.found(story::record(&busy));
    let server = serve(calls).await;
    let body = json(&server.get(&format!("/v1/calls/{}", call(1)), &[]).await);
    let want = "result=busy; sip=486; ring_ms=1000; hung_up_by=callee";
    assert_eq!(body["provider_response"], want);
    assert_eq!(body["identity"], "not_reached");
    assert_eq!(body["call_content"], json!([]));
}

#[tokio::test]
async fn hang_up_is_harmless_when_repeated() {
    let calls = FakeCalls::new();
    calls.found(story::record(&story::ringing()));
    let server = serve(calls.clone()).await;
    let path = format!("/v1/calls/{}/hangup", call(1));
    let id = call(1).to_string();
    for _ in 0..2 {
        let reply = server.call("POST", &path, "").await;
        let want = json!({"call_id": id, "status": "canceled", "already_ended": false});
        assert_eq!((reply.status, json(&reply)), (200, want));
    }
    calls.found(story::record(&story::completed()));
    let reply = server.call("POST", &path, "{}").await;
    let want = json!({"call_id": id, "status": "completed", "already_ended": true});
    assert_eq!((reply.status, json(&reply)), (200, want));
}

#[tokio::test]
async fn pages_neither_lose_nor_repeat_while_calls_come_in() {
    let calls = FakeCalls::new();
    let record = |n| CallRecord::begin(&accepted(n, "13800138000", "x")).unwrap();
    (1..=120).for_each(|n| calls.found(record(n)));
    let server = serve(calls.clone()).await;
    let mut seen = Vec::new();
    let mut path = "/v1/calls?limit=50".to_owned();
    loop {
        let body = json(&server.get(&path, &[]).await);
        let items = body["items"].as_array().unwrap();
        assert!(items.iter().all(|i| i.get("transcript").is_none()));
        seen.extend(items.iter().map(|i| i["call_id"].as_str().unwrap().to_owned()));
        calls.found(record(1_000 + seen.len() as u16));
        assert_eq!(body["has_more"].as_bool(), Some(!body["next_cursor"].is_null()));
        let Some(cursor) = body["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/calls?limit=50&cursor={cursor}");
    }
    let want: Vec<_> = (1..=120).rev().map(|n| call(n).to_string()).collect();
    assert_eq!(seen, want);
    // One more is asked for than shown, and no more.
    assert!(calls.asked.lock().unwrap().iter().all(|f| f.limit == 51));
}

#[tokio::test]
async fn a_full_last_page_says_so() {
    let calls = FakeCalls::new();
    let record = |n| CallRecord::begin(&accepted(n, "13800138000", "x")).unwrap();
    (1..=2).for_each(|n| calls.found(record(n)));
    let server = serve(calls).await;
    let body = json(&server.get("/v1/calls?limit=2", &[]).await);
    assert_eq!(body["items"].as_array().unwrap().len(), 2);
    assert_eq!((&body["has_more"], &body["next_cursor"]), (&json!(false), &json!(null)));
    let none = json(&server.get("/v1/calls?kind=web", &[]).await);
    assert_eq!(none, json!({"items": [], "has_more": false, "next_cursor": null}));
}

#[tokio::test]
async fn bad_queries_are_named() {
    let server = serve(FakeCalls::new()).await;
    for (query, code, detail) in [
        ("status=done", "invalid_request", "status"),
        ("limit=201", "invalid_request", "limit"),
        ("limit=x", "invalid_request", "limit"),
        ("created_after=now", "invalid_request", "created_after"),
        ("cursor=x", "bad_cursor", "cursor"),
        ("cursor=", "bad_cursor", "cursor"),
    ] {
        let reply = server.get(&format!("/v1/calls?{query}"), &[]).await;
        check_problem(&reply, 400, code);
        let text = json(&reply)["detail"].as_str().unwrap().to_owned();
        assert!(text.contains(detail), "{query}: {text}");
    }
}

#[tokio::test]
async fn doors() {
    let calls = FakeCalls::new();
    calls.found(story::record(&story::completed()));
    let server = serve(calls).await;
    let call_path = format!("/v1/calls/{}", call(1));
    for (method, path) in [
        ("GET", "/v1/calls".to_owned()),
        ("GET", call_path.clone()),
        ("GET", format!("{call_path}/events")),
        ("GET", format!("{call_path}/recording")),
        ("POST", format!("{call_path}/hangup")),
    ] {
        let reply = server.send(method, &path, &[], "").await;
        check_problem(&reply, 401, "unauthorized");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        let reply = server.send(method, &path, &["X-API-Key: sk_none"], "").await;
        check_problem(&reply, 403, "scope_denied");
        let reply = server.call("DELETE", &path, "").await;
        check_problem(&reply, 405, "method_not_allowed");
        let allow = if method == "GET" { "GET, HEAD" } else { "POST" };
        assert_eq!(reply.header("allow"), Some(allow));
    }
    for path in [
        format!("/v1/calls/{}", call(2)),
        "/v1/calls/x".to_owned(),
        "/v1/calls/%ff".to_owned(),
        format!("/v1/calls/{}/events", call(2)),
        format!("/v1/calls/{}/recording", call(2)),
    ] {
        let reply = server.get(&path, &[]).await;
        check_problem(&reply, 404, "call_not_found");
    }
    for path in ["/v1", "/v1/calls/", "/v1/nothing", "/nothing", "/v1/calls/x/y"] {
        check_problem(&server.get(path, &[]).await, 404, "not_found");
    }
}

#[tokio::test]
async fn the_version_header_of_the_other_base_is_ignored() {
    let server = serve(FakeCalls::new()).await;
    let reply = server.get("/v1/calls", &["X-Skill-Version: 9"]).await;
    assert_eq!(reply.status, 200);
    let welcome = server.send("GET", "/", &[], "").await;
    assert!(welcome.text().contains("/docs"));
}

#[tokio::test]
async fn a_call_is_found_by_the_alias_that_another_dialect_gave_it() {
    let calls = FakeCalls::new();
    let mut record = story::record(&story::completed());
    record.accepted.alias = Some("176365001201^482915530277".to_owned());
    calls.found(record);
    let server = serve(calls).await;
    for (name, status) in [
        ("176365001201%5E482915530277", 200),
        ("176365001201^482915530277", 200),
        ("176365001201%5E482915530278", 404),
        ("a%20b", 404),
    ] {
        let reply = server.get(&format!("/v1/calls/{name}"), &[]).await;
        assert_eq!(reply.status, status, "{name}");
    }
}
