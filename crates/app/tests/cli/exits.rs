//! Every row of the exit table, and what is said about it on stderr.

use std::process::Command;

use crate::stage::{Ran, Reply, Server, Waihu};

fn check(arguments: &[&str], reply: Reply, code: i32, says: &str) -> Ran {
    let server = Server::new(&[reply]);
    let ran = Waihu::at(&server).run(arguments);
    assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
    assert_eq!(ran.stdout, "", "{arguments:?}");
    assert!(ran.stderr.contains(says), "{arguments:?}: {ran:?}");
    server.next();
    assert_eq!(server.unseen(), 0, "asked again: {arguments:?}");
    ran
}

const CALL: &[&str] = &["call", "13800138000", "开会"];

#[test]
fn refusals_of_a_call() {
    for (status, name, code) in [
        (400, "bad_json", 2),
        (400, "too_many_phones", 2),
        (400, "unknown_option", 2),
        (413, "payload_too_large", 2),
        (401, "unauthorized", 4),
        (403, "scope_denied", 4),
        (403, "account_suspended", 4),
        (404, "agent_not_found", 5),
        (403, "number_blocked", 6),
        (403, "outside_calling_hours", 6),
        (403, "content_refused", 6),
        (429, "callee_limit", 6),
        (429, "key_cap_reached", 6),
        (402, "insufficient_balance", 7),
        (426, "version_mismatch", 8),
        (429, "rate_limited", 9),
        (409, "agent_inactive", 1),
        (409, "idempotency_conflict", 1),
        (500, "internal", 1),
        (503, "trunk_unavailable", 1),
    ] {
        let body = format!(r#"{{"success":false,"message":"原因","code":"{name}"}}"#);
        let reply = Reply::Json(status, body.leak());
        check(CALL, reply, code, &format!("❌ 原因 [{name}]\n"));
    }
}

#[test]
fn refusals_under_v1_are_problems() {
    let problem = |code: &str| -> &'static str {
        let text =
            format!(r#"{{"type":"/problems/{code}","title":"t","detail":"why","code":"{code}"}}"#);
        text.leak()
    };
    let missing = Reply::Json(404, problem("call_not_found"));
    check(&["hangup", "A"], missing, 5, "❌ why [call_not_found]\n");
    let cursor = Reply::Json(400, problem("bad_cursor"));
    check(&["list", "--cursor", "x"], cursor, 2, "❌ why [bad_cursor]\n");
}

#[test]
fn servers_of_another_kind() {
    check(&["balance"], Reply::Json(200, "<html>hello</html>"), 1, "[bad_reply]");
    check(&["balance"], Reply::Json(502, "<html>"), 1, "❌ HTTP 502 Bad Gateway [http_502]\n");
    // The key must not follow a redirect to another host.
    check(&["balance"], Reply::Json(302, ""), 1, "❌ HTTP 302 Found [http_302]\n");
    check(&["stream", "A"], Reply::Json(200, "{}"), 1, "[bad_reply]");
    check(
        &["stream", "A"],
        Reply::Json(404, r#"{"success":false,"message":"没有","code":"call_not_found"}"#),
        5,
        "❌ 没有 [call_not_found]\n",
    );
}

#[test]
fn a_lost_connection_leaves_the_outcome_of_a_call_open() {
    let arguments = ["call", "13800138000", "开会", "--idempotency-key", "key-of-mine"];
    let ran = check(&arguments, Reply::Cut, 11, "outcome unknown");
    assert!(ran.stderr.contains("key-of-mine"), "{ran:?}");
    let ran = check(&["info", "A", "0"], Reply::Cut, 11, "[unreachable]");
    assert!(!ran.stderr.contains("outcome unknown"), "{ran:?}");
    let garbled = Reply::Json(200, "<html>hello</html>");
    check(CALL, garbled, 1, "outcome unknown");
    check(CALL, Reply::Json(504, "<html>"), 1, "outcome unknown");
}

#[test]
fn nobody_listens() {
    // A port below 1024 that no service has had for decades.
    let base = "http://127.0.0.1:1";
    let waihu =
        Waihu::bare().with("STEPONEAI_API_KEY", "sk_environment").with("STEPONEAI_API_BASE", base);
    for arguments in [CALL, &["info", "A", "0"], &["stream", "A"], &["version"], &["list"]] {
        let ran = waihu.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (11, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("[unreachable]"), "{ran:?}");
        // Nothing was sent, so nothing is in doubt.
        assert!(!ran.stderr.contains("outcome unknown"), "{ran:?}");
    }
}

#[test]
fn https_is_spoken_in_earnest() {
    let server = Server::new(&[Reply::Json(200, "{\"skill_version\":\"1.0.0\"}\n")]);
    let base = server.base().replace("http:", "https:");
    let ran = Waihu::bare().with("STEPONEAI_API_BASE", &base).run(&["version"]);
    // A server without TLS: no panic, no plain text, and nothing that looks like success.
    assert!(matches!(ran.code, 1 | 11), "{ran:?}");
    assert!(ran.stderr.contains("❌"), "{ran:?}");
    assert_eq!(server.unseen(), 0);
}

#[test]
fn ctrl_c() {
    for (arguments, says) in [
        (CALL, "outcome unknown"),
        (&["info", "A"], ""),
        (&["stream", "A"], ""),
        (&["balance"], ""),
        (&["list"], ""),
    ] {
        let server = Server::new(&[Reply::Silence]);
        let child = Waihu::at(&server).start(arguments);
        server.next();
        // The shell's own: the program `kill` is in a package of its own (procps).
        let kill = format!("kill -INT {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, 130, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(says), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_stream() {
    const LINE: &str = "data: {\"role\": \"user\", \"content\": \"喂\"}\n\n";
    let server = Server::new(&[Reply::Stream(LINE.repeat(20_000).leak())]);
    let mut child = Waihu::at(&server).start(&["stream", "A", "--json"]);
    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(!ran.stderr.contains("panic"), "{ran:?}");
}
