//! Every reply equals its golden file, byte for byte, over a real socket.

use crate::{checker, serve};
use domain::{EndWhat, Envelope, Refusal, Who};
use engine::Watched;
use testkit::desk::fake::{FakeCalls, call};
use testkit::desk::story;

const BASE: &str = "/api/v1/callinfo";

fn golden(name: &str) -> String {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn accepted_calls() {
    for (phones, file) in [
        ("13800138000", "initiate_one.json"),
        ("13800138000,13700137000,13900139000", "initiate_several.json"),
    ] {
        let calls = FakeCalls::new();
        calls.skip.lock().unwrap().push((1, Refusal::NumberBlocked));
        let server = serve(calls).await;
        let body = format!(r#"{{"phones":"{phones}","user_requirement":"通知"}}"#);
        let path = format!("{BASE}/initiate_call");
        let reply = server.call("POST", &path, body).await;
        assert_eq!((reply.status, reply.text()), (200, golden(file).as_str()));
        checker::check(&reply.body);
    }
}

#[tokio::test]
async fn looked_up_calls() {
    let busy = story::unanswered(EndWhat::Busy, Who::Callee, 486);
    for (story, file) in [
        (story::ringing(), "search_ringing.json"),
        (story::completed(), "search_completed.json"),
        (busy, "search_busy.json"),
    ] {
        let calls = FakeCalls::new();
        calls.found(story::record(&story));
        let server = serve(calls).await;
        let body = format!(r#"{{"call_id":"{}"}}"#, call(1));
        let path = format!("{BASE}/search_callinfo");
        let reply = server.call("POST", &path, body).await;
        assert_eq!((reply.status, reply.text()), (200, golden(file).as_str()));
        checker::check(&reply.body);
    }
}

#[tokio::test]
async fn small_replies() {
    let server = serve(FakeCalls::new()).await;
    let unknown = r#"{"call_id":"no-such-call"}"#;
    let foreign = format!(r#"{{"call_id":"{}"}}"#, call(9));
    for (method, path, body, status, file) in [
        ("GET", "balance", "", 200, "balance.json"),
        ("GET", "skill_version", "", 200, "skill_version.json"),
        ("POST", "search_callinfo", unknown, 404, "call_not_found.json"),
        ("POST", "search_callinfo", &foreign, 404, "call_not_found.json"),
        ("POST", "stream_chat_history", unknown, 404, "call_not_found.json"),
        ("POST", "stream_chat_history", &foreign, 404, "call_not_found.json"),
    ] {
        let reply = server.call(method, &format!("{BASE}/{path}"), body).await;
        assert_eq!((reply.status, reply.text()), (status, golden(file).as_str()));
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("x-request-id").unwrap().len(), 36);
    }
}

fn event(e: &Envelope) -> Watched {
    Watched::Event(std::sync::Arc::new(e.clone()))
}

#[tokio::test]
async fn streams() {
    let ended = |s: &[Envelope]| Watched::Ended(Box::new(story::record(s)));
    let completed = story::completed();
    let mut answered = vec![Watched::Beat, Watched::Beat];
    for e in &completed[..10] {
        if e.seq == 9 {
            answered.push(Watched::Beat);
        }
        answered.push(event(e));
    }
    answered.push(ended(&completed));
    let no_answer = story::unanswered(EndWhat::NoAnswer, Who::Carrier, 480);
    let busy = story::unanswered(EndWhat::Busy, Who::Callee, 486);
    for (news, file) in [
        (answered, "stream_answered.sse"),
        (vec![Watched::Beat, ended(&no_answer)], "stream_timeout.sse"),
        (vec![Watched::Beat, Watched::DeadlinePassed], "stream_timeout.sse"),
        (vec![Watched::Beat, ended(&busy)], "stream_busy.sse"),
    ] {
        let calls = FakeCalls::new();
        calls.found(story::record(&completed));
        *calls.news.lock().unwrap() = news;
        let server = serve(calls.clone()).await;
        let body = format!(r#"{{"call_id":"{}"}}"#, call(1));
        let path = format!("{BASE}/stream_chat_history");
        let reply = server.call("POST", &path, body).await;
        assert_eq!((reply.status, reply.text()), (200, golden(file).as_str()));
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-cache, no-transform"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(reply.header(name), Some(value));
        }
        assert_eq!(reply.header("x-request-id").unwrap().len(), 36);
        let options = calls.watched.lock().unwrap()[0].clone();
        assert_eq!(options.beat_unanswered.unwrap().as_millis(), 500);
        assert_eq!(options.beat_idle.unwrap().as_secs(), 15);
        assert_eq!(options.answer_deadline.unwrap().as_secs(), 30);
    }
}

#[tokio::test]
async fn a_stopping_server_sends_no_final_event() {
    let calls = FakeCalls::new();
    calls.found(story::record(&story::ringing()));
    *calls.news.lock().unwrap() = vec![Watched::Beat];
    let server = serve(calls).await;
    let body = format!(r#"{{"call_id":"{}"}}"#, call(1));
    let path = format!("{BASE}/stream_chat_history");
    let reply = server.call("POST", &path, body).await;
    assert_eq!(reply.text(), ": keep-alive\n\n");
}

#[tokio::test]
async fn a_piece_leaves_when_it_is_known_and_a_gone_client_ends_the_watch() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let calls = FakeCalls::new();
    calls.found(story::record(&story::ringing()));
    let (news, live) = tokio::sync::mpsc::channel(1);
    *calls.live.lock().unwrap() = Some(live);
    let server = serve(calls).await;
    let mut stream = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    let body = format!(r#"{{"call_id":"{}"}}"#, call(1));
    let head = format!(
        "POST {BASE}/stream_chat_history HTTP/1.1\r\nHost: t\r\nX-API-Key: sk_good\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    for (piece, want) in [
        (Watched::Beat, ": keep-alive\n\n"),
        (
            event(&story::spoken(5, "一")),
            "data: {\"role\": \"assistant\", \"content\": \"一\"}\n\n",
        ),
    ] {
        news.send(piece).await.unwrap();
        // The next piece is sent only after this one was read.
        while !String::from_utf8_lossy(&got).contains(want) {
            assert_ne!(stream.read_buf(&mut got).await.unwrap(), 0);
        }
    }
    drop(stream);
    news.closed().await;
}
