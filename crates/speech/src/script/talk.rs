//! Where the talk stands, found anew from its history each time, and what is said next.
//!
//! What counts as said is what the callee could hear: a message that was cut off is told again.
//! The call ends as done when the whole message was heard, whatever the answer: a “no” is an
//! answer too, and is passed on like any other. It ends as not done when the message was not
//! heard to its end, or when it turns out to be the wrong person.

use conversation::{Prompt, Said};
use domain::Language;

use super::answer::answer;
use super::intent::{Intent, intent};
use super::lines::{Line, introduction};
use super::portions::{Portion, portions};
use crate::extract::Message;
use crate::extract::text::bare;

/// What is said, and whether the call ends after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Move {
    /// The words, sentence by sentence.
    pub say: Vec<String>,
    /// `Some(done)`: hang up afterwards.
    pub end: Option<bool>,
}

/// The talk so far.
pub struct Talk<'a> {
    message: &'a Message,
    history: &'a [Said],
    language: Language,
    portions: Vec<Portion>,
    /// Everything the callee heard from us, bare.
    heard: String,
    max_chars: usize,
}

impl<'a> Talk<'a> {
    /// The talk about `message` with this history.
    pub fn new(
        message: &'a Message,
        addressee: Option<&str>,
        history: &'a [Said],
        language: Language,
        max_chars: usize,
    ) -> Self {
        let heard = history.iter().filter(|s| s.by_us).map(|s| bare(s.text.reveal())).collect();
        let portions = portions(message, addressee, language, max_chars);
        Self { message, history, language, portions, heard, max_chars }
    }

    /// What comes next.
    pub fn next(&self, prompt: Prompt) -> Move {
        if self.message.is_empty() {
            let line = if self.message.withheld { Line::Withheld } else { Line::Nothing };
            return self.end(line, false);
        }
        match prompt {
            Prompt::Deliver => self.tell(),
            Prompt::Silence { times } => self.after_silence(times),
            Prompt::Reply => self.after_reply(),
        }
    }

    fn after_silence(&self, times: u32) -> Move {
        let waiting = self.last_intent() == Some(Intent::HoldOn);
        let limit = if waiting { 2 } else { 1 };
        if times > limit {
            return self.end(Line::CloseUnheard, self.delivered());
        }
        if waiting {
            self.line(Line::Waiting)
        } else if self.delivered() {
            self.line(Line::StillThere)
        } else {
            self.say_then(Line::StillThereAgain, self.tell())
        }
    }

    fn after_reply(&self) -> Move {
        let Some(last) = self.history.iter().rev().find(|s| !s.by_us) else {
            return self.tell();
        };
        let wish = intent(last.text.reveal(), last.unclear);
        match wish {
            Intent::OptOut => self.end(Line::CloseOptOut, self.delivered()),
            Intent::WrongPerson => self.end(Line::CloseWrong, false),
            Intent::Goodbye => self.end(Line::Bye, self.delivered()),
            Intent::Busy => self.end(Line::CloseBusy, self.delivered()),
            Intent::HoldOn => self.line(Line::Waiting),
            Intent::Robot => self.say_then(Line::Robot, self.go_on()),
            Intent::Who => {
                let mut next = self.go_on();
                next.say.insert(0, introduction(self.message.sender.as_deref(), self.language));
                next
            }
            Intent::Repeat => self.tell_again(),
            _ if !self.delivered() => self.undelivered(wish),
            Intent::Ask => self.answer(last.text.reveal()),
            Intent::Yes if self.message.asks => self.end(Line::ClosePassedOn, true),
            Intent::Yes | Intent::NoMore => self.end(Line::Close, true),
            Intent::No => self.end(Line::ClosePassedOn, true),
            Intent::Statement => self.statement(),
            Intent::Hello | Intent::Unclear => self.not_understood(wish),
        }
    }

    /// The message was not heard to its end: it is told, unless the callee will have none of it.
    fn undelivered(&self, wish: Intent) -> Move {
        let begun = self.portions.first().is_some_and(|p| p.was_heard(&self.heard));
        match wish {
            Intent::No if begun => self.end(Line::CloseBusy, false),
            Intent::Unclear if self.in_a_row(Intent::Unclear) > PATIENCE => {
                self.end(Line::CloseUnheard, false)
            }
            _ => self.tell(),
        }
    }

    fn answer(&self, question: &str) -> Move {
        let found = answer(question, &self.message.clauses, MOST_CLAUSES);
        if found.is_empty() {
            let unknown = Line::Unknown.text(self.language);
            if self.heard.contains(&bare(unknown)) {
                return self.end(Line::ClosePassedOn, true);
            }
            return self.say_then(Line::Unknown, self.line(Line::CheckAgain));
        }
        let said = match self.language {
            Language::Zh => format!("{}。", found.join("，")),
            Language::En => format!("{}.", found.join(". ")),
        };
        let room = self.max_chars.saturating_sub(30).max(16);
        let said: String = said.chars().take(room).collect();
        let mut next = self.line(Line::CheckAgain);
        next.say.insert(0, said);
        next
    }

    /// Something was said that is neither yes nor no: to a question it is the answer.
    fn statement(&self) -> Move {
        let asked = Line::PassedOnMore.text(self.language);
        if self.message.asks || self.heard.contains(&bare(asked)) {
            self.end(Line::ClosePassedOn, true)
        } else {
            self.line(Line::PassedOnMore)
        }
    }

    fn not_understood(&self, wish: Intent) -> Move {
        // The message was told: one more question is all that is owed.
        if self.in_a_row(wish) > 1 {
            return self.end(Line::CloseUnheard, true);
        }
        match wish {
            Intent::Hello => self.line(Line::Here),
            _ => self.line(Line::Unclear),
        }
    }

    /// After an interruption: the message if it is not told yet, else the question after it.
    fn go_on(&self) -> Move {
        if self.delivered() {
            let last = self.portions.last().map_or("", |p| p.after);
            let check = Line::Check.text(self.language);
            let again = if last.is_empty() { check } else { last };
            Move { say: vec![again.to_owned()], end: None }
        } else {
            self.tell()
        }
    }

    /// The first portion that was not heard whole.
    fn tell(&self) -> Move {
        let next = self.portions.iter().find(|p| !p.was_heard(&self.heard));
        let portion = next.or(self.portions.first());
        Move { say: portion.map(Portion::spoken).unwrap_or_default(), end: None }
    }

    /// The portion that was told last.
    fn tell_again(&self) -> Move {
        let heard = self.portions.iter().take_while(|p| p.was_heard(&self.heard)).count();
        let begun = self.portions.get(heard).is_some_and(|p| {
            let start: String = bare(&p.sentences.concat()).chars().take(6).collect();
            self.heard.contains(&start)
        });
        let at = if begun || heard == 0 { heard } else { heard - 1 };
        let portion = self.portions.get(at).or(self.portions.last());
        Move { say: portion.map(Portion::spoken).unwrap_or_default(), end: None }
    }

    fn delivered(&self) -> bool {
        self.portions.iter().all(|p| p.was_heard(&self.heard))
    }

    fn last_intent(&self) -> Option<Intent> {
        let last = self.history.iter().rev().find(|s| !s.by_us)?;
        Some(intent(last.text.reveal(), last.unclear))
    }

    /// How many replies in a row, up to now, were of this kind.
    fn in_a_row(&self, wish: Intent) -> usize {
        self.history
            .iter()
            .rev()
            .filter(|s| !s.by_us)
            .take_while(|s| intent(s.text.reveal(), s.unclear) == wish)
            .count()
    }

    fn line(&self, line: Line) -> Move {
        Move { say: vec![line.text(self.language).to_owned()], end: None }
    }

    fn say_then(&self, line: Line, mut next: Move) -> Move {
        next.say.insert(0, line.text(self.language).to_owned());
        next
    }

    fn end(&self, line: Line, done: bool) -> Move {
        Move { end: Some(done), ..self.line(line) }
    }
}

/// How often in a row we ask again before we give up.
const PATIENCE: usize = 2;
/// Clauses in one answer.
const MOST_CLAUSES: usize = 3;
