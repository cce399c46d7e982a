//! Codecs and encryption with a telephone that nobody here wrote: baresip speaks G.722 and Opus,
//! insists on SRTP, holds the call and takes it back, and keeps its own account of what it heard.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support::api::{PLEASE_EN, outcome};
use crate::support::baresip::{Baresip, Line, NUMBER};
use crate::support::process::Server;
use crate::support::sound::{Sound, spoken};
use crate::support::{A_CALL, until};
use serde_json::Value;

const G722: Line =
    Line { modules: &["g722"], codecs: "G722/16000/1", account: "", wide_file: false };
const OPUS: Line =
    Line { modules: &["opus"], codecs: "opus/48000/2", account: "", wide_file: true };
const INSISTS: Line =
    Line { modules: &["g711", "srtp"], account: ";mediaenc=srtp-mand", ..Line::G711 };
const CAN: Line = Line { account: ";mediaenc=srtp", ..INSISTS };

fn settings(baresip: &Baresip, media: &str) -> String {
    format!("[[trunk]]\nname = \"phone\"\naddress = \"{}\"\n{media}\n", baresip.address())
}

/// One call that the callee ends once the disclosure was heard whole: what became of it, and what
/// baresip heard. It knows one codec, so what it heard came in that.
async fn call(line: &Line, media: &str) -> (Value, Sound) {
    let says = Sound::of(&[Ok("hello"), Err(90.0)]);
    let mut baresip = Baresip::on_line(&says, line).await;
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &settings(&baresip, media), &[]).await;
    let id = server.api.call(NUMBER, PLEASE_EN).await.remove(0);
    until("the disclosure was heard", A_CALL, async || disclosed(&server, &id).await).await;
    // The sentence after it, which is looked for below.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    baresip.command("hangup").await;
    let found = server.api.ended(&id).await;
    let heard = baresip.heard().await;
    server.stop(data.path()).await;
    (found, heard)
}

/// What has to be heard, in the platform's voice.
fn recorded() -> Sound {
    spoken("en-us+f2", "175", "This call is recorded.")
}

#[tokio::test(flavor = "multi_thread")]
async fn g722_carries_more_than_a_narrow_line_and_arrives_as_meant() {
    let (found, heard) = call(&G722, "codecs = [\"opus\", \"g722\", \"pcma\"]").await;
    let (likeness, high) = (heard.at(8_000).likeness(&recorded()), heard.share_above_4_khz());
    println!("{} Hz, likeness {likeness}, above 4 kHz {high}", heard.rate);
    assert_eq!(found["status"], "completed", "{found}");
    assert!(heard.rate == 16_000 && likeness > 0.9, "{likeness}");
    assert!(high > 0.001, "{high}");
}

#[tokio::test(flavor = "multi_thread")]
async fn opus_carries_more_than_a_narrow_line_and_arrives_as_meant() {
    let (found, heard) = call(&OPUS, "codecs = [\"opus\", \"g722\", \"pcma\"]").await;
    let (likeness, high) = (heard.at(8_000).likeness(&recorded()), heard.share_above_4_khz());
    println!("{} Hz, likeness {likeness}, above 4 kHz {high}", heard.rate);
    assert_eq!(found["status"], "completed", "{found}");
    // Opus keeps what is heard and not the wave.
    assert!(heard.rate == 48_000 && likeness > 0.6, "{likeness}");
    assert!(high > 0.001, "{high}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_encrypts_hears_us() {
    for (wish, line) in [("required", &INSISTS), ("preferred", &CAN)] {
        let (found, heard) = call(line, &format!("srtp = \"{wish}\"")).await;
        let likeness = heard.likeness(&recorded());
        println!("{wish}: likeness {likeness}");
        assert_eq!(found["status"], "completed", "{wish} {found}");
        assert!(likeness > 0.95, "{wish} {likeness}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_encryption_where_it_is_required_nobody_is_spoken_to() {
    let baresip = Baresip::start(&Sound::of(&[Ok("hello"), Err(60.0)])).await;
    let data = tempfile::tempdir().unwrap();
    let settings = settings(&baresip, "srtp = \"required\"");
    let server = Server::start(data.path(), &settings, &[]).await;
    let id = server.api.call(NUMBER, PLEASE_EN).await.remove(0);
    let found = server.api.ended(&id).await;
    println!("{found}");
    assert_eq!(outcome(&found)[..2], ["failed", "trunk_failed"], "{found}");
    server.stop(data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_hold_waits_and_goes_on() {
    let mut baresip = Baresip::start(&Sound::of(&[Ok("hello"), Err(90.0)])).await;
    let data = tempfile::tempdir().unwrap();
    // Less than the hold lasts: a held call must not be taken for a dead one.
    let settings = format!(
        "[calls]\nmedia_timeout_s = 2\n[turn]\nopening = \"at_answer\"\n{}",
        settings(&baresip, "")
    );
    let server = Server::start(data.path(), &settings, &[]).await;
    let id = server.api.call(NUMBER, PLEASE_EN).await.remove(0);
    server.api.reaches(&id, "in_progress").await;
    baresip.command("hold").await;
    // A machine that took the whole opening for this has nothing left to show.
    let early = disclosed(&server, &id).await.is_none();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(!early || disclosed(&server, &id).await.is_none(), "it spoke to nobody");
    baresip.command("resume").await;
    until("the disclosure was heard", A_CALL, async || disclosed(&server, &id).await).await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    baresip.command("hangup").await;
    let found = server.api.ended(&id).await;
    println!("held early enough: {early}");
    assert_eq!(outcome(&found)[..2], ["completed", "callee_hung_up"], "{found}");
    server.stop(data.path()).await;
}

/// When the disclosure was heard whole.
async fn disclosed(server: &Server, id: &str) -> Option<String> {
    let record = server.api.record(id).await;
    record["disclosure"]["recording_at"].as_str().map(str::to_owned)
}
