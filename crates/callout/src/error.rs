//! Refusals as this dialect sends them: the closed table of section 6, and nothing outside it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use domain::Refusal;

use crate::wire::{FailureReply, SKILL_VERSION, bytes, display_form};

/// A refusal on its way out; the router's frame turns it into bytes, because only the frame
/// knows the request's language and number.
#[derive(Clone, Debug)]
pub struct Failure(pub Refusal);

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What a refusal's bytes depend on besides the refusal.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// Whether the client prefers English.
    pub english: bool,
    /// The request's number.
    pub request_id: String,
    /// The protocol it came by.
    pub version: Version,
}

impl Circumstances {
    /// Those of a request with these headers.
    pub fn of(headers: &HeaderMap, version: Version, request_id: String) -> Self {
        let language = headers.get(header::ACCEPT_LANGUAGE);
        let prefix = language.and_then(|l| l.as_bytes().get(..2));
        Self { english: prefix.is_some_and(|p| p.eq_ignore_ascii_case(b"en")), request_id, version }
    }
}

/// One row of the table.
struct Row {
    code: &'static str,
    status: u16,
    zh: &'static str,
    en: &'static str,
}

const fn row(code: &'static str, status: u16, zh: &'static str, en: &'static str) -> Row {
    Row { code, status, zh, en }
}

/// Longest message, in characters.
const MAX_MESSAGE_CHARS: usize = 200;
/// When to come again after a limit whose end is unknown here, s.
const LATER_S: u32 = 600;
/// When to come again after a passing shortage, s.
const SOON_S: u32 = 5;

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("bad_json", 400, "请求体不是有效的 JSON", "body is not valid JSON"),
    row("invalid_request", 400, "参数 {field} 不正确", "field {field} is not valid"),
    row("invalid_phone", 400,
        "第 {n} 个号码不正确，应为 11 位大陆手机号，多个号码用英文逗号分隔",
        "number {n} is not an 11-digit mainland mobile number"),
    row("no_phones", 400, "缺少手机号 phones", "phones is missing"),
    row("too_many_phones", 400, "号码超过上限 {max} 个", "more than {max} numbers"),
    row("requirement_missing", 400,
        "缺少外呼需求 user_requirement", "user_requirement is missing"),
    row("requirement_too_long", 400,
        "外呼需求超过 20000 字", "user_requirement exceeds 20000 characters"),
    row("unknown_option", 400,
        "{field} 的取值不存在，请先查询可用列表", "unknown value for {field}"),
    row("bad_idempotency_key", 400,
        "Idempotency-Key 格式不正确", "Idempotency-Key is malformed"),
    row("unauthorized", 401,
        "API Key 缺失、无效或已吊销", "API key is missing, wrong or revoked"),
    row("insufficient_balance", 402,
        "余额不足：需预留 {hold} 元，可用 {available} 元",
        "balance too low: {hold} CNY needed, {available} CNY available"),
    row("scope_denied", 403,
        "该 API Key 没有 {scope} 权限", "this key lacks the scope {scope}"),
    row("account_suspended", 403, "账号已停用", "account is suspended"),
    row("number_blocked", 403,
        "该号码已拒绝来电或不在允许名单内", "number opted out or is not allowed"),
    row("outside_calling_hours", 403,
        "当前不在允许的呼叫时段", "outside the allowed calling hours"),
    row("content_refused", 403,
        "外呼需求不符合使用规则", "requirement is against the usage rules"),
    row("not_found", 404, "接口不存在", "no such endpoint"),
    row("call_not_found", 404, "未查到该通话记录", "no such call"),
    row("agent_not_found", 404, "智能体不存在", "no such agent"),
    row("method_not_allowed", 405, "请求方法不支持", "method not allowed"),
    row("agent_inactive", 409, "智能体未启用", "agent is not active"),
    row("idempotency_conflict", 409,
        "同一 Idempotency-Key 已用于不同的请求", "Idempotency-Key was used with another request"),
    row("idempotency_in_flight", 409,
        "相同请求正在处理，请稍后重试", "the same request is in progress"),
    row("payload_too_large", 413, "请求体过大", "body is too large"),
    row("version_mismatch", 426,
        "客户端版本与服务端不一致，请更新到 1.0.0",
        "client and server versions differ, update to 1.0.0"),
    row("rate_limited", 429,
        "请求过于频繁，请在 {s} 秒后重试", "too many requests, retry in {s} s"),
    row("callee_limit", 429,
        "该号码的呼叫次数已达上限", "call limit for this number reached"),
    row("key_cap_reached", 429,
        "已达到该 API Key 的限额 {cap}", "cap {cap} of this key reached"),
    row("internal", 500,
        "服务内部错误，请凭请求编号 {id} 联系管理员", "internal failure, request {id}"),
    row("overloaded", 503, "服务繁忙或正在停机，请稍后重试", "server is busy or stopping"),
    row("trunk_unavailable", 503, "线路不可用", "no phone line available"),
];

/// The code of a refusal. What only other bases can meet has none here and is our fault.
pub fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::BadJson => "bad_json",
        Refusal::InvalidRequest { .. } => "invalid_request",
        Refusal::InvalidPhone { .. } => "invalid_phone",
        Refusal::NoPhones => "no_phones",
        Refusal::TooManyPhones { .. } => "too_many_phones",
        Refusal::RequirementMissing => "requirement_missing",
        Refusal::RequirementTooLong => "requirement_too_long",
        Refusal::UnknownOption { .. } => "unknown_option",
        Refusal::BadIdempotencyKey => "bad_idempotency_key",
        Refusal::Unauthorized => "unauthorized",
        Refusal::InsufficientBalance { .. } => "insufficient_balance",
        Refusal::ScopeDenied { .. } => "scope_denied",
        Refusal::AccountSuspended => "account_suspended",
        Refusal::NumberBlocked => "number_blocked",
        Refusal::OutsideCallingHours => "outside_calling_hours",
        Refusal::ContentRefused => "content_refused",
        Refusal::NotFound => "not_found",
        Refusal::CallNotFound => "call_not_found",
        Refusal::AgentNotFound => "agent_not_found",
        Refusal::MethodNotAllowed { .. } => "method_not_allowed",
        Refusal::AgentInactive => "agent_inactive",
        Refusal::IdempotencyConflict => "idempotency_conflict",
        Refusal::IdempotencyInFlight => "idempotency_in_flight",
        Refusal::PayloadTooLarge => "payload_too_large",
        Refusal::VersionMismatch => "version_mismatch",
        Refusal::RateLimited { .. } => "rate_limited",
        Refusal::CalleeLimit => "callee_limit",
        Refusal::KeyCapReached { .. } => "key_cap_reached",
        Refusal::Overloaded => "overloaded",
        Refusal::TrunkUnavailable => "trunk_unavailable",
        Refusal::Internal
        | Refusal::BadCursor
        | Refusal::RecordingMissing
        | Refusal::RecordingPending
        | Refusal::BadRange => "internal",
    }
}

/// The whole reply: status, headers of its own, and exact bytes.
pub fn render(refusal: &Refusal, around: &Circumstances, public_url: &str) -> Response {
    let code = code(refusal);
    let row = TABLE.iter().find(|r| r.code == code).unwrap_or(&INTERNAL);
    let template = if around.english { row.en } else { row.zh };
    let message = display_form(&fill(template, refusal, &around.request_id));
    let mismatch = *refusal == Refusal::VersionMismatch;
    let reply = FailureReply {
        success: false,
        message: message.chars().take(MAX_MESSAGE_CHARS).collect(),
        code: row.code,
        skill_version: mismatch.then_some(SKILL_VERSION),
        update_url: mismatch.then(|| format!("{}/skill", display_form(public_url))),
    };
    let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = bytes(&reply).unwrap_or_default();
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    for (name, value) in own_headers(refusal, around.version) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The row that stands in for a missing one; a test sees to it that none is missing.
const INTERNAL: Row = row("internal", 500, "服务内部错误", "internal failure");

/// `template` with the refusal's own values in its braces.
fn fill(template: &str, refusal: &Refusal, request_id: &str) -> String {
    let put = |name: &str, value: &str| template.replace(name, value);
    match refusal {
        Refusal::InvalidRequest { field } => put("{field}", field),
        Refusal::UnknownOption { field } => put("{field}", field),
        Refusal::InvalidPhone { index } => put("{n}", &index.to_string()),
        Refusal::TooManyPhones { max } => put("{max}", &max.to_string()),
        Refusal::InsufficientBalance { hold, available } => {
            put("{hold}", &hold.to_string()).replace("{available}", &available.to_string())
        }
        Refusal::ScopeDenied { scope } => put("{scope}", scope.word()),
        Refusal::RateLimited { retry_after_s } => put("{s}", &retry_after_s.to_string()),
        Refusal::KeyCapReached { cap } => put("{cap}", cap),
        _ => put("{id}", request_id),
    }
}

fn own_headers(refusal: &Refusal, version: Version) -> Vec<(HeaderName, HeaderValue)> {
    let fixed = HeaderValue::from_static;
    let retry = |s: u32| vec![(header::RETRY_AFTER, HeaderValue::from(s))];
    match refusal {
        Refusal::Unauthorized => vec![(header::WWW_AUTHENTICATE, fixed("Bearer"))],
        Refusal::MethodNotAllowed { allow } => vec![(header::ALLOW, fixed(allow))],
        Refusal::RateLimited { retry_after_s } => retry((*retry_after_s).max(1)),
        Refusal::CalleeLimit | Refusal::KeyCapReached { .. } => retry(LATER_S),
        Refusal::Overloaded | Refusal::TrunkUnavailable | Refusal::IdempotencyInFlight => {
            retry(SOON_S)
        }
        // Both are connection headers, which HTTP/2 forbids (RFC 9113 section 8.2.2).
        Refusal::VersionMismatch if version <= Version::HTTP_11 => {
            vec![(header::UPGRADE, fixed("x-skill/1.0.0")), (header::CONNECTION, fixed("Upgrade"))]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use domain::{MicroYuan, Scope};

    use super::*;

    /// One of each, with values where there are any.
    fn every_refusal() -> Vec<Refusal> {
        let field = "f".to_owned();
        let (hold, available) = (MicroYuan(1), MicroYuan(2));
        vec![
            Refusal::BadJson,
            Refusal::InvalidRequest { field },
            Refusal::InvalidPhone { index: 1 },
            Refusal::NoPhones,
            Refusal::TooManyPhones { max: 1 },
            Refusal::RequirementMissing,
            Refusal::RequirementTooLong,
            Refusal::UnknownOption { field: "f" },
            Refusal::BadIdempotencyKey,
            Refusal::Unauthorized,
            Refusal::InsufficientBalance { hold, available },
            Refusal::ScopeDenied { scope: Scope::CallsRead },
            Refusal::AccountSuspended,
            Refusal::NumberBlocked,
            Refusal::OutsideCallingHours,
            Refusal::ContentRefused,
            Refusal::NotFound,
            Refusal::CallNotFound,
            Refusal::AgentNotFound,
            Refusal::MethodNotAllowed { allow: "GET" },
            Refusal::AgentInactive,
            Refusal::IdempotencyConflict,
            Refusal::IdempotencyInFlight,
            Refusal::PayloadTooLarge,
            Refusal::VersionMismatch,
            Refusal::RateLimited { retry_after_s: 1 },
            Refusal::CalleeLimit,
            Refusal::KeyCapReached { cap: "c" },
            Refusal::Internal,
            Refusal::Overloaded,
            Refusal::TrunkUnavailable,
        ]
    }

    #[test]
    fn the_table_has_one_row_for_each_refusal_and_no_brace_stays() {
        let refusals = every_refusal();
        assert_eq!(refusals.len(), TABLE.len());
        for (refusal, row) in refusals.iter().zip(TABLE) {
            assert_eq!(code(refusal), row.code, "order of the specification");
            for template in [row.zh, row.en] {
                let text = fill(template, refusal, "id");
                assert!(!text.contains('{'), "{text}");
                assert!(text.chars().count() <= MAX_MESSAGE_CHARS);
            }
        }
    }

    #[test]
    fn connection_headers_stay_out_of_http2() {
        let names = |version| own_headers(&Refusal::VersionMismatch, version).len();
        assert_eq!(names(Version::HTTP_11), 2);
        assert_eq!(names(Version::HTTP_2), 0);
    }
}
