//! A connection to PostgreSQL that breaks, idle or in the middle of a COMMIT.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use domain::MicroYuan;
use engine::ports::records::Records;
use store::StoreConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::world::*;

#[tokio::test]
async fn what_the_server_committed_is_answered_as_done() {
    let (w, wire) = through_a_wire().await;
    w.deposit("first", MicroYuan(10 * HOLD.0)).await;
    wire.on_commit(CUT_AFTER);
    w.accept(1).await.unwrap();
    assert_eq!(wire.mood.load(Ordering::SeqCst), PASS, "it was never cut");
    assert!(w.store.call(call(1)).await.unwrap().is_some());
    w.accept(2).await.unwrap();
    w.assert_books_agree().await;
}

#[tokio::test]
async fn what_the_server_never_heard_of_is_refused_and_not_there() {
    let (w, wire) = through_a_wire().await;
    w.deposit("first", MicroYuan(10 * HOLD.0)).await;
    wire.on_commit(CUT_BEFORE);
    w.accept(1).await.unwrap_err();
    assert_eq!(w.store.call(call(1)).await.unwrap(), None);
    w.accept(1).await.unwrap();
    w.assert_books_agree().await;
}

#[tokio::test]
async fn a_connection_that_broke_while_idle_is_made_again() {
    let (w, wire) = through_a_wire().await;
    w.deposit("first", MicroYuan(10 * HOLD.0)).await;
    wire.cut.send_modify(|n| *n += 1);
    w.accept(1).await.unwrap();
    assert!(w.store.call(call(1)).await.unwrap().is_some());
}

/// Let everything through.
const PASS: u8 = 0;
/// Hold back the next COMMIT and cut the connection.
const CUT_BEFORE: u8 = 1;
/// Let the next COMMIT through, and cut the connection when the server answers.
const CUT_AFTER: u8 = 2;

/// A relay between store and server.
struct Wire {
    mood: Arc<AtomicU8>,
    /// Every change cuts all connections.
    cut: watch::Sender<u32>,
}

impl Wire {
    fn on_commit(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }
}

async fn through_a_wire() -> (World, Wire) {
    let direct = crate::server::new_database().await;
    let (head, rest) = direct.split_once('@').unwrap();
    let (server, database) = rest.split_once('/').unwrap();
    let server: SocketAddr = server.parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mood = Arc::new(AtomicU8::new(PASS));
    let (cut, cuts) = watch::channel(0);
    let seen = mood.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(server).await.unwrap();
            tokio::spawn(relay(client, server, seen.clone(), cuts.clone()));
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let config = StoreConfig {
        url: format!("{head}@127.0.0.1:{port}/{database}?sslmode=disable"),
        ..StoreConfig::embedded(dir.path())
    };
    (World::open(config, dir).await, Wire { mood, cut })
}

/// Passes bytes on until either side ends or the wire is cut.
async fn relay(
    mut client: TcpStream,
    mut server: TcpStream,
    mood: Arc<AtomicU8>,
    mut cuts: watch::Receiver<u32>,
) {
    cuts.mark_unchanged();
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    let mut last = false;
    loop {
        tokio::select! {
            n = client.read(&mut up) => {
                let Ok(n @ 1..) = n else { return };
                let commits = up[..n].windows(6).any(|w| w == b"COMMIT");
                if commits {
                    match mood.swap(PASS, Ordering::SeqCst) {
                        CUT_BEFORE => return,
                        CUT_AFTER => last = true,
                        _ => {}
                    }
                }
                if server.write_all(&up[..n]).await.is_err() { return }
            }
            n = server.read(&mut down) => {
                let Ok(n @ 1..) = n else { return };
                if last || client.write_all(&down[..n]).await.is_err() { return }
            }
            _ = cuts.changed() => return,
        }
    }
}
