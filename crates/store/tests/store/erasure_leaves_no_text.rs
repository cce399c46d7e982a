//! Texts stand beside facts, and an erasure leaves the facts.

use domain::{Event, MicroYuan, Texts, Transaction};
use engine::ports::records::{Batch, CallFilter, Records};

use crate::world::*;

on_both!(an_erasure_takes_texts_and_leaves_facts);

async fn an_erasure_takes_texts_and_leaves_facts(w: World) {
    finish_and_erase(&w).await;
    let record = w.store.call(call(1)).await.unwrap().unwrap();
    assert_eq!(record.target, None);
    assert_eq!(record.task.requirement().reveal(), "");
    assert_eq!(record.lines.len(), 1);
    assert_eq!(record.lines[0].text, "");
    assert_eq!(record.charge, Some(CHARGE));
    let journal = w.store.events(call(1), 1, 100).await.unwrap();
    assert_eq!(journal.len(), 5);
    assert!(journal.iter().all(|e| e.texts.is_empty()));
    let filter = CallFilter { phone: Some(PHONE.into()), limit: 9, ..CallFilter::default() };
    let by_phone = w.store.calls(w.owner, filter).await.unwrap();
    assert_eq!(by_phone.len(), 1, "only the other call still has the number");
    let other = w.store.call(call(2)).await.unwrap().unwrap();
    assert_eq!(other.target, Some(phone(PHONE)));
    w.assert_books_agree().await;
}

/// On SQLite the bytes themselves are gone from the file and its log.
#[tokio::test]
async fn no_file_of_sqlite_holds_what_was_erased() {
    let w = World::sqlite().await;
    let files = || {
        let names = ["waihu.db", "waihu.db-wal"].map(|n| w.dir.path().join(n));
        names.map(|f| std::fs::read(f).unwrap_or_default()).concat()
    };
    let holds = |needle: &str| {
        let files = files();
        files.windows(needle.len()).any(|w| w == needle.as_bytes())
    };
    w.deposit("first", MicroYuan(10 * HOLD.0)).await;
    w.accept(1).await.unwrap();
    // Long enough for pages of its own, which go to the list of free pages as they are.
    let long = "机密".repeat(5_000);
    w.append(call(1), vec![dial_started(true), heard(1, &long)]).await;
    assert!(holds("机密") && holds(PHONE), "written plainly before");
    erase(&w, 4).await;
    assert!(!holds("机密"), "the utterance is still there");
    assert!(!holds("王女士"), "the requirement is still there");
    assert!(!holds(PHONE), "the number is still there");
}

async fn finish_and_erase(w: &World) {
    w.deposit("first", MicroYuan(10 * HOLD.0)).await;
    w.accept(1).await.unwrap();
    w.accept(2).await.unwrap();
    w.append(call(1), vec![dial_started(true), heard(1, "机密")]).await;
    let (end, texts) = ended();
    let batch = Batch {
        events: vec![envelope(call(1), 4, end, texts)],
        transactions: vec![Transaction::settlement(call(1), w.owner, HOLD, CHARGE).unwrap()],
        ..Batch::default()
    };
    w.store.commit(batch).await.unwrap();
    erase(w, 5).await;
}

async fn erase(w: &World, seq: u64) {
    let event = Event::ContentErased { by: "owner".into() };
    let batch =
        Batch { events: vec![envelope(call(1), seq, event, Texts::default())], ..Batch::default() };
    w.store.commit(batch).await.unwrap();
}
