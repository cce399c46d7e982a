//! How long a call may last: its own limit and the money held for it.

use std::time::Duration;

use domain::{CallLimits, EndWhat, Now};

/// Before a limit, time for a closing.
const CLOSING_TIME: Duration = Duration::from_secs(8);
/// How long before the held time is used up its extension is asked for.
const EXTEND_BEFORE: Duration = Duration::from_secs(30);

/// What a limit wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitAction {
    /// Hold another minute.
    Extend,
    /// Say a closing, then end with this reason.
    Close(EndWhat),
    /// End now.
    End(EndWhat),
}

/// Counts from the answer.
#[derive(Debug)]
pub(crate) struct Limits {
    answered: Now,
    call: Duration,
    held: Duration,
    asked: bool,
    refused: bool,
    /// A closing was asked for, or nobody wants one.
    closing: bool,
}

impl Limits {
    pub(crate) fn new(answered: Now, limits: &CallLimits) -> Self {
        let call = Duration::from_secs(u64::from(limits.call_s));
        let held = Duration::from_secs(u64::from(limits.hold_s.min(limits.call_s)));
        Self { answered, call, held, asked: false, refused: false, closing: false }
    }

    /// The same, but it ends on its limit without asking for a closing.
    pub(crate) fn without_closing(self) -> Self {
        Self { closing: true, ..self }
    }

    /// Connected time that may be charged at most, in seconds.
    pub(crate) fn chargeable_s(&self) -> u32 {
        u32::try_from(self.call.min(self.held).as_secs()).unwrap_or(u32::MAX)
    }

    /// The hold now covers this much connected time.
    pub(crate) fn extended(&mut self, until_s: u32) {
        self.held = Duration::from_secs(u64::from(until_s));
        self.asked = false;
    }

    /// The hold could not be extended.
    pub(crate) fn refused(&mut self) {
        self.refused = true;
    }

    pub(crate) fn due(&mut self, now: Now) -> Option<LimitAction> {
        let spent = now.since(self.answered);
        let (end, what) = self.end();
        if spent >= end {
            return Some(LimitAction::End(what));
        }
        if !self.closing && spent + self.closing_time() >= end && !self.may_extend() {
            self.closing = true;
            return Some(LimitAction::Close(what));
        }
        if self.may_extend() && !self.asked && spent + EXTEND_BEFORE >= self.held {
            self.asked = true;
            return Some(LimitAction::Extend);
        }
        None
    }

    pub(crate) fn deadline(&self) -> Now {
        let (end, _) = self.end();
        if self.may_extend() {
            let ask = self.held.saturating_sub(EXTEND_BEFORE);
            return self.answered + if self.asked { end } else { ask };
        }
        let close = end.saturating_sub(self.closing_time());
        self.answered + if self.closing { end } else { close }
    }

    fn may_extend(&self) -> bool {
        self.held < self.call && !self.refused
    }

    fn end(&self) -> (Duration, EndWhat) {
        if self.held < self.call {
            (self.held, EndWhat::BalanceExhausted)
        } else {
            (self.call, EndWhat::MaxDuration)
        }
    }

    /// A short limit leaves a shorter closing.
    fn closing_time(&self) -> Duration {
        CLOSING_TIME.min(self.call / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(call_s: u32, hold_s: u32) -> Limits {
        let limits = CallLimits { call_s, hold_s, ..CallLimits::default() };
        Limits::new(Now::default(), &limits)
    }

    #[test]
    fn a_call_closes_before_its_limit_and_ends_on_it() {
        let mut l = limits(300, 300);
        assert_eq!(l.due(Now::from_millis(291_999)), None);
        assert_eq!(l.deadline(), Now::from_millis(292_000));
        let close = LimitAction::Close(EndWhat::MaxDuration);
        assert_eq!(l.due(Now::from_millis(292_000)), Some(close));
        assert_eq!(l.due(Now::from_millis(299_000)), None);
        assert_eq!(l.due(Now::from_millis(300_000)), Some(LimitAction::End(EndWhat::MaxDuration)));
    }

    #[test]
    fn who_wants_no_closing_is_asked_for_none() {
        let mut l = limits(300, 300).without_closing();
        assert_eq!(l.deadline(), Now::from_millis(300_000));
        assert_eq!(l.due(Now::from_millis(299_999)), None);
        assert_eq!(l.due(Now::from_millis(300_000)), Some(LimitAction::End(EndWhat::MaxDuration)));
    }

    #[test]
    fn the_hold_grows_until_it_is_refused() {
        let mut l = limits(600, 300);
        assert_eq!(l.due(Now::from_millis(270_000)), Some(LimitAction::Extend));
        l.extended(360);
        assert_eq!(l.due(Now::from_millis(300_000)), None);
        assert_eq!(l.due(Now::from_millis(330_000)), Some(LimitAction::Extend));
        l.refused();
        let what = EndWhat::BalanceExhausted;
        assert_eq!(l.due(Now::from_millis(352_000)), Some(LimitAction::Close(what)));
        assert_eq!(l.due(Now::from_millis(360_000)), Some(LimitAction::End(what)));
        assert_eq!(l.chargeable_s(), 360);
    }
}
