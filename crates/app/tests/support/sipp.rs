//! sipp as the callee: a SIP user agent that plays a scenario and is not ours.

use std::path::PathBuf;
use std::process::Stdio;

use testkit::peers::{Ports, listens_udp};
use tokio::process::{Child, Command};

use super::{A_CALL, SOON, until};

/// A running sipp; it ends with its test.
pub struct Sipp {
    child: Child,
    ports: Ports,
    home: tempfile::TempDir,
}

impl Sipp {
    /// Plays `tests/sipp/SCENARIO.xml` for one call; `%KEY%` in it becomes the key's value.
    pub async fn play(scenario: &str, keys: &[(&str, &str)]) -> Self {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let file = file.join(format!("tests/sipp/{scenario}.xml"));
        let mut text = std::fs::read_to_string(file).unwrap();
        for (key, value) in keys {
            text = text.replace(&format!("%{key}%"), value);
        }
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("scenario.xml"), text).unwrap();
        let ports = Ports::take();
        let port = ports.first();
        let (sip, media) = (port.to_string(), (port + 4).to_string());
        // It also ends by its own clock, should this test be killed.
        let child = Command::new("sipp")
            .args(["-timeout", "100", "-timeout_error", "-nostdin", "-m", "1"])
            .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", &sip, "-mp", &media])
            .args(["-trace_err", "-error_file", "errors", "-sf", "scenario.xml"])
            .args(["-trace_logs", "-log_file", "noted"])
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("install the Debian package sip-tester ({e})"));
        until("sipp listens", SOON, async || listens_udp(port).then_some(())).await;
        Self { child, ports, home }
    }

    pub fn address(&self) -> String {
        format!("sip:127.0.0.1:{}", self.ports.first())
    }

    /// Waits for its end: whether everything went as its scenario says.
    pub async fn passed(&mut self) -> Result<(), String> {
        let status = tokio::time::timeout(A_CALL, self.child.wait()).await;
        let errors = std::fs::read_to_string(self.home.path().join("errors"));
        match status {
            Ok(Ok(status)) if status.success() => Ok(()),
            other => Err(format!("{other:?}: {}", errors.unwrap_or_default())),
        }
    }

    /// What its scenario wrote down.
    pub fn noted(&self) -> String {
        std::fs::read_to_string(self.home.path().join("noted")).unwrap()
    }
}
