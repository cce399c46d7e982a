//! What cannot be used is refused with a word about what and where, and leaves nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use crate::support::SOON;
use crate::support::api::{Api, PLEASE, outcome};
use crate::support::process::{Ended, ExternalLab, Server, Waihu, books_add_up, command};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Checks how a start was refused: exit code, and each of these in what it said.
fn refused(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, code, "{ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "no {word:?} in {}", ended.stderr);
    }
    assert!(!ended.stdout.contains("http: "), "{}", ended.stdout);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

async fn serve(data: &Path, arguments: &[&str]) -> Ended {
    let mut all = vec!["serve", "--data-dir", data.to_str().unwrap()];
    all.extend(arguments);
    Waihu::run(&all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_refused_with_line_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for (text, words) in [
        ("[calls]\nring_timeout_s = 3 4\n", &["line 2", "ring_timeout_s = 3 4"][..]),
        ("[calls]\n\nring_time = 30\n", &["line 3", "unknown field `ring_time`"]),
        ("[call]\nring_timeout_s = 30\n", &["line 1", "unknown field `call`"]),
        ("[http]\nlisten = \"nowhere\"\n", &["line 2", "listen", "socket address"]),
        ("[calls]\nring_timeout_s = \"30\"\n", &["line 2", "ring_timeout_s", "string"]),
        ("[calls]\nring_timeout_s = 9\n", &["calls.ring_timeout_s", "9", "10–120"]),
        ("[calls]\nring_timeout_s = 121\n", &["calls.ring_timeout_s", "121"]),
        ("[calls]\nmax_call_s = 59\n", &["calls.max_call_s", "59", "60–3600"]),
        ("[turn]\npause_ms = 1201\n", &["turn.pause_ms", "1201", "300–1200"]),
        ("[callout]\nmax_phones = 1001\n", &["callout.max_phones", "1001"]),
        ("[numbers]\nextra_patterns = [\"(\"]\n", &["numbers.extra_patterns"]),
        ("[billing]\nprice_micro_yuan_per_minute = -1\n", &["billing.price_micro_yuan_per_minute"]),
        ("[media]\nfirst_port = 300\nlast_port = 300\n", &["media.first_port", "300"]),
        ("[[trunk]]\nname = \"a\"\naddress = \"sips:a\"\n", &["line 3", "sips:a", "sip:HOST"]),
        ("[[trunk]]\naddress = \"sip:127.0.0.1\"\n", &["line 1", "name"]),
    ] {
        let file = dir.path().join("waihu.toml");
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        let ended = serve(&data, &["--http", "127.0.0.1:0", "--config", file]).await;
        refused(&ended, 2, words);
        // A number stands alone where it is a range; a file is named where it has lines.
        if words[0].starts_with("line") {
            refused(&ended, 2, &[file]);
        }
    }
    let ended = serve(&data, &["--config", "/nonexistent/waihu.toml"]).await;
    refused(&ended, 2, &["/nonexistent/waihu.toml", "No such file"]);
    assert!(!data.exists(), "a refused start has made {}", data.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_environment_are_refused_by_name() {
    for (name, value, words) in [
        ("WAIHU_CALLS__RING_TIMEOUT_S", "3", &["calls.ring_timeout_s", "10–120"][..]),
        ("WAIHU_CALLS__RINGS", "3", &["rings", "CALLS.RINGS"]),
    ] {
        let mut command = command();
        command.env(name, value).args(["serve", "--data-dir", "/nonexistent/data"]);
        refused(&Waihu::spawn(command).ended(SOON).await, 2, words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_in_use_are_named_with_their_option() {
    let data = tempfile::tempdir().unwrap();
    let http = TcpListener::bind("127.0.0.1:0").unwrap();
    let sip = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = http.local_addr().unwrap().to_string();
    refused(&serve(data.path(), &["--http", &taken]).await, 1, &[&taken, "--http"]);
    let taken = sip.local_addr().unwrap().to_string();
    let ended = serve(data.path(), &["--http", "127.0.0.1:0", "--sip", &taken]).await;
    refused(&ended, 1, &[&taken, "--sip"]);
    // What was refused has not used up the one key that is shown.
    let arguments = ["serve", "--data-dir", data.path().to_str().unwrap()];
    let arguments = [&arguments[..], &["--http", "127.0.0.1:0"]].concat();
    let mut waihu = Waihu::start(&arguments);
    assert!(waihu.line("key (shown once): ").await.starts_with("sk_"));
    waihu.kill().await;
    // An address of the documentation network is not this machine's.
    let ended = serve(data.path(), &["--http", "192.0.2.1:8480"]).await;
    refused(&ended, 1, &["192.0.2.1:8480", "--http"]);
    let foreign = ["--http", "127.0.0.1:0", "--sip", "192.0.2.1:5060"];
    refused(&serve(data.path(), &foreign).await, 1, &["192.0.2.1:5060", "--sip"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_cannot_be_is_refused_and_one_that_is_not_there_fails_its_calls() {
    let data = tempfile::tempdir().unwrap();
    for address in
        ["sip:10086@127.0.0.1", "sip:127.0.0.1:99999", "sip:", "sip:a b", "sips:127.0.0.1"]
    {
        let ended = serve(data.path(), &["--trunk", address]).await;
        refused(&ended, 2, &["--trunk", address]);
    }
    let unknown = ["--trunk", "sip:carrier.invalid"];
    let server = Server::start(data.path(), "", &unknown).await;
    let id = server.api.call("13800138000", PLEASE).await.remove(0);
    let found = server.api.ended(&id).await;
    assert_eq!(outcome(&found), ["failed", "trunk_failed", "not_reached"], "{found}");
    assert_eq!(found["cost"].as_f64(), Some(0.0));
    server.api.nothing_is_held().await;
    server.stop(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_program_is_named_with_its_package() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    for (arguments, code) in [
        (&["serve", "--http", "127.0.0.1:0", "--data-dir", data][..], 1),
        (&["lab", "--sip", "127.0.0.1:0"], 1),
        (&["demo"], 1),
    ] {
        let mut command = command();
        command.env("PATH", "/nonexistent").args(arguments);
        let ended = Waihu::spawn(command).ended(SOON).await;
        refused(&ended, code, &["espeak-ng"]);
    }
    let mut command = command();
    command.env("PATH", "/nonexistent").args(["doctor", "--data-dir", data]);
    let ended = Waihu::spawn(command).ended(SOON).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    let line = ended.stdout.lines().find(|l| l.contains("synthesizer")).unwrap();
    assert!(line.contains("❌") && line.contains("apt-get install espeak-ng"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_recognizer_is_told_and_calls_go_on_without_ears() {
    // The loader stops at the first file of that name; this one is no library.
    let broken = tempfile::tempdir().unwrap();
    std::fs::write(broken.path().join("libpocketsphinx.so.3"), "").unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut doctor = command();
    doctor.env("LD_LIBRARY_PATH", broken.path()).args([
        "doctor",
        "--data-dir",
        data.path().to_str().unwrap(),
    ]);
    let ended = Waihu::spawn(doctor).ended(SOON).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    let line = ended.stdout.lines().find(|l| l.contains("recognizer")).unwrap();
    assert!(line.contains("❌") && line.contains("libpocketsphinx3"), "{line}");

    let mut serve = command();
    serve.env("LD_LIBRARY_PATH", broken.path()).args([
        "serve",
        "--http",
        "127.0.0.1:0",
        "--data-dir",
        data.path().to_str().unwrap(),
    ]);
    let mut waihu = Waihu::spawn(serve);
    let base = waihu.line("http: ").await;
    let key = waihu.line("key (shown once): ").await;
    let warning = waihu.line("warning: ").await;
    assert!(warning.contains("libpocketsphinx3"), "{warning}");
    // Presses 1 instead of speaking: the one way left to be known.
    let api = Api::new(&base, &key);
    let id = api.call("13800138014", PLEASE).await.remove(0);
    let found = api.ended(&id).await;
    assert_eq!(found["identity"], "confirmed", "{found}");
    waihu.signal("TERM").await;
    assert_eq!(waihu.ended(SOON).await.code, 0);
    books_add_up(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_by_field_and_nothing_is_dialled() {
    let lab = ExternalLab::start().await;
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "", &["--trunk", &lab.address]).await;
    let api = &server.api;
    let both = |phones: &str, text: &str| json!({ "phones": phones, "user_requirement": text });

    let one_bad = "13800138000,13900139000,12345";
    let reply = api.post("initiate_call", both(one_bad, PLEASE).to_string()).await;
    reply.refused(400, "invalid_phone");
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("第 3 个"), "{message}");
    let long = |n| both("13800138000", &"字".repeat(n)).to_string();
    api.post("initiate_call", long(20_001)).await.refused(400, "requirement_too_long");
    let broken = b"{\"phones\":\"13800138000\",\"user_requirement\":\"\xff\xfe\"}".to_vec();
    api.post("initiate_call", broken).await.refused(400, "bad_json");
    let lone = r#"{"phones":"13800138000","user_requirement":"\ud800"}"#;
    api.post("initiate_call", lone).await.refused(400, "bad_json");
    for body in ["", "{", "[]", "null", "\"13800138000\""] {
        let reply = api.post("initiate_call", body).await;
        assert_eq!(reply.status, 400, "{body:?}: {}", reply.text);
    }
    let heavy = both("13800138000", &"a".repeat(700 * 1_024)).to_string();
    api.post("initiate_call", heavy).await.refused(413, "payload_too_large");
    for wrong in ["", "sk_", "sk_0000000000000000000000000000000000000000000"] {
        let stranger = Api { key: wrong.to_owned(), ..api.clone() };
        let reply = stranger.try_call("13800138000", PLEASE).await;
        reply.refused(401, "unauthorized");
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
    }
    api.nothing_is_held().await;
    let list = api.get("/v1/calls").await.json();
    assert_eq!(list["items"], json!([]), "{list}");
    // The longest requirement that is allowed, to a busy number: the one call there was.
    let longest = both("13800138002", &"字".repeat(20_000)).to_string();
    let reply = api.post("initiate_call", longest).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let id = reply.json()["call_id"].as_str().unwrap().to_owned();
    assert_eq!(outcome(&api.ended(&id).await), ["busy", "busy", "not_reached"]);
    server.stop(data.path()).await;
    let reports = lab.reports().await;
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(reports[0]["persona"], "busy", "{reports:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_is_given_up() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), "[http]\nbody_timeout_s = 1\n", &[]).await;
    let address = server.api.base.trim_start_matches("http://");
    // Announced and begun in one piece, and in chunks; then nothing more comes.
    for (how, begun) in [("Content-Length: 200", "{\"phones\":"), (CHUNKED, "5\r\n{\"pho\r\n")] {
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /api/v1/callinfo/initiate_call HTTP/1.1\r\nHost: {address}\r\n\
             X-API-Key: {}\r\n{how}\r\n\r\n{begun}",
            server.api.key
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut reply = vec![0; 65_536];
        let read = tokio::time::timeout(SOON, socket.read(&mut reply)).await;
        let length = read.unwrap_or_else(|_| panic!("{how}: no reply")).unwrap();
        let reply = String::from_utf8_lossy(&reply[..length]).into_owned();
        assert!(reply.starts_with("HTTP/1.1 4"), "{how}: {reply}");
        assert!(reply.contains("\"success\":false"), "{how}: {reply}");
    }
    server.api.nothing_is_held().await;
    assert_eq!(server.api.get("/livez").await.status, 200);
    server.stop_now().await;
}

const CHUNKED: &str = "Transfer-Encoding: chunked";
