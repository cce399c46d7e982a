//! The database read from inside, with nobody else at it.

use std::path::Path;

use store::{Store, StoreConfig};

/// Every journal is whole, every record the fold of it, every hold settled or running, and the
/// ledger adds up. How many calls there are.
pub async fn all_agrees(data: &Path) -> usize {
    let store = Store::open(StoreConfig::embedded(data).for_tool()).await.unwrap();
    let audit = store.audit_calls().await.unwrap();
    assert_eq!(audit.faults, vec![]);
    let ledger = store.ledger_check().await.unwrap();
    assert_eq!(ledger.faults, vec![]);
    store.close().await;
    audit.calls as usize
}
