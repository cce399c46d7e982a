//! What must hold for every call of every world, whatever happened in it.

mod call;
mod led;
mod words;

use std::collections::BTreeMap;

use domain::{CallId, CallRecord, LedgerAccount, MicroYuan, TransactionKind};

use crate::invariant::{Findings, Invariant, Violation};
use crate::memory::MemoryStore;
use crate::outside::Led;
use crate::plane::Audible;
use crate::trunk::Dialled;
use crate::world::World;

/// How a call ended, as `status / end_reason / identity`.
pub fn outcome(record: &CallRecord) -> String {
    let reason = record.reason.map_or("", |r| r.what.word());
    format!("{} / {reason} / {}", record.status.word(), record.identity.word())
}

/// Checks every call, the ledger, and that nothing is left over.
///
/// # Panics
/// When something does not hold.
pub fn check_all(world: &World) {
    check_books(world);
    for record in &world.store.records() {
        check_call(world, record.call);
    }
}

/// Checks ledger, journals and records, and that nothing is left over; not what was audible,
/// of which a world knows only its own part when the process before it died.
///
/// # Panics
/// When something does not hold.
pub fn check_books(world: &World) {
    let mut found = Findings::default();
    at_rest(world, &mut found);
    books(&world.store, &mut found);
    for record in &world.store.records() {
        found.call = Some(record.call);
        call::check(&world.store, record, &mut found);
    }
    found.expect_none();
}

/// Checks one ended call and what was audible of it.
///
/// # Panics
/// When something does not hold.
pub fn check_call(world: &World, call: CallId) {
    let mut found = Findings { call: Some(call), ..Findings::default() };
    let record = world.record(call);
    call::check(&world.store, &record, &mut found);
    let audible = world.plane.audible(call);
    let led = world.setup.outside.led();
    let journal = world.journal(call);
    words::check(&journal, &record, &audible, led.contains_key(&call), &mut found);
    match led.get(&call) {
        Some(led) => led::check(&journal, led, &mut found),
        None => led::unled(&journal, &mut found),
    }
    found.expect_none();
}

/// Nothing runs, waits or is kept.
pub(crate) fn at_rest(world: &World, found: &mut Findings) {
    let (running, waiting) = (world.engine.running(), world.engine.waiting());
    found.need(Invariant::Rests, running == 0, || format!("{running} calls run"));
    found.need(Invariant::Rests, waiting == 0, || format!("{waiting} calls wait"));
    let lines = world.engine.lines_in_use();
    found.need(Invariant::Lines, lines == 0, || format!("{lines} lines are in use"));
    let ports = world.plane.ports_in_use();
    found.need(Invariant::Ports, ports == 0, || format!("{ports} media ports are in use"));
    let legs = world.trunk.live();
    found.need(Invariant::Legs, legs == 0, || format!("{legs} legs are not over"));
    for (call, why) in world.plane.spoilt_recordings() {
        found.call = Some(call);
        found.need(Invariant::Recorded, false, || why);
        found.call = None;
    }
}

/// Everything that can be checked when the last of several worlds on one store is at rest.
pub(crate) fn whole_history(
    store: &MemoryStore,
    dialled: &[Dialled],
    audible: &BTreeMap<CallId, Vec<Audible>>,
    outside: &BTreeMap<CallId, Led>,
) -> Vec<Violation> {
    let mut found = Findings::default();
    books(store, &mut found);
    let mut times: BTreeMap<CallId, u32> = BTreeMap::new();
    for d in dialled {
        *times.entry(d.call).or_insert(0) += 1;
    }
    for record in &store.records() {
        found.call = Some(record.call);
        call::check(store, record, &mut found);
        let journal = store.journal(record.call);
        let times = times.remove(&record.call).unwrap_or(0);
        call::dialled(&journal, times, &mut found);
        // Of a call that died with its process the journal may lack the last moments.
        let lost = record.reason.is_some_and(|r| r.what == domain::EndWhat::NodeLost);
        if lost {
            continue;
        }
        let led = outside.get(&record.call);
        if let Some(audible) = audible.get(&record.call) {
            words::check(&journal, record, audible, led.is_some(), &mut found);
        }
        match led {
            Some(led) => led::check(&journal, led, &mut found),
            None => led::unled(&journal, &mut found),
        }
    }
    for call in times.keys() {
        found.call = Some(*call);
        found.need(Invariant::DialledOnce, false, || "dialled, but not stored".to_owned());
    }
    found.all
}

/// The ledger sums to zero, nothing is held, and each call's holds are its one settlement.
fn books(store: &MemoryStore, found: &mut Findings) {
    found.call = None;
    let (sum, held, _) = store.ledger();
    found.need(Invariant::Books, sum == MicroYuan::ZERO, || format!("the sum is {sum}"));
    found.need(Invariant::Books, held == MicroYuan::ZERO, || format!("{held} still held"));
    let mut calls: BTreeMap<String, (i64, u32)> = BTreeMap::new();
    for t in store.transactions() {
        let name = t.reference().split(':').nth(1).unwrap_or_default().to_owned();
        let (kept, settled) = match t.kind() {
            TransactionKind::Hold | TransactionKind::Settlement => calls.entry(name).or_default(),
            _ => continue,
        };
        *settled += u32::from(t.kind() == TransactionKind::Settlement);
        let of_hold = |p: &&domain::Posting| matches!(p.account, LedgerAccount::Held(_));
        *kept += t.postings().iter().filter(of_hold).map(|p| p.amount.0).sum::<i64>();
    }
    for record in store.records() {
        found.call = Some(record.call);
        let name = record.call.to_string();
        let (kept, settled) = calls.remove(&name).unwrap_or_default();
        found.need(Invariant::Books, settled == 1, || format!("settled {settled} times"));
        found.need(Invariant::Books, kept == 0, || {
            format!("holds and settlement differ by {kept} micro-yuan")
        });
    }
    found.call = None;
    found.need(Invariant::Books, calls.is_empty(), || "money moved for no call".to_owned());
}
