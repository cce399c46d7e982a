//! What is asked, what waits, until when.

use domain::Masked;

use super::*;
use crate::director::Needs;

const T: fn(u64) -> Now = Now::from_millis;

fn enquiry(n: u8) -> Enquiry {
    Enquiry { kind: "heard", body: Masked::new(vec![n]) }
}

fn cues(order: Order) -> Cues {
    Cues::new(&Needs { order, answer_ms: 1_000, ..Needs::default() })
}

/// Number, reason and whether somebody is told, of each that is over.
fn short(over: impl IntoIterator<Item = Settled>) -> Vec<(u32, Option<Unanswered>, bool)> {
    over.into_iter().map(|s| (s.no.0, s.why, s.unask)).collect()
}

#[test]
fn one_is_out_and_the_others_wait_in_their_order() {
    let mut c = cues(Order::Serial);
    for n in 1..=3 {
        assert_eq!(c.ask(T(0), enquiry(n)), []);
    }
    for n in 1..=3 {
        let (no, sent) = c.send(T(10)).unwrap();
        assert_eq!((no, sent.body.reveal().as_slice()), (CueNo(u32::from(n)), &[n][..]));
        assert!(c.send(T(10)).is_none(), "one is out");
        let s = c.answered(T(60), no, None).unwrap();
        assert_eq!((s.took_ms, s.why), (50, None));
    }
    assert!(c.is_idle());
}

#[test]
fn the_oldest_that_waits_goes_when_too_many_do() {
    let mut c = cues(Order::Serial);
    c.ask(T(0), enquiry(1));
    c.send(T(0));
    for n in 2..=9 {
        assert_eq!(c.ask(T(0), enquiry(n)), []);
    }
    assert_eq!(short(c.ask(T(0), enquiry(10))), [(2, Some(Unanswered::Dropped), false)]);
    c.answered(T(1), CueNo(1), None);
    assert_eq!(c.send(T(1)).unwrap().0, CueNo(3));
}

#[test]
fn the_latest_takes_the_place_of_the_one_that_is_out() {
    let mut c = cues(Order::Latest);
    c.ask(T(0), enquiry(1));
    c.send(T(0));
    assert_eq!(short(c.ask(T(300), enquiry(2))), [(1, Some(Unanswered::Superseded), true)]);
    assert_eq!(c.send(T(300)).unwrap().0, CueNo(2));
    assert_eq!(c.answered(T(310), CueNo(1), None), None, "nobody waits for the first");
    assert_eq!(c.deadline(), Some(T(1_300)));
}

#[test]
fn an_answer_counts_before_its_limit_and_once() {
    let mut c = cues(Order::Serial);
    c.ask(T(0), enquiry(1));
    let (no, _) = c.send(T(500)).unwrap();
    assert_eq!(c.answered(T(600), CueNo(7), None), None, "no such number");
    assert_eq!(c.answered(T(1_500), no, None), None, "on its limit it is too late");
    assert_eq!(c.overdue(T(1_499)), None);
    assert_eq!(short(c.overdue(T(1_500))), [(1, Some(Unanswered::TimedOut), true)]);
    assert_eq!(c.answered(T(1_600), no, None), None);
    assert!(c.is_idle());
}

#[test]
fn a_closed_line_asks_nothing_until_it_is_opened_again() {
    let mut c = cues(Order::Serial);
    c.ask(T(0), enquiry(1));
    c.ask(T(0), enquiry(2));
    c.send(T(0));
    let void = Some(Unanswered::Void);
    assert_eq!(short(c.close(T(5))), [(1, void, true), (2, void, false)]);
    assert_eq!(short(c.ask(T(6), enquiry(3))), [(3, void, false)]);
    assert_eq!((c.send(T(6)), c.deadline()), (None, None));
    c.reopen();
    c.ask(T(7), enquiry(4));
    assert_eq!(c.send(T(7)).unwrap().0, CueNo(4));
}
