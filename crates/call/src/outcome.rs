//! The one table from how a leg's signalling ended to why the call ended (callout section 5.2).

use domain::{EndReason, EndWhat, Who};

use crate::signal::LegOutcome;

/// Why the call ended when its callee leg ended like this before we decided anything ourselves.
///
/// `rang`: a 180 or 183 had come. `answered`: a 2xx had come.
pub(crate) fn reason(outcome: LegOutcome, rang: bool, answered: bool) -> EndReason {
    match outcome {
        LegOutcome::PeerBye if answered => EndReason::new(EndWhat::CalleeHungUp, Who::Callee),
        LegOutcome::Refused { code } => {
            let (what, who) = refused(code, rang);
            EndReason { what, who: Some(who), sip_code: Some(code) }
        }
        LegOutcome::TimedOut if answered => EndReason::new(EndWhat::ConnectionLost, Who::Carrier),
        LegOutcome::TransportFailed if answered => {
            EndReason::new(EndWhat::ConnectionLost, Who::Platform)
        }
        LegOutcome::TimedOut => EndReason::new(EndWhat::TrunkFailed, Who::Carrier),
        LegOutcome::TransportFailed => EndReason::new(EndWhat::TrunkFailed, Who::Platform),
        // Neither was asked for here, so the other side of the trunk did it.
        LegOutcome::PeerBye | LegOutcome::OurBye | LegOutcome::Canceled => {
            EndReason::new(EndWhat::TrunkFailed, Who::Carrier)
        }
    }
}

fn refused(code: u16, rang: bool) -> (EndWhat, Who) {
    match code {
        486 | 600 => (EndWhat::Busy, Who::Callee),
        603 | 607 | 608 => (EndWhat::Declined, Who::Callee),
        404 | 410 | 484 | 604 => (EndWhat::InvalidNumber, Who::Carrier),
        408 => (EndWhat::NoAnswer, Who::Carrier),
        480 if rang => (EndWhat::NoAnswer, Who::Carrier),
        480 | 430 | 485 => (EndWhat::Unreachable, Who::Carrier),
        // 3xx is not followed; 403, 488 and 5xx are the trunk's; so is all else of 4xx and 6xx.
        _ => (EndWhat::TrunkFailed, Who::Carrier),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sip_answers_become_reasons() {
        for (code, rang, what) in [
            (486, true, "busy"),
            (600, false, "busy"),
            (603, true, "declined"),
            (404, false, "invalid_number"),
            (410, false, "invalid_number"),
            (484, false, "invalid_number"),
            (408, true, "no_answer"),
            (480, true, "no_answer"),
            (480, false, "unreachable"),
            (302, false, "trunk_failed"),
            (401, false, "trunk_failed"),
            (403, false, "trunk_failed"),
            (407, false, "trunk_failed"),
            (488, true, "trunk_failed"),
            (500, false, "trunk_failed"),
            (503, false, "trunk_failed"),
        ] {
            let r = reason(LegOutcome::Refused { code }, rang, false);
            assert_eq!(r.what.word(), what, "{code} rang={rang}");
            assert_eq!(r.sip_code, Some(code));
        }
        let bye = reason(LegOutcome::PeerBye, true, true);
        assert_eq!((bye.what, bye.who), (EndWhat::CalleeHungUp, Some(Who::Callee)));
    }
}
