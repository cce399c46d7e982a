//! The record is the fold of the journal, whatever happens to a batch.

use domain::{
    CallAccepted, CallRecord, CallStatus, Event, Identity, Masked, MicroYuan, Task, Texts,
    Transaction,
};
use engine::ports::records::{Balance, Batch, CommitError, Records};

use crate::world::*;

on_both!(
    a_call_is_folded_held_for_and_settled,
    an_order_to_a_director_is_no_fact_and_reads_back,
    numbers_are_used_once_and_without_gaps,
    a_batch_that_fails_leaves_nothing_and_harms_nobody,
    many_calls_in_one_batch,
    events_are_read_in_pages,
    what_was_written_is_refused_again_and_reads_back_as_it_was_given,
    unfinished_calls_are_found_after_a_restart,
);

async fn an_order_to_a_director_is_no_fact_and_reads_back(w: World) {
    w.deposit("first", MicroYuan(10_000_000)).await;
    let by = "smartcall".to_owned();
    let accepted = CallAccepted { directed_by: Some(by.clone()), ..accepted(w.owner) };
    let texts = Texts { order: Some(r#"{"VoiceCode":"$hi$"}"#.into()), ..Texts::default() };
    let event = Event::CallAccepted(Box::new(accepted));
    let first = envelope(call(1), 1, event, texts);
    w.store.commit(Batch { events: vec![first.clone()], ..Batch::default() }).await.unwrap();
    let record = w.store.call(call(1)).await.unwrap().unwrap();
    let order = Masked::new(r#"{"VoiceCode":"$hi$"}"#.to_owned());
    assert_eq!(record.task, Task::Directed { by, order });
    assert_eq!(CallRecord::from_journal([&first]), Some(record.clone()));
    assert!(!serde_json::to_string(&record).unwrap().contains("VoiceCode"));
}

async fn a_call_is_folded_held_for_and_settled(w: World) {
    w.deposit("first", MicroYuan(10_000_000)).await;
    let id = w.accept(1).await.unwrap();
    let held = w.store.balance(w.owner).await.unwrap();
    assert_eq!(held, Balance { available: MicroYuan(8_500_000), held: HOLD });
    w.assert_books_agree().await;
    let queued = w.store.call(id).await.unwrap().unwrap();
    assert_eq!(queued.status, CallStatus::Queued);
    assert_eq!(queued.target, Some(phone(PHONE)));
    assert_eq!(queued.task.requirement().reveal(), "告诉王女士明早九点开会");

    w.append(id, vec![dial_started(true), answered()]).await;
    w.append(id, vec![heard(1, "喂，我是"), confirmed()]).await;
    let (end, _) = ended();
    let last = w.store.call(id).await.unwrap().unwrap().last_seq;
    let settle = Transaction::settlement(id, w.owner, HOLD, CHARGE).unwrap();
    let batch = Batch {
        events: vec![envelope(id, last + 1, end, Texts::default())],
        transactions: vec![settle],
        ..Batch::default()
    };
    w.store.commit(batch.clone()).await.unwrap();

    let record = w.store.call(id).await.unwrap().unwrap();
    assert_eq!(record.status, CallStatus::Completed);
    assert_eq!(record.identity, Identity::Confirmed);
    assert_eq!(record.lines.len(), 1);
    assert_eq!(record.lines[0].text, "喂，我是");
    assert!(record.is_billed() && record.simulated);
    let journal = w.store.events(id, 0, 100).await.unwrap();
    assert_eq!(CallRecord::from_journal(&journal), Some(record.clone()));
    let settled = w.store.balance(w.owner).await.unwrap();
    assert_eq!(settled.available, MicroYuan(9_700_000));
    assert_eq!(settled.held, MicroYuan::ZERO);
    w.assert_books_agree().await;

    // A second settlement changes nothing.
    let again = w.store.commit(batch).await.unwrap_err();
    assert!(matches!(again, CommitError::Duplicate { .. }), "{again}");
    let w = w.reopened().await;
    assert_eq!(w.store.call(id).await.unwrap(), Some(record));
    assert_eq!(w.store.balance(w.owner).await.unwrap(), settled);
    w.assert_books_agree().await;
}

async fn numbers_are_used_once_and_without_gaps(w: World) {
    w.deposit("first", MicroYuan(10_000_000)).await;
    let id = w.accept(1).await.unwrap();
    w.append(id, vec![dial_started(true)]).await;
    let before = w.store.call(id).await.unwrap();
    let (event, texts) = answered();
    let (first, _) = (Event::CallAccepted(Box::new(accepted(w.owner))), ());
    for (what, seq, event, duplicate) in [
        ("a number that was used", 2, event.clone(), true),
        ("number one again", 1, first.clone(), true),
        ("a number too early", 4, event.clone(), false),
        ("a second acceptance", 3, first, true),
    ] {
        let batch =
            Batch { events: vec![envelope(id, seq, event, texts.clone())], ..Batch::default() };
        let e = w.store.commit(batch).await.unwrap_err();
        let is_duplicate = matches!(e, CommitError::Duplicate { .. });
        assert_eq!(is_duplicate, duplicate, "{what}: {e}");
    }
    for (what, seq) in [("no acceptance", 1), ("nothing before it", 2)] {
        let batch = Batch {
            events: vec![envelope(call(9), seq, event.clone(), texts.clone())],
            ..Batch::default()
        };
        let e = w.store.commit(batch).await.unwrap_err();
        assert!(matches!(e, CommitError::Unavailable { .. }), "{what}: {e}");
    }
    assert_eq!(w.store.call(id).await.unwrap(), before);
    assert_eq!(w.store.call(call(9)).await.unwrap(), None);
    assert_eq!(w.store.events(id, 0, 100).await.unwrap().len(), 2);
}

/// Good and bad batches that meet in one flush.
async fn a_batch_that_fails_leaves_nothing_and_harms_nobody(w: World) {
    w.deposit("first", MicroYuan(100_000_000)).await;
    let batches = (0..60).map(|n| {
        let mut batch = acceptance(w.owner, n, at(n as i64));
        if n % 3 == 0 {
            // Fails last, after its claims, money and first event went in.
            let (event, texts) = answered();
            batch.events.push(envelope(call(n), 7, event, texts));
        }
        w.store.commit(batch)
    });
    let outcomes = futures::future::join_all(batches).await;
    for (n, outcome) in (0..60).zip(&outcomes) {
        assert_eq!(outcome.is_err(), n % 3 == 0, "{n}: {outcome:?}");
        let there = w.store.call(call(n)).await.unwrap().is_some();
        assert_eq!(there, outcome.is_ok(), "{n}");
    }
    let balance = w.store.balance(w.owner).await.unwrap();
    assert_eq!(balance.held, MicroYuan(40 * HOLD.0));
    w.assert_books_agree().await;
}

async fn many_calls_in_one_batch(w: World) {
    w.deposit("first", MicroYuan(2_000_000_000)).await;
    let mut all = Batch::default();
    for n in 0..1_000 {
        let one = acceptance(w.owner, n, at(0));
        all.events.extend(one.events);
        all.transactions.extend(one.transactions);
    }
    w.store.commit(all).await.unwrap();
    assert_eq!(w.store.unfinished().await.unwrap().len(), 1_000);
    w.assert_books_agree().await;
}

async fn events_are_read_in_pages(w: World) {
    w.deposit("first", MicroYuan(10_000_000)).await;
    let id = w.accept(1).await.unwrap();
    let spoken = (1..=9).map(|n| heard(n, &format!("句子 {n}"))).collect();
    w.append(id, spoken).await;
    let all = w.store.events(id, 1, 100).await.unwrap();
    assert_eq!(all.len(), 10);
    for (from, limit, want) in [
        (0, 3, vec![1, 2, 3]),
        (1, 3, vec![1, 2, 3]),
        (4, 3, vec![4, 5, 6]),
        (10, 3, vec![10]),
        (11, 3, vec![]),
        (u64::MAX, 3, vec![]),
        (1, 0, vec![]),
    ] {
        let page = w.store.events(id, from, limit).await.unwrap();
        let seqs: Vec<u64> = page.iter().map(|e| e.seq).collect();
        assert_eq!(seqs, want, "{limit} from {from}");
        assert!(page.iter().all(|e| all.contains(e)));
    }
    assert_eq!(all[9].texts.text.as_deref(), Some("句子 9"));
    assert_eq!(all[9].media_ms, Some(200));
    assert_eq!(w.store.events(call(2), 1, 9).await.unwrap(), vec![]);
}

/// Whoever lost the answer to a unit of work tells by this whether the refusal means its own.
async fn what_was_written_is_refused_again_and_reads_back_as_it_was_given(w: World) {
    w.deposit("first", MicroYuan(10_000_000)).await;
    let id = call(1);
    let middle = [dial_started(true), answered(), heard(1, "喂，我是"), confirmed()];
    let numbered = (2..).zip(middle).map(|(n, (event, texts))| envelope(id, n, event, texts));
    let middle = Batch { events: numbered.collect(), ..Batch::default() };
    let last = Batch {
        events: vec![envelope(id, 6, ended().0, Texts::default())],
        transactions: vec![Transaction::settlement(id, w.owner, HOLD, CHARGE).unwrap()],
        ..Batch::default()
    };
    for batch in [acceptance(w.owner, 1, at(1)), middle, last] {
        w.store.commit(batch.clone()).await.unwrap();
        let again = w.store.commit(batch.clone()).await.unwrap_err();
        assert!(matches!(again, CommitError::Duplicate { .. }), "{again}");
        let (first, count) = (batch.events[0].seq, batch.events.len() as u32);
        assert_eq!(w.store.events(id, first, count).await.unwrap(), batch.events);
    }
    w.assert_books_agree().await;
}

async fn unfinished_calls_are_found_after_a_restart(w: World) {
    w.deposit("first", MicroYuan(10_000_000)).await;
    for n in 1..=4 {
        w.accept(n).await.unwrap();
    }
    w.append(call(3), vec![dial_started(true)]).await;
    let (end, texts) = ended();
    let settle = Transaction::settlement(call(2), w.owner, HOLD, CHARGE).unwrap();
    let batch = Batch {
        events: vec![envelope(call(2), 2, end, texts)],
        transactions: vec![settle],
        ..Batch::default()
    };
    w.store.commit(batch).await.unwrap();
    let w = w.reopened().await;
    let found = w.store.unfinished().await.unwrap();
    let ids: Vec<_> = found.iter().map(|r| r.call).collect();
    assert_eq!(ids, [call(1), call(3), call(4)]);
    assert_eq!(found[1].status, CallStatus::Dialing);
    w.assert_books_agree().await;
}
