//! How many acceptances a second reach the disk; printed, not judged (`--nocapture`).

use std::time::Instant;

use domain::MicroYuan;
use engine::ports::records::Records;

use crate::world::*;

on_both!(acceptances_alone_and_in_company);

#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
async fn acceptances_alone_and_in_company(w: World) {
    w.deposit("first", MicroYuan(5_000 * HOLD.0)).await;
    let mut next = 0;
    for (writers, each) in [(1, 200), (32, 25)] {
        let begin = Instant::now();
        let lines = (0..writers).map(|writer| {
            let first = next + writer * each;
            let w = &w;
            async move {
                for n in first..first + each {
                    w.accept(n).await.unwrap();
                }
            }
        });
        futures::future::join_all(lines).await;
        next += writers * each;
        let rate = (writers * each) as f64 / begin.elapsed().as_secs_f64();
        println!("{}: {writers} writers, {rate:.0} commits/s", w.store.location());
    }
    assert_eq!(w.store.unfinished().await.unwrap().len() as u64, next);
    w.assert_books_agree().await;
}
