//! Opening says what is wrong and where.

use std::os::unix::fs::PermissionsExt;

use sqlx::{AnyConnection, Connection, Executor};
use store::{Store, StoreConfig, StoreError};

use crate::world::*;

on_both!(
    a_newer_schema_is_refused,
    two_servers_on_one_data_directory_are_refused,
    the_installation_keeps_its_id,
);

async fn a_newer_schema_is_refused(w: World) {
    w.store.close().await;
    let mut conn = AnyConnection::connect(&w.config.url).await.unwrap();
    let newer = "UPDATE meta SET value = '999' WHERE name = 'schema_version'";
    conn.execute(newer).await.unwrap();
    conn.close().await.unwrap();
    let e = Store::open(w.config.clone()).await.err().unwrap();
    assert!(matches!(e, StoreError::NewerSchema { found: 999, .. }), "{e}");
    assert!(e.to_string().contains("999"), "{e}");
}

async fn two_servers_on_one_data_directory_are_refused(w: World) {
    let e = Store::open(w.config.clone()).await.err().unwrap();
    assert!(matches!(e, StoreError::InUse { .. }), "{e}");
    let text = e.to_string();
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    w.reopened().await;
}

async fn the_installation_keeps_its_id(w: World) {
    let id = w.store.installation_id().to_owned();
    assert_eq!(id.len(), 36);
    let w = w.reopened().await;
    assert_eq!(w.store.installation_id(), id);
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new/data");
    let store = Store::open(StoreConfig::embedded(&data)).await.unwrap();
    for (path, want) in [
        ("", 0o700),
        ("recordings", 0o700),
        ("waihu.db", 0o600),
        ("waihu.db-wal", 0o600),
        ("waihu.lock", 0o600),
    ] {
        let meta = std::fs::metadata(data.join(path)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, want, "{path}");
    }
    store.close().await;
    assert!(!data.join("waihu.db-wal").exists(), "closed without its log");
}

#[tokio::test]
async fn what_cannot_be_opened_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a-file");
    std::fs::write(&file, "this is no database, and it is not going to be one").unwrap();
    let with_url = |url: String| StoreConfig { url, ..StoreConfig::embedded(dir.path()) };
    for (config, says) in [
        (StoreConfig::embedded(file.join("data")), "a-file/data"),
        (with_url(format!("sqlite://{}", file.display())), "a-file"),
        (with_url(format!("sqlite://{}/x.db", file.display())), "a-file"),
        (with_url("postgres://me:secret@127.0.0.1:9/d".into()), "127.0.0.1:9/d"),
        (with_url("oracle://h".into()), "oracle://h"),
    ] {
        let e = Store::open(config).await.err().unwrap().to_string();
        assert!(e.contains(says), "{e}");
        assert!(!e.contains("secret"), "{e}");
    }
}
