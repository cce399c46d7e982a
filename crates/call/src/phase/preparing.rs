//! Preparing: nobody is dialled yet.

use std::time::Duration;

use conversation::director::Before;
use domain::{Brief, EndReason, EndWhat, Event, LegId, Now, Texts, Who};

use crate::call::{Awaited, Call, MediaCommand, Moment, Output};
use crate::phase::{Dialing, Phase};
use crate::signal::{DialOrder, TrunkCommand};

/// A first item that is not made within this time never will be.
const FIRST_ITEM_LIMIT: Duration = Duration::from_secs(5);

/// What must be there before dialling.
#[derive(Debug)]
pub(crate) struct Preparing {
    needs: Before,
    /// What the director needs is there.
    ready: bool,
    opened: bool,
    asked: bool,
    give_up: Option<Now>,
}

impl Preparing {
    pub(crate) fn new(needs: Before) -> Self {
        let ready = needs == Before::Nothing;
        Self { needs, ready, opened: false, asked: false, give_up: None }
    }

    /// Whether the intent to dial may be durable.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked
    }

    pub(crate) fn deadline(&self) -> Option<Now> {
        self.give_up.filter(|_| !self.ready)
    }
}

impl Call {
    pub(crate) fn begin(&mut self) {
        let Phase::Preparing(p) = &self.phase else {
            return;
        };
        if p.needs == Before::Brief {
            self.push(Output::Brief);
        }
        let record = self.plan.request.terms.record;
        self.lane(MediaCommand::Open { record });
    }

    /// Without a brief the opening names nobody (callout section 7.2).
    pub(crate) fn briefed(&mut self, brief: Option<(Brief, &'static str)>) {
        let Phase::Preparing(p) = &mut self.phase else {
            return;
        };
        if p.ready || p.needs != Before::Brief {
            return;
        }
        p.ready = true;
        let language = self.plan.request.terms.turn.language;
        let (brief, by) = brief.unwrap_or((Brief::default(), "none"));
        self.brief = Brief { language, ..brief };
        let texts = Texts {
            addressee: self.brief.addressee.clone(),
            sender: self.brief.sender.clone(),
            purpose: self.brief.purpose.clone(),
            ..Texts::default()
        };
        self.journal(Event::BriefPrepared { by: by.to_owned() }, texts);
        self.talk.briefed(&self.brief);
        self.intend();
    }

    pub(crate) fn opened(&mut self, at: Moment, local: std::net::SocketAddr) {
        let Phase::Preparing(p) = &mut self.phase else {
            return;
        };
        p.opened = true;
        self.local = Some(local);
        if p.needs == Before::FirstItem {
            // The lane has room for it from now on.
            p.give_up = Some(at.now + FIRST_ITEM_LIMIT);
            self.talk.prepare(at.now);
            self.drain_talk(at);
        }
        self.intend();
    }

    /// Something of what is said first was made.
    pub(crate) fn first_item(&mut self) {
        if let Phase::Preparing(p) = &mut self.phase
            && p.needs == Before::FirstItem
        {
            p.ready = true;
            self.intend();
        }
    }

    /// Nothing of what is said first was made in time: nobody is dialled for it.
    pub(crate) fn without_first_item(&mut self, at: Moment) {
        let what = EndWhat::MediaUnusable;
        self.hang_up(at, EndReason::new(what, Who::Platform));
    }

    pub(crate) fn open_failed(&mut self, at: Moment) {
        if matches!(self.phase, Phase::Preparing(_)) {
            let reason =
                EndReason { what: EndWhat::TrunkFailed, who: Some(Who::Platform), sip_code: None };
            self.hang_up(at, reason);
        }
    }

    /// Asks for the durable intent to dial, once all is ready.
    fn intend(&mut self) {
        let Phase::Preparing(p) = &mut self.phase else {
            return;
        };
        if p.asked || !p.ready || !p.opened {
            return;
        }
        p.asked = true;
        let event = Event::DialStarted {
            leg: LegId::CALLEE,
            attempt: 1,
            trunk: self.plan.trunk.to_string(),
            simulated: self.plan.simulated,
            node: self.plan.node.clone(),
        };
        let texts = self.texts_of_target();
        self.journal(event, texts);
    }

    pub(crate) fn committed(&mut self, at: Moment, what: Awaited, ok: bool) {
        match (what, ok) {
            (Awaited::Dial, true) => self.dial(at),
            (Awaited::Dial, false) => {
                self.hang_up(at, EndReason::new(EndWhat::TrunkFailed, Who::Platform));
            }
            (Awaited::End, _) => self.end_committed(),
            (Awaited::Other, _) => {}
        }
    }

    /// The intent is durable: from here on this call is never dialled again.
    fn dial(&mut self, at: Moment) {
        let (Phase::Preparing(_), Some(local)) = (&self.phase, self.local) else {
            return;
        };
        let offer = self.offer(local);
        let order = DialOrder {
            trunk: self.plan.trunk.clone(),
            target: self.plan.request.target.clone(),
            caller: self.plan.caller.clone(),
            offer,
            language: self.plan.request.terms.turn.language,
        };
        self.milestones.dialed_at = Some(at.wall);
        self.signal(TrunkCommand::Dial(order));
        self.phase = Phase::Dialing(Dialing::new(at.now, &self.plan.request.terms.limits));
        // What is said first is made while the phone rings, unless it was made before.
        self.talk.prepare(at.now);
        self.drain_talk(at);
    }
}
