//! One call as `search_callinfo` tells it, and the human form of it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{Api, ask, read};
use super::failure::Failure;
use super::output::{RULE, plain};

/// The members of a record that are shown or decide what to do.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    call_id: String,
    status: String,
    #[serde(default)]
    phones: String,
    #[serde(default)]
    user_requirement: String,
    #[serde(default)]
    duration_seconds: Option<u64>,
    /// As the server wrote it: money is no floating-point number.
    #[serde(default)]
    cost: Option<Box<RawValue>>,
    #[serde(default)]
    identity: Option<String>,
    #[serde(default)]
    end_reason: Option<String>,
    #[serde(default)]
    call_content: Vec<Utterance>,
}

/// One utterance.
#[derive(Debug, Deserialize)]
pub(crate) struct Utterance {
    /// `assistant`, `user`; in a stream also `system`.
    pub(crate) role: String,
    /// The words.
    pub(crate) content: String,
}

/// A record and the reply it came in.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) record: Record,
    pub(crate) body: Vec<u8>,
}

#[derive(Deserialize)]
struct Envelope {
    data: Record,
}

/// Asks the server for one record, once.
pub(crate) async fn search(api: &Api, call_id: &str) -> Result<Found, Failure> {
    let question = serde_json::json!({ "call_id": call_id });
    let body = ask(api.callinfo("search_callinfo", &question)).await?;
    Found::read(body)
}

impl Found {
    /// The record in a reply.
    pub(crate) fn read(body: Vec<u8>) -> Result<Self, Failure> {
        let envelope: Envelope = read(&body)?;
        Ok(Self { record: envelope.data, body })
    }
}

impl Record {
    /// `queued`, `dialing`, `ringing`, `in_progress`, or how it ended.
    pub(crate) fn status(&self) -> &str {
        &self.status
    }

    /// Whether the call is over.
    pub(crate) fn ended(&self) -> bool {
        !matches!(self.status.as_str(), "queued" | "dialing" | "ringing" | "in_progress")
    }

    /// The human form.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("📱 Call record\n{RULE}\n");
        let reason = self.end_reason.as_deref().map(|r| format!(" ({r})")).unwrap_or_default();
        let status = format!("{}{reason}", self.status);
        for (name, value) in [
            ("Call ID", self.call_id.as_str()),
            ("Phone", &self.phones),
            ("Task", &self.user_requirement),
            ("Status", &status),
            ("Identity", self.identity.as_deref().unwrap_or("-")),
        ] {
            text.push_str(&format!("{name}: {}\n", plain(value)));
        }
        if self.ended() {
            let cost = self.cost.as_ref().map_or("0.00", |cost| cost.get());
            let seconds = self.duration_seconds.unwrap_or(0);
            text.push_str(&format!("Duration: {seconds}s\nCost: ¥{}\n{RULE}\n", plain(cost)));
            text.extend(self.call_content.iter().filter_map(Utterance::line));
        }
        text
    }
}

impl Utterance {
    /// The line of human output; roles that nobody speaks in have none.
    pub(crate) fn line(&self) -> Option<String> {
        let who = match self.role.as_str() {
            "assistant" => "🤖 AI",
            "user" => "👤 User",
            _ => return None,
        };
        Some(format!("{who}: {}\n", plain(&self.content)))
    }
}
