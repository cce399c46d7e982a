//! What the tests of the whole program share: the program itself as a process, its API, its
//! peers, and waiting for something to become true.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    reason = "a stage stops where it fails, and no test needs all of it"
)]

pub mod api;
pub mod baresip;
pub mod books;
pub mod disk;
pub mod nat;
pub mod netns;
pub mod process;
pub mod sipp;
pub mod sound;

use std::time::Duration;

/// For what should take no time at all.
pub const SOON: Duration = Duration::from_secs(20);
/// For a whole call, on a machine that has other things to do.
pub const A_CALL: Duration = Duration::from_secs(120);

/// Asks again and again until there is an answer, at most so long.
pub async fn until<T>(what: &str, at_most: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(at_most, asking)
        .await
        .unwrap_or_else(|_| panic!("waited {} s in vain: {what}", at_most.as_secs()))
}
