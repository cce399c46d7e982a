//! Waiting in virtual time: how often, how long, and what stops it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::*;
use crate::cli::failure::Refused;

/// An answer in one word: a status, a refusal as `<status>:<code>`, or `nothing`.
fn answer(word: &str) -> Result<Found, Failure> {
    if word == "nothing" {
        return Err(Failure::NotSent(String::new()));
    }
    if let Some((status, code)) = word.split_once(':') {
        let (status, code) = (status.parse().unwrap(), code.to_owned());
        let (message, body) = (String::new(), Vec::new());
        return Err(Failure::Refused(Refused { status, code, message, body }));
    }
    let body = format!(r#"{{"success":true,"data":{{"call_id":"A","status":"{word}"}}}}"#);
    Found::read(body.into_bytes())
}

fn word(answer: &Result<Found, Failure>) -> String {
    match answer {
        Ok(found) => found.record.status().to_owned(),
        Err(Failure::Refused(r)) => format!("{}:{}", r.status, r.code),
        Err(_) => "nothing".to_owned(),
    }
}

/// Seconds that `work` took on tokio's paused clock.
#[expect(clippy::disallowed_methods, reason = "the paused clock of a test")]
async fn timed<T>(work: impl Future<Output = T>) -> (T, u64) {
    let start = tokio::time::Instant::now();
    let value = work.await;
    (value, start.elapsed().as_secs())
}

/// Answers come in the given order; the last one is repeated.
async fn check_info(retries: u32, answers: &[&str], want: &str, asked: usize, seconds: u64) {
    let queue = RefCell::new(answers.iter().copied().collect::<VecDeque<_>>());
    let count = Cell::new(0);
    let mut told = Vec::new();
    let ask = async || {
        count.set(count.get() + 1);
        let mut queue = queue.borrow_mut();
        let next = if queue.len() > 1 { queue.pop_front() } else { queue.front().copied() };
        answer(next.unwrap())
    };
    let waiting = until_ended(retries, ask, |i, n| told.push((i, n)));
    let (got, took) = timed(waiting).await;
    assert_eq!((word(&got).as_str(), count.get(), took), (want, asked, seconds), "{answers:?}");
    let announced: Vec<_> = (1..asked as u32).map(|i| (i, retries)).collect();
    assert_eq!(told, announced, "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn info_asks_again_only_while_that_may_help() {
    check_info(5, &["completed"], "completed", 1, 0).await;
    check_info(5, &["404:call_not_found", "ringing", "busy"], "busy", 3, 20).await;
    check_info(5, &["in_progress"], "in_progress", 6, 50).await;
    check_info(3, &["404:call_not_found"], "404:call_not_found", 4, 30).await;
    check_info(0, &["queued"], "queued", 1, 0).await;
    check_info(5, &["429:rate_limited", "503:overloaded", "nothing", "failed"], "failed", 4, 30)
        .await;
    check_info(5, &["401:unauthorized"], "401:unauthorized", 1, 0).await;
    check_info(5, &["ringing", "426:version_mismatch"], "426:version_mismatch", 2, 10).await;
    check_info(2, &["nothing"], "nothing", 3, 20).await;
}

/// Each call gets its own answers; the last one is repeated.
async fn check_wait(calls: &[&[&str]], exit: Exit, seconds: u64) -> Watched {
    let ids: Vec<String> = (0..calls.len()).map(|i| i.to_string()).collect();
    let asked = RefCell::new(vec![0; calls.len()]);
    let ask = async |id: &str| {
        let call: usize = id.parse().unwrap();
        let mut asked = asked.borrow_mut();
        let nth = asked[call].min(calls[call].len() - 1);
        asked[call] += 1;
        answer(calls[call][nth])
    };
    let mut watched = Watched::new(ids);
    let (followed, took) = timed(watched.follow(ask, |_| {})).await;
    followed.unwrap();
    assert_eq!((watched.exit(), took), (exit, seconds), "{calls:?}");
    watched
}

#[tokio::test(start_paused = true)]
async fn wait_ends_when_all_calls_have_or_time_is_up() {
    check_wait(&[&["ringing", "completed"]], Exit::Done, 20).await;
    check_wait(&[&["voicemail"], &["queued", "queued", "completed"]], Exit::Done, 30).await;
    check_wait(&[&["completed"], &["no_answer"]], Exit::Unanswered, 10).await;
    check_wait(&[&["canceled"]], Exit::Unanswered, 10).await;
    check_wait(&[&["busy"], &["failed"]], Exit::Failed, 10).await;
    check_wait(&[&["503:overloaded", "nothing", "completed"]], Exit::Done, 30).await;
    let endless = check_wait(&[&["completed"], &["in_progress"]], Exit::Unanswered, 600).await;
    assert_eq!(endless.progress(), (1, 2));
    check_wait(&[&["ringing", "nothing"]], Exit::Unreachable, 600).await;
}

#[tokio::test(start_paused = true)]
async fn wait_stops_at_a_refusal_that_time_does_not_cure() {
    let mut watched = Watched::new(vec!["A".to_owned()]);
    let ask = async |_: &str| answer("401:unauthorized");
    let (followed, took) = timed(watched.follow(ask, |_| {})).await;
    assert_eq!(followed.unwrap_err().exit(), Exit::NoAccess);
    assert_eq!(took, 10);
}
