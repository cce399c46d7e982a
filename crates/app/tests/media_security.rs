//! RTP from strangers and bytes that are no RTP, aimed at a running call: it goes on as if they
//! were not there, and they are counted.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::api::{PLEASE, outcome};
use crate::support::process::Server;
use crate::support::{A_CALL, until};
use testkit::peers::Ports;
use tokio::net::UdpSocket;

/// Two pairs: the call's, and one to spare.
const PORTS: u16 = 4;

/// Sends to each port of the range, every 20 ms: well-formed RTP of a louder voice, and bytes
/// that only chance makes; until told to stop.
async fn spray(from: &str, first: u16, stop: Arc<AtomicBool>) -> u64 {
    let socket = UdpSocket::bind((from, 0)).await.unwrap();
    let (mut sent, mut chance) = (0, 0x9e37_79b9_7f4a_7c15u64);
    for n in 0u16.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut rtp = vec![0x80, 8];
        rtp.extend(n.to_be_bytes());
        rtp.extend((u32::from(n) * 160).to_be_bytes());
        rtp.extend(0xdead_beefu32.to_be_bytes());
        // A-law of a loud square wave.
        rtp.extend((0..160).map(|i| if i % 16 < 8 { 0x2a } else { 0xaa }));
        let mut noise = Vec::new();
        chance = chance.rotate_left(7).wrapping_mul(0x2545_f491_4f6c_dd1d) ^ u64::from(n);
        for _ in 0..chance % 40 {
            chance = chance.rotate_left(11).wrapping_mul(0x2545_f491_4f6c_dd1d) + 1;
            noise.extend(chance.to_be_bytes());
        }
        for port in first..first + PORTS {
            for bytes in [&rtp, &noise] {
                // Nobody may listen there; the next send would say so.
                sent += u64::from(socket.send_to(bytes, ("127.0.0.1", port)).await.is_ok());
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_random_bytes_change_nothing() {
    let data = tempfile::tempdir().unwrap();
    let ports = Ports::take();
    let first = ports.first();
    let last = first + PORTS - 1;
    let settings = format!("[media]\nfirst_port = {first}\nlast_port = {last}\n");
    let server = Server::start(data.path(), &settings, &[]).await;
    let stop = Arc::new(AtomicBool::new(false));
    // From another address, from before the first packet of the callee on.
    let far = tokio::spawn(spray("127.0.0.2", first, stop.clone()));
    let id = server.api.call("13800138014", PLEASE).await.remove(0);
    until("the callee's port is known", A_CALL, async || {
        let record = server.api.record(&id).await;
        let heard = record["transcript"].as_array().unwrap().iter();
        heard.clone().any(|line| line["role"] == "user").then_some(())
    })
    .await;
    // From the right address, but another port than the callee's.
    let near = tokio::spawn(spray("127.0.0.1", first, stop.clone()));
    let found = server.api.ended(&id).await;
    stop.store(true, Ordering::Relaxed);
    let sent = far.await.unwrap() + near.await.unwrap();

    assert_eq!(outcome(&found), ["completed", "task_done", "confirmed"], "{found}");
    let quality = server.api.record(&id).await["quality"].clone();
    let strangers = quality["strangers"].as_u64().unwrap();
    // Half of what reached the port of RTP alone would be thousands.
    assert!((500..sent).contains(&strangers), "{strangers} of {sent}: {quality}");
    assert_eq!(quality["lost"], 0, "{quality}");
    server.stop(data.path()).await;
}
