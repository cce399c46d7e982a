//! Arguments that cannot be meant are refused before anything is sent.

use crate::stage::{Reply, Server, Waihu};

#[test]
fn nothing_is_sent_and_the_usage_is_shown() {
    let server = Server::new(&[Reply::Json(200, "{}")]);
    let waihu = Waihu::at(&server);
    let long = "长".repeat(20_001);
    let wide = "x".repeat(101);
    for (arguments, says) in [
        (&["call"][..], "PHONES"),
        (&["call", "13800138000"], "requirement is missing"),
        (&["call", "13800138000", " "], "requirement is missing"),
        (&["call", "13800138000", &long], "20001"),
        (&["call", "", "开会"], "phones is missing"),
        (&["call", "13800138000,123", "开会"], "number 2"),
        (&["call", "13800138000，13900139000", "开会"], "number 1"),
        (&["call", "13800138000", "开会", "--volume", "101"], "101"),
        (&["call", "13800138000", "开会", "--speed", "-1"], "-1"),
        (&["call", "13800138000", "开会", "--agent-id", "0"], "0"),
        (&["call", "13800138000", "开会", "--voice-id", ""], "--voice-id"),
        (&["call", "13800138000", "开会", "--model-engine", &wide], "--model-engine"),
        (&["call", "13800138000", "开会", "--idempotency-key", "short"], "--idempotency-key"),
        (&["call", "13800138000", "开会", "--loud"], "--loud"),
        (&["call", "13800138000", "开会", "more"], "more"),
        (&["info"], "CALL_ID"),
        (&["info", "a/b"], "call id"),
        (&["info", "A", "1001"], "1001"),
        (&["info", "A", "-1"], "-1"),
        (&["info", "A", "many"], "many"),
        (&["stream", ""], "call id"),
        (&["hangup", "a b"], "call id"),
        (&["list", "--limit", "0"], "0"),
        (&["list", "--limit", "201"], "201"),
        (&["list", "--status", "done"], "done"),
        (&["list", "--since", "yesterday"], "--since"),
        (&["list", "--phone", "me"], "--phone"),
        (&["frobnicate"], "frobnicate"),
        (&["completions", "cmd.exe"], "cmd.exe"),
    ] {
        let ran = waihu.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.starts_with("❌ "), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(says), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("Usage: waihu"), "{arguments:?}: {ran:?}");
    }
    assert_eq!(server.unseen(), 0);
}

#[test]
fn bytes_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let broken = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_waihu"))
        .args(["call", "13800138000"])
        .arg(broken)
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Usage: waihu call"));
}

#[test]
fn mistakes_are_told_in_chinese_where_the_locale_is() {
    let waihu = Waihu::bare().with("LANG", "zh_CN.UTF-8");
    for (arguments, says) in [
        (&["call"][..], "缺少参数"),
        (&["call", "123", "开会"], "第 1 个号码不正确"),
        (&["call", "13800138000", "开会", "--loud"], "未知参数 --loud"),
        (&["call", "13800138000", "开会", "--volume", "x"], "的取值 x 不正确"),
        (&["frobnicate"], "未知命令 frobnicate"),
        (&["balance"], "没有 API Key"),
    ] {
        let ran = waihu.run(arguments);
        assert!(ran.stderr.contains(says), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.contains("error:"), "{arguments:?}: {ran:?}");
    }
}
