//! What a server shows to whoever runs it: health, numbers, its API's description.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support::api::PLEASE;
use crate::support::process::Server;
use serde_json::Value;

const NUMBER: &str = "13800138002";

async fn get(server: &Server, path: &str, header: Option<(&str, &str)>) -> (u16, String, String) {
    let mut request = server.api.http.get(format!("{}{path}", server.api.base));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let reply = request.send().await.unwrap();
    let kind = reply.headers().get("content-type");
    let kind = kind.map_or("", |k| k.to_str().unwrap()).to_owned();
    (reply.status().as_u16(), kind, reply.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_without_a_key() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "", &[]).await;
    assert_eq!(get(&server, "/livez", None).await.0, 200);
    let (status, _, text) = get(&server, "/readyz", None).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("trunk lab (simulated): up") && text.ends_with("ready\n"), "{text}");
    server.stop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_this_machine_and_name_nobody() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "", &[]).await;
    let id = server.api.call(NUMBER, PLEASE).await.remove(0);
    server.api.ended(&id).await;
    for name in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"] {
        let (status, _, text) = get(&server, "/metrics", Some((name, "127.0.0.1"))).await;
        assert_eq!(status, 404, "{name}");
        assert!(!text.contains("waihu_"), "{name}: {text}");
    }
    let (status, kind, text) = get(&server, "/metrics", None).await;
    assert_eq!((status, kind.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "waihu_calls_accepted_total 1",
        "waihu_calls_ended_total 1",
        "waihu_calls_ended_by_reason_total{reason=\"busy\"} 1",
        "waihu_calls_running 0",
        "waihu_rtp_ports_in_use 0",
    ] {
        assert!(text.lines().any(|l| l == line), "no {line:?} in {text}");
    }
    let short = &id[..8];
    for secret in [NUMBER, "0138002", short, server.api.key.as_str(), "张伟", "owner"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    // Every sample has its kind told, and a number for its value.
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let name = name.split('{').next().unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(text.contains(&format!("# TYPE {name} ")), "no kind of {name}");
    }
    server.stop(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_described_and_its_page_needs_no_network() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "", &[]).await;
    let (status, kind, text) = get(&server, "/openapi.json", None).await;
    assert_eq!((status, kind.as_str()), (200, "application/json"));
    let document: Value = serde_json::from_str(&text).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for (path, method) in [
        ("/api/v1/callinfo/initiate_call", "post"),
        ("/api/v1/callinfo/search_callinfo", "post"),
        ("/api/v1/callinfo/stream_chat_history", "post"),
        ("/api/v1/callinfo/skill_version", "get"),
        ("/api/v1/callinfo/balance", "get"),
        ("/v1/calls", "get"),
        ("/v1/calls/{id}", "get"),
        ("/v1/calls/{id}/hangup", "post"),
        ("/v1/calls/{id}/recording", "get"),
    ] {
        let described = paths.get(path).map(|p| &p[method]);
        assert!(described.is_some_and(Value::is_object), "{method} {path}: {:?}", paths.keys());
    }
    let (status, kind, page) = get(&server, "/docs", None).await;
    assert_eq!(status, 200);
    assert!(kind.starts_with("text/html"), "{kind}");
    assert!(page.contains("/openapi.json") || page.contains("swagger"), "{page}");
    let loads = page.split(['"', '\'']).filter(|s| s.starts_with("http") || s.starts_with("//"));
    assert_eq!(loads.collect::<Vec<_>>(), Vec::<&str>::new());
    server.stop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_are_refused_in_the_format_of_their_prefix() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "", &[]).await;
    let (status, kind, text) = get(&server, "/api/v1/callinfo/nothing", None).await;
    assert_eq!((status, kind.as_str()), (404, "application/json"), "{text}");
    assert!(text.contains("\"code\":\"not_found\""), "{text}");
    let (status, kind, text) = get(&server, "/v1/nothing", None).await;
    assert_eq!((status, kind.as_str()), (404, "application/problem+json"), "{text}");
    server.stop_now().await;
}
