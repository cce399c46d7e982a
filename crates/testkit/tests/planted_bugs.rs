//! Bugs that are planted on purpose: each kind is noticed, and named.

use std::collections::BTreeSet;

use testkit::{Invariant, OutsideBug, Sabotage, Simulation};

/// Invariants found broken in a few worlds that all have this bug, at the chance after `skip`.
fn broken(sabotage: Sabotage, skip: u32) -> BTreeSet<Invariant> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let plan =
        Simulation { threads, sabotage: Some((sabotage, skip)), ..Simulation::new(500, 200) };
    let report = plan.run();
    let all = report.failures.iter().flat_map(|f| &f.violations);
    all.map(|v| v.invariant).collect()
}

fn finds(sabotage: Sabotage, wanted: &[Invariant]) {
    // At the very first chance where there are few, or where the first line of a call is meant.
    let early = matches!(
        sabotage,
        Sabotage::DialForgotten
            | Sabotage::OpeningSkipped
            | Sabotage::OverReported
            | Sabotage::WrittenAgain
            | Sabotage::Outside(OutsideBug::EndForgotten)
            | Sabotage::Outside(OutsideBug::PauseLost)
    );
    let found = broken(sabotage, if early { 0 } else { 3 });
    for invariant in wanted {
        assert!(found.contains(invariant), "{sabotage:?} breaks {invariant:?}, found {found:?}");
    }
}

#[test]
fn without_a_planted_bug_nothing_is_found() {
    let report = Simulation::new(500, 200).run();
    assert_eq!(report.failures, []);
}

#[test]
fn a_port_that_is_not_given_back_is_found() {
    finds(Sabotage::PortKept, &[Invariant::Ports]);
}

#[test]
fn a_leg_that_the_trunk_keeps_is_found() {
    finds(Sabotage::LegKept, &[Invariant::Legs]);
}

#[test]
fn a_call_whose_task_is_lost_is_found_by_its_line_its_port_and_its_money() {
    let wanted = [Invariant::Rests, Invariant::Lines, Invariant::Ports, Invariant::Books];
    finds(Sabotage::CallLost, &wanted);
}

#[test]
fn a_task_that_nobody_ends_is_found() {
    finds(Sabotage::TaskKept, &[Invariant::Tasks]);
}

#[test]
fn a_timer_left_behind_is_found() {
    finds(Sabotage::TimerKept, &[Invariant::Timers]);
}

#[test]
fn a_call_that_is_settled_twice_is_found() {
    finds(Sabotage::SettledTwice, &[Invariant::Books]);
}

#[test]
fn a_settlement_that_is_lost_is_found() {
    finds(Sabotage::SettlementLost, &[Invariant::Books]);
}

#[test]
fn a_record_that_is_not_the_fold_of_its_journal_is_found() {
    finds(Sabotage::LineForgotten, &[Invariant::Record]);
}

#[test]
fn a_call_that_ends_twice_is_found() {
    finds(Sabotage::EndedTwice, &[Invariant::EndsOnce]);
}

#[test]
fn an_end_that_is_taken_twice_because_its_answer_was_lost_is_found() {
    finds(Sabotage::WrittenAgain, &[Invariant::EndsOnce, Invariant::Books]);
}

#[test]
fn a_status_that_goes_back_up_is_found() {
    finds(Sabotage::AnsweredLate, &[Invariant::LegalPath]);
}

#[test]
fn a_charge_that_is_not_the_price_of_its_time_is_found() {
    finds(Sabotage::Overcharged, &[Invariant::Charge]);
}

#[test]
fn content_before_identity_is_found() {
    finds(Sabotage::ContentEarly, &[Invariant::Secrecy]);
}

#[test]
fn an_opening_that_is_left_out_is_found() {
    finds(Sabotage::OpeningSkipped, &[Invariant::Disclosure]);
}

#[test]
fn playout_that_reports_more_than_was_heard_is_found() {
    finds(Sabotage::OverReported, &[Invariant::Heard]);
}

#[test]
fn a_recording_that_is_not_what_was_said_is_found() {
    finds(Sabotage::TapeSpoilt, &[Invariant::Recorded]);
}

#[test]
fn a_second_dial_after_a_crash_is_found() {
    finds(Sabotage::DialForgotten, &[Invariant::DialledOnce]);
}

#[test]
fn news_that_a_watcher_sees_twice_is_found() {
    finds(Sabotage::NewsRepeated, &[Invariant::Watched]);
}

#[test]
fn an_enquiry_that_is_sent_twice_at_a_time_is_found() {
    finds(Sabotage::Outside(OutsideBug::AskedTwice), &[Invariant::OneCue]);
}

#[test]
fn a_request_that_outlives_its_enquiry_is_found() {
    finds(Sabotage::Outside(OutsideBug::AskKept), &[Invariant::Tasks]);
}

#[test]
fn an_answer_that_counts_after_its_limit_is_found() {
    finds(Sabotage::Outside(OutsideBug::LateAnswerTaken), &[Invariant::Answers]);
}

#[test]
fn an_answer_that_counts_twice_is_found() {
    finds(Sabotage::Outside(OutsideBug::AnswerTakenTwice), &[Invariant::Answers]);
}

#[test]
fn an_enquiry_of_which_the_journal_tells_something_else_is_found() {
    finds(Sabotage::CueMistold, &[Invariant::Answers]);
}

#[test]
fn a_call_that_goes_on_after_its_director_ended_it_is_found() {
    finds(Sabotage::Outside(OutsideBug::EndForgotten), &[Invariant::Floor]);
}

#[test]
fn a_lane_that_plays_on_what_was_cut_is_found() {
    finds(Sabotage::CutIgnored, &[Invariant::Floor]);
}

#[test]
fn a_floor_that_does_not_stand_still_is_found() {
    finds(Sabotage::Outside(OutsideBug::PauseLost), &[Invariant::Floor]);
}

#[test]
fn a_panic_is_found() {
    finds(Sabotage::Panics, &[Invariant::Sound]);
}

#[test]
fn a_run_that_does_not_repeat_is_found() {
    finds(Sabotage::Unrepeatable, &[Invariant::Repeats]);
}
