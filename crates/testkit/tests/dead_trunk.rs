//! What is said of a call that nobody took: who was rung, and who was not.

use domain::Who;
use testkit::{Door, Plan, Ring, Setup, check_all, outcome, virtually};

const RUNG: &str = "no_answer / ring_timeout / not_reached";
const DEAD: &str = "failed / trunk_failed / not_reached";

#[test]
fn a_trunk_that_never_says_a_word_has_rung_nobody() {
    virtually(async {
        let first = |code| vec![Ring { after_ms: 200, code, early: false }];
        for (rings, ring_s, want, who) in [
            (Vec::new(), 30, DEAD, Who::Carrier),
            (Vec::new(), 60, DEAD, Who::Carrier),
            // Gateways to analog lines say nothing but 100 while the phone rings.
            (first(100), 30, RUNG, Who::Platform),
            (first(180), 30, RUNG, Who::Platform),
            (first(183), 30, RUNG, Who::Platform),
        ] {
            let mut setup = Setup::default();
            setup.limits.ring_s = ring_s;
            let world = setup.start().await;
            let plan = Plan { rings: rings.clone(), ..Plan::unrung(0, Door::Never) };
            let record = world.whole_call(plan).await;
            check_all(&world);
            assert_eq!(outcome(&record), want, "{rings:?}");
            assert_eq!(record.reason.and_then(|r| r.who), Some(who), "{rings:?}");
            let m = record.milestones;
            let waited = m.ended_at.zip(m.dialed_at).map(|(to, from)| to.millis_since(from));
            assert!(waited.is_some_and(|ms| ms >= i64::from(ring_s) * 1_000), "{waited:?}");
        }
    });
}
