//! Whole calls over a bad network: our relay between the platform and the lab, outside of both,
//! loses, delays, shuffles and doubles their signalling and their media.
//!
//! `make test` places ten calls. With the feature `count-understood` further tests count what the
//! embedded recognizer still understands (`docs/lab.md`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

mod support;

use domain::Language;
use lab::{Impairment, Line, Relay, RelayConfig};
use serde_json::Value;
use support::api::{PLEASE, outcome};
use support::process::{ExternalLab, Server};

/// The bad day of the tests: 5 % loss, 30 ms jitter, 2 % out of order, each direction for itself.
const BAD: Impairment = Impairment { loss_pct: 5.0, delay_ms: 20, jitter_ms: 30, reorder_pct: 2.0 };

/// What came of some calls.
struct Seen {
    /// As `search_callinfo` says.
    found: Vec<Value>,
    /// As the callees say; in the order in which they ended.
    heard: Vec<Value>,
}

/// Calls these numbers over a relay, so many at a time.
async fn calls(numbers: &[String], at_a_time: usize, set: impl FnOnce(&mut RelayConfig)) -> Seen {
    let lab = ExternalLab::start().await;
    let mut config = RelayConfig::to(lab.address["sip:".len()..].parse().unwrap());
    set(&mut config);
    let bad = config.impairment;
    let relay = Relay::start(config).await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let settings = format!(
        "[signup]\nbonus_micro_yuan = 100000000\n\n[calls]\nring_timeout_s = 10\n\n\
         [[trunk]]\nname = \"relay\"\naddress = \"sip:{}\"\n",
        relay.local_addr()
    );
    let server = Server::start(data.path(), &settings, &[]).await;
    let mut found = Vec::new();
    for some in numbers.chunks(at_a_time) {
        let ids = server.api.call(&some.join(","), PLEASE).await;
        for id in ids {
            found.push(server.api.ended(&id).await);
        }
    }
    server.api.nothing_is_held().await;
    server.stop(data.path()).await;
    let counts = relay.counts();
    println!("{bad:?}: {counts:?}");
    assert!(counts.sip > 0 && counts.media > 0 && counts.sent > 0, "{counts:?}");
    Seen { found, heard: lab.reports().await }
}

/// Numbers of one ending, all different.
fn numbers(ending: &str, count: usize) -> impl Iterator<Item = String> {
    (0..count).map(move |n| format!("1380{n:04}{ending}"))
}

/// No call is stuck on either side: each has ended by a word of one of the two.
fn none_is_stuck(seen: &Seen) {
    assert_eq!(seen.heard.len(), seen.found.len(), "{:?}", seen.heard);
    for report in &seen.heard {
        assert_ne!(report["ended"], "lab_stopped", "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_set_up_and_ended_over_a_bad_network() {
    let endings = [("000", 3), ("002", 2), ("009", 2), ("006", 1), ("014", 2)];
    let called: Vec<String> = endings.into_iter().flat_map(|(e, n)| numbers(e, n)).collect();
    let seen = calls(&called, called.len(), |relay| {
        relay.impairment = BAD;
        relay.duplicate_pct = 2.0;
    })
    .await;
    none_is_stuck(&seen);
    for (number, found) in called.iter().zip(&seen.found) {
        let [status, reason, _] = outcome(found);
        match &number[8..] {
            "002" => assert_eq!((status, reason), ("busy", "busy"), "{found}"),
            "009" => assert_eq!((status, reason), ("declined", "declined"), "{found}"),
            _ => {
                // What was understood is not the question here; that they talked is.
                assert!(found["answered_at"].is_string(), "{number}: {found}");
                assert_eq!(status, "completed", "{number}: {found}");
                assert_ne!(reason, "connection_lost", "{number}: {found}");
            }
        }
    }
    println!("{:?}", Understood::of(&seen));
}

/// Damaged datagrams too: nothing that arrives changed may bring a call to no end.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_datagrams_leave_no_call_behind() {
    let called: Vec<String> = numbers("000", 2).chain(numbers("002", 2)).collect();
    let seen = calls(&called, called.len(), |relay| {
        relay.impairment = Impairment { loss_pct: 1.0, ..BAD };
        relay.corrupt_pct = 10.0;
        relay.duplicate_pct = 5.0;
    })
    .await;
    // A damaged number may be another persona's, a damaged status another status: what holds is
    // that each call has ended, which `calls` has waited for.
    assert_eq!(seen.found.len(), called.len());
}

/// What the recognizer made of the callees' lines.
#[derive(Debug, Default)]
struct Understood {
    calls: usize,
    /// Calls that ended as the table of the lab says of the cooperative callee.
    as_they_must: usize,
    /// Lines that the callees said in full.
    said: usize,
    /// Lines in the transcripts whose words are those of a line that such a callee says.
    same_words: usize,
    /// Lines in the transcripts with other words; they may mean the same.
    other_words: usize,
}

impl Understood {
    fn of(seen: &Seen) -> Self {
        let mut sum = Self::default();
        for found in seen.found.iter().filter(|f| f["phones"].as_str().unwrap().ends_with("000")) {
            sum.calls += 1;
            let done = ["completed", "task_done", "confirmed"];
            sum.as_they_must += usize::from(outcome(found) == done);
            let lines = found["call_content"].as_array().unwrap();
            for line in lines.iter().filter(|line| line["role"] == "user") {
                let words = plain(line["content"].as_str().unwrap());
                if COOPERATIVE.iter().any(|line| is_one_of(&words, *line)) {
                    sum.same_words += 1;
                } else if !words.is_empty() {
                    sum.other_words += 1;
                }
            }
        }
        let whole = seen.heard.iter().filter(|report| report["persona"] == "cooperative");
        for report in whole {
            sum.said += report["heard"]["lines"].as_array().map_or(0, Vec::len);
        }
        sum
    }
}

/// What the cooperative callee may say.
const COOPERATIVE: [Line; 5] =
    [Line::Hello, Line::Confirm, Line::Yes, Line::Acknowledge, Line::Goodbye];

fn is_one_of(words: &str, line: Line) -> bool {
    line.variants(Language::Zh).iter().any(|variant| plain(variant) == words)
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The figures of `docs/lab.md`.
#[cfg(feature = "count-understood")]
async fn count_what_is_understood(impairment: Impairment) {
    let called: Vec<String> = numbers("000", 24).collect();
    let seen = calls(&called, 8, |relay| relay.impairment = impairment).await;
    none_is_stuck(&seen);
    println!("{:?}", Understood::of(&seen));
}

#[cfg(feature = "count-understood")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_understood_through_a_relay_that_does_nothing() {
    count_what_is_understood(Impairment::default()).await;
}

#[cfg(feature = "count-understood")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_understood_over_a_bad_network() {
    count_what_is_understood(BAD).await;
}
