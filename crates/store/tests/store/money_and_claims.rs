//! Balances never fall below zero, references and names are used once.

use domain::{AccountId, LedgerAccount, MicroYuan, Posting, Transaction, TransactionKind};
use engine::ports::records::{Batch, Claim, CommitError, Records};

use crate::world::*;

on_both!(
    what_is_not_there_cannot_be_held,
    holds_that_race_never_overdraw,
    a_reference_is_used_once,
    held_cannot_fall_below_zero,
    amounts_beyond_the_bounds_are_refused,
    a_taken_claim_gives_its_reply_back,
    an_expired_claim_is_free_again,
    claims_that_race_are_taken_once,
    expired_claims_are_deleted_in_batches,
);

async fn what_is_not_there_cannot_be_held(w: World) {
    let none = w.accept(1).await.unwrap_err();
    let want = CommitError::InsufficientBalance { needed: HOLD, available: MicroYuan::ZERO };
    assert_eq!(none, want);
    w.deposit("first", MicroYuan(HOLD.0 + 5)).await;
    let mut two = acceptance(w.owner, 1, at(0));
    let more = acceptance(w.owner, 2, at(0));
    two.events.extend(more.events);
    two.transactions.extend(more.transactions);
    let want = CommitError::InsufficientBalance {
        needed: MicroYuan(2 * HOLD.0),
        available: MicroYuan(HOLD.0 + 5),
    };
    assert_eq!(w.store.commit(two).await.unwrap_err(), want);
    assert_eq!(w.store.unfinished().await.unwrap(), vec![]);
    w.accept(1).await.unwrap();
    w.assert_books_agree().await;
}

async fn holds_that_race_never_overdraw(w: World) {
    w.deposit("first", MicroYuan(HOLD.0 * 7)).await;
    let wishes = (0..30).map(|n| w.accept(n));
    let outcomes = futures::future::join_all(wishes).await;
    let accepted = outcomes.iter().filter(|o| o.is_ok()).count();
    assert_eq!(accepted, 7);
    let balance = w.store.balance(w.owner).await.unwrap();
    assert_eq!(balance.available, MicroYuan::ZERO);
    w.assert_books_agree().await;
}

async fn a_reference_is_used_once(w: World) {
    w.deposit("same", MicroYuan(5)).await;
    let twice = Transaction::deposit(TransactionKind::TopUp, "same".into(), w.owner, MicroYuan(5));
    for transactions in [vec![twice.clone()], vec![twice.clone(), twice]] {
        let batch = Batch { transactions, ..Batch::default() };
        let e = w.store.commit(batch).await.unwrap_err();
        let what = "transaction same".to_owned();
        assert_eq!(e, CommitError::Duplicate { what });
    }
    let balance = w.store.balance(w.owner).await.unwrap();
    assert_eq!(balance.available, MicroYuan(5));
    w.assert_books_agree().await;
}

fn transfer(w: &World, reference: &str, from_held: i64) -> Batch {
    let postings = vec![
        Posting { account: LedgerAccount::Held(w.owner), amount: MicroYuan(-from_held) },
        Posting { account: LedgerAccount::Revenue, amount: MicroYuan(from_held) },
    ];
    let kind = TransactionKind::Adjustment;
    let t = Transaction::new(kind, reference.into(), w.owner, postings).unwrap();
    Batch { transactions: vec![t], ..Batch::default() }
}

async fn held_cannot_fall_below_zero(w: World) {
    w.deposit("first", MicroYuan(HOLD.0)).await;
    w.accept(1).await.unwrap();
    let batch = transfer(&w, "too much", HOLD.0 + 1);
    let e = w.store.commit(batch).await.unwrap_err();
    assert!(matches!(e, CommitError::Unavailable { .. }), "{e}");
    w.assert_books_agree().await;
    // What the check is for: money that leaves `held` without its call having ended.
    w.store.commit(transfer(&w, "a slip", 1)).await.unwrap();
    let report = w.store.ledger_check().await.unwrap();
    assert_eq!(report.faults.len(), 1, "{report:?}");
    assert!(report.faults[0].to_string().contains("holds 1499999"));
}

async fn amounts_beyond_the_bounds_are_refused(w: World) {
    w.deposit("first", MicroYuan(1)).await;
    for (n, amount) in [1 << 61, i64::MAX].into_iter().enumerate() {
        let t = Transaction::deposit(
            TransactionKind::TopUp,
            format!("huge {n}"),
            w.owner,
            MicroYuan(amount),
        );
        let batch = Batch { transactions: vec![t], ..Batch::default() };
        let e = w.store.commit(batch).await.unwrap_err();
        assert!(matches!(e, CommitError::Unavailable { .. }), "{e}");
    }
    let large = MicroYuan((1 << 61) - 1);
    w.deposit("large", large).await;
    w.deposit("large too", large).await;
    let t = Transaction::deposit(TransactionKind::TopUp, "more".into(), w.owner, large);
    let batch = Batch { transactions: vec![t], ..Batch::default() };
    assert!(w.store.commit(batch).await.is_err());
    let balance = w.store.balance(w.owner).await.unwrap();
    assert_eq!(balance.available, MicroYuan(1 + 2 * large.0));
    w.assert_books_agree().await;
}

fn claim(owner: AccountId, name: &str, digest: u8) -> Claim {
    Claim {
        kind: "idempotency",
        account: owner,
        name: name.into(),
        digest: vec![digest; 32],
        reply: Some((200, "{\"消息\":\"ok\"}\u{0}".into())),
        expires_at: at(86_400_000),
    }
}

async fn a_taken_claim_gives_its_reply_back(w: World) {
    w.deposit("first", MicroYuan(10 * HOLD.0)).await;
    let mut batch = acceptance(w.owner, 1, at(0));
    batch.claims.push(claim(w.owner, "k", 1));
    w.store.commit(batch).await.unwrap();

    let mut again = acceptance(w.owner, 2, at(1));
    again.claims.push(claim(w.owner, "k", 2));
    let e = w.store.commit(again).await.unwrap_err();
    let want = claim(w.owner, "k", 1);
    assert_eq!(
        e,
        CommitError::Taken {
            kind: "idempotency",
            digest: want.digest.clone(),
            reply: want.reply.clone(),
        }
    );
    assert_eq!(w.store.call(call(2)).await.unwrap(), None);
    let w = w.reopened().await;
    let read = |kind, owner, name: &str, now| w.store.claim(kind, owner, name.into(), now);
    let found = read("idempotency", w.owner, "k", at(5)).await.unwrap();
    assert_eq!(found, Some(want));
    for (kind, owner, name, now) in [
        ("nonce", w.owner, "k", at(5)),
        ("idempotency", AccountId(99), "k", at(5)),
        ("idempotency", w.owner, "other", at(5)),
        ("idempotency", w.owner, "k", at(86_400_000)),
    ] {
        let none = read(kind, owner, name, now).await.unwrap();
        assert_eq!(none, None, "{kind} {owner} {name} {now}");
    }
    // Another account and another kind may use the same name.
    let mut other = claim(AccountId(99), "k", 3);
    other.reply = None;
    let nonce = Claim { kind: "nonce", ..claim(w.owner, "k", 4) };
    let batch = Batch { claims: vec![other.clone(), nonce], ..Batch::default() };
    w.store.commit(batch).await.unwrap();
    let found = w.store.claim("idempotency", AccountId(99), "k".into(), at(5));
    assert_eq!(found.await.unwrap(), Some(other));
}

async fn an_expired_claim_is_free_again(w: World) {
    w.deposit("first", MicroYuan(10 * HOLD.0)).await;
    let mut early = acceptance(w.owner, 1, at(0));
    early.claims.push(claim(w.owner, "k", 1));
    w.store.commit(early).await.unwrap();
    for (n, now, free) in [(2, at(86_399_999), false), (3, at(86_400_000), true)] {
        let mut batch = acceptance(w.owner, n, now);
        let mut next = claim(w.owner, "k", 2);
        next.expires_at = at(2 * 86_400_000);
        batch.claims.push(next);
        assert_eq!(w.store.commit(batch).await.is_ok(), free, "at {now}");
    }
    let now = at(86_400_001);
    let found = w.store.claim("idempotency", w.owner, "k".into(), now);
    assert_eq!(found.await.unwrap().unwrap().digest, vec![2; 32]);
}

async fn claims_that_race_are_taken_once(w: World) {
    w.deposit("first", MicroYuan(100 * HOLD.0)).await;
    let posts = (0..50).map(|n| {
        let mut batch = acceptance(w.owner, n, at(0));
        batch.claims.push(claim(w.owner, "k", 1));
        w.store.commit(batch)
    });
    let outcomes = futures::future::join_all(posts).await;
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    let others = outcomes.iter().filter_map(|o| o.as_ref().err());
    assert!(others.into_iter().all(|e| matches!(e, CommitError::Taken { .. })));
    assert_eq!(w.store.unfinished().await.unwrap().len(), 1);
    w.assert_books_agree().await;
}

async fn expired_claims_are_deleted_in_batches(w: World) {
    for n in 0..601 {
        let mut claim = claim(w.owner, &format!("k{n}"), 1);
        // One stays: it expires a moment later than is asked for.
        claim.expires_at = at(if n == 600 { 501 } else { n / 2 });
        let batch = Batch { claims: vec![claim], ..Batch::default() };
        w.store.commit(batch).await.unwrap();
    }
    let mut gone = Vec::new();
    for _ in 0..3 {
        gone.push(w.store.forget_expired(at(500)).await.unwrap());
    }
    assert_eq!(gone, [500, 100, 0]);
    let left = w.store.claim("idempotency", w.owner, "k600".into(), at(0)).await.unwrap();
    assert!(left.is_some());
    let deleted = w.store.claim("idempotency", w.owner, "k0".into(), at(-1)).await.unwrap();
    assert_eq!(deleted, None, "not even a reader in the past finds it");
}

/// A serving store sweeps at its start: what expired long ago is gone without being asked.
#[tokio::test]
async fn what_expired_while_nobody_served_goes_at_the_start() {
    let w = World::sqlite().await;
    let mut old = claim(w.owner, "old", 1);
    (old.expires_at, old.reply) = (domain::WallTime(1), Some((200, PHONE.into())));
    let batch = Batch { claims: vec![old], ..Batch::default() };
    w.store.commit(batch).await.unwrap();
    let w = w.reopened().await;
    let past = domain::WallTime(0);
    for _ in 0..1_000 {
        let found = w.store.claim("idempotency", w.owner, "old".into(), past).await.unwrap();
        if found.is_none() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it is still there");
}
