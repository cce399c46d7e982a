//! Reading every call back: is its journal whole, its record the fold of it, its money settled?

use domain::{CallId, CallRecord, Event};
use engine::ports::records::ReadError;
use sqlx::{AnyConnection, Row};

use crate::row;
use crate::store::Store;
use crate::unit::UnitError;

/// Something about a call that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// The journal does not begin with its acceptance, or its numbers leave something out.
    #[error("the journal of {call} has no event {seq}")]
    Gap {
        /// Whose journal.
        call: CallId,
        /// The number that is missing.
        seq: u64,
    },
    /// The stored record is not what the journal adds up to.
    #[error("the record of {call} is not the fold of its journal")]
    NotTheFold {
        /// Whose record.
        call: CallId,
    },
    /// After its end nothing but the recording and an erasure may follow.
    #[error("{call} ended {times} times")]
    Ends {
        /// Which call.
        call: CallId,
        /// How many ends its journal has.
        times: usize,
    },
    /// Holds, settlement and record do not agree; amounts in micro-yuan.
    #[error("{call} holds {held}, settled {settled:?}, charged {charged:?}")]
    Money {
        /// Which call.
        call: CallId,
        /// Sum of its hold transactions.
        held: i64,
        /// What its settlement took from `held`; `None` without one.
        settled: Option<i64>,
        /// What its settlement earned.
        charged: Option<i64>,
    },
}

/// What reading every call back found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallAudit {
    /// How many calls there are.
    pub calls: u64,
    /// What does not agree; empty if all is well.
    pub faults: Vec<CallFault>,
}

impl Store {
    /// Reads every call with its journal and its transactions as of one moment. Takes time in
    /// proportion to all that was ever said: for tests and for doubts, not for every day.
    pub async fn audit_calls(&self) -> Result<CallAudit, ReadError> {
        let snapshot = self.dialect.begin_snapshot();
        let audit = async {
            let mut tx = self.readers.begin_with(snapshot).await?;
            let mut audit = CallAudit::default();
            let rows = sqlx::query("SELECT facts, texts FROM calls ORDER BY id");
            for stored in rows.fetch_all(&mut *tx).await?.iter().map(row::record) {
                audit.calls += 1;
                examine(&mut tx, &stored?, &mut audit.faults).await?;
            }
            tx.rollback().await?;
            Ok(audit)
        };
        audit.await.map_err(|e: UnitError| ReadError(e.into_refusal().to_string()))
    }
}

async fn examine(
    conn: &mut AnyConnection,
    stored: &CallRecord,
    faults: &mut Vec<CallFault>,
) -> Result<(), UnitError> {
    let call = stored.call;
    let rows = sqlx::query(
        "SELECT seq, at, media_ms, v, event, texts FROM events WHERE call_id = $1 ORDER BY seq",
    )
    .bind(call.as_bytes().as_slice())
    .fetch_all(&mut *conn)
    .await?;
    let events = rows.iter().map(|r| row::event(call, r)).collect::<Result<Vec<_>, _>>()?;
    let gap = (1..).zip(&events).find(|(seq, e)| e.seq != *seq).map(|(seq, _)| seq);
    let begun = events.first().and_then(CallRecord::begin);
    let (Some(mut folded), None) = (begun, gap) else {
        faults.push(CallFault::Gap { call, seq: gap.unwrap_or(1) });
        return Ok(());
    };
    events.iter().skip(1).for_each(|e| folded.apply(e));
    let erased = events.iter().any(|e| matches!(e.event, Event::ContentErased { .. }));
    // An erasure empties what the fold would still find.
    if !erased && folded != *stored {
        faults.push(CallFault::NotTheFold { call });
    }
    let ends = events.iter().filter(|e| matches!(e.event, Event::CallEnded(_))).count();
    if ends != usize::from(stored.is_ended()) {
        faults.push(CallFault::Ends { call, times: ends });
    }
    let extensions = events.iter().filter(|e| matches!(e.event, Event::HoldExtended { .. }));
    money(conn, stored, extensions.count(), faults).await
}

/// Each hold once, and one settlement of all of them if and only if the call has ended.
async fn money(
    conn: &mut AnyConnection,
    stored: &CallRecord,
    extensions: usize,
    faults: &mut Vec<CallFault>,
) -> Result<(), UnitError> {
    let call = stored.call;
    let mut held = 0;
    for n in 0..=extensions {
        held += moved(conn, &format!("hold:{call}:{n}"), "held").await?.unwrap_or(0);
    }
    let settlement = format!("settle:{call}");
    let settled = moved(conn, &settlement, "held").await?;
    let charged = moved(conn, &settlement, "revenue").await?;
    let right = match stored.is_ended() {
        true => settled == Some(-held) && charged == stored.charge.map(|c| c.0),
        false => settled.is_none(),
    };
    if !right || held != stored.held.0 {
        faults.push(CallFault::Money { call, held, settled, charged });
    }
    Ok(())
}

/// What a transaction moved in one place of the ledger; `None` if there is no such transaction.
async fn moved(
    conn: &mut AnyConnection,
    reference: &str,
    place: &str,
) -> Result<Option<i64>, UnitError> {
    let row = sqlx::query(
        "SELECT CAST(SUM(p.amount) AS BIGINT) FROM transactions t \
         JOIN postings p ON p.transaction_id = t.id WHERE t.reference = $1 AND p.place = $2",
    )
    .bind(reference)
    .bind(place)
    .fetch_one(conn)
    .await?;
    Ok(row.try_get(0)?)
}
