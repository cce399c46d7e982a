//! Told to stop: no new calls, running ones finish; told twice, they end at once and are settled.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support::api::{Api, PLEASE, outcome};
use crate::support::process::{Server, books_add_up};
use crate::support::{A_CALL, SOON, until};

/// Hears the opening out, confirms, listens, says goodbye.
/// Says who it is by a key, so that its call does not depend on what is understood.
const COOPERATIVE: &str = "13800138014";
/// Picks up and says nothing.
const SILENT: &str = "13800138007";

#[tokio::test(flavor = "multi_thread")]
async fn running_calls_finish_and_new_ones_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "", &[]).await;
    let (waihu, api) = (server.waihu, server.api);
    let id = api.call(COOPERATIVE, PLEASE).await.remove(0);
    api.reaches(&id, "in_progress").await;
    let streaming = tokio::spawn({
        let (api, id) = (api.clone(), id.clone());
        async move { api.stream(&id).await }
    });
    waihu.signal("TERM").await;
    // A busy number: should one still be accepted, the next start is done with it at once.
    until("new calls are refused", SOON, async || {
        let reply = api.try_call("13900139002", PLEASE).await;
        (reply.status != 200).then(|| {
            reply.refused(503, "overloaded");
            assert!(reply.headers.contains_key("retry-after"));
        })
    })
    .await;
    let ready = api.get("/readyz").await;
    assert_eq!(ready.status, 503, "{}", ready.text);
    assert_eq!(api.get("/livez").await.status, 200);
    assert_eq!(api.search(&id).await["status"], "in_progress");

    let ended = waihu.ended(A_CALL).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let stream = streaming.await.unwrap();
    assert!(stream.contains("[DONE]"), "{stream}");
    books_add_up(data.path()).await;
    let later = Server::start(data.path(), "", &[]).await;
    let found = later.api.record(&id).await;
    // It went on to its own end, whatever was understood in it: nobody cut it short.
    assert_eq!(found["status"], "completed", "{found:#}");
    assert!(["ai", "callee"].contains(&found["hung_up_by"].as_str().unwrap()), "{found:#}");
    assert_eq!(found["billed"], true);
    until("nothing is held any more", SOON, async || {
        let balance = later.api.get("/api/v1/callinfo/balance").await;
        balance.text.contains("\"held\":0.00").then_some(())
    })
    .await;
    later.stop(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_output_nobody_reads_any_more_drains_as_any_other() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "", &[]).await;
    let (waihu, api) = (server.waihu, server.api);
    let id = api.call(COOPERATIVE, PLEASE).await.remove(0);
    api.reaches(&id, "in_progress").await;
    waihu.unread();
    // Lines of the log, and those about stopping, go nowhere.
    for _ in 0..20 {
        assert_eq!(api.get("/nothing").await.status, 404);
    }
    waihu.signal("TERM").await;
    until("new calls are refused", SOON, async || {
        (api.try_call("13900139002", PLEASE).await.status != 200).then_some(())
    })
    .await;
    waihu.signal("TERM").await;
    let ended = waihu.ended(A_CALL).await;
    assert_eq!(ended.code, 0, "nothing that is printed ends it");
    books_add_up(data.path()).await;
    let later = Server::start(data.path(), "", &[]).await;
    let found = later.api.record(&id).await;
    assert_eq!(found["end_reason"], "node_lost", "its phone was hung up and that is written");
    later.stop(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_and_call_is_one_line_of_the_log_and_names_nobody() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "", &[]).await;
    let id = server.api.call("13800138002", PLEASE).await.remove(0);
    server.api.ended(&id).await;
    let stranger = Api::new(&server.api.base, "sk_wrong");
    assert_eq!(stranger.get("/v1/calls?phone=13800138002").await.status, 401);
    server.api.get("/v1/opt-outs/13800138002").await;
    let counted = server.api.get("/metrics").await.text;
    for status in ["200", "401", "404"] {
        let name = format!("waihu_http_requests_total{{status=\"{status}\"}} ");
        assert!(counted.contains(&name), "{counted}");
    }
    server.waihu.signal("TERM").await;
    let ended = server.waihu.ended(A_CALL).await;
    let log = &ended.stderr;
    let lines = |part: &str| log.lines().filter(|l| l.contains(part)).count();
    assert_eq!(lines("call ended"), 1, "{log}");
    assert!(log.contains("callee=138****8002") && log.contains("reason=\"busy\""), "{log}");
    assert_eq!(lines("status=401"), 1, "{log}");
    assert!(lines("path=/api/v1/callinfo/initiate_call") == 1, "{log}");
    assert!(log.contains("path=/v1/opt-outs/138****8002"), "{log}");
    for secret in ["13800138002", "sk_", "张伟", "合同"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_and_still_settles() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "[calls]\nmax_concurrent = 1\n", &[]).await;
    let (mut waihu, api) = (server.waihu, server.api);
    let ids = api.call(&[SILENT, COOPERATIVE].join(","), PLEASE).await;
    api.reaches(&ids[0], "in_progress").await;
    waihu.signal("TERM").await;
    waihu.line("stopping: no new calls, 1 running").await;
    assert!(waihu.still_runs());
    waihu.signal("TERM").await;
    let ended = waihu.ended(SOON).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    books_add_up(data.path()).await;

    let later = Server::start(data.path(), "", &[]).await;
    let cut = later.api.search(&ids[0]).await;
    // Nobody but the platform cut it off, so it is the platform's fault and costs nothing.
    assert_eq!(outcome(&cut), ["failed", "node_lost", "unclear"], "{cut}");
    let said = cut["provider_response"].as_str().unwrap();
    assert!(said.contains("hung_up_by=platform"), "{said}");
    assert_eq!((cut["billed"].as_bool(), cut["cost"].as_f64()), (Some(false), Some(0.0)));
    let waited = later.api.ended(&ids[1]).await;
    assert_eq!(outcome(&waited), ["completed", "task_done", "confirmed"], "{waited}");
    later.api.nothing_is_held().await;
    later.stop(data.path()).await;
}
