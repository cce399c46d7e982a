//! baresip as the callee: a user agent that is neither ours nor made for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::stage::{OFFER, PATIENCE, Stage, installed, up};
use engine::ports::trunk::{LegOutcome, TrunkCommand};
use testkit::peers::Ports;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// A baresip that answers 13800138000 at once; it ends with its test.
struct Baresip {
    _child: Child,
    _home: tempfile::TempDir,
    control: TcpStream,
    ports: Ports,
}

impl Baresip {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let ports = Ports::take();
        // TLS, which is not used here, would take the next one.
        let control = ports.first() + 2;
        configure(home.path(), ports.first(), control);
        let child = Command::new("baresip")
            .args(["-4", "-t", "50", "-f"])
            .arg(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let child = up(installed(child, "baresip-core"), ports.first()).await;
        let connected = async {
            loop {
                match TcpStream::connect(("127.0.0.1", control)).await {
                    Ok(stream) => return stream,
                    Err(_) => sleep(Duration::from_millis(20)).await,
                }
            }
        };
        let control = timeout(PATIENCE, connected).await.expect("no control port");
        Self { _child: child, _home: home, control, ports }
    }

    async fn command(&mut self, name: &str) {
        let json = format!("{{\"command\":\"{name}\"}}");
        let netstring = format!("{}:{json},", json.len());
        self.control.write_all(netstring.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let got = timeout(PATIENCE, self.control.read(&mut answer)).await;
        assert!(got.expect("baresip does not react").unwrap() > 0);
    }

    fn address(&self) -> String {
        format!("sip:127.0.0.1:{}", self.ports.first())
    }
}

fn configure(home: &Path, port: u16, control: u16) {
    let wav = home.join("callee.wav");
    std::fs::write(&wav, silence(30)).unwrap();
    let media = port + 4;
    let config = format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\n\
         audio_source aufile,{wav}\nausrc_srate 8000\nrtp_ports {media}-{last}\n\
         module_path /usr/lib/baresip/modules\nmodule g711.so\nmodule aufile.so\n\
         module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n\
         ctrl_tcp_listen 127.0.0.1:{control}\n",
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
async fn baresip_hangs_up() {
    let mut peer = Baresip::start().await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    let answer = stage.answered(call).await.unwrap();
    assert!(answer.contains("m=audio"), "{answer}");
    peer.command("hangup").await;
    assert_eq!(stage.ended(call).await, LegOutcome::PeerBye);
    stage.close().await;
}

#[tokio::test]
async fn we_hang_up_on_baresip_after_it_held_us() {
    let mut peer = Baresip::start().await;
    let stage = Stage::start(&peer.address()).await;
    let call = stage.dial();
    stage.answered(call).await;
    peer.command("hold").await;
    let offer = stage.reoffered(call).await.unwrap();
    assert!(offer.contains("a=sendonly"), "{offer}");
    let answer = format!("{OFFER}a=recvonly\r\n").replace("waihu 1 1", "waihu 1 2");
    stage.submit(call, TrunkCommand::AnswerReoffer(Some(answer)));
    stage.submit(call, TrunkCommand::Bye);
    assert_eq!(stage.ended(call).await, LegOutcome::OurBye);
    stage.close().await;
}

#[tokio::test]
async fn baresip_knows_no_other_number() {
    let peer = Baresip::start().await;
    let stage = Stage::with(&peer.address(), |_, trunk| {
        trunk.number_format = sip::NumberFormat::ZeroPrefixed;
    })
    .await;
    let call = stage.dial();
    assert_eq!(stage.ended(call).await, LegOutcome::Refused { code: 404 });
    stage.close().await;
}
