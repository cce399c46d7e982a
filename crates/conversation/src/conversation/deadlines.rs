//! The one table of what a conversation waits for by time.

use domain::Now;

use super::Conversation;
use crate::director::Cue;
use crate::exchange::{Output, ReplyOutcome};

/// A row of the table, in the order in which rows that are due at one moment are dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// An utterance that nobody made anything of.
    Utterance,
    /// A reply of which no words come.
    Reply,
    /// The answer to an enquiry.
    Answer,
    /// The next key of a collection.
    Key,
    /// A hang-up that was decided.
    HangUp,
    /// The callee's first words.
    Hello,
    /// The callee's next words.
    Silence,
}

const ROWS: [Row; 7] =
    [Row::Utterance, Row::Reply, Row::Answer, Row::Key, Row::HangUp, Row::Hello, Row::Silence];

impl Conversation {
    /// When [`Input::Tick`](crate::Input::Tick) is due.
    pub fn next_deadline(&self) -> Option<Now> {
        ROWS.into_iter().filter_map(|row| self.due(row)).min()
    }

    pub(super) fn deadlines(&mut self, now: Now) {
        for row in ROWS {
            while self.due(row).is_some_and(|at| at <= now) {
                self.act(now, row);
            }
        }
    }

    /// When a row is due; `None` if it is not waited for. A row that was acted on is not due
    /// again at the same moment.
    fn due(&self, row: Row) -> Option<Now> {
        match row {
            Row::Utterance => self.hearing.deadline(),
            // Once the line is cut only what was said is still heard out.
            _ if !self.hearing.is_up() => None,
            Row::Reply => self.reply.as_ref().map(|r| r.give_up),
            Row::Answer => self.cues.deadline(),
            Row::Key => self.collection.as_ref().and_then(|c| c.deadline()),
            // Nobody is cut short: until the callee is done there is nothing to do by time.
            Row::HangUp => {
                self.talk.hang_up_at.map(|(at, _)| at).filter(|_| self.hearing.is_quiet())
            }
            Row::Hello => self.patience.hello_deadline(),
            Row::Silence => self.patience.deadline(),
        }
    }

    fn act(&mut self, now: Now, row: Row) {
        match row {
            Row::Utterance => {
                if let Some((n, stage)) = self.hearing.overdue(now) {
                    self.give_up(now, n, stage);
                }
            }
            Row::Reply => {
                if let Some(generation) = self.reply.as_ref().map(|r| r.generation) {
                    self.out.push_back(Output::CancelRespond);
                    self.reply_ended(now, generation, ReplyOutcome::Failed);
                }
            }
            Row::Answer => self.unanswered(now),
            Row::Key => self.collected(now),
            Row::HangUp => {
                if let Some((_, what)) = self.talk.hang_up_at.take() {
                    self.out.push_back(Output::HangUp(what));
                }
            }
            Row::Hello => {
                self.patience.stop_hello();
                self.cue(now, Cue::NoHello);
            }
            Row::Silence => {
                self.patience.is_over();
                self.cue(now, Cue::Silence);
            }
        }
    }
}
