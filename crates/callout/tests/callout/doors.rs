//! Who gets in: paths, methods, versions, keys and scopes, in this order; and reply headers.

use crate::{checker, serve, serve_with};
use callout::Config;
use testkit::desk::fake::FakeCalls;
use testkit::desk::raw::Reply;

const BASE: &str = "/api/v1/callinfo";
const ENDPOINTS: &[(&str, &str)] = &[
    ("POST", "initiate_call"),
    ("POST", "search_callinfo"),
    ("POST", "stream_chat_history"),
    ("GET", "balance"),
];

fn code(reply: &Reply) -> String {
    checker::check(&reply.body);
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    body["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn unknown_paths_are_refused_before_anything_else() {
    let server = serve(FakeCalls::new()).await;
    for path in ["", "/", "/nothing", "/agents/1", "/skill_version/", "//balance"] {
        for method in ["GET", "POST", "DELETE"] {
            let headers = ["X-Skill-Version: 9"];
            let path = format!("{BASE}{path}");
            let reply = server.send(method, &path, &headers, "{").await;
            assert_eq!((reply.status, code(&reply)), (404, "not_found".into()), "{path}");
        }
    }
}

#[tokio::test]
async fn methods_are_refused_before_versions() {
    let server = serve(FakeCalls::new()).await;
    for (endpoint, allow, wrong) in [
        ("initiate_call", "POST", ["GET", "PUT", "OPTIONS"]),
        ("search_callinfo", "POST", ["GET", "DELETE", "PATCH"]),
        ("stream_chat_history", "POST", ["GET", "PUT", "PATCH"]),
        ("skill_version", "GET, HEAD", ["POST", "PUT", "DELETE"]),
        ("balance", "GET, HEAD", ["POST", "PUT", "DELETE"]),
    ] {
        for method in wrong {
            let path = format!("{BASE}/{endpoint}");
            let reply = server.send(method, &path, &["X-Skill-Version: 9"], "").await;
            assert_eq!(reply.status, 405, "{method} {endpoint}");
            assert_eq!(code(&reply), "method_not_allowed");
            assert_eq!(reply.header("allow"), Some(allow));
        }
    }
}

#[tokio::test]
async fn a_wrong_version_gets_426_with_or_without_a_key() {
    let server = serve(FakeCalls::new()).await;
    let exact = concat!(
        "{\"success\":false,\"message\":\"客户端版本与服务端不一致，请更新到 1.0.0\",",
        "\"code\":\"version_mismatch\",\"skill_version\":\"1.0.0\",",
        "\"update_url\":\"http://127.0.0.1:8480/skill\"}\n"
    );
    for (method, endpoint) in ENDPOINTS {
        for version in ["1.0", "1.0.1", "v1.0.0", "", "1.0.0, 1.0.0"] {
            for key in ["X-API-Key: sk_good", "X-API-Key: sk_bad", "X-Campaign: c"] {
                let version = format!("X-Skill-Version: {version}");
                let path = format!("{BASE}/{endpoint}");
                let reply = server.send(method, &path, &[key, &version], "").await;
                assert_eq!((reply.status, reply.text()), (426, exact));
                assert_eq!(reply.header("upgrade"), Some("x-skill/1.0.0"));
                // The server adds the `close` that the request asked for.
                assert_eq!(reply.header("connection"), Some("Upgrade, close"));
            }
        }
    }
}

#[tokio::test]
async fn a_426_leaves_the_connection_usable() {
    let server = serve(FakeCalls::new()).await;
    let request = |close: &str| {
        format!("GET {BASE}/balance HTTP/1.1\r\nHost: t\r\nX-Skill-Version: 2\r\n{close}\r\n")
    };
    let both = request("") + &request("Connection: close\r\n");
    let reply = server.exchange(both.as_bytes()).await;
    assert_eq!(reply.header("connection"), Some("Upgrade"));
    assert_eq!(reply.text().matches("HTTP/1.1 426").count(), 1);
}

#[tokio::test]
async fn skill_version_needs_nothing() {
    let config = Config { require_version_header: true, ..Config::default() };
    for config in [Config::default(), config] {
        let server = serve_with(FakeCalls::new(), config).await;
        let path = format!("{BASE}/skill_version");
        for headers in [&[][..], &["X-Skill-Version: 9"]] {
            let reply = server.send("GET", &path, headers, "").await;
            let want = (200, "{\"skill_version\":\"1.0.0\"}\n");
            assert_eq!((reply.status, reply.text()), want);
        }
        let head = server.send("HEAD", &path, &[], "").await;
        assert_eq!((head.status, head.text()), (200, ""));
    }
}

#[tokio::test]
async fn a_missing_version_is_accepted_unless_the_setting_asks_for_it() {
    let path = format!("{BASE}/balance");
    let server = serve(FakeCalls::new()).await;
    assert_eq!(server.call("GET", &path, "").await.status, 200);
    let config = Config { require_version_header: true, ..Config::default() };
    let server = serve_with(FakeCalls::new(), config).await;
    assert_eq!(server.call("GET", &path, "").await.status, 426);
    let headers = ["X-API-Key: sk_good", "X-Skill-Version: 1.0.0"];
    assert_eq!(server.send("GET", &path, &headers, "").await.status, 200);
}

#[tokio::test]
async fn keys() {
    let server = serve(FakeCalls::new()).await;
    let good = "X-API-Key: sk_good";
    for (headers, status, want) in [
        (&[good][..], 200, ""),
        (&["Authorization: Bearer sk_good"], 200, ""),
        (&["Authorization: bearer sk_good"], 200, ""),
        (&[good, "Authorization: Bearer sk_good"], 200, ""),
        (&[good, "Authorization: Bearer sk_none"], 401, "unauthorized"),
        (&[good, "X-API-Key: sk_none"], 401, "unauthorized"),
        (&["Authorization: Basic c2s6Z29vZA=="], 401, "unauthorized"),
        (&["Authorization: sk_good"], 401, "unauthorized"),
        (&["X-API-Key: "], 401, "unauthorized"),
        (&["X-API-Key: sk_b\u{e4}d"], 401, "unauthorized"),
        (&["X-API-Key: sk_bad"], 401, "unauthorized"),
        (&[], 401, "unauthorized"),
        (&["X-API-Key: sk_suspended"], 403, "account_suspended"),
        (&["X-API-Key: sk_none"], 403, "scope_denied"),
    ] {
        let reply = server.send("GET", &format!("{BASE}/balance"), headers, "").await;
        assert_eq!(reply.status, status, "{headers:?}");
        let challenge = reply.header("www-authenticate");
        assert_eq!(challenge, (status == 401).then_some("Bearer"));
        if status != 200 {
            assert_eq!(code(&reply), want);
        }
    }
}

#[tokio::test]
async fn each_endpoint_names_the_scope_it_wants() {
    let server = serve(FakeCalls::new()).await;
    for ((method, endpoint), scope) in
        ENDPOINTS.iter().zip(["calls:create", "calls:read", "calls:read", "balance:read"])
    {
        // The body is broken: the scope is looked at before it.
        let path = format!("{BASE}/{endpoint}");
        let headers = ["X-API-Key: sk_none", "Accept-Language: en-GB"];
        let reply = server.send(method, &path, &headers, "{").await;
        assert_eq!((reply.status, code(&reply)), (403, "scope_denied".into()));
        assert!(reply.text().contains(&format!("lacks the scope {scope}\"")));
    }
}

#[tokio::test]
async fn the_message_follows_accept_language() {
    let server = serve(FakeCalls::new()).await;
    for (language, message) in [
        ("en", "no such endpoint"),
        ("EN-us,zh;q=0.5", "no such endpoint"),
        ("zh-CN", "接口不存在"),
        ("fr, en", "接口不存在"),
        ("e", "接口不存在"),
    ] {
        let header = format!("Accept-Language: {language}");
        let reply = server.send("GET", &format!("{BASE}/x"), &[&header], "").await;
        assert!(reply.text().contains(message), "{language}: {}", reply.text());
    }
    let header = ["X-Skill-Version: 2", "Accept-Language: en"];
    let reply = server.send("GET", &format!("{BASE}/balance"), &header, "").await;
    assert!(reply.text().contains("client and server versions differ, update to 1.0.0"));
    checker::check(&reply.body);
}

#[tokio::test]
async fn request_numbers_are_ours_and_differ() {
    let server = serve(FakeCalls::new()).await;
    let path = format!("{BASE}/skill_version");
    let header = ["X-Request-Id: mine\\"];
    let a = server.send("GET", &path, &header, "").await;
    let b = server.send("GET", &path, &header, "").await;
    let id = |r: &Reply| r.header("x-request-id").unwrap().to_owned();
    assert_ne!(id(&a), id(&b));
    assert_eq!(id(&a).len(), 36);
}
