//! The `Records` port: commits go to the writer, reads to a pool that sees what is committed.

use domain::{AccountId, CallId, CallRecord, Envelope, MicroYuan, PhoneNumber, WallTime};
use engine::ports::PortFuture;
use engine::ports::records::{Balance, Batch, CallFilter, Claim, CommitError, ReadError, Records};
use sqlx::Row;

use crate::filter;
use crate::row;
use crate::store::Store;
use crate::unit::UnitError;
use crate::writer::Work;

impl Records for Store {
    fn commit(&self, batch: Batch) -> PortFuture<'_, Result<(), CommitError>> {
        Box::pin(async move {
            let done = self.writer.submit(Work::Batch(batch)).await;
            done.map(|_| ())
        })
    }

    fn call(&self, id: CallId) -> PortFuture<'_, Result<Option<CallRecord>, ReadError>> {
        readable(async move {
            let row = sqlx::query("SELECT facts, texts FROM calls WHERE id = $1")
                .bind(id.as_bytes().as_slice())
                .fetch_optional(&self.readers)
                .await?;
            row.as_ref().map(row::record).transpose()
        })
    }

    fn events(
        &self,
        id: CallId,
        from_seq: u64,
        limit: u32,
    ) -> PortFuture<'_, Result<Vec<Envelope>, ReadError>> {
        readable(async move {
            let rows = sqlx::query(
                "SELECT seq, at, media_ms, v, event, texts FROM events \
                 WHERE call_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
            )
            .bind(id.as_bytes().as_slice())
            .bind(row::number(from_seq))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(|r| row::event(id, r)).collect()
        })
    }

    fn calls(
        &self,
        account: AccountId,
        filter: CallFilter,
    ) -> PortFuture<'_, Result<Vec<CallRecord>, ReadError>> {
        readable(async move {
            let rows = filter::select(&self.readers, account, filter).await?;
            rows.iter().map(row::record).collect()
        })
    }

    fn unfinished(&self) -> PortFuture<'_, Result<Vec<CallRecord>, ReadError>> {
        readable(async move {
            let rows = sqlx::query(
                "SELECT facts, texts FROM calls WHERE ended = 0 ORDER BY created_at, id",
            )
            .fetch_all(&self.readers)
            .await?;
            rows.iter().map(row::record).collect()
        })
    }

    fn balance(&self, account: AccountId) -> PortFuture<'_, Result<Balance, ReadError>> {
        readable(async move {
            let row = sqlx::query("SELECT available, held FROM balances WHERE account = $1")
                .bind(account.0)
                .fetch_optional(&self.readers)
                .await?;
            // Nothing was ever posted for it.
            let Some(row) = row else {
                return Ok(Balance::default());
            };
            Ok(Balance { available: MicroYuan(row.try_get(0)?), held: MicroYuan(row.try_get(1)?) })
        })
    }

    fn claim(
        &self,
        kind: &'static str,
        account: AccountId,
        name: String,
        now: WallTime,
    ) -> PortFuture<'_, Result<Option<Claim>, ReadError>> {
        readable(async move {
            let row = sqlx::query(
                "SELECT digest, reply_status, reply_body, expires_at FROM claims \
                 WHERE kind = $1 AND account = $2 AND name = $3 AND expires_at > $4",
            )
            .bind(kind)
            .bind(account.0)
            .bind(name.as_str())
            .bind(now.0)
            .fetch_optional(&self.readers)
            .await?;
            let Some(row) = row else {
                return Ok(None);
            };
            Ok(Some(Claim {
                kind,
                account,
                name,
                digest: row.try_get(0)?,
                reply: row::reply(row.try_get(1)?, row.try_get(2)?),
                expires_at: WallTime(row.try_get(3)?),
            }))
        })
    }

    fn opted_out(
        &self,
        account: AccountId,
        phone: PhoneNumber,
    ) -> PortFuture<'_, Result<bool, ReadError>> {
        readable(async move {
            let row = sqlx::query("SELECT at FROM opt_outs WHERE account = $1 AND phone = $2")
                .bind(account.0)
                .bind(phone.reveal())
                .fetch_optional(&self.readers)
                .await?;
            Ok(row.is_some())
        })
    }

    fn dialled_since(
        &self,
        account: AccountId,
        phone: PhoneNumber,
        since: WallTime,
        count_simulated: bool,
    ) -> PortFuture<'_, Result<u32, ReadError>> {
        readable(async move {
            let row = sqlx::query(
                "SELECT COUNT(*) FROM calls WHERE account = $1 AND phone = $2 \
                 AND dialed_at >= $3 AND simulated <= $4",
            )
            .bind(account.0)
            .bind(phone.reveal())
            .bind(since.0)
            .bind(i64::from(count_simulated))
            .fetch_one(&self.readers)
            .await?;
            let count: i64 = row.try_get(0)?;
            Ok(u32::try_from(count).unwrap_or(u32::MAX))
        })
    }
}

/// Boxes a read and words its failure.
pub(crate) fn readable<'a, T: 'a>(
    read: impl Future<Output = Result<T, UnitError>> + Send + 'a,
) -> PortFuture<'a, Result<T, ReadError>> {
    Box::pin(async move { read.await.map_err(|e| ReadError(e.into_refusal().to_string())) })
}
