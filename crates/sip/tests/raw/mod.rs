//! A peer made of a bare socket that can say anything: for what no well-behaved program says.
#![allow(dead_code, reason = "each test binary uses its part of the peer")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};

use crate::stage::{OFFER, PATIENCE, Stage};

/// Panics in any task of this process; a leg that panics would otherwise only seem to have failed.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Counts panics from now on.
pub fn watch_for_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        before(info);
    }));
}

pub fn panics() -> usize {
    PANICS.load(Ordering::Relaxed)
}

/// Resident memory of this process in KiB.
pub fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4
}

/// A seeded source of choices (SplitMix64).
#[derive(Clone)]
pub struct Chance(pub u64);

impl Chance {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.draw() % n as u64) as usize
    }

    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// One message, as it came.
#[derive(Clone, Debug)]
pub struct Message {
    pub text: String,
    pub from: SocketAddr,
}

impl Message {
    pub fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        let line = self.text.lines().find(|line| line.starts_with(&start));
        line.map_or("", |line| &line[start.len()..])
    }

    pub fn is(&self, start: &str) -> bool {
        self.text.starts_with(start)
    }

    pub fn call_id(&self) -> &str {
        self.header("Call-ID")
    }

    /// A response to this request as it should be.
    pub fn response(&self, status: &str, tag: &str, contact: &str, extra: &str) -> String {
        let described = status.starts_with("200") && self.is("INVITE");
        let body = if described { OFFER } else { "" };
        let mut to = self.header("To").to_owned();
        if !to.contains(";tag=") && !tag.is_empty() {
            to = format!("{to};tag={tag}");
        }
        format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             Contact: <{contact}>\r\n{extra}Content-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.header("Via"),
            self.header("From"),
            self.call_id(),
            self.header("CSeq"),
            body.len(),
        )
    }

    /// A request of ours in the dialog that this INVITE opened and that we know by `tag`.
    pub fn request(&self, method: &str, n: u32, tag: &str, at: SocketAddr, body: &str) -> String {
        let branch = format!("z9hG4bK{tag}{method}{n}{}", self.call_id().len());
        format!(
            "{method} sip:waihu@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch={branch}{id}\r\n\
             From: {};tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {n} {method}\r\n\
             Max-Forwards: 70\r\nContact: <sip:{tag}@{at}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            self.header("To"),
            self.header("From"),
            self.call_id(),
            body.len(),
            to = self.from,
            id = self.call_id().replace('@', ""),
        )
    }
}

/// The peer.
pub struct Raw {
    pub socket: UdpSocket,
}

impl Raw {
    pub async fn start() -> Self {
        Self { socket: UdpSocket::bind("127.0.0.1:0").await.unwrap() }
    }

    pub fn at(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn address(&self) -> String {
        format!("sip:{}", self.at())
    }

    pub fn contact(&self, tag: &str) -> String {
        format!("sip:{tag}@{}", self.at())
    }

    pub async fn send(&self, bytes: impl AsRef<[u8]>, to: SocketAddr) {
        // Too long for a datagram is as lost as anything.
        let _ = self.socket.send_to(bytes.as_ref(), to).await;
    }

    pub async fn next(&self) -> Message {
        let mut buffer = [0; 9_000];
        let (n, from) = self.socket.recv_from(&mut buffer).await.unwrap();
        Message { text: String::from_utf8_lossy(&buffer[..n]).into_owned(), from }
    }

    /// The next message that begins with `start` and is wanted; others are skipped.
    pub async fn hear(&self, start: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        let listening = async {
            loop {
                let message = self.next().await;
                if message.is(start) && wanted(&message) {
                    return message;
                }
            }
        };
        timeout(PATIENCE, listening).await.unwrap_or_else(|_| panic!("no {start}"))
    }

    /// Answers an INVITE as it should be, and hears its ACK.
    pub async fn pick_up(&self, invite: &Message, tag: &str) {
        let ok = invite.response("200 OK", tag, &self.contact(tag), "");
        self.send(&ok, invite.from).await;
        self.hear("ACK", |m| m.call_id() == invite.call_id()).await;
    }

    /// Asks OPTIONS in a dialog that must live, and hears that it does.
    pub async fn check_alive(&self, invite: &Message, tag: &str, n: u32) {
        let ask = invite.request("OPTIONS", n, tag, self.at(), "");
        let number = format!("{n} OPTIONS");
        let asking = async {
            loop {
                self.send(&ask, invite.from).await;
                let wanted =
                    |m: &Message| m.call_id() == invite.call_id() && m.header("CSeq") == number;
                let answer = self.hear("SIP/2.0", wanted);
                // What was asked may have been dropped from a full socket; that is UDP.
                if let Ok(answer) = timeout(Duration::from_secs(2), answer).await {
                    return answer;
                }
            }
        };
        let answer = timeout(PATIENCE, asking).await.expect("the other call is not answered");
        assert!(answer.is("SIP/2.0 200"), "the other call was harmed: {}", answer.text);
    }
}

/// Waits until the stack has forgotten every transaction.
pub async fn nothing_is_kept(stage: &Stage) {
    let empty = async {
        while stage.trunks.transactions() != (0, 0) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let gone = timeout(PATIENCE, empty).await;
    gone.unwrap_or_else(|_| panic!("kept: {:?}", stage.trunks.transactions()));
}
