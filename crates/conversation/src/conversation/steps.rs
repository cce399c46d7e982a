//! Carrying out what the director answers.

use domain::{Event, LegId, Now, PlaylistId};

use super::{CLOSING_GRACE, Conversation, List, REPLY_LIMIT, Reply};
use crate::builtin::{Meaning, Prompt};
use crate::collect::Collection;
use crate::director::{Answer, Cue, Step, Tag};
use crate::exchange::Output;
use crate::floor::OnSpeech;
use crate::sentences::Sentences;
use crate::words::SpeechClass;

impl Conversation {
    pub(super) fn cue(&mut self, now: Now, cue: Cue) {
        if !self.hearing.is_up() {
            return;
        }
        // Who hangs up still listens, and hears what of the last words is heard.
        let listens =
            matches!(cue, Cue::Heard(_) | Cue::Judged(..) | Cue::Paused | Cue::Line { .. });
        if self.talk.hang_up_at.is_some() && !listens {
            return;
        }
        match self.director.cue(cue) {
            Answer::Steps(steps) => self.steps(now, steps),
            Answer::Ask(enquiry) => {
                self.settle_words();
                self.ask(now, enquiry);
            }
        }
    }

    /// Asks the director when nothing can be said or done any more but for the record.
    pub(super) fn last_cue(&mut self, now: Now, cue: Cue) {
        use Step::{Classify, Closing, Disclosed, Identity, Judge, OptOut};
        // An enquiry is void: whoever would be asked cannot do anything either.
        let Answer::Steps(steps) = self.director.cue(cue) else {
            return;
        };
        let records = |s: &Step| {
            matches!(
                s,
                Identity(..) | OptOut(_) | Classify(_) | Closing(_) | Disclosed { .. } | Judge(..)
            )
        };
        self.steps(now, steps.into_iter().filter(records));
    }

    /// Carries out what a director wants, in order.
    pub(super) fn steps(&mut self, now: Now, steps: impl IntoIterator<Item = Step>) {
        let steps: Vec<Step> = steps.into_iter().collect();
        // What does not cut our words short, and was decided, is written before what follows.
        if !steps.iter().any(|s| matches!(s, Step::Cut | Step::Judge(..))) {
            self.settle_words();
        }
        for step in steps {
            self.step(now, step);
        }
    }

    pub(super) fn step(&mut self, now: Now, step: Step) {
        match step {
            Step::Say { tag, lines, on_speech } => {
                self.talk.hang_up_at = None;
                self.say(now, tag, lines, on_speech);
            }
            Step::Open => self.open(),
            Step::Cut => self.cut(),
            Step::Pause => {
                self.talk.stands = true;
                self.floor.hold();
            }
            Step::Resume => {
                // No turn of ours begins, so there is none to measure.
                self.stopwatch.forget();
                if !self.go_on() {
                    self.floor.resume();
                }
            }
            Step::Respond(prompt, tag) => self.respond(now, prompt, tag),
            Step::Judge(n, question) => match self.hearing.judge(now, n) {
                Some((text, true)) => self.out.push_back(Output::Judge(n, question, text)),
                Some((_, false)) => self.judged(now, n, Meaning::Unclear),
                None => {}
            },
            Step::Glance(question) => {
                if let Some((n, start, end)) = self.hearing.glances.look() {
                    self.out.push_back(Output::Glance(n, start, end, question));
                }
            }
            Step::Identity(state, evidence) => self.note(Event::IdentityJudged { state, evidence }),
            Step::Disclosed { recording } => {
                self.note(Event::DisclosureMade { ai: true, recording });
            }
            Step::OptOut(evidence) => self.note(Event::CalleeOptedOut { evidence }),
            Step::Classify(verdict) => {
                self.note(Event::AnswerClassified { leg: LegId::CALLEE, verdict });
            }
            Step::Expect(expect, tag) => self.talk.expect = (expect, tag),
            Step::AwaitHello(ms) => self.patience.wait_for_hello(now, ms),
            Step::Patience(ms) => self.patience.next_is(now, ms),
            Step::Mute(ms) => self.patience.set_mute(now, ms),
            Step::Collect(wanted) => self.collection = Some(Collection::new(wanted)),
            Step::AskNoMore => self.ask_no_more(now),
            Step::AskAgain => self.cues.reopen(),
            Step::Closing(what) => self.talk.closing = Some(what),
            Step::HangUp(what) => self.talk.hang_up_at = Some((now + CLOSING_GRACE, what)),
            Step::End(what) => {
                self.talk.hang_up_at = None;
                self.out.push_back(Output::HangUp(what));
            }
        }
    }

    /// From now on we may be heard, unless the callee is speaking.
    fn open(&mut self) {
        self.talk.opened = true;
        self.patience.stop_hello();
        let waits = self.needs.yields && self.hearing.is_speaking();
        if !waits && !self.talk.stands {
            self.floor.release();
        }
    }

    pub(super) fn cut(&mut self) {
        self.reply = None;
        self.out.push_back(Output::CancelRespond);
        self.floor.cut_all();
        self.go_on();
    }

    /// Ends the director's own pause; answers whether there was one.
    fn go_on(&mut self) -> bool {
        let stood = std::mem::take(&mut self.talk.stands);
        if stood && self.talk.opened {
            self.floor.release();
        }
        stood
    }

    fn respond(&mut self, now: Now, prompt: Prompt, tag: Tag) {
        let Some(list) = self.begin(now, tag, OnSpeech::Pause) else {
            return;
        };
        self.talk.generation += 1;
        self.talk.hang_up_at = None;
        let generation = self.talk.generation;
        let (sentences, give_up) = (Sentences::default(), now + REPLY_LIMIT);
        self.reply = Some(Reply { generation, list, sentences, spoke: false, give_up });
        let history = self.talk.history.clone();
        self.out.push_back(Output::Respond(generation, prompt, history));
    }

    fn say(&mut self, now: Now, tag: Tag, lines: Vec<(SpeechClass, String)>, on_speech: OnSpeech) {
        let Some(list) = self.begin(now, tag, on_speech) else {
            return;
        };
        for (class, text) in lines {
            self.floor.add(list, &text, class);
        }
        self.floor.close(list);
    }

    /// A new playlist, unless too many wait.
    fn begin(&mut self, now: Now, tag: Tag, on_speech: OnSpeech) -> Option<PlaylistId> {
        let Some(id) = self.floor.open(on_speech) else {
            // Whoever waits for its end is told.
            self.cue(now, Cue::Over { tag, cut: true });
            return None;
        };
        self.lists.push(List { id, tag, items: Vec::new() });
        Some(id)
    }
}
