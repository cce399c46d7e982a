//! The listener: every door of the installation behind one address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{BoxError, Router};
use engine::lanes::{LaneStats, Lanes};
use engine::{Calls, Engine};
use sip::{Registered, SipTrunks, TrunkHealth};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::server::config::Settings;
use crate::server::requests::{self, Requests};

/// Forwarding headers: a request that carries one did not come straight from this machine.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

#[derive(Clone)]
struct Health {
    engine: Engine,
    lanes: Arc<Lanes>,
    sip: Arc<SipTrunks>,
    requests: Arc<Requests>,
}

/// All routes of the installation.
pub(crate) fn router(
    engine: &Engine,
    settings: &Settings,
    lanes: &Arc<Lanes>,
    sip: &Arc<SipTrunks>,
) -> Router {
    let calls: Arc<dyn Calls> = Arc::new(engine.clone());
    let callout = callout::Config {
        require_version_header: settings.callout.require_version_header,
        max_phones: settings.callout.max_phones,
    };
    let requests = Arc::new(Requests::default());
    let health = Health {
        engine: engine.clone(),
        lanes: lanes.clone(),
        sip: sip.clone(),
        requests: requests.clone(),
    };
    let health = Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(health);
    let documents = console::Config { documents: vec![callout::openapi()] };
    let limit = Duration::from_secs(settings.http.body_timeout_s);
    health
        .merge(callout::router(calls.clone(), callout))
        .merge(console::router(calls, documents))
        .layer(middleware::from_fn_with_state(limit, body_in_time))
        .layer(middleware::from_fn_with_state(requests, requests::note))
}

/// Serves until `stop` is cancelled; streams under way are ended by the engine.
pub(crate) fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let served =
            axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP listener ended");
        }
    })
}

/// A body that does not end within the limit ends in an error, which the doors refuse.
async fn body_in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    use futures::StreamExt;
    let (parts, body) = request.into_parts();
    let late = || std::io::Error::from(std::io::ErrorKind::TimedOut);
    let end = futures::stream::once(async move {
        tokio::time::sleep(limit).await;
        Err::<Bytes, BoxError>(Box::new(late()))
    });
    let body = body.into_data_stream().map(|piece| piece.map_err(BoxError::from).map(Some));
    // Whichever ends first: the body itself, or its time.
    let body = body.chain(futures::stream::once(async { Ok(None) }));
    let both = futures::stream::select(body, end.map(|e| e.map(Some)));
    let both = both.take_while(|piece| std::future::ready(!matches!(piece, Ok(None))));
    let both = both.map(|piece| piece.map(Option::unwrap_or_default));
    next.run(Request::from_parts(parts, Body::from_stream(both))).await
}

async fn livez() -> &'static str {
    "ok\n"
}

/// Whether calls are taken, and over which trunks. Why a trunk is down is told to this machine
/// alone: it may hold addresses.
async fn readyz(
    State(health): State<Health>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let ready = health.engine.readiness();
    let details = if is_local(peer, &headers) { health.sip.health() } else { Vec::new() };
    let mut text = String::new();
    for t in &ready.trunks {
        let kind = if t.simulated { " (simulated)" } else { "" };
        let known = details.iter().find(|d| d.name == t.name);
        let state = match known {
            // One that reaches no telephone is ours, and is asked nothing.
            Some(known) if !t.simulated && is_unheard(known) => "unknown",
            _ if t.up => "up",
            _ => "down",
        };
        let detail = known.map(standing).unwrap_or_default();
        text.push_str(&format!("trunk {}{kind}: {state}{detail}\n", t.name));
    }
    for p in &ready.problems {
        text.push_str(&format!("problem: {p}\n"));
    }
    text.push_str(if ready.ready { "ready\n" } else { "not ready\n" });
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, text).into_response()
}

/// Prometheus text. Only for peers on this machine without forwarding headers; no label holds a
/// number or an id.
async fn metrics(
    State(health): State<Health>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if !is_local(peer, &headers) {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    }
    let mut text = String::new();
    calls_metrics(&mut text, &health);
    lane_metrics(&mut text, &health.lanes);
    trunk_metrics(&mut text, &health.sip);
    let name = "waihu_http_requests_total";
    head(&mut text, name, "HTTP requests answered, by status.", "counter");
    for (status, n) in health.requests.by_status() {
        text.push_str(&format!("{name}{{status=\"{status}\"}} {n}\n"));
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn calls_metrics(text: &mut String, health: &Health) {
    let engine = &health.engine;
    let counts = engine.counts();
    let ports = health.lanes.ports_in_use() as u64;
    let (running, waiting) = (engine.running() as u64, engine.waiting() as u64);
    for (name, help, kind, value) in [
        ("waihu_calls_running", "Calls that run.", "gauge", running),
        ("waihu_calls_waiting", "Calls that wait for a line.", "gauge", waiting),
        ("waihu_calls_accepted_total", "Calls accepted.", "counter", counts.accepted),
        ("waihu_calls_started_total", "Calls that left the queue.", "counter", counts.started),
        ("waihu_calls_answered_total", "Calls answered.", "counter", counts.answered),
        ("waihu_calls_ended_total", "Calls ended.", "counter", counts.ended),
        ("waihu_rtp_ports_in_use", "RTP port pairs in use.", "gauge", ports),
    ] {
        head(text, name, help, kind);
        text.push_str(&format!("{name} {value}\n"));
    }
    let by_reason = "waihu_calls_ended_by_reason_total";
    head(text, by_reason, "Calls ended, by reason.", "counter");
    for (what, n) in counts.end_reasons() {
        text.push_str(&format!("{by_reason}{{reason=\"{what}\"}} {n}\n"));
    }
}

fn lane_metrics(text: &mut String, lanes: &Lanes) {
    let stats = lanes.stats();
    type Row = (&'static str, &'static str, &'static str, fn(&LaneStats) -> u64);
    let rows: [Row; 4] = [
        ("waihu_lane_ticks_total", "Ticks of 20 ms.", "counter", |s| s.ticks),
        ("waihu_lane_late_ticks_total", "Ticks over 2 ms late.", "counter", |s| s.late),
        ("waihu_lane_frames_lost_total", "Frames lost before the recognizer.", "counter", |s| {
            s.frames_lost
        }),
        ("waihu_lane_legs", "Legs on the lane.", "gauge", |s| s.legs),
    ];
    for (name, help, kind, value) in rows {
        head(text, name, help, kind);
        for (lane, s) in stats.iter().enumerate() {
            text.push_str(&format!("{name}{{lane=\"{lane}\"}} {}\n", value(s)));
        }
    }
}

fn trunk_metrics(text: &mut String, sip: &SipTrunks) {
    let trunks = sip.health();
    type Row = (&'static str, &'static str, &'static str, fn(&TrunkHealth) -> Option<u64>);
    let rows: [Row; 4] = [
        ("waihu_trunk_usable", "Whether calls may go over it.", "gauge", |t| {
            Some(u64::from(t.usable))
        }),
        ("waihu_trunk_answers", "Whether it answered last.", "gauge", |t| t.answers.map(u64::from)),
        ("waihu_trunk_registered", "Whether it took our REGISTER.", "gauge", |t| {
            match t.registered {
                Registered::NotWanted => None,
                Registered::No => Some(0),
                Registered::For(_) => Some(1),
            }
        }),
        ("waihu_trunk_failures_total", "Times it could not be reached.", "counter", |t| {
            Some(t.failures)
        }),
    ];
    for (name, help, kind, value) in rows {
        head(text, name, help, kind);
        for t in &trunks {
            if let Some(value) = value(t) {
                let label = t.name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                text.push_str(&format!("{name}{{trunk=\"{label}\"}} {value}\n"));
            }
        }
    }
    let (running, kept) = sip.transactions();
    for (name, help, value) in [
        ("waihu_sip_legs", "Legs that live.", sip.live_legs()),
        ("waihu_sip_transactions", "SIP transactions under way.", running),
        ("waihu_sip_transactions_kept", "Ended ones kept for repeated messages.", kept),
    ] {
        head(text, name, help, "gauge");
        text.push_str(&format!("{name} {value}\n"));
    }
}

/// Whether nothing was heard of a trunk yet.
fn is_unheard(trunk: &TrunkHealth) -> bool {
    let registered = matches!(trunk.registered, Registered::For(_));
    trunk.answers.is_none() && trunk.problem.is_none() && !registered
}

/// How a trunk stands, in words, behind its state.
fn standing(trunk: &TrunkHealth) -> String {
    let registered = match trunk.registered {
        Registered::NotWanted => String::new(),
        Registered::No => ", not registered".to_owned(),
        Registered::For(seconds) => format!(", registered for {seconds} s"),
    };
    let problem = trunk.problem.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{registered}{problem}")
}

fn head(text: &mut String, name: &str, help: &str, kind: &str) {
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn is_local(peer: SocketAddr, headers: &HeaderMap) -> bool {
    is_loopback(peer.ip()) && !FORWARDED.iter().any(|h| headers.contains_key(*h))
}

fn is_loopback(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
    }
}
