//! The store's behaviour, the same on SQLite and PostgreSQL, whose server its tests share.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "all of it is tests")]

/// Runs each named scenario on a fresh store of either kind.
macro_rules! on_both {
    ($($scenario:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(crate::world::World::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(crate::world::World::postgres().await).await;
            })+
        }
    };
}

mod accounts_and_keys;
mod blobs_appear_when_finished;
mod commits_per_second;
mod connection_lost_in_commit;
mod erasure_leaves_no_text;
mod journal_and_record;
mod killed_while_writing;
mod lists_and_lookups;
mod money_and_claims;
mod opening;
mod server;
mod world;
