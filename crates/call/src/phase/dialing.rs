//! Dialing and ringing: an INVITE has left, nobody answered yet.

use std::net::IpAddr;
use std::time::Duration;

use domain::{CallLimits, EndReason, EndWhat, Event, LegId, Now, Texts, Who};
use media::sdp::Negotiated;

use crate::call::{Call, MediaCommand, Moment};
use crate::keys::Way;
use crate::outcome;
use crate::phase::{Phase, Talking};
use crate::signal::{LegOutcome, TrunkEvent};

/// An INVITE on its way.
#[derive(Debug)]
pub(crate) struct Dialing {
    give_up: Now,
    /// The trunk answered with anything at all.
    taken: bool,
    /// The early description, which a 200 without one confirms (RFC 3261 section 13.2.1).
    early: Option<Box<Negotiated>>,
}

impl Dialing {
    pub(crate) fn new(now: Now, limits: &CallLimits) -> Self {
        let give_up = now + Duration::from_secs(u64::from(limits.ring_s));
        Self { give_up, taken: false, early: None }
    }

    pub(crate) fn deadline(&self) -> Option<Now> {
        Some(self.give_up)
    }

    /// Why it ends when nobody answered in time. A trunk that never said a word has rung nobody
    /// (timer B of RFC 3261, 32 s, would say so too, but may be longer than the ring limit); one
    /// that says nothing but 100 may have, as gateways to analog lines do.
    pub(crate) fn unanswered(&self) -> EndReason {
        if self.taken {
            EndReason::new(EndWhat::RingTimeout, Who::Platform)
        } else {
            EndReason::new(EndWhat::TrunkFailed, Who::Carrier)
        }
    }

    pub(crate) fn is_over(&self, now: Now) -> bool {
        now >= self.give_up
    }
}

impl Call {
    pub(crate) fn trunk(&mut self, at: Moment, leg: LegId, event: TrunkEvent) {
        if leg != LegId::CALLEE {
            return;
        }
        match event {
            TrunkEvent::InviteSent => {}
            TrunkEvent::Taken => {
                if let Phase::Dialing(p) = &mut self.phase {
                    p.taken = true;
                }
            }
            TrunkEvent::Progressed { code, answer, signalling } => {
                self.progressed(at, code, answer.as_deref(), signalling);
            }
            TrunkEvent::Answered { answer, signalling } => {
                self.answered(at, answer.as_deref(), signalling);
            }
            TrunkEvent::Reoffered { offer } => self.reoffered(offer.as_deref()),
            TrunkEvent::Reanswered { answer } => self.reanswered(&answer),
            TrunkEvent::KeyPressed { key } => {
                self.key_pressed(at, leg, (Way::Signalling, key));
            }
            TrunkEvent::Ended(outcome) => self.leg_ended(at, outcome),
        }
    }

    fn progressed(&mut self, at: Moment, code: u16, answer: Option<&str>, signalling: IpAddr) {
        let Phase::Dialing(p) = &mut self.phase else {
            return;
        };
        p.taken = true;
        self.signalling = Some(signalling);
        let agreed = answer.and_then(|a| self.accept(a));
        let early_media = agreed.is_some();
        if let Some(agreed) = agreed {
            self.connect_early(Box::new(agreed), signalling);
        }
        self.rang = true;
        self.milestones.ringing_at.get_or_insert(at.wall);
        let event = Event::LegProgressed { leg: LegId::CALLEE, sip_code: code, early_media };
        self.journal(event, Texts::default());
    }

    /// Before the answer, and perhaps for good: an answer without a description confirms it.
    pub(crate) fn connect_early(&mut self, agreed: Box<Negotiated>, signalling: IpAddr) {
        if let Phase::Dialing(p) = &mut self.phase {
            p.early = Some(agreed.clone());
        }
        self.connect(agreed, signalling);
    }

    fn answered(&mut self, at: Moment, answer: Option<&str>, signalling: IpAddr) {
        let Phase::Dialing(p) = &mut self.phase else {
            return;
        };
        let early = p.early.take();
        self.signalling = Some(signalling);
        let agreed = match answer {
            Some(a) => self.accept(a).map(Box::new),
            None => early,
        };
        self.milestones.answered_at = Some(at.wall);
        let Some(agreed) = agreed else {
            // Answered, but without a codec we know: nothing can be said (callout 5.2).
            self.milestones.answered_at = None;
            let reason = EndReason {
                what: EndWhat::TrunkFailed,
                who: Some(Who::Carrier),
                sip_code: Some(200),
            };
            self.phase = Phase::Talking(Talking::unusable(at, self.limits(at)));
            self.hang_up(at, reason);
            return;
        };
        let codec = agreed.codec.name().to_owned();
        self.connect(agreed, signalling);
        self.lane(MediaCommand::Answered);
        self.media_ms = Some(0);
        self.journal(Event::LegAnswered { leg: LegId::CALLEE, codec }, Texts::default());
        self.phase = Phase::Talking(Talking::new(at, self.limits(at)));
        self.talk.handle(at.now, conversation::Input::Opened);
        self.drain_talk(at);
    }

    /// Media is taken from the address in the description and from where signalling comes.
    pub(crate) fn connect(&mut self, agreed: Box<Negotiated>, signalling: IpAddr) {
        let mut allowed = vec![agreed.remote.ip()];
        if signalling != agreed.remote.ip() {
            allowed.push(signalling);
        }
        self.lane(MediaCommand::Connect(agreed, allowed));
    }

    fn leg_ended(&mut self, at: Moment, outcome: LegOutcome) {
        let answered = matches!(self.phase, Phase::Talking(_));
        match &mut self.phase {
            Phase::Ending(e) => {
                e.leg_is_over();
                self.finish_if_ready(at);
            }
            _ => {
                let reason = outcome::reason(outcome, self.rang, answered);
                self.end(at, reason, true);
            }
        }
    }
}
