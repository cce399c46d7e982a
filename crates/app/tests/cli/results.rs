//! What lands on stdout, to the byte, and what was asked of the server.

use crate::stage::{ID, Ran, Reply, Server, Waihu};

const RULE: &str = "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━";

const ONE: &str = include_str!("replies/one_call.json");
const TWO: &str = include_str!("replies/two_calls.json");
const RINGING: &str = include_str!("replies/ringing.json");
const ENDED: &str = include_str!("replies/ended.json");
const BUSY: &str = include_str!("replies/busy.json");
const TALK: &str = ": keep-alive\n\ndata: {\"role\": \"assistant\", \"content\": \"您好\"}\n\n\
                    data: {\"role\": \"user\", \"content\": \"是我\"}\n\n\
                    data: {\"role\": \"system\", \"content\": \"[DONE]\"}\n\n";
const UNANSWERED: &str =
    ": keep-alive\n\ndata: {\"role\": \"system\", \"content\": \"[TIMEOUT]\"}\n\n";
const BALANCE: &str = include_str!("replies/balance.json");
const PAGE: &str = include_str!("replies/page.json");

fn check(arguments: &[&str], reply: Reply, code: i32, stdout: &str) -> Ran {
    let server = Server::new(&[reply]);
    let ran = Waihu::at(&server).run(arguments);
    assert_eq!((ran.code, ran.stdout.as_str()), (code, stdout), "{arguments:?}: {ran:?}");
    ran
}

#[test]
fn call_names_each_call_and_each_number_left_out() {
    let ok = Reply::Json(200, ONE);
    let ran = check(&["call", "13800138000", "开会"], ok, 0, "✅ Call accepted\n📱 Call ID: A\n");
    assert!(ran.stderr.contains("📞 Calling 13800138000\n"), "{ran:?}");
    assert!(ran.stderr.contains("💡 Next: ./callinfo.sh A\n"), "{ran:?}");
    check(
        &["call", "13800138000,13900139000,13700137000", "开会"],
        Reply::Json(200, TWO),
        0,
        "✅ Call accepted\n📱 Call ID: A (13800138000)\n📱 Call ID: B (13900139000)\n\
         ⚠️ Skipped: 13700137000 (number_blocked)\n",
    );
}

#[test]
fn info_shows_money_and_words_only_of_what_is_over() {
    let head = |status: &str, identity: &str| {
        format!(
            "📱 Call record\n{RULE}\nCall ID: A\nPhone: 13800138000\nTask: 开会\n\
             Status: {status}\nIdentity: {identity}\n"
        )
    };
    let ended = format!(
        "{}Duration: 33s\nCost: ¥0.30\n{RULE}\n🤖 AI: 您好“张三”\n👤 User: 是我 [2J\n",
        head("completed (task_done)", "confirmed")
    );
    check(&["info", "A"], Reply::Json(200, ENDED), 0, &ended);
    check(&["info", "A", "0"], Reply::Json(200, RINGING), 10, &head("ringing", "pending"));
    let busy = format!(
        "{}Duration: 0s\nCost: ¥0.00\n{RULE}\n",
        head("busy (busy)", "not_reached").replace("开会", "")
    );
    check(&["info", "A", "0"], Reply::Json(200, BUSY), 0, &busy);
}

#[test]
fn stream_shows_who_said_what_and_how_it_ended() {
    let head = format!(
        "🎙️ Streaming real-time conversation\n{RULE}\nCall ID: {ID}\nWaiting for connection...\n"
    );
    let talk = format!("{head}🤖 AI: 您好\n👤 User: 是我\n{RULE}\n📞 Call ended\n");
    check(&["stream", ID], Reply::Stream(TALK), 0, &talk);
    let silent = format!("{head}{RULE}\n⏰ Not answered\n");
    check(&["stream", ID], Reply::Stream(UNANSWERED), 10, &silent);
    let cut = format!("{head}🤖 AI: 您好\n");
    let until = TALK.find("data: {\"role\": \"user\"").unwrap();
    let ran = check(&["stream", ID], Reply::Stream(&TALK[..until]), 11, &cut);
    assert!(ran.stderr.contains("❌"), "{ran:?}");
}

#[test]
fn the_small_commands() {
    let hung_up = r#"{"call_id":"A","status":"completed","already_ended":false}"#;
    check(&["hangup", "A"], Reply::Json(200, hung_up), 0, "📴 Hung up: A\n");
    let over = r#"{"call_id":"A","status":"busy","already_ended":true}"#;
    check(&["hangup", "A"], Reply::Json(200, over), 0, "📴 Already ended: A\n");
    let balance = "💰 Balance: ¥8.65 (available ¥7.15, held ¥1.50)\n";
    check(&["balance"], Reply::Json(200, BALANCE), 0, balance);
    check(
        &["version"],
        Reply::Json(200, "{\"skill_version\":\"1.0.0\"}\n"),
        0,
        "Local skill version: 1.0.0\nRemote skill version: 1.0.0\n✅ Versions match\n",
    );
    check(
        &["version"],
        Reply::Json(200, "{\"skill_version\":\"1.0.1\"}\n"),
        8,
        "Local skill version: 1.0.0\nRemote skill version: 1.0.1\n\
         ⚠️ Versions differ, update the skill\n",
    );
}

#[test]
fn list_lines_its_columns_up() {
    let ran = check(
        &["list"],
        Reply::Json(200, PAGE),
        0,
        "CALL ID  PHONE        STATUS       DURATION  COST   CREATED\n\
         A        13800138000  completed    33s       ¥0.30  2026-01-31T08:00:00.000Z\n\
         BB       -            in_progress  -         -      2026-01-30T08:00:00.000Z\n",
    );
    assert!(ran.stderr.contains("--cursor c0ffee"), "{ran:?}");
    let none = r#"{"items":[],"has_more":false,"next_cursor":null}"#;
    let head = "CALL ID  PHONE  STATUS  DURATION  COST  CREATED\n";
    check(&["list"], Reply::Json(200, none), 0, head);
}

#[test]
fn json_is_the_servers_own_body() {
    let refused =
        "{\"success\":false,\"message\":\"未查到该通话记录\",\"code\":\"call_not_found\"}\n";
    let lines: String =
        TALK.lines().filter(|l| l.starts_with("data:")).map(|l| format!("{l}\n")).collect();
    let hung_up = r#"{"call_id":"A","status":"completed","already_ended":false}"#;
    let old = " {\"skill_version\": \"0.9\"}";
    for (arguments, reply, code, want) in [
        (&["call", "13800138000", "开会", "--json"][..], Reply::Json(200, TWO), 0, TWO),
        (&["info", "A", "--json"], Reply::Json(200, ENDED), 0, ENDED),
        // Without a number it asks once, and so does not wait ten seconds here.
        (&["info", "A", "--json"], Reply::Json(200, RINGING), 10, RINGING),
        (&["info", "A", "--json"], Reply::Json(404, refused), 5, refused),
        (&["balance", "--json"], Reply::Json(200, BALANCE), 0, BALANCE),
        (&["list", "--json"], Reply::Json(200, PAGE), 0, PAGE),
        (&["hangup", "A", "--json"], Reply::Json(200, hung_up), 0, hung_up),
        (&["version", "--json"], Reply::Json(200, old), 8, old),
        (&["stream", "A", "--json"], Reply::Stream(TALK), 0, &lines),
    ] {
        check(arguments, reply, code, want);
    }
}

#[test]
fn call_sends_one_request_with_everything_it_was_told() {
    let server = Server::new(&[Reply::Json(200, ONE)]);
    let waihu = Waihu::at(&server);
    let options = [
        "call",
        " +8613800138000,,13900139000",
        "带\"引号\"\n的需求",
        "--agent-id",
        "21",
        "--model-engine",
        "stepone-mini",
        "--voice-id",
        "v0001",
        "--volume",
        "50",
        "--speed",
        "0",
        "--emotion",
        "neutral",
        "--confirm",
        "--idempotency-key",
        "my-request-1",
    ];
    assert_eq!(waihu.run(&options).code, 0);
    let seen = server.next();
    assert_eq!(seen.line, "POST /api/v1/callinfo/initiate_call");
    assert_eq!(seen.body, include_str!("replies/request_with_all_options.json"));
    assert_eq!(seen.header("x-skill-version"), Some("1.0.0"));
    assert_eq!(seen.header("x-api-key"), Some("sk_environment"));
    assert_eq!(seen.header("idempotency-key"), Some("my-request-1"));
    let mut keys = Vec::new();
    for _ in 0..2 {
        assert_eq!(waihu.run(&["call", "13800138000", "开会"]).code, 0);
        let seen = server.next();
        assert_eq!(seen.body, r#"{"phones":"13800138000","user_requirement":"开会"}"#);
        keys.push(seen.header("idempotency-key").unwrap().to_owned());
    }
    assert_ne!(keys[0], keys[1]);
    assert_eq!(server.unseen(), 0);
}

#[test]
fn each_command_asks_for_its_own_thing() {
    let page = Reply::Json(200, PAGE);
    let filtered = [
        "list",
        "--status",
        "completed,busy",
        "--phone",
        "+8613800138000",
        "--since",
        "2026-01-31T08:00:00+08:00",
        "--limit",
        "2",
        "--cursor",
        "c0 ffee",
    ];
    let question = r#"{"call_id":"a:^~b"}"#;
    for (arguments, reply, line, body) in [
        (
            &["info", "a:^~b", "0"][..],
            Reply::Json(200, ENDED),
            "POST /api/v1/callinfo/search_callinfo",
            question,
        ),
        (
            &["stream", "a:^~b"],
            Reply::Stream(TALK),
            "POST /api/v1/callinfo/stream_chat_history",
            question,
        ),
        (
            &["hangup", "a:^~b"],
            Reply::Json(200, r#"{"call_id":"a","status":"busy","already_ended":true}"#),
            "POST /v1/calls/a:^~b/hangup",
            "",
        ),
        (&["balance"], Reply::Json(200, BALANCE), "GET /api/v1/callinfo/balance", ""),
        (&["list"], page, "GET /v1/calls", ""),
        (
            &filtered,
            page,
            "GET /v1/calls?status=completed%2Cbusy&phone=13800138000\
             &created_after=2026-01-31T08%3A00%3A00%2B08%3A00&limit=2&cursor=c0+ffee",
            "",
        ),
    ] {
        let server = Server::new(&[reply]);
        assert_eq!(Waihu::at(&server).run(arguments).code, 0, "{arguments:?}");
        let seen = server.next();
        assert_eq!((seen.line.as_str(), seen.body.as_str()), (line, body), "{arguments:?}");
        assert_eq!(seen.header("x-skill-version"), Some("1.0.0"));
        assert_eq!(seen.header("x-api-key"), Some("sk_environment"));
        assert_eq!(server.unseen(), 0, "{arguments:?}");
    }
}

#[test]
fn version_needs_no_key_and_sends_none() {
    let server = Server::new(&[Reply::Json(200, "{\"skill_version\":\"1.0.0\"}\n")]);
    let waihu = Waihu::bare().with("STEPONEAI_API_BASE", &server.base());
    assert_eq!(waihu.run(&["version"]).code, 0);
    let seen = server.next();
    assert_eq!(seen.line, "GET /api/v1/callinfo/skill_version");
    assert_eq!(seen.header("x-api-key"), None);
}
