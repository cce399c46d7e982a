//! The names and bytes of this dialect: members in their fixed order, display form, money.

use domain::{MicroYuan, Refusal};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The protocol's version. Clients compare it by equality, so no release may change it; it is
/// no setting and unrelated to the version of any crate.
pub const SKILL_VERSION: &str = "1.0.0";

/// What every reply that worked says in `message`.
pub const OK: &str = "ok";

/// A request to call one or more numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct InitiateRequest {
    /// Mainland mobile numbers separated by the ASCII comma, or an array of them.
    #[schema(value_type = String, example = "13800138000,13900139000")]
    pub phones: Vec<String>,
    /// What the call is for, 1 to 20,000 characters; required unless `agent_id` is given.
    #[schema(example = "通知张三，明天上午十点在三号会议室开会")]
    pub user_requirement: Option<String>,
    /// A saved agent; everything but `phones` is then ignored.
    pub agent_id: Option<i64>,
    /// An id of `engine_list`.
    #[schema(example = "stepone-mini")]
    pub model_engine: Option<String>,
    /// An id of `tts_list`.
    #[schema(example = "v0001")]
    pub voice_id: Option<String>,
    /// An emotion of the voice.
    #[schema(example = "neutral")]
    pub emotion: Option<String>,
    /// Loudness, 0–100; 50 is the voice's own.
    pub volume: Option<u8>,
    /// Pace, 0–100; 50 is the voice's own.
    pub speed: Option<u8>,
}

/// A request that names one call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents a body that is read member by member")]
pub struct CallIdRequest {
    /// The id that `initiate_call` returned.
    call_id: String,
}

/// The envelope of every reply that worked, but for `initiate_call` and `skill_version`.
#[derive(Serialize, ToSchema)]
pub struct Reply<T> {
    success: bool,
    message: &'static str,
    data: T,
}

impl<T> Reply<T> {
    /// `data`, wrapped.
    pub fn ok(data: T) -> Self {
        Self { success: true, message: OK, data }
    }
}

/// Calls were accepted.
#[derive(Serialize, ToSchema)]
pub struct InitiateReply {
    success: bool,
    message: &'static str,
    /// The first call.
    call_id: String,
    data: InitiateData,
}

impl InitiateReply {
    /// The reply about `data`, named after its first call.
    pub fn new(data: InitiateData) -> Self {
        Self { success: true, message: OK, call_id: data.provider_call_id.clone(), data }
    }
}

/// What was accepted and what was left out.
#[derive(Serialize, ToSchema)]
pub struct InitiateData {
    /// In the order of `phones`.
    pub call_ids: Vec<String>,
    /// The first call, for clients that look for this name.
    pub provider_call_id: String,
    /// Names all calls of this request.
    pub batch_id: String,
    /// Each call with its number.
    pub calls: Vec<CallOfBatch>,
    /// Numbers that a policy left out.
    pub skipped: Vec<SkippedNumber>,
}

/// One accepted call.
#[derive(Serialize, ToSchema)]
pub struct CallOfBatch {
    /// Its id.
    pub call_id: String,
    /// Its number.
    pub phone: String,
}

/// One number that was left out.
#[derive(Serialize, ToSchema)]
pub struct SkippedNumber {
    /// Which.
    pub phone: String,
    /// Why: `number_blocked`, `callee_limit`, `outside_calling_hours`.
    pub code: &'static str,
}

/// One call, as known now.
#[derive(Serialize, ToSchema)]
pub struct CallInfo {
    /// Its id.
    pub call_id: String,
    /// `queued`, `dialing`, `ringing`, `in_progress`, or how it ended.
    pub status: &'static str,
    /// The one number of this call; empty after erasure.
    pub phones: String,
    /// What was asked for, in display form.
    pub user_requirement: String,
    /// Connected time, rounded up; null before the end.
    pub duration_seconds: Option<u32>,
    /// What was charged, CNY; null before the end.
    #[schema(value_type = Option<f64>)]
    pub cost: Option<Box<RawValue>>,
    /// Whether a charge above zero is in the ledger.
    pub billed: bool,
    /// Whether the callee is the addressee.
    pub identity: &'static str,
    /// Why it ended; null before the end.
    pub end_reason: Option<&'static str>,
    /// When it was accepted, RFC 3339.
    pub created_at: String,
    /// When it was answered.
    pub answered_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Whether the recording can be fetched.
    pub recording_ready: bool,
    /// What was said; absent before the end, always there after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_content: Option<Vec<Utterance>>,
    /// How the network ended it, as `name=value` pairs; null before the end.
    pub provider_response: Option<String>,
}

/// One utterance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Utterance {
    /// `assistant` or `user`.
    pub role: &'static str,
    /// The words, in display form.
    pub content: String,
}

/// What the account has.
#[derive(Serialize, ToSchema)]
pub struct BalanceData {
    /// `available` + `held`.
    #[schema(value_type = f64)]
    pub balance: Box<RawValue>,
    /// What may be spent.
    #[schema(value_type = f64)]
    pub available: Box<RawValue>,
    /// What is reserved for calls.
    #[schema(value_type = f64)]
    pub held: Box<RawValue>,
    /// Always `CNY`.
    pub currency: &'static str,
    /// What a minute costs.
    #[schema(value_type = f64)]
    pub price_per_minute: Box<RawValue>,
}

/// The protocol's version.
#[derive(Serialize, ToSchema)]
pub struct VersionReply {
    /// Compare it by equality.
    pub skill_version: &'static str,
}

/// Every failure.
#[derive(Serialize, ToSchema)]
pub struct FailureReply {
    /// Always false.
    pub success: bool,
    /// For people, at most 200 characters.
    pub message: String,
    /// For programs.
    pub code: &'static str,
    /// Only with `version_mismatch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skill_version: Option<&'static str>,
    /// Only with `version_mismatch`: where to update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_url: Option<String>,
}

/// The bytes of a reply: compact, members in the order of the type, one newline.
pub fn bytes(reply: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = serde_json::to_vec(reply).map_err(|error| {
        tracing::error!(%error, "a reply could not be written");
        Refusal::Internal
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Money as a decimal number with two to six decimals; never by way of a float.
pub fn money(amount: MicroYuan) -> Result<Box<RawValue>, Refusal> {
    RawValue::from_string(amount.to_string()).map_err(|_| Refusal::Internal)
}

/// Display form (specification 4.2): quotes in turn, a wide backslash, one space for each run
/// of control characters and separators, trimmed. The result needs no escape in JSON.
pub fn display_form(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut opening = true;
    let mut in_run = false;
    for c in text.chars() {
        let breaks = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        match c {
            _ if breaks && in_run => {}
            _ if breaks => shown.push(' '),
            '"' => {
                shown.push(if opening { '“' } else { '”' });
                opening = !opening;
            }
            '\\' => shown.push('＼'),
            _ => shown.push(c),
        }
        in_run = breaks;
    }
    shown.trim().to_owned()
}

/// An SSE event, exact to the space.
pub fn event(role: &str, content: &str) -> String {
    format!("data: {{\"role\": \"{role}\", \"content\": \"{content}\"}}\n\n")
}

/// An SSE sign of life.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_form_leaves_nothing_to_escape() {
        for (text, want) in [
            ("", ""),
            ("  a b  ", "a b"),
            (r#"say "hi" and "bye""#, "say “hi” and “bye”"),
            (r#"one " left"#, "one “ left"),
            (r"C:\new", "C:＼new"),
            ("a\r\n\tb\u{7f}\u{85}\u{2028}\u{2029}c", "a b c"),
            ("a\n b", "a  b"),
            ("\n\u{0}", ""),
            ("𠀀 说：\u{1F600}", "𠀀 说：\u{1F600}"),
        ] {
            assert_eq!(display_form(text), want, "{text:?}");
        }
    }

    #[test]
    fn money_is_a_bare_decimal() {
        for (micro, want) in [(300_000, "0.30"), (0, "0.00"), (8_650_001, "8.650001")] {
            let written = bytes(&money(MicroYuan(micro)).unwrap()).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), format!("{want}\n"));
        }
    }

    #[test]
    fn events_have_their_spaces() {
        assert_eq!(event("user", "你好"), "data: {\"role\": \"user\", \"content\": \"你好\"}\n\n");
    }
}
