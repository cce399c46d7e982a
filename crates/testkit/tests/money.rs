//! What is held, what is charged, and what happens when either runs out.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use domain::{CallLimits, EndWhat, Event, MicroYuan, Refusal, TransactionKind, Who};
use engine::Calls;
use testkit::Act::*;
use testkit::{Act, Plan, Setup, World, check_all, outcome, people, virtually};

const MINUTE: i64 = 300_000;

/// Confirms, then asks about the matter for ever.
fn endless() -> Plan {
    let mut acts = vec![AwaitPause(600), Say("是我", 600)];
    for _ in 0..400 {
        acts.extend([AwaitPause(900), Say("什么事", 900)]);
    }
    people::after_hello(&[&acts])
}

async fn world(minutes: i64, call_s: u32) -> World {
    let limits = CallLimits { call_s, hold_s: 300, ..CallLimits::default() };
    let balance = Some(MicroYuan(minutes * MINUTE));
    Setup { balance, limits, ..Setup::default() }.start().await
}

fn holds(world: &World) -> Vec<i64> {
    let all = world.store.transactions();
    let holds = all.iter().filter(|t| t.kind() == TransactionKind::Hold);
    holds.map(|t| t.postings().iter().map(|p| p.amount.0).max().unwrap()).collect()
}

#[test]
fn too_little_for_a_list_stores_and_dials_nothing() {
    virtually(async {
        let world = world(9, 300).await;
        let refused = world.place(&["13800138001", "13800138002"]).await.unwrap_err();
        let (hold, available) = (MicroYuan(10 * MINUTE), MicroYuan(9 * MINUTE));
        assert_eq!(refused, Refusal::InsufficientBalance { hold, available });
        assert_eq!(world.store.records(), []);
        assert_eq!(holds(&world), [] as [i64; 0]);
        world.pass(5_000).await;
        assert_eq!(world.trunk.dialled(), []);
        check_all(&world);
    });
}

#[test]
fn six_minutes_of_money_carry_a_ten_minute_call_for_six_minutes() {
    virtually(async {
        let world = world(6, 600).await;
        let record = world.whole_call(endless()).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / balance_exhausted / confirmed");
        assert_eq!(record.reason.unwrap().who, Some(Who::Platform));
        assert_eq!(holds(&world), [5 * MINUTE, MINUTE], "the hold grew once");
        assert_eq!(record.charge, Some(MicroYuan(6 * MINUTE)));
        assert!((351..=360).contains(&record.duration_s.unwrap()), "{:?}", record.duration_s);
        assert!(record.lines.iter().any(|l| l.text.contains("时间到了")), "a closing was said");
        assert_eq!(world.store.ledger().1, MicroYuan::ZERO);
    });
}

#[test]
fn a_limit_that_is_met_in_mid_speech_still_ends_the_call_on_time() {
    virtually(async {
        // The callee never stops talking, so that no closing finds its place.
        let acts = [AwaitPause(600), Say("是我", 600), AwaitPause(600), Say("我说啊", 900_000)];
        for (minutes, call_s, seconds, what) in
            [(6, 600, 360, EndWhat::BalanceExhausted), (10, 300, 300, EndWhat::MaxDuration)]
        {
            let world = world(minutes, call_s).await;
            let record = world.whole_call(people::after_hello(&[&acts])).await;
            check_all(&world);
            assert_eq!(record.reason.unwrap().what, what);
            assert_eq!(record.duration_s, Some(seconds));
            assert_eq!(record.charge, Some(MicroYuan(i64::from(seconds) / 60 * MINUTE)));
        }
    });
}

#[test]
fn enough_money_carries_a_call_to_its_own_limit() {
    virtually(async {
        let world = world(20, 600).await;
        let record = world.whole_call(endless()).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / max_duration / confirmed");
        assert_eq!(holds(&world), [5 * MINUTE, MINUTE, MINUTE, MINUTE, MINUTE, MINUTE]);
        assert!((591..=600).contains(&record.duration_s.unwrap()));
        assert_eq!(record.charge, Some(MicroYuan(10 * MINUTE)));
        assert!(record.lines.last().unwrap().text.contains("再见"));
    });
}

#[test]
fn the_limit_of_a_call_ends_it_with_a_closing() {
    virtually(async {
        let world = world(5, 60).await;
        let record = world.whole_call(endless()).await;
        check_all(&world);
        assert_eq!(outcome(&record), "completed / max_duration / confirmed");
        assert_eq!(holds(&world), [MINUTE], "no more than the limit is held");
        assert_eq!(record.charge, Some(MicroYuan(MINUTE)));
        assert!(record.lines.last().unwrap().text.contains("时间到了"));
    });
}

#[test]
fn a_second_call_spends_what_the_first_did_not_hold() {
    virtually(async {
        let world = world(10, 600).await;
        world.trunk.plan("13800138001", endless());
        world.trunk.plan("13800138002", people::cooperative());
        let placed = world.place(&["13800138001", "13800138002"]).await.unwrap();
        world.settle(900).await;
        check_all(&world);
        // The second call gave four minutes back, so the first lasted nine.
        let first = world.record(placed.calls[0].call);
        assert_eq!(outcome(&first), "completed / balance_exhausted / confirmed");
        assert_eq!(first.charge, Some(MicroYuan(9 * MINUTE)));
        let journal = world.journal(first.call);
        let grown = journal.iter().filter(|e| matches!(e.event, Event::HoldExtended { .. }));
        assert_eq!(grown.count(), 4);
    });
}

#[test]
fn charges_follow_the_connected_time() {
    virtually(async {
        let yes = [AwaitPause(600), Say("是我", 600)];
        let table: [(&[Act], i64); 3] = [
            (&[HangUp], 1),
            (&[AwaitPause(600), Say("我说啊", 14_000), HangUp], 1),
            (&[AwaitPause(600), Say("我说啊", 70_000), HangUp], 2),
        ];
        for (acts, minutes) in table {
            let world = world(10, 300).await;
            let record = world.whole_call(people::after_hello(&[&yes, acts])).await;
            check_all(&world);
            assert_eq!(record.charge, Some(MicroYuan(minutes * MINUTE)), "{acts:?}");
        }
    });
}

#[test]
fn a_call_that_ends_while_its_extension_is_refused_is_settled_with_what_was_held() {
    virtually(async {
        // 270 s after the answer the extension is asked for; the store takes its time to refuse it.
        for after_ms in [269_500, 270_050, 270_500, 271_500] {
            let world = world(5, 600).await;
            world.store.set_commit_takes(std::time::Duration::from_millis(900));
            let call = world.call("13800138000", endless()).await;
            world.until(call, 20, |r| r.milestones.answered_at.is_some()).await;
            let answered = world.record(call).milestones.answered_at.unwrap();
            let late = world.clock.wall().millis_since(answered);
            world.pass(after_ms - u64::try_from(late).unwrap()).await;
            world.engine.hang_up(&world.who, call).await.unwrap();
            world.settle(60).await;
            check_all(&world);
            let record = world.record(call);
            assert_eq!(outcome(&record), "completed / owner_hung_up / confirmed");
            assert_eq!(record.held, MicroYuan(5 * MINUTE), "{after_ms}");
            assert_eq!(record.charge, Some(MicroYuan(5 * MINUTE)), "{after_ms}");
        }
    });
}
