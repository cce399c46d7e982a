//! baresip as the callee: it picks up at once, plays a file, and writes down what it heard.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use testkit::peers::{Ports, certificates};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::api::PLEASE_EN;
use super::process::Server;
use super::sound::{self, Sound};
use super::{A_CALL, SOON, until};

/// The number it answers.
pub const NUMBER: &str = "13800138000";

/// What a baresip can do.
pub struct Line {
    pub modules: &'static [&'static str],
    pub codecs: &'static str,
    /// More of its account.
    pub account: &'static str,
    /// Whether it plays a file of 48,000 samples a second and two channels.
    pub wide_file: bool,
}

impl Line {
    pub const G711: Line = Line {
        modules: &["g711"],
        codecs: "PCMA/8000/1,PCMU/8000/1",
        account: "",
        wide_file: false,
    };
}

/// Where a baresip lives.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its own address.
    pub host: String,
    /// The network namespace that has this address, if it is not ours.
    pub namespace: Option<String>,
    /// Whether it shows a certificate for `localhost`, over TLS on the port after its SIP port.
    pub secure: bool,
}

impl Place {
    pub fn here() -> Self {
        Self { host: "127.0.0.1".to_owned(), namespace: None, secure: false }
    }
}

/// A running baresip; it ends with its test.
pub struct Baresip {
    _child: Child,
    home: tempfile::TempDir,
    place: Place,
    // SIP, TLS, commands, and from the fifth on media.
    ports: Ports,
}

impl Baresip {
    /// With this to say, on a line of G.711.
    pub async fn start(says: &Sound) -> Self {
        Self::on_line(says, &Line::G711).await
    }

    /// With this to say, on such a line.
    pub async fn on_line(says: &Sound, line: &Line) -> Self {
        Self::at(Place::here(), says, line).await
    }

    /// With this to say, on such a line, there.
    pub async fn at(place: Place, says: &Sound, line: &Line) -> Self {
        let home = tempfile::tempdir().unwrap();
        let ports = Ports::take();
        let wav = home.path().join("callee.wav");
        let file = if line.wide_file { sound::wide_wav(says) } else { sound::wav(says) };
        std::fs::write(&wav, file).unwrap();
        if place.secure {
            certificates(home.path()).await;
        }
        configure(home.path(), &place, ports.first(), line);
        let mut command = match &place.namespace {
            None => Command::new("baresip"),
            Some(name) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", name, "baresip"]);
                command
            }
        };
        // It also ends by its own clock, should this test be killed.
        let child = command
            .args(["-4", "-t", "150", "-f"])
            .arg(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("install the Debian package baresip-core ({e})"));
        let mut made = Self { _child: child, home, place, ports };
        until("baresip can be commanded", SOON, async || made.tell("").await.then_some(())).await;
        made
    }

    pub fn address(&self) -> String {
        format!("sip:{}:{}", self.place.host, self.port())
    }

    /// The same over TLS, by the name in its certificate.
    pub fn secure_address(&self) -> String {
        format!("sip:localhost:{};transport=tls", self.ports.first() + 1)
    }

    pub fn port(&self) -> u16 {
        self.ports.first()
    }

    /// The certificate of who vouches for it.
    pub fn authority(&self) -> PathBuf {
        self.home.path().join("ca.pem")
    }

    /// Gives a command of its menu and waits for the answer to it.
    pub async fn command(&mut self, name: &str) {
        let json = format!("{{\"command\":\"{name}\"}}");
        let netstring = format!("{}:{json},", json.len());
        assert!(self.tell(&netstring).await, "baresip does not react");
    }

    /// Takes a call and hangs up so long after it has heard the disclosure: the call as it ended,
    /// and what its media was like.
    pub async fn hears_the_disclosure(
        &mut self,
        server: &Server,
        then: Duration,
    ) -> (Value, Value) {
        let id = server.api.call(NUMBER, PLEASE_EN).await.remove(0);
        until("the disclosure was heard", A_CALL, async || {
            let record = server.api.record(&id).await;
            assert!(record["end_reason"].is_null(), "{record}");
            record["disclosure"]["recording_at"].as_str().map(str::to_owned)
        })
        .await;
        tokio::time::sleep(then).await;
        self.command("hangup").await;
        let found = server.api.ended(&id).await;
        (found, server.api.record(&id).await["quality"].clone())
    }

    /// Connects to it, and says something if there is something to say; whether it answers.
    async fn tell(&mut self, text: &str) -> bool {
        let port = self.ports.first() + 2;
        let Some(namespace) = &self.place.namespace else {
            return tell_here(port, text).await;
        };
        let script = format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port} && \
             {{ [ -z '{text}' ] || {{ printf %s '{text}' >&3 && read -t 20 -n 1 -u 3; }} }}"
        );
        let run = Command::new("ip")
            .args(["netns", "exec", namespace, "bash", "-c", &script])
            .stderr(Stdio::null())
            .status();
        run.await.unwrap().success()
    }

    /// What it has heard, by its own account; complete when the call is over.
    pub async fn heard(&self) -> Sound {
        let file = self.dump("-dec.wav");
        until("baresip's account of what it heard", SOON, async || {
            let bytes = std::fs::read(file.as_ref()?).ok()?;
            // It writes the length into the header when it closes the file.
            let length = u32::from_le_bytes(bytes.get(40..44)?.try_into().ok()?);
            (length > 0).then(|| sound::read_wav(&bytes))
        })
        .await
    }

    fn dump(&self, ending: &str) -> Option<PathBuf> {
        let files = std::fs::read_dir(self.home.path()).unwrap();
        let mut paths = files.map(|f| f.unwrap().path());
        paths.find(|p| p.to_string_lossy().ends_with(ending))
    }
}

async fn tell_here(port: u16, text: &str) -> bool {
    let Ok(mut control) = TcpStream::connect(("127.0.0.1", port)).await else {
        return false;
    };
    if text.is_empty() {
        return true;
    }
    control.write_all(text.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let got = tokio::time::timeout(SOON, control.read(&mut answer)).await;
    got.is_ok_and(|n| n.is_ok_and(|n| n > 0))
}

fn configure(home: &Path, place: &Place, port: u16, line: &Line) {
    let media = port + 4;
    let rate = if line.wide_file { "" } else { "ausrc_srate 8000\n" };
    let modules: String = line.modules.iter().map(|m| format!("module {m}.so\n")).collect();
    let certificate = match place.secure {
        true => format!("sip_certificate {}\n", home.join("peer.pem").display()),
        false => String::new(),
    };
    let config = format!(
        "poll_method epoll\nsip_listen {host}:{port}\nnet_interface {host}\n{certificate}\
         audio_source aufile,{wav}\n{rate}rtp_ports {media}-{last}\n\
         module_path /usr/lib/baresip/modules\n{modules}module aufile.so\n\
         module sndfile.so\nmodule_tmp account.so\nmodule_app menu.so\n\
         module_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {home}\n",
        host = place.host,
        wav = home.join("callee.wav").display(),
        last = media + 3,
        control = port + 2,
        home = home.display(),
    );
    let account = format!(
        "<sip:{NUMBER}@{}>;regint=0;answermode=auto;audio_codecs={}{}\n",
        place.host, line.codecs, line.account
    );
    for (name, text) in [("config", config.as_str()), ("accounts", &account), ("contacts", "")] {
        std::fs::write(home.join(name), text).unwrap();
    }
}
