//! `GET /v1/calls/{id}/events`: every event once, resumed anywhere.

use std::time::Duration;

use crate::{check_problem, serve};
use domain::Envelope;
use testkit::desk::fake::{FakeCalls, call};
use testkit::desk::raw::Served;
use testkit::desk::story;

const WHOLE: &str = include_str!("../golden/events.sse");

async fn told(journal: Vec<Envelope>) -> (std::sync::Arc<FakeCalls>, Served, String) {
    let calls = FakeCalls::new();
    calls.found(story::record(&journal));
    *calls.journal.lock().unwrap() = journal;
    let server = serve(calls.clone()).await;
    (calls, server, format!("/v1/calls/{}/events", call(1)))
}

#[tokio::test]
async fn a_whole_call() {
    let (calls, server, path) = told(story::eventful()).await;
    let reply = server.get(&path, &[]).await;
    assert_eq!((reply.status, reply.text()), (200, WHOLE));
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(reply.header(name), Some(value));
    }
    let options = calls.watched.lock().unwrap()[0].clone();
    assert_eq!(options.from_seq, 1);
    assert_eq!(options.beat_idle, Some(Duration::from_secs(15)));
    assert_eq!((options.beat_unanswered, options.answer_deadline), (None, None));
}

#[tokio::test]
async fn resumed_after_every_event_the_rest_follows_once() {
    let (_, server, path) = told(story::eventful()).await;
    let events = WHOLE.strip_prefix("retry: 2000\n\n").unwrap();
    let events: Vec<&str> = events.split_inclusive("\n\n").collect();
    for seen in 0..14u64 {
        let header = format!("Last-Event-ID: {seen}");
        let reply = server.get(&path, &[&header]).await;
        let id = |e: &str| e[4..e.find('\n').unwrap()].parse::<u64>().unwrap();
        let rest: String = events.iter().filter(|e| id(e) > seen).copied().collect();
        assert_eq!(reply.text(), format!("retry: 2000\n\n{rest}"), "{seen}");
    }
}

#[tokio::test]
async fn resumed_past_the_end_there_is_nothing_more() {
    let (_, server, path) = told(story::eventful()).await;
    for seen in [14, 15, u64::MAX] {
        let header = format!("Last-Event-ID: {seen}");
        let reply = server.get(&path, &[&header]).await;
        assert_eq!((reply.status, reply.body.len()), (204, 0));
    }
}

#[tokio::test]
async fn a_running_call_is_pinged_and_not_ended() {
    let (_, server, path) = told(story::ringing()).await;
    let reply = server.get(&path, &["Last-Event-ID: 2"]).await;
    let want = concat!(
        "retry: 2000\n\n",
        "id: 3\nevent: status\ndata: {\"at\":\"2026-01-31T08:00:01.000Z\",\"media_ms\":null,",
        "\"status\":\"ringing\",\"sip_code\":180}\n\n",
        ": ping\n\n"
    );
    assert_eq!(reply.text(), want);
}

#[tokio::test]
async fn a_bad_last_event_id_is_named() {
    let (_, server, path) = told(story::ringing()).await;
    for bad in ["x", "-1", "1.5"] {
        let reply = server.get(&path, &[&format!("Last-Event-ID: {bad}")]).await;
        check_problem(&reply, 400, "invalid_request");
        assert!(reply.text().contains("Last-Event-ID"));
    }
}
