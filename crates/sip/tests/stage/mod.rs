//! What every test here needs: a SIP side on loopback, an ear for its events, and sipp as callee.
#![allow(dead_code, reason = "each test binary uses its part of the stage")]

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{CallId, Language, LegId, NumberRules, PhoneNumber};
use engine::ports::trunk::{DialOrder, LegOutcome, Trunk, TrunkCommand, TrunkEvent, TrunkEvents};
use sip::{SipConfig, SipTimers, SipTrunks, TrunkConfig};
use testkit::peers::{Ports, listens_udp};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// No test waits longer for anything; it says that something hangs, not that it is slow.
pub const PATIENCE: Duration = Duration::from_secs(25);

pub const OFFER: &str = "v=0\r\no=waihu 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n\
                         t=0 0\r\nm=audio 40000 RTP/AVP 8 0\r\na=rtpmap:8 PCMA/8000\r\n";

pub fn number(text: &str) -> PhoneNumber {
    NumberRules::default().parse(text).unwrap()
}

/// Keeps what the SIP side tells.
#[derive(Default)]
pub struct Ear {
    heard: Mutex<Vec<(CallId, TrunkEvent)>>,
    full: Mutex<Vec<Duration>>,
    news: Notify,
}

impl TrunkEvents for Ear {
    fn deliver(&self, call: CallId, leg: LegId, event: TrunkEvent) {
        assert_eq!(leg, LegId::CALLEE);
        self.heard.lock().unwrap().push((call, event));
        self.news.notify_waiters();
    }

    fn trunk_full(&self, _trunk: &str, wait: Duration) {
        self.full.lock().unwrap().push(wait);
    }
}

impl Ear {
    /// How long the trunk said it is full, each time.
    pub fn full(&self) -> Vec<Duration> {
        self.full.lock().unwrap().clone()
    }

    pub fn of(&self, call: CallId) -> Vec<TrunkEvent> {
        let heard = self.heard.lock().unwrap();
        let mine = heard.iter().filter(|(c, _)| *c == call);
        mine.map(|(_, event)| event.clone()).collect()
    }

    /// Waits for an event of a call.
    pub async fn wait(&self, call: CallId, wanted: impl Fn(&TrunkEvent) -> bool) -> TrunkEvent {
        self.wait_for(call, |heard| heard.iter().any(&wanted)).await;
        self.of(call).into_iter().find(|e| wanted(e)).unwrap()
    }

    /// Waits until what was told of a call is as wanted.
    pub async fn wait_for(&self, call: CallId, wanted: impl Fn(&[TrunkEvent]) -> bool) {
        let told = async {
            loop {
                let news = self.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if wanted(&self.of(call)) {
                    return;
                }
                news.await;
            }
        };
        let told = timeout(PATIENCE, told).await;
        told.unwrap_or_else(|_| panic!("waited in vain; heard {:?}", self.of(call)));
    }
}

pub fn is_reoffer(event: &TrunkEvent) -> bool {
    matches!(event, TrunkEvent::Reoffered { .. })
}

/// Our side: one trunk named `t` to one peer.
pub struct Stage {
    pub trunks: Arc<SipTrunks>,
    pub ear: Arc<Ear>,
    calls: AtomicU64,
}

impl Stage {
    pub async fn start(address: &str) -> Self {
        Self::with(address, |_, _| {}).await
    }

    pub async fn with(address: &str, set: impl Fn(&mut SipConfig, &mut TrunkConfig)) -> Self {
        let mut config =
            SipConfig { listen: "127.0.0.1:0".parse().unwrap(), ..SipConfig::default() };
        let mut trunk = TrunkConfig::new("t", address.parse().unwrap());
        set(&mut config, &mut trunk);
        config.trunks.push(trunk);
        let ear = Arc::new(Ear::default());
        let trunks = SipTrunks::start(config, ear.clone()).await.unwrap();
        Self { trunks, ear, calls: AtomicU64::new(1) }
    }

    pub fn dial(&self) -> CallId {
        self.dial_over("t")
    }

    pub fn dial_over(&self, trunk: &str) -> CallId {
        let n = self.calls.fetch_add(1, Ordering::Relaxed);
        let call = CallId::from_parts(n, [7; 10]);
        let order = DialOrder {
            trunk: trunk.into(),
            target: number("13800138000"),
            caller: Some("02066668888".into()),
            offer: OFFER.into(),
            language: Language::Zh,
        };
        self.submit(call, TrunkCommand::Dial(order));
        call
    }

    pub fn submit(&self, call: CallId, command: TrunkCommand) {
        self.trunks.submit(call, LegId::CALLEE, command);
    }

    pub async fn progressed(&self, call: CallId, code: u16) -> TrunkEvent {
        let wanted =
            |e: &TrunkEvent| matches!(e, TrunkEvent::Progressed { code: c, .. } if *c == code);
        self.ear.wait(call, wanted).await
    }

    /// Waits for the answer and returns its description.
    pub async fn answered(&self, call: CallId) -> Option<String> {
        let wanted = |e: &TrunkEvent| matches!(e, TrunkEvent::Answered { .. });
        match self.ear.wait(call, wanted).await {
            TrunkEvent::Answered { answer, signalling } => {
                assert!(signalling.is_loopback());
                answer
            }
            other => panic!("{other:?}"),
        }
    }

    pub async fn reoffered(&self, call: CallId) -> Option<String> {
        let wanted = |e: &TrunkEvent| matches!(e, TrunkEvent::Reoffered { .. });
        match self.ear.wait(call, wanted).await {
            TrunkEvent::Reoffered { offer } => offer,
            other => panic!("{other:?}"),
        }
    }

    /// Waits for the end of a leg, and checks that it is its one and last word.
    pub async fn ended(&self, call: CallId) -> LegOutcome {
        let wanted = |e: &TrunkEvent| matches!(e, TrunkEvent::Ended(_));
        let TrunkEvent::Ended(outcome) = self.ear.wait(call, wanted).await else { unreachable!() };
        let heard = self.ear.of(call);
        let ends = heard.iter().filter(|e| wanted(e)).count();
        assert_eq!((ends, heard.last().is_some_and(wanted)), (1, true), "{heard:?}");
        outcome
    }

    /// Short names of what was told, in order.
    pub fn story(&self, call: CallId) -> Vec<String> {
        let name = |event: &TrunkEvent| {
            Some(match event {
                TrunkEvent::InviteSent => "sent".into(),
                // Whether a peer says 100 depends on how soon it says more.
                TrunkEvent::Taken => return None,
                TrunkEvent::Progressed { code, answer, .. } => match answer {
                    Some(_) => format!("{code} with media"),
                    None => code.to_string(),
                },
                TrunkEvent::Answered { .. } => "answered".into(),
                TrunkEvent::Reoffered { .. } => "reoffered".into(),
                TrunkEvent::Reanswered { .. } => "reanswered".into(),
                TrunkEvent::KeyPressed { key } => format!("key {key}"),
                TrunkEvent::Ended(outcome) => format!("{outcome:?}"),
            })
        };
        self.ear.of(call).iter().filter_map(name).collect()
    }

    /// Checks that nothing is kept, and closes.
    pub async fn close(self) {
        assert_eq!((self.trunks.live_legs(), self.trunks.live_dialogs()), (0, 0));
        self.trunks.shutdown().await;
    }
}

pub fn timers(t1_ms: u64) -> SipTimers {
    SipTimers { t1_ms, ..SipTimers::default() }
}

/// Waits until somebody listens on a UDP port.
pub async fn listening(port: u16) {
    let taken = async {
        while !listens_udp(port) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, taken).await.expect("peer does not listen");
}

/// A program that was started, or the package to install.
pub fn installed(child: io::Result<Child>, package: &str) -> Child {
    child.unwrap_or_else(|error| {
        panic!("a peer is missing: install the Debian package {package} ({error})")
    })
}

/// Waits until a program listens on its port.
pub async fn up(mut child: Child, port: u16) -> Child {
    tokio::select! {
        () = listening(port) => return child,
        _ = child.wait() => {}
    }
    let mut said = String::new();
    if let Some(mut errors) = child.stderr.take() {
        let _ = errors.read_to_string(&mut said).await;
    }
    panic!("the peer does not start: {said}");
}

/// A running sipp; it ends with its test.
pub struct Sipp {
    child: Child,
    ports: Ports,
    errors: tempfile::TempDir,
}

impl Sipp {
    /// Plays `tests/sipp/SCENARIO.xml` for one call; `%KEY%` in it becomes the key's value.
    pub async fn play(scenario: &str, keys: &[(&str, &str)]) -> Self {
        Self::run(scenario_text(scenario, keys), 1).await
    }

    /// Plays `answer` for many calls.
    pub async fn answers(calls: u32) -> Self {
        Self::run(scenario_text("answer", &[]), calls).await
    }

    async fn run(scenario: String, calls: u32) -> Self {
        let errors = tempfile::tempdir().unwrap();
        std::fs::write(errors.path().join("scenario.xml"), scenario).unwrap();
        let ports = Ports::take();
        let number = ports.first();
        // By its own clock, should the test be killed: a `timeout` in between would itself be
        // killed with the test and leave it behind.
        let child = Command::new("sipp")
            .args([
                "-timeout",
                "30",
                "-timeout_error",
                "-i",
                "127.0.0.1",
                "-mi",
                "127.0.0.1",
                "-nostdin",
            ])
            .args(["-p", &number.to_string(), "-mp", &(number + 4).to_string()])
            .args(["-m", &calls.to_string(), "-trace_err", "-error_file", "errors"])
            .args(["-sf", "scenario.xml"])
            .current_dir(errors.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let child = installed(child, "sip-tester");
        let mut peer = Self { child, ports, errors };
        peer.child = up(peer.child, number).await;
        peer
    }

    pub fn address(&self) -> String {
        format!("sip:127.0.0.1:{}", self.ports.first())
    }

    /// Waits for its end and checks that it saw what its scenario wants.
    pub async fn passed(mut self) {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let errors = std::fs::read_to_string(self.errors.path().join("errors"));
        let errors = errors.unwrap_or_default();
        match status {
            Ok(status) => assert!(status.unwrap().success(), "sipp failed: {errors}"),
            Err(_) => panic!("sipp does not end: {errors}"),
        }
    }
}

fn scenario_text(scenario: &str, keys: &[(&str, &str)]) -> String {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = file.join(format!("tests/sipp/{scenario}.xml"));
    let mut text = std::fs::read_to_string(file).unwrap();
    for (key, value) in keys {
        text = text.replace(&format!("%{key}%"), value);
    }
    text
}
