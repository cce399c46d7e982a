//! Calls and events as rows: facts in one column, what can be erased in another.

use std::mem;

use domain::{CallId, CallRecord, Envelope, PhoneNumber, Task, Texts, WallTime};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::unit::UnitError;

/// What was said and named in a record.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct RecordTexts {
    target: Option<PhoneNumber>,
    requirement: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    order: String,
    /// Texts of the record's lines, in their order.
    lines: Vec<String>,
}

impl RecordTexts {
    fn is_empty(&self) -> bool {
        self.target.is_none()
            && self.requirement.is_empty()
            && self.order.is_empty()
            && self.lines.iter().all(String::is_empty)
    }
}

/// A record's facts and texts, each as JSON.
fn split(record: &CallRecord) -> Result<(String, Option<String>), serde_json::Error> {
    let mut facts = record.clone();
    let (requirement, order) = match mem::take(&mut facts.task) {
        Task::Requirement(text) => (text.into_inner(), String::new()),
        Task::Directed { order, .. } => (String::new(), order.into_inner()),
    };
    let texts = RecordTexts {
        target: facts.target.take(),
        requirement,
        order,
        lines: facts.lines.iter_mut().map(|l| mem::take(&mut l.text)).collect(),
    };
    let kept = match texts.is_empty() {
        true => None,
        false => Some(serde_json::to_string(&texts)?),
    };
    Ok((serde_json::to_string(&facts)?, kept))
}

fn join(facts: &str, texts: Option<&str>) -> Result<CallRecord, serde_json::Error> {
    let mut record: CallRecord = serde_json::from_str(facts)?;
    let texts: RecordTexts = texts.map(serde_json::from_str).transpose()?.unwrap_or_default();
    record.target = texts.target;
    let words = Texts {
        requirement: Some(texts.requirement),
        order: Some(texts.order),
        ..Texts::default()
    };
    record.task = Task::of(record.accepted.directed_by.clone(), &words);
    for (line, text) in record.lines.iter_mut().zip(texts.lines) {
        line.text = text;
    }
    Ok(record)
}

/// Reads a row of `facts, texts`.
pub(crate) fn record(row: &AnyRow) -> Result<CallRecord, UnitError> {
    let facts: String = row.try_get(0)?;
    let texts: Option<String> = row.try_get(1)?;
    Ok(join(&facts, texts.as_deref())?)
}

pub(crate) async fn load(
    conn: &mut AnyConnection,
    call: CallId,
) -> Result<Option<CallRecord>, UnitError> {
    let row = sqlx::query("SELECT facts, texts FROM calls WHERE id = $1")
        .bind(call.as_bytes().as_slice())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(record).transpose()
}

/// Writes a call's row: makes it, or brings up to date what can change.
pub(crate) async fn save(conn: &mut AnyConnection, record: &CallRecord) -> Result<(), UnitError> {
    let (facts, texts) = split(record)?;
    let accepted = &record.accepted;
    sqlx::query(
        "INSERT INTO calls (id, account, surface, batch, agent, created_at, status, identity, \
         ended, simulated, dialed_at, held, last_seq, phone, facts, texts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, identity = excluded.identity, \
         ended = excluded.ended, simulated = excluded.simulated, \
         dialed_at = COALESCE(excluded.dialed_at, calls.dialed_at), held = excluded.held, \
         last_seq = excluded.last_seq, phone = excluded.phone, facts = excluded.facts, \
         texts = excluded.texts",
    )
    .bind(record.call.as_bytes().as_slice())
    .bind(accepted.account.0)
    .bind(accepted.surface.word())
    .bind(accepted.batch.to_string())
    .bind(accepted.terms.agent)
    .bind(record.created_at.0)
    .bind(record.status.word())
    .bind(record.identity.word())
    .bind(i64::from(record.is_ended()))
    .bind(i64::from(record.simulated))
    .bind(record.milestones.dialed_at.map(|t| t.0))
    .bind(record.held.0)
    .bind(number(record.last_seq))
    .bind(record.target.as_ref().map(PhoneNumber::reveal))
    .bind(facts)
    .bind(texts)
    .execute(conn)
    .await?;
    Ok(())
}

/// Events that one statement inserts at most: seven values each, and few enough different
/// statements that a connection keeps them all prepared.
const EVENTS: usize = 12;

/// Appends events to a call's journal.
pub(crate) async fn insert_events(
    conn: &mut AnyConnection,
    events: &[&Envelope],
) -> Result<(), UnitError> {
    for events in events.chunks(EVENTS) {
        let sql = rows(
            "INSERT INTO events (call_id, seq, at, media_ms, v, event, texts)",
            7,
            events.len(),
        );
        let mut insert = sqlx::query(AssertSqlSafe(sql));
        for e in events {
            let texts = match e.texts.is_empty() {
                true => None,
                false => Some(serde_json::to_string(&e.texts)?),
            };
            insert = insert
                .bind(e.call.as_bytes().as_slice())
                .bind(number(e.seq))
                .bind(e.at.0)
                .bind(e.media_ms.map(number))
                .bind(i64::from(e.v))
                .bind(serde_json::to_string(&e.event)?)
                .bind(texts);
        }
        insert.execute(&mut *conn).await?;
    }
    Ok(())
}

/// An insertion of several rows: `head`, then places for `columns` values in each of `rows`.
pub(crate) fn rows(head: &str, columns: usize, rows: usize) -> String {
    let row = |n: usize| {
        let places: Vec<String> = (1..=columns).map(|c| format!("${}", n * columns + c)).collect();
        format!("({})", places.join(", "))
    };
    let all: Vec<String> = (0..rows).map(row).collect();
    format!("{head} VALUES {}", all.join(", "))
}

/// Reads a row of `seq, at, media_ms, v, event, texts`.
pub(crate) fn event(call: CallId, row: &AnyRow) -> Result<Envelope, UnitError> {
    let event: String = row.try_get(4)?;
    let texts: Option<String> = row.try_get(5)?;
    Ok(Envelope {
        call,
        seq: row.try_get::<i64, _>(0)?.unsigned_abs(),
        at: WallTime(row.try_get(1)?),
        media_ms: row.try_get::<Option<i64>, _>(2)?.map(i64::unsigned_abs),
        v: u8::try_from(row.try_get::<i64, _>(3)?).unwrap_or(u8::MAX),
        event: serde_json::from_str(&event)?,
        texts: match texts {
            Some(texts) => serde_json::from_str(&texts)?,
            None => domain::Texts::default(),
        },
    })
}

/// Empties the erasable column of a call's whole journal.
pub(crate) async fn erase_events(conn: &mut AnyConnection, call: CallId) -> Result<(), UnitError> {
    sqlx::query("UPDATE events SET texts = NULL WHERE call_id = $1")
        .bind(call.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

/// A stored reply; both columns or none.
pub(crate) fn reply(status: Option<i64>, body: Option<Vec<u8>>) -> Option<(u16, Vec<u8>)> {
    Some((u16::try_from(status?).ok()?, body?))
}

/// A count as the databases know it; what does not fit was never counted.
pub(crate) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_through_all_rows() {
        assert_eq!(rows("INSERT INTO t (a)", 1, 1), "INSERT INTO t (a) VALUES ($1)");
        assert_eq!(rows("I", 2, 3), "I VALUES ($1, $2), ($3, $4), ($5, $6)");
    }
}
