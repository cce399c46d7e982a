//! Trunks over TLS: baresip with a certificate of ours, and peers that do not prove themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::far::listening_tcp;
use crate::stage::{PATIENCE, Stage, installed};
use engine::ports::trunk::{LegOutcome, TrunkCommand};
use sip::{SipConfig, TrunkConfig};
use testkit::peers::{Ports, certificates};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// A baresip that answers at once, over TLS on the port after its SIP port.
struct Baresip {
    _child: Child,
    home: tempfile::TempDir,
    control: TcpStream,
    ports: Ports,
}

impl Baresip {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        certificates(home.path()).await;
        let ports = Ports::take();
        let control = ports.first() + 2;
        configure(home.path(), ports.first(), control);
        let child = Command::new("baresip")
            .args(["-4", "-t", "50", "-f"])
            .arg(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let child = installed(child, "baresip-core");
        listening_tcp(ports.first() + 1).await;
        let connected = async {
            loop {
                match TcpStream::connect(("127.0.0.1", control)).await {
                    Ok(stream) => return stream,
                    Err(_) => sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let control = timeout(PATIENCE, connected).await.expect("no control port");
        Self { _child: child, home, control, ports }
    }

    async fn command(&mut self, name: &str) {
        let json = format!("{{\"command\":\"{name}\"}}");
        let netstring = format!("{}:{json},", json.len());
        self.control.write_all(netstring.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let got = timeout(PATIENCE, self.control.read(&mut answer)).await;
        assert!(got.expect("baresip does not react").unwrap() > 0);
    }

    fn address(&self, host: &str) -> String {
        format!("sip:{host}:{};transport=tls", self.ports.first() + 1)
    }

    fn trusted(&self) -> impl Fn(&mut SipConfig, &mut TrunkConfig) {
        let file = self.home.path().join("ca.pem");
        move |_, trunk| trunk.tls.ca_file = Some(file.clone())
    }
}

fn configure(home: &Path, port: u16, control: u16) {
    let wav = home.join("callee.wav");
    std::fs::write(&wav, silence(30)).unwrap();
    let media = port + 4;
    let config = format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\n\
         sip_certificate {certificate}\naudio_source aufile,{wav}\nausrc_srate 8000\n\
         rtp_ports {media}-{last}\n\
         module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\n\
         module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
         ctrl_tcp_listen 127.0.0.1:{control}\n",
        certificate = home.join("peer.pem").display(),
        wav = wav.display(),
        last = media + 3,
    );
    let account = "<sip:13800138000@127.0.0.1>;regint=0;answermode=auto;\
                   audio_codecs=PCMA/8000/1,PCMU/8000/1\n";
    for (name, text) in [("config", config.as_str()), ("accounts", account), ("contacts", "")] {
        std::fs::write(home.join(name), text).unwrap();
    }
}

/// A WAV file of silence: baresip hangs up when its file ends.
fn silence(seconds: u32) -> Vec<u8> {
    let bytes = seconds * 16_000;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]);
    wav.extend(8_000u32.to_le_bytes());
    wav.extend(16_000u32.to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend(bytes.to_le_bytes());
    wav.resize(wav.len() + bytes as usize, 0);
    wav
}

#[tokio::test]
async fn baresip_answers_over_tls_and_hangs_up_on_our_connection() {
    let mut peer = Baresip::start().await;
    for host in ["localhost", "127.0.0.1"] {
        let stage = Stage::with(&peer.address(host), peer.trusted()).await;
        let call = stage.dial();
        let answer = stage.answered(call).await.unwrap();
        assert!(answer.contains("m=audio"), "{answer}");
        peer.command("hangup").await;
        assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
        let call = stage.dial();
        stage.answered(call).await;
        stage.submit(call, TrunkCommand::Bye);
        assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
        stage.close().await;
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_dialled() {
    let peer = Baresip::start().await;
    let other = tempfile::tempdir().unwrap();
    certificates(other.path()).await;
    let stage = Stage::with(&peer.address("localhost"), |_, trunk| {
        trunk.tls.ca_file = Some(other.path().join("ca.pem"));
    })
    .await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::TransportFailed);
    assert_eq!(stage.story(call), ["TransportFailed"], "no INVITE left");
    let health = &stage.trunks.health()[0];
    let problem = health.problem.as_deref().unwrap_or_default();
    assert!(problem.contains("certificate of localhost is refused"), "{health:?}");
    assert!(!health.usable);
    stage.close().await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let peer = Baresip::start().await;
    let trusted = peer.trusted();
    let stage = Stage::with(&peer.address("localhost"), |config, trunk| {
        trusted(config, trunk);
        trunk.tls.server_name = Some("trunk.example.com".into());
    })
    .await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::TransportFailed);
    let health = &stage.trunks.health()[0];
    let problem = health.problem.as_deref().unwrap_or_default();
    assert!(problem.contains("certificate of trunk.example.com is refused"), "{health:?}");
    stage.close().await;
}

#[tokio::test]
async fn a_peer_without_tls_hears_no_word_of_sip() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("sip:{};transport=tls", plain.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path()).await;
    let stage = Stage::with(&address, |_, trunk| {
        trunk.tls.ca_file = Some(dir.path().join("ca.pem"));
        // Only the call shall knock.
        trunk.upkeep.options_s = 0;
    })
    .await;
    let call = stage.dial();
    let (mut line, _) = timeout(PATIENCE, plain.accept()).await.unwrap().unwrap();
    let mut heard = vec![0; 4096];
    let n = timeout(PATIENCE, line.read(&mut heard)).await.unwrap().unwrap();
    // 22 is a handshake record of TLS.
    assert_eq!(heard[0], 22);
    assert!(!String::from_utf8_lossy(&heard[..n]).contains("INVITE"));
    line.write_all(b"SIP/2.0 200 OK\r\n\r\n").await.unwrap();
    assert_eq!(stage.ended(call).await, LegOutcome::TransportFailed);
    let again = timeout(Duration::from_millis(200), plain.accept()).await;
    assert!(again.is_err(), "a second connection");
    stage.close().await;
}

/// An `openssl s_server` that wants a certificate; what it is told by SIP it prints.
async fn strict_peer(dir: &Path) -> (Child, Ports) {
    certificates(dir).await;
    let ports = Ports::take();
    let port = ports.first().to_string();
    let child = Command::new("openssl")
        .args(["s_server", "-quiet", "-accept", &port, "-cert", "peer.crt", "-key", "peer.key"])
        .args(["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"])
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let child = installed(child, "openssl");
    listening_tcp(ports.first()).await;
    (child, ports)
}

#[tokio::test]
async fn a_peer_that_wants_a_certificate_of_ours_is_down_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let (_child, ports) = strict_peer(dir.path()).await;
    let address = format!("sip:localhost:{};transport=tls", ports.first());
    let ca = |_: &mut SipConfig, trunk: &mut TrunkConfig| {
        trunk.tls.ca_file = Some(dir.path().join("ca.pem"));
    };
    let stage = Stage::with(&address, ca).await;
    // Nobody was called, and nobody is before it answers.
    assert!(!stage.trunks.health()[0].usable);
    let down = async {
        while stage.trunks.health()[0].answers != Some(false) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, down).await.expect("it is not called down");
    let health = &stage.trunks.health()[0];
    let problem = health.problem.as_deref().unwrap_or_default();
    assert!(problem.contains("wants a certificate of ours"), "{health:?}");
    let asked = stage.trunks.ask("t").await.unwrap_err();
    assert!(asked.contains("wants a certificate of ours"), "{asked}");
    stage.close().await;
}

#[tokio::test]
async fn a_certificate_of_ours_is_shown_to_a_peer_that_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, ports) = strict_peer(dir.path()).await;
    let address = format!("sip:localhost:{};transport=tls", ports.first());
    let stage = Stage::with(&address, |_, trunk| {
        trunk.tls.ca_file = Some(dir.path().join("ca.pem"));
        trunk.tls.cert_file = Some(dir.path().join("peer.crt"));
        trunk.tls.key_file = Some(dir.path().join("peer.key"));
    })
    .await;
    let mut heard = vec![0; 4096];
    let mut said = child.stdout.take().unwrap();
    let n = timeout(PATIENCE, said.read(&mut heard)).await.expect("it hears nothing").unwrap();
    assert!(heard[..n].starts_with(b"OPTIONS"), "{}", String::from_utf8_lossy(&heard[..n]));
    assert_eq!(stage.trunks.health()[0].problem, None);
    stage.close().await;
}
