//! A call filter as SQL; every value is bound, only placeholders are composed.

use domain::AccountId;
use engine::ports::records::CallFilter;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe};

/// A value for a placeholder.
enum Value {
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A statement that grows with its values.
struct Statement {
    sql: String,
    values: Vec<Value>,
}

impl Statement {
    /// Adds `text`, in which each `?` stands for the next of `values`.
    fn push(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        let mut values = values.into_iter();
        for c in text.chars() {
            if c == '?' {
                self.values.extend(values.next());
                self.sql.push_str(&format!("${}", self.values.len()));
            } else {
                self.sql.push(c);
            }
        }
    }
}

/// Rows of `facts, texts`, newest first.
pub(crate) async fn select(
    readers: &AnyPool,
    account: AccountId,
    filter: CallFilter,
) -> Result<Vec<AnyRow>, sqlx::Error> {
    let statement = compose(account, filter);
    let mut query = sqlx::query(AssertSqlSafe(statement.sql));
    for value in statement.values {
        query = match value {
            Value::Number(n) => query.bind(n),
            Value::Text(t) => query.bind(t),
            Value::Bytes(b) => query.bind(b),
        };
    }
    query.fetch_all(readers).await
}

fn compose(account: AccountId, filter: CallFilter) -> Statement {
    use Value::{Bytes, Number, Text};
    let mut s = Statement { sql: String::new(), values: Vec::new() };
    s.push("SELECT facts, texts FROM calls WHERE account = ?", [Number(account.0)]);
    if !filter.statuses.is_empty() {
        let marks = vec!["?"; filter.statuses.len()].join(", ");
        let words = filter.statuses.iter().map(|s| Text(s.word().to_owned()));
        s.push(&format!(" AND status IN ({marks})"), words);
    }
    if let Some(phone) = filter.phone {
        s.push(" AND phone = ?", [Text(phone)]);
    }
    if let Some(batch) = filter.batch {
        s.push(" AND batch = ?", [Text(batch)]);
    }
    if let Some(agent) = filter.agent {
        s.push(" AND agent = ?", [Number(agent)]);
    }
    if let Some(identity) = filter.identity {
        s.push(" AND identity = ?", [Text(identity.word().to_owned())]);
    }
    if let Some(surface) = filter.surface {
        s.push(" AND surface = ?", [Text(surface.word().to_owned())]);
    }
    if let Some(after) = filter.created_after {
        s.push(" AND created_at > ?", [Number(after.0)]);
    }
    if let Some(before) = filter.created_before {
        s.push(" AND created_at < ?", [Number(before.0)]);
    }
    if let Some(call) = filter.before {
        // A call that is not this account's compares as NULL: nothing is listed.
        s.push(
            " AND (created_at, id) < \
             (SELECT c.created_at, c.id FROM calls c WHERE c.id = ? AND c.account = ?)",
            [Bytes(call.as_bytes().to_vec()), Number(account.0)],
        );
    }
    s.push(" ORDER BY created_at DESC, id DESC LIMIT ?", [Number(i64::from(filter.limit))]);
    s
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CallStatus, WallTime};

    #[test]
    fn placeholders_count_on_and_values_never_enter_the_text() {
        let filter = CallFilter {
            statuses: vec![CallStatus::Busy, CallStatus::Failed],
            phone: Some("'; DROP TABLE calls; --".into()),
            created_after: Some(WallTime(5)),
            limit: 9,
            ..CallFilter::default()
        };
        let s = compose(AccountId(1), filter);
        assert_eq!(
            s.sql,
            "SELECT facts, texts FROM calls WHERE account = $1 AND status IN ($2, $3) \
             AND phone = $4 AND created_at > $5 ORDER BY created_at DESC, id DESC LIMIT $6"
        );
        assert_eq!(s.values.len(), 6);
    }
}
