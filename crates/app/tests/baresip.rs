//! Human speech that nobody here recorded, from a telephone that nobody here wrote: baresip
//! picks up, plays Debian's prompts and keeps its own account of what it heard.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support::api::{PLEASE_EN, outcome};
use crate::support::baresip::{Baresip, NUMBER};
use crate::support::process::Server;
use crate::support::sound::{Sound, spoken};
use crate::support::{A_CALL, until};
use serde_json::Value;

/// What has to be heard first, whatever the requirement is about.
const OPENING: &str = "Hello, I am an AI assistant calling on behalf of Anna Lee. This call is \
                       recorded. Am I speaking with John Smith?";
/// Its sentences as the voice is given them, each in one breath, and others that differ in a word
/// or two.
const MEANT: [&str; 3] = [
    "Hello, I am an A I assistant calling on behalf of Anna Lee.",
    "This call is recorded.",
    "Am I speaking with John Smith?",
];
const OTHERS: [&str; 4] = [
    "This hall is awarded.",
    "Am I speaking with John Brown?",
    "Am I speaking with Peter Smith?",
    "Are you listening to Jane Miller?",
];

fn lines<'a>(found: &'a Value, role: &str) -> Vec<&'a str> {
    let all = found["call_content"].as_array().unwrap();
    let mine = all.iter().filter(|line| line["role"] == role);
    mine.map(|line| line["content"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_speech_is_heard_and_our_opening_arrives_as_meant() {
    // Picks up with a word, hears the opening out, asks for patience, and says goodbye to that.
    let says = Sound::of(&[
        Ok("hello"),
        Err(8.5),
        Ok("one-moment-please"),
        Err(12.0),
        Ok("vm-goodbye"),
        Err(60.0),
    ]);
    let baresip = Baresip::start(&says).await;
    let data = tempfile::tempdir().unwrap();
    let trunk = ["--trunk", &baresip.address()];
    let server = Server::start(data.path(), "", &trunk).await;
    let id = server.api.call(NUMBER, PLEASE_EN).await.remove(0);
    let found = server.api.ended(&id).await;
    println!("{found:#}");
    let heard = baresip.heard().await;
    for sentence in MEANT.iter().chain(&OTHERS) {
        println!("{sentence} {}", heard.likeness(&voice(sentence)));
    }

    assert_eq!(found["status"], "completed", "{found}");
    assert!(found["answered_at"].is_string(), "{found}");
    let (user, assistant) = (lines(&found, "user"), lines(&found, "assistant"));
    assert_eq!(assistant[0], OPENING, "{found}");
    // A human voice, unlike all that the embedded recognizer learnt from. “One moment please” is at
    // the edge of what it believes: where it is cut out of the call decides. What was understood is
    // acted on, and nothing else is read into what was said.
    match user[..] {
        ["[unclear]", patience, ..] if patience.ends_with("one moment please") => {
            assert_eq!(assistant[1], "Sure, I will wait.", "{found}");
            assert!(user[2..].iter().all(|said| *said == "[unclear]"), "{found}");
        }
        _ => assert!(user.len() >= 2 && user.iter().all(|said| *said == "[unclear]"), "{found}"),
    }
    for sentence in MEANT {
        let likeness = heard.likeness(&voice(sentence));
        assert!(likeness > ALIKE, "{sentence} {likeness}");
    }
    for sentence in OTHERS {
        let likeness = heard.likeness(&voice(sentence));
        assert!(likeness < NOT_ALIKE, "{sentence} {likeness}");
    }
    server.stop(data.path()).await;
}

/// Room on both sides of what was measured.
const ALIKE: f32 = 0.95;
const NOT_ALIKE: f32 = 0.8;

/// The voice of the platform for an English requirement.
fn voice(text: &str) -> Sound {
    spoken("en-us+f2", "175", text)
}

#[tokio::test(flavor = "multi_thread")]
async fn baresip_hangs_up() {
    let mut baresip = Baresip::start(&Sound::of(&[Ok("hello"), Err(60.0)])).await;
    let data = tempfile::tempdir().unwrap();
    let trunk = ["--trunk", &baresip.address()];
    let server = Server::start(data.path(), "", &trunk).await;
    let id = server.api.call(NUMBER, PLEASE_EN).await.remove(0);
    until("the opening is under way", A_CALL, async || {
        let record = server.api.record(&id).await;
        (record["disclosure"]["ai_at"].is_string()).then_some(())
    })
    .await;
    baresip.command("hangup").await;
    let found = server.api.ended(&id).await;
    assert_eq!(outcome(&found), ["completed", "callee_hung_up", "unclear"], "{found}");
    let said = found["provider_response"].as_str().unwrap();
    assert!(said.contains("hung_up_by=callee"), "{said}");
    server.stop(data.path()).await;
}
