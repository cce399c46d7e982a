//! baresip as the callee: it picks up at once, plays a file, and writes down what it heard.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::sound::{self, Sound};
use super::{SOON, free_ports, until};

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

/// A running baresip; it ends with its test.
pub struct Baresip {
    _child: Child,
    home: tempfile::TempDir,
    control: TcpStream,
    port: u16,
}

impl Baresip {
    /// With this to say, on a line of G.711.
    pub async fn start(says: &Sound) -> Self {
        Self::on_line(says, &Line::G711).await
    }

    /// With this to say, on such a line.
    pub async fn on_line(says: &Sound, line: &Line) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (port, media) = (free_ports(), free_ports());
        // TLS, which is not used here, takes the port after the first.
        let control = port + 2;
        let wav = home.path().join("callee.wav");
        let (file, rate) = match line.wide_file {
            true => (sound::wide_wav(says), ""),
            false => (sound::wav(says), "ausrc_srate 8000\n"),
        };
        std::fs::write(&wav, file).unwrap();
        let modules: String = line.modules.iter().map(|m| format!("module {m}.so\n")).collect();
        let config = format!(
            "poll_method epoll\nsip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\n\
             audio_source aufile,{wav}\n{rate}rtp_ports {media}-{last}\n\
             module_path /usr/lib/baresip/modules\n{modules}module aufile.so\n\
             module sndfile.so\nmodule_tmp account.so\nmodule_app menu.so\n\
             module_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {home}\n",
            wav = wav.display(),
            last = media + 3,
            home = home.path().display(),
        );
        let account = format!(
            "<sip:{NUMBER}@127.0.0.1>;regint=0;answermode=auto;audio_codecs={}{}\n",
            line.codecs, line.account
        );
        for (name, text) in [("config", &config), ("accounts", &account)] {
            std::fs::write(home.path().join(name), text).unwrap();
        }
        std::fs::write(home.path().join("contacts"), "").unwrap();
        // It also ends by its own clock, should this test be killed.
        let child = Command::new("baresip")
            .args(["-4", "-t", "150", "-f"])
            .arg(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("install the Debian package baresip-core ({e})"));
        let control = until("baresip can be commanded", SOON, async || {
            TcpStream::connect(("127.0.0.1", control)).await.ok()
        })
        .await;
        Self { _child: child, home, control, port }
    }

    pub fn address(&self) -> String {
        format!("sip:127.0.0.1:{}", self.port)
    }

    /// Gives a command of its menu and waits for the answer to it.
    pub async fn command(&mut self, name: &str) {
        let json = format!("{{\"command\":\"{name}\"}}");
        let netstring = format!("{}:{json},", json.len());
        self.control.write_all(netstring.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4_096];
        let got = tokio::time::timeout(SOON, self.control.read(&mut answer)).await;
        assert!(got.expect("baresip does not react").unwrap() > 0);
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
