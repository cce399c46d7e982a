//! Enquiries on their way out, and answers from outside on their way to the director.

use domain::{Event, Masked, Now};

use super::Conversation;
use crate::cues::Settled;
use crate::director::{CueNo, Enquiry, Unanswered};
use crate::exchange::Output;

impl Conversation {
    pub(super) fn ask(&mut self, now: Now, enquiry: Enquiry) {
        let over = self.cues.ask(now, enquiry);
        self.settle(now, over);
        self.send(now);
    }

    /// An answer, or that none comes. Nobody waits for one that comes after its limit.
    pub(super) fn answered(
        &mut self,
        now: Now,
        no: CueNo,
        answer: Result<Masked<Vec<u8>>, Unanswered>,
    ) {
        let why = answer.as_ref().err().copied();
        let Some(settled) = self.cues.answered(now, no, why) else {
            return;
        };
        let bytes = answer.as_ref().map(|b| b.reveal().as_slice()).map_err(|why| *why);
        self.react(now, settled, bytes);
        self.send(now);
    }

    /// The one that is out was waited for long enough.
    pub(super) fn unanswered(&mut self, now: Now) {
        let over = self.cues.overdue(now);
        self.settle(now, over);
        self.send(now);
    }

    /// Steps that nobody was asked for go the same way as others.
    pub(super) fn directed(&mut self, now: Now, order: &[u8]) {
        if self.takes_orders() {
            let steps = self.director.directed(order);
            self.steps(now, steps);
        }
    }

    /// Who hangs up takes no orders from outside any more.
    fn takes_orders(&self) -> bool {
        self.hearing.is_up() && self.talk.hang_up_at.is_none()
    }

    pub(super) fn ask_no_more(&mut self, now: Now) {
        let over = self.cues.close(now);
        self.settle(now, over);
    }

    fn settle(&mut self, now: Now, over: impl IntoIterator<Item = Settled>) {
        for settled in over {
            if let Some(why) = settled.why {
                self.react(now, settled, Err(why));
            }
        }
    }

    fn react(&mut self, now: Now, settled: Settled, answer: Result<&[u8], Unanswered>) {
        if settled.unask {
            self.out.push_back(Output::Unask(settled.no));
        }
        let reaction = self.director.answered(settled.no, answer);
        let outcome = match answer {
            Ok(_) if reaction.usable => "answered",
            Ok(_) => "unusable",
            Err(why) => why.word(),
        };
        self.note(Event::CueAnswered {
            cue: settled.no.0,
            kind: settled.kind.to_owned(),
            by: self.director.name().to_owned(),
            outcome: outcome.to_owned(),
            took_ms: settled.took_ms,
        });
        if self.takes_orders() {
            self.steps(now, reaction.steps);
        }
    }

    fn send(&mut self, now: Now) {
        if let Some((no, enquiry)) = self.cues.send(now) {
            let enquiry = self.director.sending(enquiry);
            self.out.push_back(Output::Ask(no, enquiry));
        }
    }
}
