//! A trunk that sends us elsewhere or asks us to come back later: no other trunk is tried, no
//! address that a 3xx names, and nobody is dialled twice.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::time::Duration;

use crate::support::api::{PLEASE, outcome};
use crate::support::process::Server;
use crate::support::{A_CALL, until};

/// Answers every request with a status and headers, and keeps the INVITEs that came.
fn answer(socket: &UdpSocket, status: &str, extra: &str, invites: &mut Vec<String>) {
    let mut buffer = [0; 8_000];
    while let Ok((n, from)) = socket.recv_from(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
        if !text.starts_with("INVITE") {
            continue;
        }
        let header = |name: &str| {
            let start = format!("{name}: ");
            let line = text.lines().find_map(|line| line.strip_prefix(start.as_str()));
            line.unwrap_or_default().to_owned()
        };
        let reply = format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=x\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             {extra}Content-Length: 0\r\n\r\n",
            header("Via"),
            header("From"),
            header("To"),
            header("Call-ID"),
            header("CSeq"),
        );
        invites.push(text);
        socket.send_to(reply.as_bytes(), from).unwrap();
    }
}

/// One call over two trunks, of which the preferred one refuses it so; `ELSEWHERE` in the headers
/// becomes the address of the other.
async fn check(status: &str, extra: &str) {
    let socket = || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    };
    let (first, other) = (socket(), socket());
    let [at, elsewhere] = [&first, &other].map(|s| s.local_addr().unwrap());
    let data = tempfile::tempdir().unwrap();
    let trunk = |name: &str, at, priority| {
        format!("[[trunk]]\nname = \"{name}\"\naddress = \"sip:{at}\"\npriority = {priority}\n\n")
    };
    let settings = trunk("first", at, 1) + &trunk("other", elsewhere, 2);
    let server = Server::start(data.path(), &settings, &[]).await;
    let extra = extra.replace("ELSEWHERE", &elsewhere.to_string());
    let id = server.api.call("13800138000", PLEASE).await.remove(0);
    let mut invites = Vec::new();
    let found = until("the call ends", A_CALL, async || {
        answer(&first, status, &extra, &mut invites);
        let found = server.api.search(&id).await;
        found["call_content"].is_array().then_some(found)
    })
    .await;
    assert_eq!(outcome(&found), ["failed", "trunk_failed", "not_reached"], "{found}");
    // Longer than the peer's Retry-After: whoever meant to try again would have.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    answer(&first, status, &extra, &mut invites);
    let id = |invite: &String| invite.lines().find(|l| l.starts_with("Call-ID")).map(str::to_owned);
    let attempts: BTreeSet<_> = invites.iter().map(id).collect();
    assert_eq!(attempts.len(), 1, "dialled again: {attempts:?}");
    let mut tried = Vec::new();
    answer(&other, "503 No", "", &mut tried);
    assert!(tried.is_empty(), "another address was tried: {tried:?}");
    server.api.nothing_is_held().await;
    server.stop(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_503_with_retry_after_no_other_trunk_is_tried() {
    check("503 Service Unavailable", "Retry-After: 1\r\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_302_is_not_followed() {
    check("302 Moved Temporarily", "Contact: <sip:13800138000@ELSEWHERE>\r\n").await;
}
