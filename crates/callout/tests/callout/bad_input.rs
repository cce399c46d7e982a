//! What is refused, with which code; nothing reaches the engine then. And what is let through.

use crate::{checker, serve};
use domain::{Language, MicroYuan, Refusal, Scope};
use serde_json::{Value, json};
use testkit::desk::fake::FakeCalls;
use testkit::desk::raw::Served;

const PATH: &str = "/api/v1/callinfo/initiate_call";
const LIMIT: usize = 512 * 1024;

async fn refused(server: &Served, body: impl AsRef<[u8]>) -> (u16, String, String) {
    let headers = ["X-API-Key: sk_good", "Accept-Language: en"];
    let reply = server.send("POST", PATH, &headers, body).await;
    checker::check(&reply.body);
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (reply.status, text("code"), text("message"))
}

fn with(name: &str, value: Value) -> String {
    let mut body = json!({"phones": "13800138000", "user_requirement": "notify"});
    body[name] = value;
    body.to_string()
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    let calls = FakeCalls::new();
    let server = serve(calls.clone()).await;
    let broken = b"{\"phones\":\"13800138000\",\"user_requirement\":\"\xFF\"}";
    for body in [
        &b""[..],
        b"{",
        b"{} {}",
        b"phones=13800138000",
        b"{'phones':1}",
        broken,
        br#"{"phones":"13800138000","user_requirement":"\ud83d"}"#,
        br#"{"phones":"13800138000","user_requirement":"\ude00 x"}"#,
        br#"{"phones":"13800138000","user_requirement":"\ud83dx"}"#,
    ] {
        let (status, code, _) = refused(&server, body).await;
        assert_eq!((status, code.as_str()), (400, "bad_json"), "{body:?}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(refused(&server, deep).await.1, "bad_json");
    for body in ["[]", "1", "null", "\"x\""] {
        let (status, code, message) = refused(&server, body).await;
        let want = (400, "invalid_request", "field body is not valid");
        assert_eq!((status, code.as_str(), message.as_str()), want);
    }
    assert!(calls.orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn fields_of_the_wrong_type_or_range_are_named() {
    let calls = FakeCalls::new();
    let server = serve(calls.clone()).await;
    let long = "x".repeat(101);
    for (field, value) in [
        ("phones", json!(13800138000u64)),
        ("phones", json!(["13800138000", 1])),
        ("phones", json!({})),
        ("user_requirement", json!(1)),
        ("user_requirement", json!(["x"])),
        ("agent_id", json!("1")),
        ("agent_id", json!(0)),
        ("agent_id", json!(-1)),
        ("agent_id", json!(1.5)),
        ("agent_id", json!(1e3)),
        ("agent_id", json!(u64::MAX)),
        ("agent_id", json!(true)),
        ("model_engine", json!("")),
        ("model_engine", json!(long)),
        ("voice_id", json!(1)),
        ("voice_id", json!("")),
        ("emotion", json!("")),
        ("emotion", json!([])),
        ("volume", json!(-1)),
        ("volume", json!(101)),
        ("volume", json!("50")),
        ("speed", json!(50.0)),
        ("speed", json!(101)),
    ] {
        let (status, code, message) = refused(&server, with(field, value.clone())).await;
        let want = format!("field {field} is not valid");
        assert_eq!((status, code.as_str()), (400, "invalid_request"), "{field} {value}");
        assert_eq!(message, want);
    }
    for (field, value) in [("model_engine", "gpt"), ("voice_id", "v9999"), ("emotion", "happy")] {
        let (status, code, message) = refused(&server, with(field, json!(value))).await;
        let want = format!("unknown value for {field}");
        assert_eq!((status, code.as_str()), (400, "unknown_option"));
        assert_eq!(message, want);
    }
    assert!(calls.orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn bad_numbers_are_named_by_position() {
    let calls = FakeCalls::new();
    let server = serve(calls.clone()).await;
    let many = (0..101).map(|n| format!("138{n:08}")).collect::<Vec<_>>();
    for (phones, code, message) in [
        (json!(null), "no_phones", "phones is missing"),
        (json!(""), "no_phones", "phones is missing"),
        (json!(" , ,"), "no_phones", "phones is missing"),
        (json!([]), "no_phones", "phones is missing"),
        (json!([""]), "no_phones", "phones is missing"),
        (
            json!("13800138000,123,13900139000"),
            "invalid_phone",
            "number 2 is not an 11-digit mainland mobile number",
        ),
        (
            json!("13800138000,,x"),
            "invalid_phone",
            "number 2 is not an 11-digit mainland mobile number",
        ),
        (
            json!("13800138000，13900139000"),
            "invalid_phone",
            "number 1 is not an 11-digit mainland mobile number",
        ),
        (
            json!("010-88886666"),
            "invalid_phone",
            "number 1 is not an 11-digit mainland mobile number",
        ),
        (
            json!(["13800138000,13900139000"]),
            "invalid_phone",
            "number 1 is not an 11-digit mainland mobile number",
        ),
        (json!(many.join(",")), "too_many_phones", "more than 100 numbers"),
        (json!(many), "too_many_phones", "more than 100 numbers"),
    ] {
        let (status, got, text) = refused(&server, with("phones", phones.clone())).await;
        let want = (400, code, message);
        assert_eq!((status, got.as_str(), text.as_str()), want, "{phones}");
    }
    assert_eq!(refused(&server, "{}").await.1, "no_phones");
    assert!(calls.orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn numbers_are_cleaned_and_called_once() {
    let hundred = (0..100).map(|n| format!("138{n:08}")).collect::<Vec<_>>();
    for (phones, want) in [
        (json!("13800138000"), vec!["13800138000"]),
        (json!(" +8613800138000 ,, 13900139000,13800138000,"), vec!["13800138000", "13900139000"]),
        (
            json!(["13900139000", "", "+8613800138000", "13900139000"]),
            vec!["13900139000", "13800138000"],
        ),
        (json!(hundred.join(",")), hundred.iter().map(String::as_str).collect()),
    ] {
        let calls = FakeCalls::new();
        let server = serve(calls.clone()).await;
        let reply = server.call("POST", PATH, with("phones", phones)).await;
        assert_eq!(reply.status, 200);
        let order = calls.order();
        let got = order.requests.iter().map(|r| r.target.reveal());
        assert_eq!(got.collect::<Vec<_>>(), want);
    }
}

#[tokio::test]
async fn requirements_count_characters_after_trimming() {
    let calls = FakeCalls::new();
    let server = serve(calls.clone()).await;
    let longest = "\u{20000}".repeat(20_000);
    for (requirement, status, code) in [
        (json!(null), 400, "requirement_missing"),
        (json!(""), 400, "requirement_missing"),
        (json!(" \n\u{3000}"), 400, "requirement_missing"),
        (json!(format!("{longest}x")), 400, "requirement_too_long"),
        (json!(format!(" {longest}\n")), 200, ""),
        (json!("x"), 200, ""),
    ] {
        let got = refused_or_not(&server, with("user_requirement", requirement)).await;
        assert_eq!((got.0, got.1.as_str()), (status, code));
    }
    assert_eq!(calls.orders.lock().unwrap().len(), 2);
}

async fn refused_or_not(server: &Served, body: String) -> (u16, String) {
    let (status, code, _) = refused(server, body).await;
    (status, code)
}

#[tokio::test]
async fn an_agent_is_looked_for_after_the_numbers_and_before_everything_else() {
    let server = serve(FakeCalls::new()).await;
    let ignored = r#"{"phones":"13800138000","agent_id":7,"volume":"x","emotion":[]}"#;
    let (status, code, _) = refused(&server, ignored).await;
    assert_eq!((status, code.as_str()), (404, "agent_not_found"));
    let bad_number = r#"{"phones":"1","agent_id":7}"#;
    assert_eq!(refused(&server, bad_number).await.1, "invalid_phone");
}

#[tokio::test]
async fn escapes_are_decoded_and_unknown_members_skipped() {
    let calls = FakeCalls::new();
    let server = serve(calls.clone()).await;
    let body = concat!(
        r#"{"phones":"13800138000","user_requirement":"\u901a\u77e5 \ud83d\ude00 \"q\" \\","#,
        r#""extra":{"a":[1,{"b":null}]},"model_engine":"stepone-mini","voice_id":"v0001","#,
        r#""volume":0,"speed":100,"emotion":"neutral","agent_id":null}"#
    );
    // Whatever its Content-Type says.
    let headers = ["X-API-Key: sk_good", "Content-Type: text/plain"];
    assert_eq!(server.send("POST", PATH, &headers, body).await.status, 200);
    let order = calls.order();
    let request = &order.requests[0];
    assert_eq!(request.task.requirement().reveal(), "通知 \u{1F600} \"q\" \\");
    let voice = &request.terms.voice;
    let choice = (voice.model.as_str(), voice.voice.as_str(), voice.emotion.as_str());
    assert_eq!(choice, ("stepone-mini", "v0001", "neutral"));
    assert_eq!((voice.volume, voice.speed), (0, 100));
}

#[tokio::test]
async fn the_requirement_chooses_language_and_voice() {
    use Language::{En, Zh};
    for (requirement, voice, language, want) in [
        ("通知", None, Zh, "v0001"),
        ("Tell 张三", None, Zh, "v0001"),
        ("Tell Bob", None, En, "v0101"),
        ("Tell Bob", Some("v0001"), En, "v0101"),
        ("Tell Bob", Some("v0102"), En, "v0102"),
        ("通知", Some("v0002"), Zh, "v0002"),
        ("通知", Some("v0102"), Zh, "v0001"),
    ] {
        let calls = FakeCalls::new();
        let server = serve(calls.clone()).await;
        let body = json!({
            "phones": "13800138000", "user_requirement": requirement, "voice_id": voice,
        });
        let reply = server.call("POST", PATH, body.to_string()).await;
        assert_eq!(reply.status, 200);
        let request = &calls.order().requests[0];
        let got = (request.terms.turn.language, request.terms.voice.voice.as_str());
        assert_eq!(got, (language, want), "{requirement} {voice:?}");
        assert_eq!((request.terms.voice.volume, request.terms.voice.speed), (50, 50));
    }
}

#[tokio::test]
async fn an_emotion_is_one_of_the_chosen_voice() {
    for (requirement, voice, emotion, want) in [
        ("通知", Some("v0002"), "cheerful", Some(("v0002", "cheerful"))),
        ("通知", Some("v0002"), "neutral", Some(("v0002", "neutral"))),
        // Another voice speaks for it, and knows no such emotion.
        ("Tell Bob", Some("v0002"), "cheerful", Some(("v0101", "neutral"))),
        ("通知", Some("v0001"), "cheerful", None),
        ("通知", None, "cheerful", None),
        ("通知", Some("v0002"), "Cheerful", None),
        ("通知", Some("v0102"), "cheerful", None),
    ] {
        let calls = FakeCalls::new();
        let server = serve(calls.clone()).await;
        let body = json!({
            "phones": "13800138000", "user_requirement": requirement,
            "voice_id": voice, "emotion": emotion,
        });
        let Some(want) = want else {
            let (status, code, message) = refused(&server, body.to_string()).await;
            assert_eq!((status, code.as_str()), (400, "unknown_option"), "{voice:?} {emotion}");
            assert_eq!(message, "unknown value for emotion");
            assert!(calls.orders.lock().unwrap().is_empty());
            continue;
        };
        assert_eq!(server.call("POST", PATH, body.to_string()).await.status, 200);
        let spoken = &calls.order().requests[0].terms.voice;
        assert_eq!((spoken.voice.as_str(), spoken.emotion.as_str()), want);
    }
}

#[tokio::test]
async fn long_bodies() {
    let calls = FakeCalls::new();
    let server = serve(calls.clone()).await;
    let fits = with("padding", json!(""));
    let fits = with("padding", json!("x".repeat(LIMIT - fits.len())));
    assert_eq!(fits.len(), LIMIT);
    assert_eq!(server.call("POST", PATH, &fits).await.status, 200);
    for length in [LIMIT + 1, 2 * LIMIT] {
        let (status, code, _) = refused(&server, "x".repeat(length)).await;
        assert_eq!((status, code.as_str()), (413, "payload_too_large"));
    }
    assert_eq!(calls.orders.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let server = serve(FakeCalls::new()).await;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let stream = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let writer = tokio::spawn(async move {
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: t\r\nX-API-Key: sk_good\r\n\
             Transfer-Encoding: chunked\r\n\r\n"
        );
        write.write_all(head.as_bytes()).await.unwrap();
        let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
        // Ends only because the server closes the connection.
        while write.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let mut status = [0; 12];
    read.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");
    drop(read);
    writer.await.unwrap();
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_json() {
    let calls = FakeCalls::new();
    let server = serve(calls.clone()).await;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: t\r\nX-API-Key: sk_good\r\nContent-Length: 9\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    // Either the refusal or nothing at all; never an accepted call.
    assert!(reply.is_empty() || reply.starts_with(b"HTTP/1.1 400"));
    assert!(calls.orders.lock().unwrap().is_empty());
}

#[tokio::test]
async fn refusals_of_the_engine_keep_their_values() {
    let body = with("speed", json!(50));
    for (refusal, status, code, message, retry) in [
        (
            Refusal::InsufficientBalance {
                hold: MicroYuan(3_000_000),
                available: MicroYuan(1_234_500),
            },
            402,
            "insufficient_balance",
            "balance too low: 3.00 CNY needed, 1.2345 CNY available",
            None,
        ),
        (
            Refusal::RateLimited { retry_after_s: 7 },
            429,
            "rate_limited",
            "too many requests, retry in 7 s",
            Some("7"),
        ),
        (
            Refusal::KeyCapReached { cap: "max_phones" },
            429,
            "key_cap_reached",
            "cap max_phones of this key reached",
            Some("600"),
        ),
        (
            Refusal::ScopeDenied { scope: Scope::CallsCreate },
            403,
            "scope_denied",
            "this key lacks the scope calls:create",
            None,
        ),
        (Refusal::NumberBlocked, 403, "number_blocked", "number opted out or is not allowed", None),
        (Refusal::Overloaded, 503, "overloaded", "server is busy or stopping", Some("5")),
        (Refusal::TrunkUnavailable, 503, "trunk_unavailable", "no phone line available", Some("5")),
    ] {
        let calls = FakeCalls::new();
        *calls.refusal.lock().unwrap() = Some(refusal);
        let server = serve(calls).await;
        let headers = ["X-API-Key: sk_good", "Accept-Language: en"];
        let reply = server.send("POST", PATH, &headers, &body).await;
        let want = json!({"success": false, "message": message, "code": code});
        let got: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((reply.status, got), (status, want));
        assert_eq!(reply.header("retry-after"), retry);
    }
}

#[tokio::test]
async fn an_internal_failure_names_the_request() {
    let calls = FakeCalls::new();
    *calls.refusal.lock().unwrap() = Some(Refusal::Internal);
    let server = serve(calls).await;
    let reply = server.call("POST", PATH, with("speed", json!(1))).await;
    let id = reply.header("x-request-id").unwrap();
    assert!(reply.text().contains(&format!("请凭请求编号 {id} 联系管理员")));
    assert_eq!(reply.status, 500);
}

#[tokio::test]
async fn call_ids_of_the_wrong_type() {
    let server = serve(FakeCalls::new()).await;
    for endpoint in ["search_callinfo", "stream_chat_history"] {
        let path = format!("/api/v1/callinfo/{endpoint}");
        for (body, status) in [
            ("{}", 400),
            (r#"{"call_id":null}"#, 400),
            (r#"{"call_id":1}"#, 400),
            (r#"{"call_id":["a"]}"#, 400),
            (r#"{"call_id":""}"#, 404),
            (r#"{"call_id":"../../etc"}"#, 404),
        ] {
            let reply = server.call("POST", &path, body).await;
            assert_eq!(reply.status, status, "{body}");
            checker::check(&reply.body);
        }
    }
}
