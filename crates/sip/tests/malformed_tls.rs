//! A peer over TLS that says anything: what is broken inside a message harms no other call on the
//! same connection; what breaks the stream itself costs the connection and no call that talks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod broken;
mod far;
mod raw;
mod stage;

use std::sync::Arc;

use broken::{LINES, VALUES, replaced, with_headers};
use domain::CallId;
use engine::ports::trunk::{LegOutcome, TrunkCommand};
use far::{Line, header};
use raw::{Chance, panics, watch_for_panics};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use stage::{PATIENCE, Stage, timers};
use testkit::peers::certificates;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

type Secure = Line<TlsStream<TcpStream>>;

/// A listener with a certificate, and a trunk that trusts it.
struct Scene {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    stage: Stage,
    asked: u32,
}

impl Scene {
    async fn start() -> Self {
        watch_for_panics();
        let dir = tempfile::tempdir().unwrap();
        certificates(dir.path()).await;
        let chain = CertificateDer::pem_file_iter(dir.path().join("peer.crt")).unwrap();
        let chain = chain.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(dir.path().join("peer.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("sip:{};transport=tls", listener.local_addr().unwrap());
        let stage = Stage::with(&address, |config, trunk| {
            config.timers = timers(20);
            trunk.tls.ca_file = Some(dir.path().join("ca.pem"));
            // The line carries calls and nothing else.
            trunk.upkeep.options_s = 0;
        })
        .await;
        Self { listener, acceptor: TlsAcceptor::from(Arc::new(config)), stage, asked: 1 }
    }

    async fn plain(&self) -> TcpStream {
        timeout(PATIENCE, self.listener.accept()).await.expect("nobody connects").unwrap().0
    }

    async fn secure(&self) -> Secure {
        let tcp = self.plain().await;
        let contact = format!("<sip:far@{};transport=tls>", tcp.local_addr().unwrap());
        let tls = timeout(PATIENCE, self.acceptor.accept(tcp)).await.expect("no handshake");
        Line::new(tls.unwrap(), contact)
    }

    /// A call that talks, its INVITE, and the connection it came over.
    async fn bystander(&self) -> (CallId, String, Secure) {
        let call = self.stage.dial();
        let mut line = self.secure().await;
        let invite = line.hear("INVITE").await;
        line.answer(&invite, "200 OK").await;
        line.hear("ACK").await;
        self.stage.answered(call).await;
        (call, invite, line)
    }

    /// Asks in the dialog of the bystander, and hears that it lives.
    async fn lives(&mut self, invite: &str, line: &mut Secure) {
        self.asked += 1;
        let ask = request("OPTIONS", self.asked, invite);
        line.say(&ask).await;
        let number = format!("{} OPTIONS", self.asked);
        loop {
            let answer = line.hear_at_last("SIP/2.0").await;
            if header(&answer, "CSeq") == number {
                assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
                return;
            }
        }
    }

    /// Waits until no transaction is kept, and closes.
    async fn close(self) {
        raw::nothing_is_kept(&self.stage).await;
        assert_eq!(panics(), 0);
        self.stage.close().await;
    }
}

/// A request of the peer in the dialog that this INVITE opened.
fn request(method: &str, n: u32, invite: &str) -> String {
    format!(
        "{method} sip:waihu@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK{n}x{id}\r\n\
         From: {};tag=far\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {n} {method}\r\n\
         Max-Forwards: 70\r\nContact: <sip:far@127.0.0.1;transport=tls>\r\n\
         Content-Length: 0\r\n\r\n",
        header(invite, "To"),
        header(invite, "From"),
        header(invite, "Call-ID"),
        id = header(invite, "Call-ID").replace('@', ""),
    )
}

/// One message with everything wrong that leaves its length alone.
fn framed(good: &str) -> Vec<String> {
    let values = VALUES.iter().filter(|(name, _)| *name != "Content-Length");
    let values = values
        .flat_map(|(name, values)| values.iter().map(move |value| replaced(good, name, value)));
    let lines = LINES.iter().filter(|lines| !lines.contains("Content-Length"));
    let lines = lines.map(|lines| with_headers(good, lines));
    let mut all: Vec<String> = values.chain(lines).collect();
    all.push(with_headers(good, &"a:b\r\n".repeat(10_000)));
    all.push(with_headers(good, &format!("X: {}\r\n", "x".repeat(60_000))));
    all.push(with_headers(good, &format!("X: {}\r\n", "\u{fffd}".repeat(100))));
    all.push(good.replace("SIP/2.0", "SIP/9.9"));
    all.push(good.repeat(3));
    all
}

#[tokio::test]
async fn what_is_wrong_inside_a_message_harms_no_other_call_on_the_connection() {
    let mut scene = Scene::start().await;
    let (calm, opened, mut line) = scene.bystander().await;
    for status in ["180 Ringing", "200 OK", "486 Busy Here"] {
        for first in (0..usize::MAX).step_by(12) {
            let call = scene.stage.dial();
            let invite = line.hear_at_last("INVITE").await;
            let all = framed(&line.response(&invite, status));
            for text in all.iter().skip(first).take(12) {
                line.say(text).await;
            }
            scene.lives(&opened, &mut line).await;
            // Ended whatever state the nonsense left it in: exactly once.
            let busy = line.response(&invite, "486 Busy Here");
            line.say(&busy).await;
            scene.stage.submit(call, TrunkCommand::Cancel);
            scene.stage.ended(call).await;
            if first + 12 >= all.len() {
                break;
            }
        }
    }
    for method in ["BYE", "INVITE", "UPDATE", "CANCEL", "ACK", "FROB"] {
        let call = scene.stage.dial();
        let invite = line.hear_at_last("INVITE").await;
        line.answer(&invite, "200 OK").await;
        line.hear_at_last("ACK").await;
        for text in framed(&request(method, 7, &invite)) {
            line.say(&text).await;
        }
        scene.lives(&opened, &mut line).await;
        scene.stage.submit(call, TrunkCommand::Bye);
        scene.stage.ended(call).await;
    }
    let bye = request("BYE", 9_999, &opened);
    line.say(&bye).await;
    assert_eq!(scene.stage.ended(calm).await, LegOutcome::PeerBye);
    scene.close().await;
}

/// Bytes after which nobody knows where the next message begins, or that are no TLS at all.
fn breaking() -> Vec<(&'static str, bool, Vec<u8>)> {
    let bye = "BYE sip:x SIP/2.0\r\n";
    let mut chance = Chance(11);
    let noise: Vec<u8> = (0..70_000).map(|_| chance.draw() as u8 | 0x80).collect();
    vec![
        ("no length", true, format!("{bye}Call-ID: a\r\n\r\n").into_bytes()),
        ("a negative length", true, format!("{bye}Content-Length: -1\r\n\r\n").into_bytes()),
        (
            "a huge length",
            true,
            format!("{bye}Content-Length: 18446744073709551615\r\n\r\n").into_bytes(),
        ),
        ("two lengths", true, format!("{bye}l: 1\r\nContent-Length: 2\r\n\r\n").into_bytes()),
        ("an endless head", true, vec![b'a'; 70_000]),
        ("noise", true, noise.clone()),
        ("noise below TLS", false, noise[..2_000].to_vec()),
        ("plain SIP below TLS", false, format!("{bye}Content-Length: 0\r\n\r\n").into_bytes()),
        ("half a record below TLS", false, vec![23, 3, 3, 0x40, 0, 1, 2, 3]),
        ("an alert below TLS", false, vec![21, 3, 3, 0, 2, 2, 40]),
    ]
}

#[tokio::test]
async fn what_breaks_the_stream_costs_the_connection_and_no_call_that_talks() {
    for (what, inside, bytes) in breaking() {
        let scene = Scene::start().await;
        let (call, _, mut line) = scene.bystander().await;
        if inside {
            // The connection may go while this is being written.
            let _ = line.stream.write_all(&bytes).await;
            let _ = line.stream.flush().await;
        } else {
            let (tcp, _) = line.stream.get_mut();
            let _ = tcp.write_all(&bytes).await;
            // Of half a record the end is never seen: the peer goes.
            let _ = tcp.shutdown().await;
        }
        line.closed().await;
        let heard = scene.stage.story(call);
        assert_eq!(heard, ["sent", "answered"], "{what}: it talks on");
        scene.stage.submit(call, TrunkCommand::Bye);
        let mut line = scene.secure().await;
        let bye = line.hear("BYE").await;
        line.answer(&bye, "200 OK").await;
        assert_eq!(scene.stage.ended(call).await, LegOutcome::OurBye, "{what}");
        scene.close().await;
    }
}

#[tokio::test]
async fn a_handshake_that_breaks_or_never_ends_dials_nobody_and_harms_no_later_call() {
    let mut chance = Chance(5);
    let noise: Vec<u8> = (0..600).map(|_| chance.draw() as u8).collect();
    let alert = vec![21, 3, 3, 0, 2, 2, 40];
    for (what, bytes) in [("noise", noise), ("an alert", alert), ("nothing", Vec::new())] {
        let scene = Scene::start().await;
        let call = scene.stage.dial();
        let mut tcp = scene.plain().await;
        tcp.write_all(&bytes).await.unwrap();
        tcp.shutdown().await.unwrap();
        assert_eq!(scene.stage.ended(call).await, LegOutcome::TransportFailed, "{what}");
        assert_eq!(scene.stage.story(call), ["TransportFailed"], "{what}: no INVITE left");
        let (call, _, mut line) = scene.bystander().await;
        scene.stage.submit(call, TrunkCommand::Bye);
        let bye = line.hear("BYE").await;
        line.answer(&bye, "200 OK").await;
        assert_eq!(scene.stage.ended(call).await, LegOutcome::OurBye, "{what}");
        scene.close().await;
    }
}
