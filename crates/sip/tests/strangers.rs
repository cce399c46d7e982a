//! A raw socket as the peer: what belongs to no call, and what is no SIP at all.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::time::Duration;

use crate::stage::{Stage, timers};
use tokio::net::UdpSocket;
use tokio::time::timeout;

fn request(method: &str, to: &str, n: u32) -> String {
    format!(
        "{method} sip:waihu@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{method}{n};rport\r\n\
         From: <sip:stranger@127.0.0.1>;tag=s{n}\r\nTo: <sip:waihu@127.0.0.1>{to}\r\n\
         Call-ID: stranger{n}\r\nCSeq: {n} {method}\r\nMax-Forwards: 70\r\n\
         Contact: <sip:stranger@127.0.0.1:9>\r\nContent-Length: 0\r\n\r\n"
    )
}

#[tokio::test]
async fn strangers_are_answered_and_never_let_in() {
    let stage = Stage::with("sip:127.0.0.1:9", |config, _| config.timers = timers(10)).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(stage.trunks.local_addr()).await.unwrap();
    let mut n = 0;
    for (method, to, want) in [
        ("OPTIONS", "", "SIP/2.0 200"),
        ("INVITE", "", "SIP/2.0 405"),
        ("REGISTER", "", "SIP/2.0 405"),
        ("MESSAGE", "", "SIP/2.0 405"),
        ("BYE", ";tag=x", "SIP/2.0 481"),
        ("INVITE", ";tag=x", "SIP/2.0 481"),
        ("CANCEL", "", "SIP/2.0 481"),
    ] {
        n += 1;
        // Noise before each request: it must neither be answered nor do harm.
        for noise in [&b"\x00\xff\xfe\x80"[..], b"INVITE\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n"] {
            socket.send(noise).await.unwrap();
        }
        let text = request(method, to, n);
        socket.send(text.as_bytes()).await.unwrap();
        let mut buffer = [0; 2000];
        let branch = format!("branch=z9hG4bK{method}{n}");
        let answer = loop {
            let got = timeout(Duration::from_secs(20), socket.recv(&mut buffer)).await;
            let got = got.unwrap_or_else(|_| panic!("no answer to {method}{to}")).unwrap();
            let text = String::from_utf8_lossy(&buffer[..got]).into_owned();
            // A refused INVITE is repeated until its ACK: skip what was asked before.
            if text.contains(&branch) {
                break text;
            }
        };
        assert!(answer.starts_with(want), "{method}{to}: {answer}");
    }
    stage.close().await;
}
