//! RTP under attack from another machine: a second network namespace sprays every media port
//! before and during calls. Nothing of it is accepted, nothing is sent there, nobody loses audio.
//!
//! Needs root and `ip` (Debian's iproute2); where namespaces cannot be made it says so and passes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test stops where it fails"
)]

mod support;

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use support::api::PLEASE;
use support::netns::{self, ip};
use support::process::Server;
use support::{A_CALL, SOON};
use testkit::peers::Ports;

const CALLS: usize = 3;
/// Pairs for each call, and some to spare.
const PORTS: u16 = Ports::COUNT;
/// How long each callee talks, in packets of 20 ms.
const PACKETS: u16 = 500;
/// The callees' own; the attacker knows it, which is worse than can be expected.
const SSRC: u32 = 0x1234_5678;
/// Names the orders of the attacker, which is this program started once more.
const ORDERS: &str = "WAIHU_TEST_ATTACK";

/// A namespace with one link to ours; both go when it is dropped.
struct Elsewhere {
    name: String,
    link: String,
    /// Our end of the link.
    here: [u8; 4],
}

impl Elsewhere {
    /// One of its own; none, and says so, where no network namespaces can be made.
    fn make() -> Option<Self> {
        let id = std::process::id();
        // A net of four addresses of its own for each process that is called differently.
        let [_, _, a, b] = (id * 4).to_be_bytes();
        let made =
            Self { here: [10, 77, a, b | 1], link: format!("wh{id}"), name: format!("waihu{id}") };
        if !netns::made(&made.name) {
            return None;
        }
        made.build().expect("a link to the namespace");
        Some(made)
    }

    fn build(&self) -> Result<(), String> {
        let [far, x, y, z] = self.here;
        let (name, link) = (&self.name, &self.link);
        ip(&format!("link add {link}a type veth peer name {link}b netns {name}"))?;
        ip(&format!("addr add {far}.{x}.{y}.{z}/30 dev {link}a"))?;
        ip(&format!("link set {link}a up"))?;
        ip(&format!("-n {name} addr add {far}.{x}.{y}.{}/30 dev {link}b", z + 1))?;
        ip(&format!("-n {name} link set {link}b up"))
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = ip(&format!("link del {}a", self.link));
        let _ = ip(&format!("netns del {}", self.name));
    }
}

fn rtp(n: u16, ssrc: u32, loud: bool) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(n.to_be_bytes());
    packet.extend((u32::from(n) * 160).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend((0..160).map(|i| if loud && i % 16 < 8 { 0x2a } else { 0xd5 }));
    packet
}

/// The attacker's part: does nothing unless it was ordered to. Prints what it sent and what came
/// back to it.
#[test]
#[allow(clippy::disallowed_methods, reason = "a process test: its orders come by environment")]
fn attacker() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let words: Vec<&str> = orders.split(' ').collect();
    let [host, first, file] = words[..] else { panic!("orders: {orders}") };
    let first: u16 = first.parse().unwrap();
    let socket = UdpSocket::bind(("0.0.0.0", 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let (mut sent, mut back, mut buffer) = (0u64, 0u64, [0; 2_000]);
    // Until the file goes, and for two minutes at most.
    for n in 0..6_000u16 {
        if !std::path::Path::new(file).exists() {
            break;
        }
        for port in first..first + PORTS {
            let mut broken = rtp(n, SSRC, true);
            broken[0] = 0x40 | (n as u8 & 0x3f);
            for packet in [rtp(n, SSRC, true), rtp(n, u32::from(n) << 8, true), broken] {
                sent += u64::from(socket.send_to(&packet, (host, port)).is_ok());
            }
        }
        while socket.recv_from(&mut buffer).is_ok() {
            back += 1;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("sent {sent} back {back}");
}

/// What one callee got.
#[derive(Clone, Copy, Debug, Default)]
struct Got {
    packets: u64,
    first: u16,
    last: u16,
}

/// A callee made of bare sockets: answers, talks for [`PACKETS`] packets, hangs up. Its RTP
/// carries the SSRC that the attacker knows.
struct Callee {
    sip: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Got>>,
}

struct Talk {
    invite: String,
    from: SocketAddr,
    media: UdpSocket,
    to: SocketAddr,
    sent: u16,
    got: Got,
}

fn header<'a>(text: &'a str, name: &str) -> &'a str {
    let start = format!("{name}: ");
    text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default()
}

impl Callee {
    fn start(media: [u8; 4]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sip = socket.local_addr().unwrap();
        socket.set_nonblocking(true).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        let thread = std::thread::spawn(move || Self::live(&socket, media, &asked));
        Self { sip, stop, thread }
    }

    fn live(socket: &UdpSocket, media: [u8; 4], stop: &AtomicBool) -> Vec<Got> {
        let sip = socket.local_addr().unwrap();
        let mut talks: HashMap<String, Talk> = HashMap::new();
        let mut buffer = [0; 8_000];
        while !stop.load(Ordering::Relaxed) {
            while let Ok((n, from)) = socket.recv_from(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
                if text.starts_with("INVITE") {
                    let id = header(&text, "Call-ID").to_owned();
                    let talk = talks.entry(id).or_insert_with(|| Talk::open(&text, from, media));
                    let _ = socket.send_to(talk.answer(media, sip).as_bytes(), from);
                }
            }
            for talk in talks.values_mut() {
                talk.tick(socket);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        talks.into_values().map(|talk| talk.got).collect()
    }
}

impl Talk {
    fn open(invite: &str, from: SocketAddr, ip: [u8; 4]) -> Self {
        let media = UdpSocket::bind(SocketAddr::from((ip, 0))).unwrap();
        media.set_nonblocking(true).unwrap();
        let line = |start: &str| invite.lines().find_map(|l| l.strip_prefix(start)).unwrap();
        let host: std::net::IpAddr = line("c=IN IP4 ").trim().parse().unwrap();
        let port = line("m=audio ").split(' ').next().unwrap().parse().unwrap();
        let to = SocketAddr::new(host, port);
        Self { invite: invite.to_owned(), from, media, to, sent: 0, got: Got::default() }
    }

    fn answer(&self, ip: [u8; 4], at: SocketAddr) -> String {
        let [a, b, c, d] = ip;
        let port = self.media.local_addr().unwrap().port();
        let body = format!(
            "v=0\r\no=c 1 1 IN IP4 {a}.{b}.{c}.{d}\r\ns=-\r\nc=IN IP4 {a}.{b}.{c}.{d}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        );
        let copied = ["Via", "From", "Call-ID", "CSeq"].map(|name| {
            let value = header(&self.invite, name);
            format!("{name}: {value}\r\n")
        });
        format!(
            "SIP/2.0 200 OK\r\n{}To: {};tag=c\r\nContact: <sip:c@{at}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            copied.concat(),
            header(&self.invite, "To"),
            body.len()
        )
    }

    fn tick(&mut self, sip: &UdpSocket) {
        let mut buffer = [0; 2_000];
        while let Ok((n, from)) = self.media.recv_from(&mut buffer) {
            if n > 12 && from == self.to && buffer[1] & 0x7f == 8 {
                self.got.last = u16::from_be_bytes([buffer[2], buffer[3]]);
                if self.got.packets == 0 {
                    self.got.first = self.got.last;
                }
                self.got.packets += 1;
            }
        }
        self.sent = self.sent.saturating_add(1);
        if self.sent <= PACKETS {
            let _ = self.media.send_to(&rtp(self.sent, SSRC, false), self.to);
        } else if self.sent % 25 == 1 && self.sent < PACKETS + 300 {
            let at = sip.local_addr().unwrap();
            let bye = format!(
                "BYE sip:waihu@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{id}\r\n\
                 From: {};tag=c\r\nTo: {}\r\nCall-ID: {id}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\n\
                 Content-Length: 0\r\n\r\n",
                header(&self.invite, "To"),
                header(&self.invite, "From"),
                to = self.from,
                id = header(&self.invite, "Call-ID"),
            );
            let _ = sip.send_to(bye.as_bytes(), self.from);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::disallowed_methods, reason = "a process test: starts itself once more")]
async fn an_attacker_elsewhere_is_neither_heard_nor_answered() {
    let Some(elsewhere) = Elsewhere::make() else { return };
    let data = tempfile::tempdir().unwrap();
    let [a, b, c, d] = elsewhere.here;
    let host = format!("{a}.{b}.{c}.{d}");
    let callee = Callee::start(elsewhere.here);
    let ports = Ports::take();
    let first = ports.first();
    let settings = format!(
        "[media]\naddress = \"{host}\"\nfirst_port = {first}\nlast_port = {}\n\n\
         [[trunk]]\nname = \"peer\"\naddress = \"sip:{}\"\n",
        first + PORTS - 1,
        callee.sip
    );
    let server = Server::start(data.path(), &settings, &[]).await;
    let fuse = data.path().join("attack");
    std::fs::write(&fuse, "").unwrap();
    let attack = Command::new("ip")
        .args(["netns", "exec", &elsewhere.name])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "attacker", "--nocapture"])
        .env(ORDERS, format!("{host} {first} {}", fuse.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();

    let numbers: Vec<String> = (0..CALLS).map(|n| format!("1380013800{n}")).collect();
    let ids = server.api.call(&numbers.join(","), PLEASE).await;
    let mut found = Vec::new();
    for id in &ids {
        server.api.ended_within(id, A_CALL).await;
        found.push(server.api.record(id).await);
    }
    std::fs::remove_file(&fuse).unwrap();
    let attack = tokio::task::spawn_blocking(|| attack.wait_with_output());
    let attack = tokio::time::timeout(SOON, attack).await.expect("the attacker goes on").unwrap();
    let attack = String::from_utf8(attack.unwrap().stdout).unwrap();
    callee.stop.store(true, Ordering::Relaxed);
    let got = callee.thread.join().unwrap();
    println!("{attack}{got:?}");

    let line = attack.lines().find_map(|l| l.split_once("sent ")).expect("no account").1;
    let (sent, back) = line.split_once(" back ").unwrap();
    assert!(sent.parse::<u64>().unwrap() > 10_000, "{line}");
    assert_eq!(back.trim(), "0", "media was sent to the attacker");
    for record in &found {
        let quality = &record["quality"];
        println!("{quality}");
        assert_eq!(record["end_reason"], "callee_hung_up", "{record}");
        assert!(quality["strangers"].as_u64().unwrap() > 500, "not attacked: {quality}");
        let (packets, lost) =
            (quality["packets"].as_u64().unwrap(), quality["lost"].as_u64().unwrap());
        // The callee's own packets and no others; fewer than one in a thousand was lost.
        assert!(packets <= u64::from(PACKETS), "a stranger was heard: {quality}");
        assert!(packets > u64::from(PACKETS) * 9 / 10, "{quality}");
        assert!(lost * 1_000 < packets, "{quality}");
    }
    assert_eq!(got.len(), CALLS);
    for got in got {
        let span = u64::from(got.last.wrapping_sub(got.first)) + 1;
        assert!(got.packets > 300 && (span - got.packets) * 1_000 < span, "{got:?}");
    }
    server.stop(data.path()).await;
    drop(elsewhere);
}
