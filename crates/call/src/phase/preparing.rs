//! Preparing: nobody is dialled yet.

use conversation::{BuiltIn, Conversation, Phrases};
use domain::{Brief, EndReason, EndWhat, Event, LegId, Texts, Who};

use crate::call::{Awaited, Call, MediaCommand, Moment, Output};
use crate::phase::{Dialing, Phase};
use crate::signal::{DialOrder, TrunkCommand};

/// What must be there before dialling.
#[derive(Debug, Default)]
pub(crate) struct Preparing {
    briefed: bool,
    opened: bool,
    asked: bool,
}

impl Preparing {
    /// Whether the intent to dial may be durable.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked
    }
}

impl Call {
    pub(crate) fn begin(&mut self) {
        if !matches!(self.phase, Phase::Preparing(_)) {
            return;
        }
        self.push(Output::Brief);
        let record = self.plan.request.record;
        self.lane(MediaCommand::Open { record });
    }

    /// Without a brief the opening names nobody (callout section 7.2).
    pub(crate) fn briefed(&mut self, brief: Option<(Brief, &'static str)>) {
        let Phase::Preparing(p) = &mut self.phase else {
            return;
        };
        if p.briefed {
            return;
        }
        p.briefed = true;
        let language = self.plan.request.turn.language;
        let (brief, by) = brief.unwrap_or((Brief::default(), "none"));
        self.brief = Brief { language, ..brief };
        let texts = Texts {
            addressee: self.brief.addressee.clone(),
            sender: self.brief.sender.clone(),
            purpose: self.brief.purpose.clone(),
            ..Texts::default()
        };
        self.journal(Event::BriefPrepared { by: by.to_owned() }, texts);
        self.intend();
    }

    pub(crate) fn opened(&mut self, local: std::net::SocketAddr) {
        let Phase::Preparing(p) = &mut self.phase else {
            return;
        };
        p.opened = true;
        self.local = Some(local);
        self.intend();
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
        if p.asked || !p.briefed || !p.opened {
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
            language: self.plan.request.turn.language,
        };
        self.milestones.dialed_at = Some(at.wall);
        self.signal(TrunkCommand::Dial(order));
        self.phase = Phase::Dialing(Dialing::new(at.now, &self.plan.request.limits));
        self.prepare_talk(at);
    }

    /// The opening is made while the phone rings.
    fn prepare_talk(&mut self, at: Moment) {
        let request = &self.plan.request;
        let phrases = Phrases::new(&self.brief, request.target.last_four(), request.record);
        let opening = request.turn.opening;
        let director = BuiltIn::new(phrases, opening, self.plan.voicemail_message);
        let mut talk = Conversation::new(Box::new(director), request.turn.mute_ms, request.record);
        talk.prepare(at.now);
        self.talk = Some(talk);
        self.drain_talk(at);
    }
}
