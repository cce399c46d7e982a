//! Carrying out what the director answers.

use domain::{Event, LegId, Now, PlaylistId, Texts};

use super::{CLOSING_GRACE, Conversation, Line, REPLY_LIMIT, Reply};
use crate::director::{Cue, Step, Tag};
use crate::exchange::Output;
use crate::floor::OnSpeech;
use crate::sentences::Sentences;
use crate::words::{Prompt, Question, SpeechClass};

impl Conversation {
    pub(super) fn cue(&mut self, now: Now, cue: Cue) {
        if self.talk.ending.line != Line::Up {
            return;
        }
        if self.talk.ending.hang_up_at.is_some() && !matches!(cue, Cue::Sentence(_)) {
            return;
        }
        for step in self.director.cue(cue) {
            self.step(now, step);
        }
    }

    /// Asks the director when nothing can be said or done any more but for the record.
    pub(super) fn last_cue(&mut self, now: Now, cue: Cue) {
        use Step::{Classify, Closing, Identity, OptOut};
        for step in self.director.cue(cue) {
            if matches!(step, Identity(..) | OptOut(_) | Classify(_) | Closing(_)) {
                self.step(now, step);
            }
        }
    }

    pub(super) fn step(&mut self, now: Now, step: Step) {
        match step {
            Step::Say { tag, lines, on_speech } => {
                self.talk.ending.hang_up_at = None;
                if tag == Tag::Closing && self.talk.question == Question::Hello {
                    // Nothing was opened, but last words do not wait for an opening.
                    self.open();
                }
                let discloses = lines.first().is_some_and(|(c, _)| *c == SpeechClass::Opening);
                let list = self.say(tag, lines, on_speech);
                if tag == Tag::Closing && discloses {
                    self.lists.opening = list;
                }
            }
            Step::Open => self.open(),
            Step::Cut => {
                self.reply = None;
                self.out.push_back(Output::CancelRespond);
                self.floor.cut_all();
            }
            Step::Resume => {
                // No turn of ours begins, so there is none to measure.
                self.stopwatch.forget();
                self.floor.resume();
            }
            Step::Respond(prompt) => self.respond(now, prompt),
            Step::Identity(state, evidence) => {
                self.talk.identity = state;
                let event = Event::IdentityJudged { state, evidence };
                self.out.push_back(Output::Journal(event, Texts::default()));
            }
            Step::OptOut(evidence) => {
                let event = Event::CalleeOptedOut { evidence };
                self.out.push_back(Output::Journal(event, Texts::default()));
            }
            Step::Classify(verdict) => {
                let event = Event::AnswerClassified { leg: LegId::CALLEE, verdict };
                self.out.push_back(Output::Journal(event, Texts::default()));
            }
            Step::Expect(question) => self.talk.question = question,
            Step::Patience(ms) => self.patience.next_is(now, ms),
            Step::Closing(what) => self.talk.ending.closing = Some(what),
            Step::HangUp(what) => self.talk.ending.hang_up_at = Some((now + CLOSING_GRACE, what)),
        }
    }

    /// From now on we may be heard, unless the callee is speaking.
    pub(super) fn open(&mut self) {
        self.talk.question = Question::Identity;
        self.patience.stop_hello();
        if !self.talk.speaking {
            self.floor.release();
        }
    }

    pub(super) fn respond(&mut self, now: Now, prompt: Prompt) {
        let Some(list) = self.floor.open(OnSpeech::Pause) else {
            return;
        };
        let tag = if prompt == Prompt::Deliver { Tag::Message } else { Tag::Reply };
        self.lists.tags.push((list, tag));
        self.talk.generation += 1;
        self.talk.ending.hang_up_at = None;
        let generation = self.talk.generation;
        let (sentences, give_up) = (Sentences::default(), now + REPLY_LIMIT);
        self.reply = Some(Reply { generation, list, sentences, spoke: false, give_up });
        let history = self.talk.history.clone();
        self.out.push_back(Output::Respond(generation, prompt, history));
    }

    pub(super) fn say(
        &mut self,
        tag: Tag,
        lines: Vec<(SpeechClass, String)>,
        on_speech: OnSpeech,
    ) -> Option<PlaylistId> {
        let list = self.floor.open(on_speech)?;
        self.lists.tags.push((list, tag));
        for (class, text) in lines {
            self.floor.add(list, &text, class);
        }
        self.floor.close(list);
        Some(list)
    }
}
