//! One unit of work against an open transaction: claims, money, events with records, opt-outs.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::{CallId, CallRecord, Envelope, Event, WallTime};
use engine::ports::records::{Batch, Claim, CommitError, OptOut};
use sqlx::{AnyConnection, Row};

use crate::row;
use crate::writer::Work;
use crate::{directory, money, sweep};

/// Why a unit was not done.
#[derive(Debug)]
pub(crate) enum UnitError {
    Refused(CommitError),
    Database(sqlx::Error),
}

impl UnitError {
    pub(crate) fn duplicate(what: impl Into<String>) -> Self {
        UnitError::Refused(CommitError::Duplicate { what: what.into() })
    }
    pub(crate) fn unavailable(cause: impl Into<String>) -> Self {
        let cause = cause.into();
        UnitError::Refused(CommitError::Unavailable { cause })
    }
    pub(crate) fn into_refusal(self) -> CommitError {
        match self {
            UnitError::Refused(e) => e,
            UnitError::Database(e) => CommitError::Unavailable { cause: e.to_string() },
        }
    }
}

impl From<sqlx::Error> for UnitError {
    fn from(e: sqlx::Error) -> Self {
        UnitError::Database(e)
    }
}

impl From<serde_json::Error> for UnitError {
    fn from(e: serde_json::Error) -> Self {
        // Its own words may quote what was said.
        let (kind, column) = (e.classify(), e.column());
        UnitError::unavailable(format!("a JSON column is not as expected: {kind:?} at {column}"))
    }
}

/// Does `work`; the number of what was made, or zero.
pub(crate) async fn perform(conn: &mut AnyConnection, work: &Work) -> Result<i64, UnitError> {
    match work {
        Work::Batch(batch) => perform_batch(conn, batch).await.map(|()| 0),
        Work::AddAccount { login, at } => directory::insert_account(conn, login, *at).await,
        Work::AddKey(key) => directory::insert_key(conn, key).await,
        Work::Sweep { now } => sweep::claims(conn, *now).await,
    }
}

/// Claims come first: a repeated request is to get its stored reply, whatever else has changed
/// since.
async fn perform_batch(conn: &mut AnyConnection, batch: &Batch) -> Result<(), UnitError> {
    // The engine's own time, where the batch has one, so that a simulated clock decides.
    let at = batch.events.first().map_or_else(wall_clock, |e| e.at);
    for claim in &batch.claims {
        take_claim(conn, claim, at).await?;
    }
    money::post(conn, &batch.transactions, at).await?;
    append(conn, &batch.events).await?;
    for opt_out in &batch.opt_outs {
        block(conn, opt_out).await?;
    }
    Ok(())
}

/// Takes a name; one that has expired is free again.
async fn take_claim(
    conn: &mut AnyConnection,
    claim: &Claim,
    at: WallTime,
) -> Result<(), UnitError> {
    let (status, body) = match &claim.reply {
        Some((status, body)) => (Some(i64::from(*status)), Some(body.as_slice())),
        None => (None, None),
    };
    let taken = sqlx::query(
        "INSERT INTO claims (kind, account, name, digest, reply_status, reply_body, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, account, name) DO UPDATE SET \
         digest = excluded.digest, reply_status = excluded.reply_status, \
         reply_body = excluded.reply_body, expires_at = excluded.expires_at \
         WHERE claims.expires_at <= $8",
    )
    .bind(claim.kind)
    .bind(claim.account.0)
    .bind(claim.name.as_str())
    .bind(claim.digest.as_slice())
    .bind(status)
    .bind(body)
    .bind(claim.expires_at.0)
    .bind(at.0)
    .execute(&mut *conn)
    .await?;
    if taken.rows_affected() > 0 {
        return Ok(());
    }
    let stored = sqlx::query(
        "SELECT digest, reply_status, reply_body FROM claims \
         WHERE kind = $1 AND account = $2 AND name = $3",
    )
    .bind(claim.kind)
    .bind(claim.account.0)
    .bind(claim.name.as_str())
    .fetch_one(conn)
    .await?;
    Err(UnitError::Refused(CommitError::Taken {
        kind: claim.kind,
        digest: stored.try_get(0)?,
        reply: row::reply(stored.try_get(1)?, stored.try_get(2)?),
    }))
}

/// Appends events and folds them into their calls' records.
async fn append(conn: &mut AnyConnection, events: &[Envelope]) -> Result<(), UnitError> {
    // Ordered by call, so that two nodes never wait for each other's rows crosswise.
    let mut by_call: BTreeMap<CallId, Vec<&Envelope>> = BTreeMap::new();
    for e in events {
        by_call.entry(e.call).or_default().push(e);
    }
    for (call, events) in by_call {
        append_to(conn, call, &events).await?;
    }
    Ok(())
}

async fn append_to(
    conn: &mut AnyConnection,
    call: CallId,
    events: &[&Envelope],
) -> Result<(), UnitError> {
    let (mut record, rest) = match (row::load(conn, call).await?, events) {
        (Some(record), events) => (record, events),
        (None, [first, rest @ ..]) => (begin(first)?, rest),
        (None, []) => return Ok(()),
    };
    for e in rest {
        check_order(&record, e)?;
        record.apply(e);
    }
    // The call's row first: its events refer to it.
    row::save(conn, &record).await?;
    row::insert_events(conn, events).await?;
    let is_erasure = |e: &&Envelope| matches!(e.event, Event::ContentErased { .. });
    if events.iter().any(is_erasure) {
        row::erase_events(conn, call).await?;
    }
    Ok(())
}

fn begin(first: &Envelope) -> Result<CallRecord, UnitError> {
    CallRecord::begin(first).filter(|_| first.seq == 1).ok_or_else(|| {
        UnitError::unavailable(format!(
            "call {} has no journal yet: it begins with number 1, its acceptance",
            first.call
        ))
    })
}

/// Numbers rise by one. A gap is refused as not writable now, because what is missing may still
/// come: a batch that failed is to be repeated before those after it.
fn check_order(record: &CallRecord, e: &Envelope) -> Result<(), UnitError> {
    let call = e.call;
    let next = record.last_seq + 1;
    if e.seq < next {
        return Err(UnitError::duplicate(format!("event {} of {call}", e.seq)));
    }
    if e.seq > next {
        return Err(UnitError::unavailable(format!(
            "event {} of {call} cannot come before event {next}",
            e.seq
        )));
    }
    if matches!(e.event, Event::CallAccepted(_)) {
        return Err(UnitError::duplicate(format!("call {call}")));
    }
    Ok(())
}

/// Puts a number on the list; the first reason stays.
async fn block(conn: &mut AnyConnection, opt_out: &OptOut) -> Result<(), UnitError> {
    sqlx::query(
        "INSERT INTO opt_outs (account, phone, reason, at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (account, phone) DO NOTHING",
    )
    .bind(opt_out.account.0)
    .bind(opt_out.phone.reveal())
    .bind(opt_out.reason.as_str())
    .bind(opt_out.at.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// The time of a batch without events (a deposit, a claim of its own), and of sweeping.
#[expect(clippy::disallowed_methods, reason = "an adapter, and no event says what time it is")]
pub(crate) fn wall_clock() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.map_or(0, |d| d.as_millis());
    WallTime(i64::try_from(ms).unwrap_or(i64::MAX))
}
