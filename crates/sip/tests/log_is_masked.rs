//! What reaches the log during a call, at the filter the binary must set.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod stage;

use std::io;
use std::sync::{Arc, Mutex};

use engine::ports::trunk::TrunkCommand;
use stage::{Sipp, Stage};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Alone in its file: the log of a process has one filter.
#[tokio::test]
async fn no_number_and_no_password_reaches_the_log() {
    let page = Page::default();
    let filter = EnvFilter::new("trace,rsipstack=warn");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(page.clone());
    log.init();
    let peer = Sipp::play("verify", &[]).await;
    let stage = Stage::with(&peer.address(), |_, trunk| {
        trunk.username = Some("waihu".into());
        trunk.password = Some(domain::Masked::new("open sesame".into()));
    })
    .await;
    let call = stage.dial();
    stage.answered(call).await;
    stage.submit(call, TrunkCommand::Bye);
    stage.ended(call).await;
    peer.passed().await;
    stage.close().await;
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("138****8000"), "{text}");
    for secret in ["13800138000", "02066668888", "open sesame"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
