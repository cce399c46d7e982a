//! The disk is full, or may not be written: calls are refused in words, nothing is spoilt, and
//! with room again the platform goes on by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support::api::{Api, PLEASE, outcome};
use crate::support::books::all_agrees;
use crate::support::disk::Disk;
use crate::support::process::{Ended, ExternalLab, Waihu};
use crate::support::{A_CALL, until};
use serde_json::Value;

/// Picks up and says nothing, so that its call lasts until it is asked whether it is there.
const SILENT: &str = "13800138007";
/// Says who it is by a key, so that its call does not depend on what is understood.
const COOPERATIVE: &str = "13800138014";

/// Numbers that are busy, each another one.
fn busy(n: usize) -> String {
    format!("139{n:05}002")
}

/// Words are of no interest here, and starts are many.
const SETTINGS: &str = "[speech]\nsynthesizer = \"marks\"\ndecoders = 1\n";

/// `waihu serve` inside, not yet looked at.
fn serve(disk: &Disk, arguments: &[&str]) -> Waihu {
    let settings = disk.outside().join("waihu.toml");
    if !settings.exists() {
        std::fs::write(&settings, SETTINGS).unwrap();
    }
    let mut command = disk.command(env!("CARGO_BIN_EXE_waihu"));
    command.args(["serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", "--config"]);
    command.arg(disk.inside().join("waihu.toml"));
    command.arg("--data-dir").arg(disk.inside()).args(arguments);
    Waihu::spawn(command)
}

/// A server that is ready, and its API.
async fn server(disk: &Disk, arguments: &[&str]) -> (Waihu, Api) {
    let waihu = serve(disk, arguments);
    until("it serves", A_CALL, async || waihu.told("docs: ")).await;
    let base = waihu.told("http: ").unwrap();
    let key = run(disk, &["key", "create"]).await;
    assert_eq!(key.code, 0, "{}", key.stderr);
    (waihu, Api::new(&base, key.stdout.trim()))
}

/// Runs a command of `waihu` inside, to its end.
async fn run(disk: &Disk, arguments: &[&str]) -> Ended {
    let mut command = disk.command(env!("CARGO_BIN_EXE_waihu"));
    command.args(arguments).arg("--data-dir").arg(disk.inside());
    Waihu::spawn(command).ended(A_CALL).await
}

async fn stop(waihu: Waihu, disk: &Disk) {
    waihu.signal("TERM").await;
    let ended = waihu.ended(A_CALL).await;
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    let copy = disk.copied("waihu.db");
    all_agrees(copy.path()).await;
}

/// Waits until it is known that a call has no recording and will have none.
async fn has_no_recording(api: &Api, id: &str) {
    until("the recording is given up", A_CALL, async || {
        let reply = api.get(&format!("/v1/calls/{id}/recording")).await;
        assert_ne!(reply.status, 200, "there is one");
        (reply.status == 404).then_some(())
    })
    .await;
    assert_eq!(api.search(id).await["recording_ready"], false);
}

/// It went on to its own end, whatever was understood in it: nobody cut it short.
fn ended_as_usual(call: &Value) {
    assert_eq!((&call["status"], &call["billed"]), (&"completed".into(), &true.into()), "{call}");
    let said = call["provider_response"].as_str().unwrap();
    assert!(["hung_up_by=ai", "hung_up_by=callee"].iter().any(|w| said.contains(w)), "{call}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_calls_ends_the_running_ones_and_room_heals_it() {
    let disk = Disk::of(16).await;
    let lab = ExternalLab::start().await;
    let (waihu, api) = server(&disk, &["--trunk", &lab.address]).await;
    let live = api.call(SILENT, PLEASE).await.remove(0);
    api.reaches(&live, "in_progress").await;
    // The log of SQLite may have room of its own for some calls more.
    let mut asked = 0;
    let refused = until("calls are refused", A_CALL, async || {
        disk.fill();
        asked += 1;
        let reply = api.try_call(&busy(asked), PLEASE).await;
        (reply.status != 200).then_some(reply)
    })
    .await;
    refused.refused(503, "overloaded");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(api.get("/livez").await.status, 200);
    assert_eq!(api.search(&live).await["call_id"], live, "what is there can still be read");
    // The running call does not go on without a journal: the callee is hung up on.
    until("the callee is hung up on", A_CALL, async || {
        disk.fill();
        let reports = lab.seen();
        reports.iter().any(|r| r["number"] == "138****8007").then_some(())
    })
    .await;

    disk.make_room();
    let after = until("calls are accepted again", A_CALL, async || {
        let reply = api.try_call(COOPERATIVE, PLEASE).await;
        (reply.status == 200).then(|| reply.json())
    })
    .await;
    let ended = api.ended(&live).await;
    assert!(["failed", "completed"].contains(&outcome(&ended)[0]), "{ended}");
    assert!(outcome(&ended)[0] != "failed" || ended["billed"] == false, "{ended}");
    let after = after["data"]["call_ids"][0].as_str().unwrap().to_owned();
    let after = api.ended(&after).await;
    ended_as_usual(&after);
    until("nothing is held any more", A_CALL, async || {
        let balance = api.get("/api/v1/callinfo/balance").await.json();
        (balance["data"]["held"].as_f64() == Some(0.0)).then_some(())
    })
    .await;
    stop(waihu, &disk).await;
    let dialled = lab.reports().await;
    let times = dialled.iter().filter(|r| r["number"] == "138****8007").count();
    assert_eq!(times, 1, "nobody is dialled again");
    let (again, _) = server(&disk, &[]).await;
    stop(again, &disk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_cannot_be_written_harms_no_call() {
    let disk = Disk::of(16).await;
    let (waihu, api) = server(&disk, &[]).await;
    let recordings = disk.inside().join("recordings");
    disk.mount(&["-t", "tmpfs", "-o", "ro,size=1m", "tmpfs"], &recordings).await;
    let unrecorded = api.call(COOPERATIVE, PLEASE).await.remove(0);
    let ended = api.ended(&unrecorded).await;
    ended_as_usual(&ended);
    has_no_recording(&api, &unrecorded).await;

    // A disk of a few blocks fills up in the middle of the next one.
    disk.mount(&["-o", "remount,rw,size=32k"], &recordings).await;
    let cut = api.call(COOPERATIVE, PLEASE).await.remove(0);
    let ended = api.ended(&cut).await;
    ended_as_usual(&ended);
    has_no_recording(&api, &cut).await;
    let left = disk.outside().join("recordings");
    let left: Vec<_> = std::fs::read_dir(left).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(left.is_empty(), "what was begun is removed: {left:?}");
    stop(waihu, &disk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_start_on_a_disk_it_cannot_write_and_says_which() {
    let disk = Disk::of(8).await;
    let (waihu, api) = server(&disk, &[]).await;
    let id = api.call(&busy(0), PLEASE).await.remove(0);
    api.ended(&id).await;
    stop(waihu, &disk).await;
    let named = disk.inside().display().to_string();

    disk.mount(&["-o", "remount,ro"], disk.inside()).await;
    let refused = serve(&disk, &[]).ended(A_CALL).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains(&named), "{}", refused.stderr);
    assert!(refused.stderr.contains("Read-only file system"), "{}", refused.stderr);
    let doctor = run(&disk, &["doctor"]).await;
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.stdout.contains("❌ store"), "{}", doctor.stdout);

    disk.mount(&["-o", "remount,rw"], disk.inside()).await;
    disk.fill();
    // Full, it may still start: what it needs is there already. If not, it says why.
    let mut full = serve(&disk, &[]);
    until("it starts or gives up", A_CALL, async || {
        (full.told("docs: ").is_some() || !full.still_runs()).then_some(())
    })
    .await;
    if full.still_runs() {
        full.signal("TERM").await;
        full.ended(A_CALL).await;
    } else {
        let ended = full.ended(A_CALL).await;
        assert!(ended.stderr.contains(&named) || ended.stderr.contains("full"), "{ended:?}");
    }

    disk.make_room();
    let (waihu, api) = server(&disk, &[]).await;
    assert_eq!(outcome(&api.ended(&id).await)[1], "busy", "it is all still there");
    stop(waihu, &disk).await;
}
