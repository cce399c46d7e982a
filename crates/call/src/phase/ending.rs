//! Ending: the leg is taken down, the end is recorded, and only then the call is forgotten.

use std::time::Duration;

use domain::{EndReason, EndWhat, Identity, LegQuality, Now, WallTime};

use crate::call::{Call, EndFacts, MediaCommand, Moment, Output};
use crate::phase::Phase;
use crate::signal::TrunkCommand;

/// A lane that does not report its leg's closing within this time is not waited for.
const LANE_LIMIT: Duration = Duration::from_millis(1_000);
/// A trunk that does not report the leg's end within this time is not waited for (RFC 3261
/// timers B and F are 32 s).
const LEG_LIMIT: Duration = Duration::from_secs(40);

/// A call being taken down.
#[derive(Debug)]
pub(crate) struct Ending {
    reason: EndReason,
    ended: WallTime,
    dialled: bool,
    answered: bool,
    duration_s: u32,
    leg_over: bool,
    /// What the lane reported, or that it is not waited for.
    lane: Option<Option<LegQuality>>,
    recorded: bool,
    committed: bool,
    lane_limit: Now,
    leg_limit: Now,
    done: bool,
}

impl Ending {
    pub(crate) fn deadline(&self) -> Option<Now> {
        match (self.recorded, self.done) {
            (_, true) => None,
            // After that the talk has the word: what the callee said last is being heard.
            (false, _) => self.lane.is_none().then_some(self.lane_limit),
            // Until the end is durable there is nothing to do by time: the store has the word.
            (true, false) => self.committed.then_some(self.leg_limit),
        }
    }

    pub(crate) fn leg_is_over(&mut self) {
        self.leg_over = true;
    }

    /// Whether the end stands in the journal: nothing of the talk follows it.
    pub(crate) const fn is_recorded(&self) -> bool {
        self.recorded
    }
}

impl Call {
    /// We end the call, whatever its phase.
    pub(crate) fn hang_up(&mut self, at: Moment, reason: EndReason) {
        let (command, who) = match &self.phase {
            Phase::Preparing(_) => (None, None),
            Phase::Dialing(_) => (Some(TrunkCommand::Cancel), reason.who),
            Phase::Talking(_) => (Some(TrunkCommand::Bye), reason.who),
            Phase::Ending(_) => return,
        };
        let what = match (&self.phase, reason.what) {
            (Phase::Preparing(_) | Phase::Dialing(_), EndWhat::OwnerHungUp) => EndWhat::Canceled,
            (_, what) => what,
        };
        let leg_over = command.is_none();
        if let Some(command) = command {
            self.signal(command);
        }
        self.end(at, EndReason { what, who, sip_code: reason.sip_code }, leg_over);
    }

    /// The call is over for `reason`; `leg_over` if its signalling is, too.
    pub(crate) fn end(&mut self, at: Moment, reason: EndReason, leg_over: bool) {
        let dialled = !matches!(self.phase, Phase::Preparing(_));
        let talking = match &self.phase {
            Phase::Talking(t) if t.usable => Some((t.answered, t.limits.chargeable_s())),
            _ => None,
        };
        let duration_s = talking.map_or(0, |(answered, most)| {
            let ms = at.now.since(answered).as_millis();
            let whole = u32::try_from(ms.div_ceil(1_000)).unwrap_or(u32::MAX);
            whole.min(most)
        });
        // A process that goes, or has lost its store, has no time to hear anybody out.
        let listen = !matches!(reason.what, EndWhat::NodeLost | EndWhat::PlatformFailed);
        // A director that was not asked to prepare anything has nothing to stop.
        if self.talk.is_prepared() {
            self.talk.part(at.now, listen && talking.is_some());
        }
        self.drain_talk(at);
        self.lane(MediaCommand::Close);
        self.phase = Phase::Ending(Ending {
            reason,
            ended: at.wall,
            dialled,
            answered: talking.is_some(),
            duration_s,
            leg_over,
            lane: None,
            recorded: false,
            committed: false,
            lane_limit: at.now + LANE_LIMIT,
            leg_limit: at.now + LEG_LIMIT,
            done: false,
        });
    }

    /// Once a closing was begun, what led to it is the reason (callout section 5.2).
    fn settled_reason(&self, reason: EndReason) -> EndReason {
        match self.talk.closing() {
            Some(what)
                if matches!(
                    reason.what,
                    EndWhat::CalleeHungUp | EndWhat::OwnerHungUp | EndWhat::NodeLost
                ) =>
            {
                EndReason { what, ..reason }
            }
            _ => reason,
        }
    }

    fn final_identity(&self, answered: bool) -> Identity {
        if !answered {
            return Identity::NotReached;
        }
        match self.talk.identity() {
            Identity::Pending => Identity::Unclear,
            known => known,
        }
    }

    /// The lane has closed the leg.
    pub(crate) fn lane_closed(&mut self, at: Moment, quality: LegQuality) {
        if let Phase::Ending(e) = &mut self.phase {
            if e.reason.what == EndWhat::ConnectionLost {
                // The connected time ends with the last packet.
                let heard = u32::try_from(quality.last_media_ms.div_ceil(1_000));
                e.duration_s = e.duration_s.min(heard.unwrap_or(u32::MAX));
            }
            e.lane = Some(Some(quality));
        }
        self.finish_if_ready(at);
    }

    pub(crate) fn end_committed(&mut self) {
        if let Phase::Ending(e) = &mut self.phase {
            e.committed = true;
        }
    }

    /// Records the end as soon as the lane has reported and the callee's last words are judged,
    /// and is done when the leg is, too.
    pub(crate) fn finish_if_ready(&mut self, at: Moment) {
        let Phase::Ending(e) = &mut self.phase else {
            return;
        };
        if at.now >= e.lane_limit {
            e.lane.get_or_insert(None);
        }
        let hearing = self.talk.is_hearing();
        if let Some(quality) = e.lane.filter(|_| !e.recorded && !hearing) {
            e.recorded = true;
            let (dialled, answered, duration_s) = (e.dialled, e.answered, e.duration_s);
            let (reason, ended) = (e.reason, e.ended);
            if answered {
                self.talk.gone(at.now);
            }
            self.drain_talk(at);
            let identity = self.final_identity(answered);
            let reason = self.settled_reason(reason);
            let facts = EndFacts { ended, dialled, answered, duration_s, identity, quality };
            self.journal_end(reason, facts);
        }
        let Phase::Ending(e) = &mut self.phase else {
            return;
        };
        if e.committed && !e.done && (e.leg_over || at.now >= e.leg_limit) {
            e.done = true;
            self.push(Output::Done);
        }
    }
}
