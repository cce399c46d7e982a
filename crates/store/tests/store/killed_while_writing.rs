//! A process that dies by SIGKILL in the middle of its commits loses nothing it had been told.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use domain::{MicroYuan, Texts, Transaction};
use engine::ports::directory::Directory;
use engine::ports::records::{Batch, Records};
use store::{Store, StoreConfig};

use crate::world::*;

/// The test starts itself again as the child that is to die.
const CHILD: &str = "WAIHU_TEST_DIES_IN";
const NAME: &str = "killed_while_writing::nothing_that_was_answered_is_lost";

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "tells the child from the test")]
async fn nothing_that_was_answered_is_lost() {
    if let Some(dir) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&dir)).await;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut told = 0;
    for round in 1..=3 {
        told = run_and_kill(dir.path(), told + 20 * round).max(told);
        let store = Store::open(StoreConfig::embedded(dir.path())).await.unwrap();
        let report = store.ledger_check().await.unwrap();
        assert_eq!(report.faults, vec![]);
        for n in 0..=told {
            let record = store.call(call(n)).await.unwrap();
            let record = record.unwrap_or_else(|| panic!("call {n} of {told} is lost"));
            assert!(record.is_ended(), "call {n} of {told} was settled");
            assert_eq!(record.last_seq, 4);
        }
        assert!(store.unfinished().await.unwrap().len() <= WRITERS);
        store.close().await;
    }
}

/// Runs the child until it has reported call `until`, kills it, and returns the last it reported.
fn run_and_kill(dir: &Path, until: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut last = None;
    let reports = lines.map_while(Result::ok).filter_map(|l| {
        let (_, n) = l.split_once("settled ")?;
        n.trim().parse::<u64>().ok()
    });
    let mut killed = false;
    for n in reports {
        last = Some(n);
        if n >= until && !killed {
            // Child::kill is SIGKILL; what it still had printed is read to the end.
            child.kill().unwrap();
            killed = true;
        }
    }
    child.wait().unwrap();
    assert!(killed, "the child ended by itself");
    last.unwrap()
}

const WRITERS: usize = 4;

/// Accepts, dials, answers and settles calls; prints each number up to which all are settled.
async fn write_until_killed(dir: &Path) {
    let store = Store::open(StoreConfig::embedded(dir)).await.unwrap();
    let owner = match store.account("owner".into()).await.unwrap() {
        Some(account) => account.id,
        None => store.add_account("owner".into(), at(0)).await.unwrap(),
    };
    let mut next = 0;
    while store.call(call(next)).await.unwrap().is_some() {
        next += 1;
    }
    loop {
        let group = (0..WRITERS as u64).map(|i| live(&store, owner, next + i));
        futures::future::join_all(group).await;
        next += WRITERS as u64;
        println!("settled {}", next - 1);
    }
}

async fn live(store: &Store, owner: domain::AccountId, n: u64) {
    let id = call(n);
    let mut accept = acceptance(owner, n, at(n as i64));
    accept.transactions.insert(
        0,
        Transaction::deposit(
            domain::TransactionKind::TopUp,
            format!("top-up {n}"),
            owner,
            MicroYuan(HOLD.0),
        ),
    );
    store.commit(accept).await.unwrap();
    let (dial, texts) = dial_started(true);
    let (answer, _) = answered();
    let (end, _) = ended();
    let on_the_way = Batch {
        events: vec![envelope(id, 2, dial, texts), envelope(id, 3, answer, Texts::default())],
        ..Batch::default()
    };
    store.commit(on_the_way).await.unwrap();
    let settled = Batch {
        events: vec![envelope(id, 4, end, Texts::default())],
        transactions: vec![Transaction::settlement(id, owner, HOLD, CHARGE).unwrap()],
        ..Batch::default()
    };
    store.commit(settled).await.unwrap();
}
