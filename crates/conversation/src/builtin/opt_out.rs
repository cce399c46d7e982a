//! The wish not to be called: believed at once, or asked about, or the last thing that was said.
//!
//! A number that joins the opt-out list stays there, and a closed list of replies takes words
//! that only sound alike for such a wish. So what is not beyond doubt is asked about. Only a no,
//! the key 2 or going on with the talk keeps the number off the list; what is unclear twice,
//! silence and a hang-up do not (callout section 7).

use domain::{AnswerVerdict, EndWhat, Evidence, Identity};

use super::sentence::{Sentence, listens};
use super::words::{Meaning, Prompt, Question};
use super::{BuiltIn, MAX_QUESTIONS, Message, Stage, tag};
use crate::director::Step;
use crate::words::SpeechClass;

/// Where the talk goes on if it was no such wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Back {
    /// To the question of identity.
    Asking,
    /// To the matter.
    Talking,
    /// To the closing that was begun; `open` as in [`Stage::Leaving`].
    Leaving { what: EndWhat, open: bool },
}

/// A wish that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    pub back: Back,
    /// What it rests on.
    pub heard: Evidence,
    /// An answer was unclear already.
    pub again: bool,
}

impl BuiltIn {
    /// Somebody seems to wish not to be called.
    pub(super) fn opt_out_heard(&mut self, s: Sentence) -> Vec<Step> {
        if self.is_opted_out() {
            return self.while_leaving(s, false);
        }
        if self.hearing.believes_opt_out(&s) {
            return self.opt_out(s.evidence);
        }
        let back = match self.stage {
            // Our first words say who we are; then it can be said once more.
            Stage::Hello => return self.open(),
            Stage::Leaving { what, open } => Back::Leaving { what, open },
            Stage::Talking => Back::Talking,
            _ if !s.disclosed => {
                return if s.interrupts { vec![Step::Resume] } else { Vec::new() };
            }
            // Hardly understood: the question of identity is the better one to repeat.
            _ if !s.sure => return self.unclear(s.evidence),
            _ => Back::Asking,
        };
        self.ask_opt_out(Doubt { back, heard: s.evidence, again: false })
    }

    /// Asks whether it was that.
    fn ask_opt_out(&mut self, doubt: Doubt) -> Vec<Step> {
        self.questions += 1;
        if self.questions > MAX_QUESTIONS {
            return self.opt_out(doubt.heard);
        }
        self.stage = Stage::AskingOptOut(doubt);
        let mut steps = vec![Step::Cut, self.expect(Question::OptOut)];
        let question = self.phrases.opt_out_question();
        steps.extend(self.say(tag::QUESTION, SpeechClass::Question, question));
        steps
    }

    /// The answer to our question.
    pub(super) fn opt_out_answer(&mut self, s: Sentence, doubt: Doubt) -> Vec<Step> {
        use Meaning::*;
        match s.meaning {
            OptOut => self.opt_out(s.evidence),
            _ if s.interrupts && listens(&s) => vec![Step::Resume],
            Confirmed | Agrees | Backchannel | Refused | Goodbye => self.opt_out(s.evidence),
            Unclear if doubt.again => self.opt_out(doubt.heard),
            Unclear => self.ask_opt_out(Doubt { again: true, ..doubt }),
            AsksRepeat => self.ask_opt_out(doubt),
            Denied => self.no_opt_out(doubt.back),
            _ => {
                let mut steps = vec![self.go_back(doubt.back)];
                steps.extend(self.answer(s));
                steps
            }
        }
    }

    /// It was no such wish: the talk goes on where it was.
    pub(super) fn no_opt_out(&mut self, back: Back) -> Vec<Step> {
        let mut steps = vec![self.go_back(back)];
        self.hearing.forget_opt_out();
        steps.extend(match back {
            Back::Asking => self.ask(vec![(SpeechClass::Question, self.phrases.question())]),
            Back::Talking if self.message == Message::Delivered => {
                let mut steps = vec![Step::Cut];
                let clear = self.phrases.is_it_clear();
                steps.extend(self.say(tag::REPLY, SpeechClass::Question, clear));
                steps
            }
            Back::Talking => {
                self.message = Message::Asked;
                vec![Step::Cut, Step::Respond(Prompt::Deliver, tag::MESSAGE)]
            }
            Back::Leaving { what, .. } => {
                let mut steps = vec![Step::Cut];
                steps.extend(self.close(what, self.phrases.goodbye()));
                steps
            }
        });
        steps
    }

    fn go_back(&mut self, back: Back) -> Step {
        let confirmed = self.gate.identity() == Identity::Confirmed;
        let question = if confirmed { Question::Talk } else { Question::Identity };
        self.stage = match back {
            Back::Asking => Stage::Asking,
            Back::Talking => Stage::Talking,
            Back::Leaving { what, open } => Stage::Leaving { what, open },
        };
        self.expect(question)
    }

    /// The number is never called again; says so and hangs up.
    pub(super) fn opt_out(&mut self, e: Evidence) -> Vec<Step> {
        let mut steps = vec![Step::Cut];
        steps.extend(self.note_opt_out(e));
        steps.extend(self.close(EndWhat::OptedOut, self.phrases.opted_out()));
        steps
    }

    pub(super) fn note_opt_out(&mut self, e: Evidence) -> Vec<Step> {
        let mut steps = vec![Step::Classify(AnswerVerdict::Human)];
        if self.gate.identity() == Identity::Pending {
            steps.push(self.gate.judge(Identity::Refused, e));
        }
        steps.push(Step::OptOut(e));
        steps
    }

    /// What the callee said before the line was cut: nobody can be asked about it any more.
    pub(super) fn last_words(&mut self, s: Sentence) -> Vec<Step> {
        if self.stage == Stage::Machine || self.is_opted_out() {
            return Vec::new();
        }
        let s = self.hearing.sentence(s);
        let identity = match s.meaning {
            Meaning::OptOut if s.sure || self.hearing.believes_opt_out(&s) => {
                return self.gone_for_good(s.evidence);
            }
            Meaning::Denied => Identity::Denied,
            Meaning::ThirdParty => Identity::ThirdParty,
            Meaning::Refused => Identity::Refused,
            _ => return Vec::new(),
        };
        // An answer to that question: a no takes it back.
        if let Stage::AskingOptOut(doubt) = self.stage {
            if identity == Identity::Denied {
                self.go_back(doubt.back);
            }
            return Vec::new();
        }
        if self.gate.identity() != Identity::Pending || !s.disclosed {
            return Vec::new();
        }
        vec![Step::Classify(AnswerVerdict::Human), self.gate.judge(identity, s.evidence)]
    }

    /// Nothing more will be heard.
    pub(super) fn gone(&mut self) -> Vec<Step> {
        match self.stage {
            Stage::AskingOptOut(doubt) => self.gone_for_good(doubt.heard),
            _ => Vec::new(),
        }
    }

    fn gone_for_good(&mut self, e: Evidence) -> Vec<Step> {
        let mut steps = self.note_opt_out(e);
        steps.push(Step::Closing(EndWhat::OptedOut));
        self.stage = Stage::Leaving { what: EndWhat::OptedOut, open: false };
        steps
    }

    fn is_opted_out(&self) -> bool {
        matches!(self.stage, Stage::Leaving { what: EndWhat::OptedOut, .. })
    }
}
