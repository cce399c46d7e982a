//! The list of calls: filters, and pages that new calls neither shift nor repeat.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use domain::{CallId, CallStatus, Identity, Refusal, Scope, Surface, WallTime};
use engine::ports::records::CallFilter;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::access;
use crate::frame::Desk;
use crate::problem::{Failure, Problem};
use crate::wire::{CallPage, CallSummary};

/// Calls on a page unless asked otherwise.
const DEFAULT_LIMIT: u32 = 50;
/// Most calls on a page.
const MAX_LIMIT: u32 = 200;

/// Which calls to list; all filters must hold.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents a query that is read pair by pair")]
struct ListQuery {
    /// Any of these, separated by commas or repeated.
    #[param(example = "completed,no_answer")]
    status: Option<String>,
    /// This number.
    phone: Option<String>,
    /// The calls of one request.
    batch_id: Option<String>,
    /// Calls of this agent.
    agent_id: Option<i64>,
    /// This identity.
    identity: Option<String>,
    /// Through this door: `callout`, `smartcall`, `realtime`.
    surface: Option<String>,
    /// `phone` (default) or `web`.
    kind: Option<String>,
    /// Created after this moment, RFC 3339.
    created_after: Option<String>,
    /// Created before this moment, RFC 3339.
    created_before: Option<String>,
    /// 1–200, default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Calls of the account, newest first.
#[utoipa::path(
    get, path = "/v1/calls", tag = "calls",
    params(ListQuery),
    responses(
        (status = 200, description = "A page", body = CallPage),
        (status = "4XX", description = "Refused", body = Problem,
            content_type = "application/problem+json")
    ),
    security(("api_key" = []), ("bearer" = []))
)]
pub async fn list(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<CallPage>, Failure> {
    let calls = &*desk.calls;
    let who = access::enter(calls, &headers, Scope::CallsRead).await?;
    let Query(pairs) = query.map_err(|_| invalid("query"))?;
    let Some(mut filter) = filter(&pairs)? else {
        return Ok(Json(page(&[], 0)?));
    };
    // One more than asked for tells whether there is a next page.
    let limit = filter.limit;
    filter.limit = limit + 1;
    let records = calls.list(&who, filter).await?;
    Ok(Json(page(&records, limit as usize)?))
}

fn page(records: &[domain::CallRecord], limit: usize) -> Result<CallPage, Refusal> {
    let shown = &records[..records.len().min(limit)];
    let has_more = records.len() > limit;
    let last = shown.last().filter(|_| has_more);
    Ok(CallPage {
        items: shown.iter().map(CallSummary::of).collect::<Result<_, _>>()?,
        has_more,
        next_cursor: last.map(|r| write_cursor(r.call)),
    })
}

/// What the query asks for; `None` if nothing can match (no call is of kind `web` yet).
fn filter(pairs: &[(String, String)]) -> Result<Option<CallFilter>, Refusal> {
    let mut filter = CallFilter { limit: DEFAULT_LIMIT, ..CallFilter::default() };
    let mut web = false;
    for (name, value) in pairs {
        let bad = || invalid(name);
        match name.as_str() {
            "status" => {
                for word in value.split(',').map(str::trim).filter(|w| !w.is_empty()) {
                    let status = CallStatus::from_word(word).ok_or_else(bad)?;
                    if !filter.statuses.contains(&status) {
                        filter.statuses.push(status);
                    }
                }
            }
            "phone" => filter.phone = Some(phone(value)),
            "batch_id" => filter.batch = Some(value.clone()),
            "agent_id" => filter.agent = Some(value.parse().map_err(|_| bad())?),
            "identity" => filter.identity = Some(Identity::from_word(value).ok_or_else(bad)?),
            "surface" => filter.surface = Some(surface(value).ok_or_else(bad)?),
            "kind" => web = matches!(value.as_str(), "web") || bad_unless(value == "phone", bad)?,
            "created_after" => filter.created_after = Some(moment(value).ok_or_else(bad)?),
            "created_before" => filter.created_before = Some(moment(value).ok_or_else(bad)?),
            "limit" => {
                let limit = value.parse().ok();
                filter.limit = limit.filter(|l| (1..=MAX_LIMIT).contains(l)).ok_or_else(bad)?;
            }
            "cursor" => filter.before = Some(read_cursor(value).ok_or(Refusal::BadCursor)?),
            _ => {}
        }
    }
    Ok((!web).then_some(filter))
}

fn bad_unless(ok: bool, bad: impl Fn() -> Refusal) -> Result<bool, Refusal> {
    if ok { Ok(false) } else { Err(bad()) }
}

fn invalid(field: &str) -> Refusal {
    Refusal::InvalidRequest { field: field.to_owned() }
}

/// A number is stored without its country code.
fn phone(value: &str) -> String {
    let value = value.trim();
    value.strip_prefix("+86").unwrap_or(value).to_owned()
}

fn surface(word: &str) -> Option<Surface> {
    let all = [Surface::Callout, Surface::Smartcall, Surface::Realtime];
    all.into_iter().find(|s| s.word() == word)
}

fn moment(text: &str) -> Option<WallTime> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(WallTime(time.as_millisecond()))
}

/// A cursor is the last call of a page with a check against typing and truncation; clients have
/// no business in it.
fn write_cursor(last: CallId) -> String {
    let mut cursor = String::new();
    let digest = Sha256::digest(last.as_bytes());
    for byte in digest.iter().take(4).chain(last.as_bytes()) {
        let _ = write!(cursor, "{byte:02x}");
    }
    cursor
}

fn read_cursor(text: &str) -> Option<CallId> {
    if text.len() != 40 || !text.is_ascii() {
        return None;
    }
    let id = &text[8..];
    let parts = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]];
    let id: CallId = parts.join("-").parse().ok()?;
    (write_cursor(id) == text).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(query: &[(&str, &str)]) -> Result<Option<CallFilter>, Refusal> {
        let pairs: Vec<_> = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        filter(&pairs)
    }

    #[test]
    fn cursors_read_back_and_nothing_else_does() {
        let id = CallId::from_parts(1_700_000_000_000, [7; 10]);
        let cursor = write_cursor(id);
        assert_eq!(read_cursor(&cursor), Some(id));
        let mut swapped = cursor.clone();
        swapped.replace_range(39..40, if cursor.ends_with('0') { "1" } else { "0" });
        for bad in ["", "x", &cursor[..39], &cursor.to_uppercase(), &swapped, "é"] {
            assert_eq!(read_cursor(bad), None, "{bad}");
        }
    }

    #[test]
    fn filters_are_read_by_name() {
        let got = ask(&[
            ("status", "completed, busy"),
            ("status", "failed,busy"),
            ("phone", "+8613800138000"),
            ("identity", "third_party"),
            ("surface", "callout"),
            ("created_after", "2026-01-31T08:00:00Z"),
            ("created_before", "2026-01-31T16:00:00.250+08:00"),
            ("limit", "200"),
            ("unknown", "x"),
        ]);
        let want = CallFilter {
            statuses: vec![CallStatus::Completed, CallStatus::Busy, CallStatus::Failed],
            phone: Some("13800138000".into()),
            identity: Some(Identity::ThirdParty),
            surface: Some(Surface::Callout),
            created_after: Some(WallTime(1_769_846_400_000)),
            created_before: Some(WallTime(1_769_846_400_250)),
            limit: 200,
            ..CallFilter::default()
        };
        assert_eq!(got, Ok(Some(want)));
        assert_eq!(ask(&[("kind", "web")]), Ok(None));
        assert_eq!(ask(&[]).unwrap().unwrap().limit, DEFAULT_LIMIT);
    }

    #[test]
    fn bad_values_name_their_parameter() {
        for (name, value) in [
            ("status", "done"),
            ("agent_id", "x"),
            ("identity", "me"),
            ("surface", "phone"),
            ("kind", "fax"),
            ("created_after", "yesterday"),
            ("created_before", "1769846400"),
            ("limit", "0"),
            ("limit", "201"),
            ("limit", "-1"),
        ] {
            assert_eq!(ask(&[(name, value)]), Err(invalid(name)), "{name}={value}");
        }
        assert_eq!(ask(&[("cursor", "x")]), Err(Refusal::BadCursor));
    }
}
