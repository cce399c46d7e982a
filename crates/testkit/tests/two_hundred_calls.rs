//! Two hundred calls of mixed fates through the real engine, with everything that must hold for
//! all of them; and the same seed gives the same journals.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use domain::{CallId, Envelope, Event, MicroYuan, WallTime};
use testkit::{Act, Chance, Door, Plan, Setup, World, check_all, outcome, people, virtually};

const CALLS: usize = 200;
const LINES: u32 = 12;

const DONE: &str = "completed / task_done / confirmed";

/// Fates, and how a call that meets them must end.
fn fates() -> Vec<(Plan, &'static str)> {
    let refused = |ms, code| Plan::ending(ms, Door::Refuse(code));
    let crossing = Plan { crossing: true, ..people::no_answer() };
    let at_once = |code| Plan::unrung(90, Door::Refuse(code));
    vec![
        (people::cooperative(), DONE),
        (people::wrong_person(), "completed / identity_not_confirmed / denied"),
        (refused(1_500, 486), "busy / busy / not_reached"),
        (refused(900, 600), "busy / busy / not_reached"),
        (people::no_answer(), "no_answer / ring_timeout / not_reached"),
        (crossing, "no_answer / ring_timeout / not_reached"),
        (people::voicemail(), "voicemail / voicemail / voicemail"),
        (people::mumbling_voicemail(), "voicemail / voicemail / voicemail"),
        (people::interrupter(), DONE),
        (people::hangs_up(), "completed / callee_hung_up / unclear"),
        (people::silent(), "completed / silence / unclear"),
        (people::opts_out(), "completed / opted_out / refused"),
        (refused(2_000, 603), "declined / declined / not_reached"),
        (people::unobtainable(), "failed / invalid_number / not_reached"),
        (at_once(404), "failed / invalid_number / not_reached"),
        (refused(3_000, 480), "no_answer / no_answer / not_reached"),
        (at_once(480), "failed / unreachable / not_reached"),
        (at_once(503), "failed / trunk_failed / not_reached"),
        (at_once(403), "failed / trunk_failed / not_reached"),
        (Plan::ending(800, Door::NoCodec), "failed / trunk_failed / not_reached"),
        (Plan::ending(800, Door::NoDescription), "failed / trunk_failed / not_reached"),
        (Plan::unrung(2_000, Door::TimeOut), "failed / trunk_failed / not_reached"),
        (Plan::unrung(0, Door::Unsendable), "failed / trunk_failed / not_reached"),
        (people::family(), "completed / identity_not_confirmed / third_party"),
        (people::backchannels(), DONE),
        (people::key_presser(), DONE),
        (people::talks_long(), DONE),
        (people::asks_for_a_robot(), DONE),
        (people::ringback_music(), DONE),
        (people::slow_answer(), DONE),
        (people::sudden_drop(), "completed / connection_lost / confirmed"),
        (people::call_screening(), DONE),
        (people::mumbles(), "completed / identity_not_confirmed / unclear"),
        (people::refuses(), "completed / identity_not_confirmed / refused"),
        (people::cannot_come(), "completed / task_impossible / confirmed"),
        (people::falls_silent(), DONE),
    ]
}

/// A number and what must become of the call to it.
type Wanted = Vec<(CallId, &'static str)>;

async fn place_all(world: &World, chance: &mut Chance) -> Wanted {
    let fates = fates();
    let mut wanted = Vec::new();
    let mut opted_out: Vec<String> = Vec::new();
    let mut i = 0;
    while wanted.len() < CALLS {
        let mut order = Vec::new();
        let many = chance.within(1, 6) as usize;
        for _ in 0..many.min(CALLS - wanted.len()) {
            // Every ninth call goes to the number before it, which may be talking still.
            let same = i > 0 && i % 9 == 8;
            let number = format!("138{:08}", i - usize::from(same));
            let (mut plan, mut end) = fates[chance.below(fates.len() as u64) as usize].clone();
            plan.door_after_ms += chance.below(1_500);
            plan.acts.insert(0, Act::Wait(chance.below(600)));
            if opted_out.contains(&number) {
                end = "canceled / policy_blocked / not_reached";
            } else {
                world.trunk.plan(&number, plan);
            }
            if end.contains("opted_out") {
                opted_out.push(number.clone());
            }
            order.push((number, end));
            i += 1;
            if same || i % 9 == 8 {
                // One order holds no number twice.
                break;
            }
        }
        let numbers: Vec<&str> = order.iter().map(|o| o.0.as_str()).collect();
        let placed = world.place(&numbers).await.unwrap();
        assert_eq!(placed.skipped, [], "the call before has not ended yet");
        let ids = placed.calls.iter().map(|c| c.call);
        wanted.extend(ids.zip(order.iter().map(|o| o.1)));
        world.pass(chance.below(120)).await;
    }
    wanted
}

async fn simulate(seed: u64) -> (World, Wanted) {
    let setup = Setup { seed, max_concurrent: LINES, record: true, ..Setup::default() };
    let world = setup.start().await;
    world.store.set_commit_takes(std::time::Duration::from_millis(3));
    let mut chance = Chance::new(seed);
    let wanted = place_all(&world, &mut chance).await;
    world.settle(3_000).await;
    // Recordings are written after the end.
    world.pass(1_000).await;
    (world, wanted)
}

/// From the intent to dial to the end.
fn span(journal: &[Envelope]) -> Option<(WallTime, WallTime)> {
    let at = |f: fn(&Event) -> bool| journal.iter().find(|e| f(&e.event)).map(|e| e.at);
    let from = at(|e| matches!(e, Event::DialStarted { .. }))?;
    Some((from, at(|e| matches!(e, Event::CallEnded(_)))?))
}

/// How many of these spans hold the same moment at most; one that ends makes room at once.
fn most_at_once(spans: &[(WallTime, WallTime)]) -> u32 {
    let mut moments: Vec<(WallTime, i32)> =
        spans.iter().flat_map(|(from, to)| [(*from, 1), (*to, -1)]).collect();
    moments.sort();
    let (mut now, mut most) = (0, 0);
    for (_, step) in moments {
        now += step;
        most = most.max(now);
    }
    u32::try_from(most).unwrap()
}

#[test]
fn two_hundred_calls_end_as_planned_and_leave_nothing_behind() {
    virtually(async {
        let (world, wanted) = simulate(20_260_727).await;
        assert_eq!(wanted.len(), CALLS);
        let mut wrong = Vec::new();
        for (call, want) in &wanted {
            let got = outcome(&world.record(*call));
            if got != *want {
                wrong.push(format!("{got}, not {want}"));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        check_all(&world);
        let mut by_number: BTreeMap<String, Vec<(WallTime, WallTime)>> = BTreeMap::new();
        for (call, _) in &wanted {
            let number = world.record(*call).target.unwrap().reveal().to_owned();
            by_number.entry(number).or_default().extend(span(&world.journal(*call)));
        }
        let all: Vec<_> = by_number.values().flatten().copied().collect();
        assert!(most_at_once(&all) <= LINES, "more calls at once than lines");
        assert!(most_at_once(&all) > LINES / 2, "the lines were never busy");
        for (number, spans) in &by_number {
            assert!(most_at_once(spans) <= 1, "{number} was called twice at once");
        }
        assert!(by_number.values().any(|s| s.len() > 1), "no number was called twice");
        let dialled = world.trunk.dialled();
        assert_eq!(dialled.len(), all.len(), "an INVITE for each intent, and no other");
        let charged: i64 = wanted.iter().map(|(c, _)| world.record(*c).charge.unwrap().0).sum();
        assert!(charged > 0);
        let left = world.store.ledger();
        assert_eq!((left.0, left.1), (MicroYuan::ZERO, MicroYuan::ZERO));
    });
}

#[test]
fn the_same_seed_gives_the_same_journals() {
    let run = |seed| {
        virtually(async move {
            let (world, wanted) = simulate(seed).await;
            wanted.iter().map(|(call, _)| world.journal(*call)).collect::<Vec<_>>()
        })
    };
    let (first, again, other) = (run(7), run(7), run(8));
    for (a, b) in first.iter().zip(&again) {
        assert_eq!(a, b);
    }
    assert_eq!(first.len(), again.len());
    assert_ne!(first, other);
}
