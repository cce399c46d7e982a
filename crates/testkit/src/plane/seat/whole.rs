//! A seat whose leg is on the lane: it hears of it when lane, collector and recorder have had their
//! turns, and hands on what they told.

use call::{Input, MediaEvent};
use domain::{MediaTime, Now};
use engine::lanes::HandLane;
use engine::mailbox::Mail;
use media::leg::Heard;
use media::playout::PlayoutChange;
use media::recording::StereoBlock;
use media::sdp::Negotiated;

use super::{Line, Seat, TICK, done};
use crate::plan::Network;
use crate::plane::account::is_audible;
use crate::plane::real::RealLeg;
use crate::plane::tapes::Tapes;

/// What such a seat keeps.
pub(super) struct Whole {
    pub(super) leg: RealLeg,
    /// Blocks of which the collector has not told yet what began in them.
    blocks: Vec<StereoBlock>,
    /// That the leg is closed, kept back until its recording is told.
    closed: Option<Mail>,
    is_closed: bool,
    is_recorded: bool,
}

impl Seat {
    /// Goes on as a leg on the lane.
    pub(super) fn go_on_lane(
        &mut self,
        now: Now,
        lane: &HandLane,
        agreed: &Negotiated,
        network: Network,
    ) {
        let leg = RealLeg::new(now, lane, &self.order, agreed, network);
        let key = self.order.key;
        done(lane.connect(key, *agreed));
        self.before.drain(..).for_each(|command| done(lane.command(key, command)));
        self.line = Line::Real(Box::new(Whole {
            leg,
            blocks: Vec::new(),
            closed: None,
            is_closed: false,
            is_recorded: false,
        }));
    }

    /// The leg on the lane, if there is one.
    pub(crate) fn on_lane(&mut self) -> Option<&mut RealLeg> {
        match &mut self.line {
            Line::Real(whole) => Some(&mut whole.leg),
            Line::Perfect | Line::Wire(_) => None,
        }
    }

    /// Whether leg and recording are over. A leg that is on no lane is over when it is closed.
    pub(crate) fn is_over(&self) -> bool {
        match &self.line {
            Line::Real(whole) => whole.is_closed && whole.is_recorded,
            Line::Perfect | Line::Wire(_) => true,
        }
    }

    /// After the lane's turn.
    pub(crate) fn after_lane(&mut self, now: Now) {
        let Line::Real(whole) = &mut self.line else { return };
        whole.blocks.extend(whole.leg.depart(now, is_audible));
    }

    /// After the collector's turn: hands on what it told, and what the recorder has told by then;
    /// if that is `hasty`, its word goes before the end of the leg. Answers what is wrong with the
    /// recording.
    pub(crate) fn after_collector(&mut self, tapes: &Tapes, hasty: bool) -> Option<String> {
        let Line::Real(whole) = &mut self.line else { return None };
        let told: Vec<Mail> = std::iter::from_fn(|| whole.leg.told()).collect();
        let starts: Vec<MediaTime> = told.iter().filter_map(start).collect();
        for block in whole.blocks.drain(..) {
            let at = MediaTime::from_millis(block.index * 20);
            let here = starts.iter().filter(|s| (at..at + TICK).contains(s));
            let here: Vec<MediaTime> = here.copied().collect();
            self.speaking.went_out(at, &block.right, &here);
        }
        let mut spoilt = None;
        for mail in told {
            if let (Mail::Recorded(recorded), Some(leg)) = (&mail, self.on_lane()) {
                spoilt = leg.judge(tapes, recorded);
            }
            self.hand_on(mail, hasty);
        }
        spoilt
    }

    fn hand_on(&mut self, mut mail: Mail, hasty: bool) {
        let Line::Real(whole) = &mut self.line else { return };
        let wanted = self.order.record.is_some();
        match &mut mail {
            Mail::Input(Input::Media(_, MediaEvent::Leg(event))) => {
                if let Heard::Playout(playout) = &mut event.what {
                    self.speaking.lie(playout);
                }
            }
            Mail::Input(Input::Media(_, MediaEvent::Closed(_))) => {
                whole.is_closed = true;
                if hasty && wanted && !whole.is_recorded {
                    whole.closed = Some(mail);
                    return;
                }
            }
            Mail::Recorded(_) => {
                whole.is_recorded = true;
                if !wanted {
                    return;
                }
            }
            _ => {}
        }
        let after = whole.closed.take_if(|_| whole.is_recorded);
        self.order.mailbox.send(mail);
        if let Some(closed) = after {
            self.order.mailbox.send(closed);
        }
    }
}

/// When a line began, if that is what is told.
fn start(mail: &Mail) -> Option<MediaTime> {
    match mail {
        Mail::Input(Input::Media(_, MediaEvent::Leg(event))) => match event.what {
            Heard::Playout(p) if p.change == PlayoutChange::Started => Some(p.at),
            _ => None,
        },
        _ => None,
    }
}
