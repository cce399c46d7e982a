//! `stream_chat_history`: one call's utterances as SSE, exact to the byte.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::{CallStatus, Envelope, Event, Speaker};
use engine::{Watch, WatchOptions, Watched};
use futures::stream;

use crate::convert::utterance;
use crate::wire::{KEEP_ALIVE, event};

/// Signs of life while nobody has answered.
const BEAT_UNANSWERED: Duration = Duration::from_millis(500);
/// Silence after the answer that calls for a sign of life.
const BEAT_IDLE: Duration = Duration::from_secs(15);
/// How long one stream waits for an answer, from its own opening.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);

/// What the specification's rules 2 and 3 ask of the engine's `watch`.
pub fn watch_options() -> WatchOptions {
    WatchOptions {
        from_seq: 1,
        beat_unanswered: Some(BEAT_UNANSWERED),
        beat_idle: Some(BEAT_IDLE),
        utterances_only: true,
        answer_deadline: Some(ANSWER_DEADLINE),
    }
}

/// The reply whose body follows `watch` to its end.
pub fn reply(watch: Watch) -> Response {
    let pieces = stream::unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        loop {
            match step(&watch.next().await) {
                Step::Skip => {}
                Step::Send(piece) => return Some((Ok::<_, Infallible>(piece), Some(watch))),
                Step::Last(piece) => return Some((Ok(piece), None)),
                Step::Stop => return None,
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

/// What one piece of news does to the body.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Skip,
    Send(Bytes),
    /// Written at once, and then the body ends.
    Last(Bytes),
    /// The body ends without a final event.
    Stop,
}

fn step(news: &Watched) -> Step {
    match news {
        Watched::Event(envelope) => said(envelope).map_or(Step::Skip, Step::Send),
        Watched::Beat => Step::Send(Bytes::from_static(KEEP_ALIVE.as_bytes())),
        Watched::DeadlinePassed => last("[TIMEOUT]"),
        Watched::Ended(record) if record.status == CallStatus::NoAnswer => last("[TIMEOUT]"),
        Watched::Ended(_) => last("[DONE]"),
        Watched::Closed => Step::Stop,
    }
}

fn last(content: &str) -> Step {
    Step::Last(event("system", content).into())
}

/// The same filter as the transcript's, so that stream and `call_content` agree item by item.
fn said(envelope: &Envelope) -> Option<Bytes> {
    let speaker = match envelope.event {
        Event::UtteranceSpoken(_) => Speaker::Assistant,
        Event::UtteranceHeard(_) => Speaker::User,
        _ => return None,
    };
    let said = utterance(speaker, envelope.texts.text.as_deref()?)?;
    Some(event(said.role, &said.content).into())
}
