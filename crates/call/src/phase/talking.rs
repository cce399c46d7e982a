//! Talking: the call was answered.

use conversation::director::AtLimit;
use domain::{EndReason, EndWhat, LegId, MicroYuan, Now, Who};

use crate::call::{Call, Moment, Output};
use crate::limits::{LimitAction, Limits};
use crate::phase::Phase;
use crate::signal::TrunkCommand;

/// An answered call.
#[derive(Debug)]
pub(crate) struct Talking {
    pub(crate) answered: Now,
    pub(crate) limits: Limits,
    /// Whether media can flow at all.
    pub(crate) usable: bool,
}

impl Talking {
    pub(crate) fn new(at: Moment, limits: Limits) -> Self {
        Self { answered: at.now, limits, usable: true }
    }

    /// Answered without a description that can be used.
    pub(crate) fn unusable(at: Moment, limits: Limits) -> Self {
        Self { usable: false, ..Self::new(at, limits) }
    }
}

impl Call {
    pub(crate) fn deadlines(&mut self, at: Moment) {
        match &mut self.phase {
            Phase::Preparing(p) if p.deadline().is_some_and(|d| d <= at.now) => {
                self.without_first_item(at);
            }
            Phase::Dialing(p) if p.is_over(at.now) => {
                let reason = p.unanswered();
                self.hang_up(at, reason);
            }
            Phase::Talking(p) => match p.limits.due(at.now) {
                Some(LimitAction::End(what)) => {
                    self.hang_up(at, EndReason::new(what, Who::Platform));
                }
                Some(LimitAction::Close(what)) => {
                    self.talk.handle(at.now, conversation::Input::Leave(what));
                    self.drain_talk(at);
                }
                Some(LimitAction::Extend) => self.extend(),
                None => {}
            },
            Phase::Ending(_) => self.finish_if_ready(at),
            _ => {}
        }
    }

    /// Counted from the answer; some directors want no time for a closing.
    pub(crate) fn limits(&self, at: Moment) -> Limits {
        let limits = Limits::new(at.now, &self.plan.request.terms.limits);
        match self.talk.needs().at_limit {
            AtLimit::Closing => limits,
            AtLimit::AtOnce => limits.without_closing(),
        }
    }

    /// A minute more.
    fn extend(&mut self) {
        let Phase::Talking(p) = &self.phase else {
            return;
        };
        let until = (p.limits.chargeable_s() + 60).min(self.plan.request.terms.limits.call_s);
        let more = self.plan.price.hold(until).0 - self.plan.hold.0;
        self.push(Output::ExtendHold(MicroYuan(more.max(0)), until));
    }

    pub(crate) fn hold_extended(&mut self, until: Option<u32>) {
        let Phase::Talking(p) = &mut self.phase else {
            return;
        };
        match until {
            Some(until) => {
                p.limits.extended(until);
                self.plan.hold = self.plan.hold.max(self.plan.price.hold(until));
            }
            None => p.limits.refused(),
        }
    }

    /// A peer's re-INVITE or UPDATE, also before the answer: answered with what we can do, or
    /// refused with 488.
    pub(crate) fn reoffered(&mut self, offer: Option<&str>) {
        let early = matches!(self.phase, Phase::Dialing(_));
        let (true, Some(local)) = (early || self.is_talking(), self.local) else {
            self.signal(TrunkCommand::AnswerReoffer(None));
            return;
        };
        // Without an offer ours is wanted; its answer comes with the ACK.
        let Some(offer) = offer else {
            let ours = self.offer(local);
            self.signal(TrunkCommand::AnswerReoffer(Some(ours)));
            return;
        };
        let Some((answer, agreed)) = self.answer(local, offer) else {
            self.signal(TrunkCommand::AnswerReoffer(None));
            return;
        };
        self.signal(TrunkCommand::AnswerReoffer(Some(answer)));
        // A description that holds may name no address: signalling's stays acceptable.
        let signalling = self.signalling.unwrap_or(agreed.remote.ip());
        if early {
            self.connect_early(Box::new(agreed), signalling);
        } else {
            self.connect(Box::new(agreed), signalling);
        }
    }

    /// The peer answered an offer we made within the call. One that cannot be used leaves things
    /// as they were: the exchange is over, and neither side may refuse any more.
    pub(crate) fn reanswered(&mut self, answer: &str) {
        if let Some(agreed) = self.accept(answer).filter(|_| self.is_talking()) {
            let signalling = self.signalling.unwrap_or(agreed.remote.ip());
            self.connect(Box::new(agreed), signalling);
        }
    }

    pub(crate) fn lane_lost(&mut self, at: Moment, leg: LegId) {
        if leg == LegId::CALLEE {
            self.hang_up(at, EndReason::new(EndWhat::ConnectionLost, Who::Carrier));
        }
    }
}
