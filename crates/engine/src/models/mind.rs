//! The mind: draws the brief, judges replies, and makes our own; each a bounded task.

use std::sync::Arc;
use std::time::Duration;

use conversation::{HeardText, Input as Talk, Meaning, Prompt, ReplyOutcome, Said};
use domain::{Brief, Language, Masked, UtteranceNo};

use super::{Model, Tasks, Tell};
use crate::clock::Clock;
use crate::ports::judge::{Judge, Reply};
use crate::ports::recognizer::Heard;
use crate::ports::responder::{RespondOrder, Responder, ResponderEvent};
use crate::runtime::Job;

/// Longest reply asked for, in characters.
const REPLY_CHARS: u32 = 600;
/// A judge that takes longer is given up: the opening then names nobody.
const BRIEF_LIMIT: Duration = Duration::from_secs(10);

/// Thinks for one conversation. Dropping it ends what it has under way.
pub(crate) struct Mind {
    judge: Arc<dyn Judge>,
    responder: Arc<dyn Responder>,
    requirement: Masked<String>,
    language: Language,
    clock: Clock,
    tell: Tell,
    tasks: Tasks,
    replying: Option<Arc<dyn Job>>,
}

/// What a reply answers.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// What had been asked.
    pub(crate) asked: conversation::Question,
    /// Whom the call is for, if that is known.
    pub(crate) addressee: Option<String>,
}

/// A judgement that wants only what was heard.
pub(crate) struct Judging {
    judge: Arc<dyn Judge>,
    question: Question,
    language: Language,
}

impl Judging {
    /// What was asked.
    pub(super) fn question(&self) -> conversation::Question {
        self.question.asked
    }

    /// What that means; `None` if the judge failed.
    pub(super) async fn of(self, heard: HeardText) -> Option<Meaning> {
        let reply = Reply {
            question: self.question.asked,
            addressee: self.question.addressee.map(Masked::new),
            heard: Heard {
                text: heard.text,
                confidence: None,
                unclear: heard.unclear,
                certainty: heard.certainty,
            },
            language: self.language,
        };
        self.judge.judge(reply).await.ok()
    }
}

impl Mind {
    /// The mind of a conversation about `requirement`.
    pub(crate) fn new(
        model: &Model,
        requirement: Masked<String>,
        language: Language,
        clock: Clock,
        tell: Tell,
    ) -> Self {
        let (judge, responder) = (model.judge.clone(), model.responder.clone());
        let tasks = Tasks::new(clock.clone());
        Self { judge, responder, requirement, language, clock, tell, tasks, replying: None }
    }

    /// Draws the brief; `done` gets it with the judge's name, or `None` if it failed.
    pub(crate) fn brief(
        &mut self,
        done: impl FnOnce(Option<(Brief, &'static str)>) + Send + 'static,
    ) {
        let (judge, clock) = (self.judge.clone(), self.clock.clone());
        let (requirement, language) = (self.requirement.clone(), self.language);
        self.tasks.spawn(async move {
            let name = judge.name();
            let brief = judge.brief(requirement, language);
            let brief = clock.within(BRIEF_LIMIT, brief).await.and_then(Result::ok);
            done(brief.map(|brief| (brief, name)));
        });
    }

    /// A judgement to come.
    pub(crate) fn judging(&self, question: Question) -> Judging {
        Judging { judge: self.judge.clone(), question, language: self.language }
    }

    /// Judges a reply; the answer is told.
    pub(crate) fn judge(&mut self, n: UtteranceNo, question: Question, heard: HeardText) {
        let (judging, tell) = (self.judging(question), self.tell.clone());
        self.tasks.spawn(async move {
            // A judge that fails unlocks nothing.
            let meaning = judging.of(heard).await.unwrap_or(Meaning::Unclear);
            tell(Talk::Judged(n, meaning));
        });
    }

    /// Makes a reply in place of any that is being made; its words are told as they come.
    pub(crate) fn respond(
        &mut self,
        generation: u32,
        prompt: Prompt,
        history: Vec<Said>,
        addressee: Option<String>,
    ) {
        self.cancel_respond();
        let order = RespondOrder {
            prompt,
            requirement: self.requirement.clone(),
            addressee: addressee.map(Masked::new),
            history,
            language: self.language,
            max_chars: REPLY_CHARS,
        };
        let (responder, tell) = (self.responder.clone(), self.tell.clone());
        let task = self.tasks.spawn(async move {
            let mut events = responder.respond(order);
            let mut end_call = None;
            let outcome = loop {
                match events.recv().await {
                    Some(ResponderEvent::Text(text)) => tell(Talk::ReplyText(generation, text)),
                    Some(ResponderEvent::EndCall { done }) => end_call = Some(done),
                    Some(ResponderEvent::Finished) => break ReplyOutcome::Complete(end_call),
                    Some(ResponderEvent::Failed(_)) | None => break ReplyOutcome::Failed,
                }
            };
            tell(Talk::ReplyEnded(generation, outcome));
        });
        self.replying = Some(task);
    }

    /// Ends the reply that is being made.
    pub(crate) fn cancel_respond(&mut self) {
        if let Some(task) = self.replying.take() {
            task.abort();
        }
    }
}
