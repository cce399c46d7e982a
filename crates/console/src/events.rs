//! One call's journal as server-sent events that can be resumed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::{CallEnded, CallStatus, Envelope, Event, LegId, Refusal, Scope, Speaker};
use engine::{Watch, WatchOptions, Watched};
use futures::stream;
use serde_json::{Map, Value, json};

use crate::access;
use crate::calls::call_of;
use crate::frame::Desk;
use crate::problem::{Failure, Problem};
use crate::wire::{Turn, money, role};

/// Silence that calls for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(15);
const PING: &str = ": ping\n\n";
/// When a client that lost its connection comes again, ms.
const RETRY: &str = "retry: 2000\n\n";

/// Follow one call.
///
/// Events: `status`, `utterance`, `identity`, `keys`, `turn`, `fault`, `ended`; skip names you do
/// not know. `id` is the number in the call's journal: rising, with gaps.
#[utoipa::path(
    get, path = "/v1/calls/{id}/events", tag = "calls",
    params(
        ("id" = String, Path, description = "The call's id"),
        ("Last-Event-ID" = Option<u64>, Header, description = "Go on after this event")
    ),
    responses(
        (status = 200, description = "Events as they are committed, up to `ended`",
            body = String, content_type = "text/event-stream"),
        (status = 204, description = "`ended` was seen already: do not come again"),
        (status = "4XX", description = "Refused", body = Problem,
            content_type = "application/problem+json")
    ),
    security(("api_key" = []), ("bearer" = []))
)]
pub async fn events(
    State(desk): State<Arc<Desk>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let calls = &*desk.calls;
    let who = access::enter(calls, &headers, Scope::CallsRead).await?;
    let id = call_of(calls, &who, path).await?;
    let seen = last_event_id(&headers)?;
    let options = WatchOptions {
        from_seq: seen.saturating_add(1),
        beat_idle: Some(PING_EVERY),
        ..WatchOptions::default()
    };
    let record = calls.record(&who, id).await?;
    let mut watch = calls.watch(&who, id, options).await?;
    let mut first = VecDeque::from([Bytes::from_static(RETRY.as_bytes())]);
    // The news of an ended call are all there, so this waits for nothing.
    if record.is_ended() && seen > 0 {
        match watch.next().await {
            Watched::Ended(_) => return Ok(StatusCode::NO_CONTENT.into_response()),
            news => match step(&news)? {
                Step::Skip => {}
                Step::Send(piece) => first.push_back(piece),
                Step::Stop => return Err(Refusal::Overloaded.into()),
            },
        }
    }
    Ok(reply(watch, first))
}

fn reply(watch: Watch, first: VecDeque<Bytes>) -> Response {
    let pieces = stream::unfold((watch, first), |(mut watch, mut first)| async move {
        if let Some(piece) = first.pop_front() {
            return Some((Ok::<_, Infallible>(piece), (watch, first)));
        }
        loop {
            match step(&watch.next().await) {
                Ok(Step::Skip) => {}
                Ok(Step::Send(piece)) => return Some((Ok(piece), (watch, first))),
                Ok(Step::Stop) | Err(_) => return None,
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

/// The number after which to go on; 0 without the header.
fn last_event_id(headers: &HeaderMap) -> Result<u64, Refusal> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(0);
    };
    let number = value.to_str().ok().and_then(|v| v.trim().parse().ok());
    number.ok_or_else(|| Refusal::InvalidRequest { field: "Last-Event-ID".to_owned() })
}

/// What one piece of news does to the body.
enum Step {
    Skip,
    Send(Bytes),
    Stop,
}

fn step(news: &Watched) -> Result<Step, Refusal> {
    Ok(match news {
        Watched::Beat => Step::Send(Bytes::from_static(PING.as_bytes())),
        Watched::Event(envelope) => match told(envelope)? {
            Some((name, data)) => {
                let id = envelope.seq;
                let event = format!("id: {id}\nevent: {name}\ndata: {data}\n\n");
                Step::Send(event.into())
            }
            None => Step::Skip,
        },
        Watched::Ended(_) | Watched::DeadlinePassed | Watched::Closed => Step::Stop,
    })
}

/// Name and data of an event that is shown. Each follows from its own envelope alone, so that
/// a resumed stream is the rest of the first one.
fn told(envelope: &Envelope) -> Result<Option<(&'static str, String)>, Refusal> {
    let status = |status: CallStatus| ("status", json!({ "status": status.word() }));
    let text = envelope.texts.text.as_deref().unwrap_or_default();
    let (name, facts) = match &envelope.event {
        Event::CallAccepted(_) => status(CallStatus::Queued),
        Event::DialStarted { leg, .. } if *leg == LegId::CALLEE => status(CallStatus::Dialing),
        Event::LegProgressed { leg, sip_code, .. } if *leg == LegId::CALLEE && *sip_code >= 180 => {
            let ringing = CallStatus::Ringing.word();
            ("status", json!({ "status": ringing, "sip_code": sip_code }))
        }
        Event::LegAnswered { leg, .. } if *leg == LegId::CALLEE => status(CallStatus::InProgress),
        Event::UtteranceSpoken(u) if !text.is_empty() => {
            ("utterance", said(Speaker::Assistant, text, u.start_ms, u.end_ms))
        }
        Event::UtteranceHeard(u) if !text.is_empty() => {
            ("utterance", said(Speaker::User, text, u.start_ms, u.end_ms))
        }
        Event::IdentityJudged { state, .. } => ("identity", json!({ "identity": state.word() })),
        Event::KeysPressed { .. } => ("keys", json!({ "keys": envelope.texts.keys })),
        Event::TurnMeasured(times) => {
            let turn = serde_json::to_value(Turn::of(times));
            ("turn", turn.map_err(|_| Refusal::Internal)?)
        }
        Event::FaultNoted { part, code, fallback } => {
            let fault = json!({ "part": part, "code": code, "fallback": fallback });
            ("fault", fault)
        }
        Event::CallEnded(end) => ("ended", ended(end)),
        _ => return Ok(None),
    };
    let mut data = Map::new();
    data.insert("at".to_owned(), envelope.at.to_string().into());
    data.insert("media_ms".to_owned(), envelope.media_ms.into());
    if let Value::Object(facts) = facts {
        data.extend(facts);
    }
    let mut data = serde_json::to_string(&data).map_err(|_| Refusal::Internal)?;
    if let Event::CallEnded(end) = &envelope.event {
        // Money is written as its own digits, which a JSON value here could only hold as float.
        data.pop();
        data.push_str(&format!(",\"cost\":{}}}", money(end.charge)?));
    }
    Ok(Some((name, data)))
}

fn said(speaker: Speaker, text: &str, start_ms: u64, end_ms: u64) -> Value {
    json!({
        "role": role(speaker),
        "content": text,
        "start_ms": start_ms,
        "end_ms": end_ms,
    })
}

fn ended(end: &CallEnded) -> Value {
    json!({
        "status": end.status.word(),
        "end_reason": end.reason.what.word(),
        "hung_up_by": end.reason.who.map(|w| w.word()),
        "identity": end.identity.word(),
        "duration_seconds": end.duration_s,
        "billed": end.charge.0 > 0,
        "recording_follows": end.recording_follows,
    })
}
