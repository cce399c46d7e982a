//! From bytes to `domain` values, once, at the door; and from records to what clients read.

use std::collections::HashSet;

use domain::{
    CallRecord, CallRequest, Language, Line, Masked, MicroYuan, PhoneNumber, Refusal, Speaker,
    Surface, Task, Terms, VoiceChoice, WallTime,
};
use engine::ports::records::Balance;
use engine::ports::synthesizer::{NEUTRAL, VoiceInfo};
use engine::{Catalogue, PlaceOrder, Placed};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::error;
use crate::wire::{
    BalanceData, CallInfo, CallOfBatch, InitiateData, InitiateRequest, SkippedNumber, Utterance,
    display_form, money,
};

/// Longest requirement, in Unicode scalar values after trimming.
const MAX_REQUIREMENT_CHARS: usize = 20_000;
/// Longest name of an option.
const MAX_OPTION_CHARS: usize = 100;
/// The id under which published samples name the default model.
const DEFAULT_MODEL: &str = "stepone-mini";
/// The id under which published samples name the default voice.
const DEFAULT_VOICE: &str = "v0001";
/// Middle of the scales of loudness and pace: the voice's own.
const MIDDLE: u8 = 50;

/// The members of a body; whatever its `Content-Type` says.
pub fn members(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(invalid("body")),
        Err(_) => Err(Refusal::BadJson),
    }
}

/// The call that a body names. What is no id of ours names no call.
pub fn call_id(members: &Map<String, Value>) -> Result<&str, Refusal> {
    members.get("call_id").and_then(Value::as_str).ok_or_else(|| invalid("call_id"))
}

/// The types and ranges of `initiate_call`. With an agent only `phones` counts, so that the
/// other members may hold anything.
pub fn initiate_request(members: &Map<String, Value>) -> Result<InitiateRequest, Refusal> {
    let fields = Fields(members);
    let phones = fields.phones()?;
    let agent_id = fields.positive("agent_id")?;
    if agent_id.is_some() {
        return Ok(InitiateRequest { phones, agent_id, ..InitiateRequest::default() });
    }
    Ok(InitiateRequest {
        phones,
        agent_id,
        user_requirement: fields.text("user_requirement")?.map(str::to_owned),
        model_engine: fields.option("model_engine")?,
        voice_id: fields.option("voice_id")?,
        emotion: fields.option("emotion")?,
        volume: fields.percent("volume")?,
        speed: fields.percent("speed")?,
    })
}

/// The key that shall make a request happen once, if one is shown: 8–128 characters of
/// `A-Za-z0-9._:-`, the same in each header that shows it (callout section 9).
pub fn idempotency_key<'a>(
    shown: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<String>, Refusal> {
    let mut found: Option<&[u8]> = None;
    for key in shown {
        let good = (8..=128).contains(&key.len())
            && key.iter().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(b));
        if !good || *found.get_or_insert(key) != key {
            return Err(Refusal::BadIdempotencyKey);
        }
    }
    Ok(found.map(|key| String::from_utf8_lossy(key).into_owned()))
}

/// Digest of a request's value: the order of members and the spacing do not count.
pub fn digest(members: &Map<String, Value>) -> Vec<u8> {
    let mut value = Value::Object(members.clone());
    value.sort_all_objects();
    Sha256::digest(value.to_string()).to_vec()
}

/// What the engine is asked for: one request per number, each with the choices of the whole.
pub fn place_order(
    request: &InitiateRequest,
    catalogue: &Catalogue,
    max_phones: u32,
) -> Result<PlaceOrder, Refusal> {
    let targets = targets(&request.phones, catalogue, max_phones)?;
    if request.agent_id.is_some() {
        return Err(Refusal::AgentNotFound);
    }
    let requirement = requirement(request)?;
    let language = Language::of_text(requirement);
    let voice = voice_choice(request, language, catalogue)?;
    let mut turn = catalogue.turn;
    turn.language = language;
    let requests = targets.into_iter().map(|target| CallRequest {
        target,
        task: Task::Requirement(Masked::new(requirement.to_owned())),
        alias: None,
        terms: Terms {
            agent: None,
            voice: voice.clone(),
            turn,
            limits: catalogue.limits,
            record: catalogue.recording,
        },
    });
    Ok(PlaceOrder { surface: Surface::Callout, requests: requests.collect(), once: None })
}

/// What `initiate_call` answers.
pub fn initiate_data(placed: &Placed) -> Result<InitiateData, Refusal> {
    let ids: Vec<String> = placed.calls.iter().map(|c| c.call.to_string()).collect();
    let first = ids.first().ok_or(Refusal::Internal)?.clone();
    let calls = placed.calls.iter().map(|c| CallOfBatch {
        call_id: c.call.to_string(),
        phone: display_form(c.phone.reveal()),
    });
    let skipped = placed.skipped.iter().map(|s| SkippedNumber {
        phone: display_form(s.phone.reveal()),
        code: error::code(&s.why),
    });
    Ok(InitiateData {
        call_ids: ids,
        provider_call_id: first,
        batch_id: placed.batch.to_string(),
        calls: calls.collect(),
        skipped: skipped.collect(),
    })
}

/// What `search_callinfo` answers.
pub fn call_info(record: &CallRecord) -> Result<CallInfo, Refusal> {
    let ended = record.is_ended();
    let phone = record.target.as_ref().map(PhoneNumber::reveal);
    Ok(CallInfo {
        call_id: record.call.to_string(),
        status: record.status.word(),
        phones: display_form(phone.unwrap_or_default()),
        user_requirement: display_form(record.task.requirement().reveal()),
        duration_seconds: record.duration_s,
        cost: record.charge.map(money).transpose()?,
        billed: record.is_billed(),
        identity: record.identity.word(),
        end_reason: record.reason.map(|r| r.what.word()),
        created_at: record.created_at.to_string(),
        answered_at: time(record.milestones.answered_at),
        ended_at: time(record.milestones.ended_at),
        recording_ready: record.recording.is_some(),
        call_content: ended.then(|| record.lines.iter().filter_map(line).collect()),
        provider_response: record.network_end(),
    })
}

/// What `balance` answers.
pub fn balance_data(balance: Balance, catalogue: &Catalogue) -> Result<BalanceData, Refusal> {
    let total = balance.available.checked_add(balance.held);
    Ok(BalanceData {
        balance: money(total.ok_or(Refusal::Internal)?)?,
        available: money(balance.available)?,
        held: money(balance.held)?,
        currency: "CNY",
        price_per_minute: money(MicroYuan(catalogue.price.micro_yuan_per_minute))?,
    })
}

/// An utterance as shown; `None` for one without words, in transcript and stream alike.
pub fn utterance(speaker: Speaker, text: &str) -> Option<Utterance> {
    let content = display_form(text);
    let role = match speaker {
        Speaker::Assistant => "assistant",
        Speaker::User => "user",
    };
    (!content.is_empty()).then_some(Utterance { role, content })
}

fn line(line: &Line) -> Option<Utterance> {
    utterance(line.speaker, &line.text)
}

fn time(at: Option<WallTime>) -> Option<String> {
    at.map(|t| t.to_string())
}

/// The numbers to call: in order, each once, all of them valid.
fn targets(
    entries: &[String],
    catalogue: &Catalogue,
    max_phones: u32,
) -> Result<Vec<PhoneNumber>, Refusal> {
    let mut seen = HashSet::new();
    let mut numbers = Vec::new();
    let filled = entries.iter().filter(|e| !e.trim().is_empty());
    for (i, entry) in filled.enumerate() {
        let number = catalogue.numbers.parse(entry);
        let number = number.map_err(|_| Refusal::InvalidPhone { index: i + 1 })?;
        if seen.insert(number.clone()) {
            numbers.push(number);
        }
    }
    if numbers.is_empty() {
        return Err(Refusal::NoPhones);
    }
    if numbers.len() > max_phones as usize {
        return Err(Refusal::TooManyPhones { max: max_phones });
    }
    Ok(numbers)
}

/// The requirement as sent; its length is judged after trimming.
fn requirement(request: &InitiateRequest) -> Result<&str, Refusal> {
    let text = request.user_requirement.as_deref().unwrap_or_default();
    match text.trim().chars().count() {
        0 => Err(Refusal::RequirementMissing),
        n if n > MAX_REQUIREMENT_CHARS => Err(Refusal::RequirementTooLong),
        _ => Ok(text),
    }
}

fn voice_choice(
    request: &InitiateRequest,
    language: Language,
    catalogue: &Catalogue,
) -> Result<VoiceChoice, Refusal> {
    let models = &catalogue.models;
    let model = match request.model_engine.as_deref() {
        None => models.first(),
        Some(id) => models
            .iter()
            .find(|m| m.id == id)
            .or_else(|| models.first().filter(|_| id == DEFAULT_MODEL)),
    };
    let field = "model_engine";
    let model = model.ok_or(Refusal::UnknownOption { field })?;
    let voice = voice(request.voice_id.as_deref(), language, catalogue)?;
    let emotion = request.emotion.as_deref().unwrap_or(NEUTRAL);
    if !voice.chosen.has(emotion) {
        return Err(Refusal::UnknownOption { field: "emotion" });
    }
    // A voice that stands in for the chosen one may know fewer emotions.
    let emotion = if voice.speaks.has(emotion) { emotion } else { NEUTRAL };
    Ok(VoiceChoice {
        model: model.id.clone(),
        voice: voice.speaks.id.clone(),
        emotion: emotion.to_owned(),
        volume: request.volume.unwrap_or(MIDDLE),
        speed: request.speed.unwrap_or(MIDDLE),
    })
}

/// The voice a customer named, and the one that speaks the call's language for it.
struct Voice<'a> {
    chosen: &'a VoiceInfo,
    speaks: &'a VoiceInfo,
}

/// The named voice if it speaks the call's language, else that language's default. What a
/// request without a voice chooses is the default, too.
fn voice<'a>(
    id: Option<&str>,
    language: Language,
    catalogue: &'a Catalogue,
) -> Result<Voice<'a>, Refusal> {
    let voices = &catalogue.voices;
    let named = voices.iter().find(|v| Some(v.id.as_str()) == id);
    if named.is_none() && id.is_some_and(|id| id != DEFAULT_VOICE) {
        return Err(Refusal::UnknownOption { field: "voice_id" });
    }
    let default = || voices.iter().find(|v| v.language == language).or(voices.first());
    let speaks = named.filter(|v| v.language == language).or_else(default);
    let speaks = speaks.ok_or(Refusal::Internal)?;
    Ok(Voice { chosen: named.unwrap_or(speaks), speaks })
}

fn invalid(field: &str) -> Refusal {
    Refusal::InvalidRequest { field: field.to_owned() }
}

/// Reads members by type; JSON's `null` counts as absent.
struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|v| !v.is_null())
    }

    /// Entries of a list with commas, or of an array, whose elements are not split again.
    fn phones(&self) -> Result<Vec<String>, Refusal> {
        match self.get("phones") {
            None => Ok(Vec::new()),
            Some(Value::String(list)) => Ok(list.split(',').map(str::to_owned).collect()),
            Some(Value::Array(entries)) => entries
                .iter()
                .map(|e| e.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| invalid("phones")),
            Some(_) => Err(invalid("phones")),
        }
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, Refusal> {
        let value = self.get(name);
        value.map(|v| v.as_str().ok_or_else(|| invalid(name))).transpose()
    }

    fn option(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.text(name)? {
            Some(t) if t.is_empty() || t.chars().count() > MAX_OPTION_CHARS => Err(invalid(name)),
            other => Ok(other.map(str::to_owned)),
        }
    }

    fn positive(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.number(name, 1..=i64::MAX)
    }

    fn percent(&self, name: &str) -> Result<Option<u8>, Refusal> {
        let number = self.number(name, 0..=100)?;
        Ok(number.and_then(|n| u8::try_from(n).ok()))
    }

    fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Refusal> {
        let number = |v: &Value| v.as_i64().filter(|n| range.contains(n));
        let value = self.get(name);
        value.map(|v| number(v).ok_or_else(|| invalid(name))).transpose()
    }
}
