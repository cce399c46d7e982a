//! Lists with filters and cursors, opt-outs, and how often a number was dialled.

use std::collections::BTreeSet;

use domain::{AccountId, CallStatus, Identity, MicroYuan, Surface, Texts, Transaction};
use engine::ports::records::{Batch, CallFilter, OptOut, Records};

use crate::world::*;

on_both!(
    pages_neither_shift_nor_repeat_while_calls_come_in,
    filters_choose,
    an_opt_out_stays,
    dialled_calls_are_counted,
);

async fn pages_neither_shift_nor_repeat_while_calls_come_in(w: World) {
    w.deposit("first", MicroYuan(2_000 * HOLD.0)).await;
    let mut old = Batch::default();
    for n in 0..300 {
        // Three of each moment, so that ids decide too.
        let one = acceptance(w.owner, n, at(n as i64 / 3));
        old.events.extend(one.events);
        old.transactions.extend(one.transactions);
    }
    w.store.commit(old).await.unwrap();
    let writing = async {
        for n in 300..400 {
            let batch = acceptance(w.owner, n, at(n as i64));
            w.store.commit(batch).await.unwrap();
        }
    };
    let reading = async {
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let filter = CallFilter { before, limit: 7, ..CallFilter::default() };
            let page = w.store.calls(w.owner, filter).await.unwrap();
            before = page.last().map(|r| r.call);
            seen.extend(page.iter().map(|r| (r.created_at, r.call)));
            if page.len() < 7 {
                return seen;
            }
        }
    };
    let ((), seen) = tokio::join!(writing, reading);
    assert!(seen.is_sorted_by(|a, b| a > b), "not newest first");
    let ids: BTreeSet<_> = seen.iter().map(|(_, call)| *call).collect();
    assert_eq!(ids.len(), seen.len(), "a call came twice");
    assert!((0..300).all(|n| ids.contains(&call(n))), "a call was lost");
}

async fn filters_choose(w: World) {
    w.deposit("first", MicroYuan(10 * HOLD.0)).await;
    for n in 1..=4 {
        w.accept(n).await.unwrap();
    }
    w.append(call(2), vec![dial_started(true), answered(), confirmed()]).await;
    let base = CallFilter { limit: 50, ..CallFilter::default() };
    let batch = accepted(w.owner).batch.to_string();
    for (what, filter, want) in [
        ("all", base.clone(), vec![4, 3, 2, 1]),
        (
            "status",
            CallFilter { statuses: vec![CallStatus::InProgress, CallStatus::Busy], ..base.clone() },
            vec![2],
        ),
        ("phone", CallFilter { phone: Some(PHONE.into()), ..base.clone() }, vec![4, 3, 2, 1]),
        ("other phone", CallFilter { phone: Some("13900139000".into()), ..base.clone() }, vec![]),
        (
            "batch, agent and surface",
            CallFilter {
                batch: Some(batch),
                agent: Some(4),
                surface: Some(Surface::Callout),
                ..base.clone()
            },
            vec![4, 3, 2, 1],
        ),
        ("other surface", CallFilter { surface: Some(Surface::Realtime), ..base.clone() }, vec![]),
        (
            "identity",
            CallFilter { identity: Some(Identity::Pending), ..base.clone() },
            vec![4, 3, 1],
        ),
        (
            "between",
            CallFilter { created_after: Some(at(1)), created_before: Some(at(4)), ..base.clone() },
            vec![3, 2],
        ),
        ("older than", CallFilter { before: Some(call(3)), ..base.clone() }, vec![2, 1]),
        (
            "older than a call that is not there",
            CallFilter { before: Some(call(77)), ..base.clone() },
            vec![],
        ),
        ("at most", CallFilter { limit: 1, ..base.clone() }, vec![4]),
    ] {
        let got = w.store.calls(w.owner, filter).await.unwrap();
        let ids: Vec<_> = got.iter().map(|r| r.call).collect();
        let want: Vec<_> = want.into_iter().map(call).collect();
        assert_eq!(ids, want, "{what}");
    }
    let strangers = w.store.calls(AccountId(99), base).await.unwrap();
    assert_eq!(strangers, vec![]);
}

async fn an_opt_out_stays(w: World) {
    let entry = |reason: &str| OptOut {
        account: w.owner,
        phone: phone(PHONE),
        reason: reason.into(),
        at: at(0),
    };
    assert!(!w.store.opted_out(w.owner, phone(PHONE)).await.unwrap());
    let batch =
        Batch { opt_outs: vec![entry("said so"), entry("said so twice")], ..Batch::default() };
    w.store.commit(batch.clone()).await.unwrap();
    w.store.commit(batch).await.unwrap();
    let w = w.reopened().await;
    for (account, number, want) in
        [(w.owner, PHONE, true), (w.owner, "13900139000", false), (AccountId(99), PHONE, false)]
    {
        let got = w.store.opted_out(account, phone(number)).await.unwrap();
        assert_eq!(got, want, "{account} {number}");
    }
}

async fn dialled_calls_are_counted(w: World) {
    w.deposit("first", MicroYuan(10 * HOLD.0)).await;
    for n in 1..=4 {
        w.accept(n).await.unwrap();
    }
    w.append(call(1), vec![dial_started(true)]).await;
    w.append(call(2), vec![dial_started(false)]).await;
    w.append(call(3), vec![dial_started(false)]).await;
    let (end, texts) = ended();
    let batch = Batch {
        events: vec![envelope(call(3), 3, end, Texts { ..texts })],
        transactions: vec![Transaction::settlement(call(3), w.owner, HOLD, CHARGE).unwrap()],
        ..Batch::default()
    };
    w.store.commit(batch).await.unwrap();
    // All three were dialled at 1,002 ms; the fourth waits.
    for (number, since, simulated, want) in [
        (PHONE, at(0), true, 3),
        (PHONE, at(0), false, 2),
        (PHONE, at(1_002), false, 2),
        (PHONE, at(1_003), true, 0),
        ("13900139000", at(0), true, 0),
    ] {
        let count = w.store.dialled_since(w.owner, phone(number), since, simulated).await.unwrap();
        assert_eq!(count, want, "{number} since {since}");
    }
}
