//! Runs one call: feeds its core, performs what it wants, keeps its books.

mod asking;
mod books;

use std::sync::Arc;

use call::{Call, CallPlan, Input, MediaCommand, MediaEvent, Output};
use conversation::floor::FloorOutput;
use conversation::{Input as TalkInput, Output as TalkOutput};
use domain::{CallRecord, EndWhat, Event, LegId, Now, Who};
use media::profile::MediaProfile;
use tokio::sync::mpsc;

use crate::core::Core;
use crate::mailbox::{Mail, Mailbox, Recorded};
use crate::models::{Ear, Manner, Mind, Model, Mouth, Question, Tell};
use crate::plane::{LegKey, LegOrder};
use crate::ports::recognizer::RecognizerOptions;
use asking::Asking;
use books::Books;

/// After the end: how long the recorder may take to finish its file.
const RECORDER_LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

/// One call at work.
pub(crate) struct Run {
    core: Arc<Core>,
    call: Call,
    books: Books,
    mouth: Mouth,
    ear: Ear,
    mind: Mind,
    asking: Asking,
    media: Arc<MediaProfile>,
    mailbox: Mailbox,
    mail: mpsc::Receiver<Mail>,
    state: State,
}

/// What the run still waits for.
#[derive(Debug, Default)]
struct State {
    done: bool,
    recording: bool,
    answered: bool,
    recorder_limit: Option<Now>,
    /// Nobody was dialled and nobody will be by this process: it goes on waiting in the store.
    withdrawn: bool,
    /// The recorder was done before the lane had told that the leg is closed.
    early_recording: Option<Recorded>,
}

impl Run {
    pub(crate) fn new(
        core: Arc<Core>,
        record: &CallRecord,
        plan: CallPlan,
        mailbox: Mailbox,
        mail: mpsc::Receiver<Mail>,
    ) -> Self {
        let model = model_of(&core, &plan);
        let (clock, request) = (core.parts.clock.clone(), &plan.request);
        let key = LegKey { call: plan.call, leg: LegId::CALLEE };
        let language = request.terms.turn.language;
        let tell: Tell = {
            let mailbox = mailbox.clone();
            Arc::new(move |talk| mailbox.input(Input::Talk(talk)))
        };
        let manner =
            Manner { voice: request.terms.voice.clone(), language, rate: plan.media.speech_rate() };
        let synthesizer = model.synthesizer.clone();
        let plane = core.parts.plane.clone();
        let mouth = Mouth::new(key, plane, synthesizer, manner, clock.clone(), tell.clone());
        let options = RecognizerOptions { language, preset: None };
        let ear = Ear::open(key.call, &*model.recognizer, &options, clock.clone(), tell.clone());
        let requirement = request.task.requirement();
        let mind = Mind::new(&model, requirement, language, clock.clone(), tell.clone());
        let directors = core.parts.directors.clone();
        let director = {
            let tell = tell.clone();
            directors.direct(&plan, Arc::new(move |order| tell(TalkInput::Directed(order))))
        };
        Self {
            books: Books::resume(record),
            media: plan.media.clone(),
            call: Call::new(plan, director),
            asking: Asking::new(key.call, directors, clock, tell),
            core,
            mouth,
            ear,
            mind,
            mailbox,
            mail,
            state: State::default(),
        }
    }

    /// Runs the call to its end; returns when all of it is durable.
    pub(crate) async fn run(mut self) {
        self.feed(Input::Begin);
        while !self.is_over() {
            let deadline = self.deadline();
            let clock = self.core.parts.clock.clone();
            tokio::select! {
                // In this order, so that the same inputs at the same moments give the same call.
                biased;
                outcome = self.books.outcome() => {
                    for input in self.books.committed(clock.now(), outcome) {
                        self.feed(input);
                    }
                }
                mail = self.mail.recv() => match mail {
                    Some(mail) => self.take(mail),
                    None => break,
                },
                () = clock.until_some(deadline) => self.feed(Input::Tick),
            }
            if self.mailbox.is_overrun() {
                self.feed(Input::HangUp(EndWhat::PlatformFailed, Who::Platform));
            }
            self.books.start_commit(&self.core);
        }
        self.core.forget(self.call.id());
    }

    fn is_over(&self) -> bool {
        if self.state.withdrawn || (self.books.is_lost() && self.books.is_ended()) {
            return self.books.is_idle();
        }
        let waits_for_recorder = self.state.recording
            && self.state.recorder_limit.is_none_or(|at| self.core.parts.clock.now() < at);
        self.state.done && !waits_for_recorder && self.books.is_settled()
    }

    fn deadline(&self) -> Option<Now> {
        let recorder = self.state.recorder_limit.filter(|_| self.state.recording);
        [self.call.next_deadline(), self.books.deadline(), recorder].into_iter().flatten().min()
    }

    fn take(&mut self, mail: Mail) {
        match mail {
            Mail::Input(input) => self.feed(input),
            Mail::HangUp { what: EndWhat::NodeLost, .. } if self.call.is_waiting() => {
                self.withdraw();
            }
            Mail::HangUp { what, who, credential } => {
                // Nothing but its recording follows an end.
                if let Some(credential) = credential.filter(|_| !self.books.is_ended()) {
                    let command = "hangup".to_owned();
                    self.note(Event::CommandAccepted { command, credential });
                }
                self.feed(Input::HangUp(what, who));
            }
            Mail::Recorded(recorded) => self.recorded(recorded),
        }
    }

    /// This process ends before anybody was dialled: the call stays in the queue, as the store
    /// knows it, and the next start takes it up.
    fn withdraw(&mut self) {
        self.state.withdrawn = true;
        self.books.withdraw();
        self.core.parts.plane.close(LegKey { call: self.call.id(), leg: LegId::CALLEE });
    }

    fn feed(&mut self, input: Input) {
        if self.state.withdrawn {
            return;
        }
        let at = self.core.parts.clock.moment();
        self.call.handle(at, input);
        while let Some(output) = self.call.poll_output() {
            self.perform(output);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Brief => {
                let mailbox = self.mailbox.clone();
                self.mind.brief(move |brief| mailbox.input(Input::Briefed(brief)));
            }
            Output::Signal(leg, command) => {
                self.core.trunk().submit(self.call.id(), leg, command);
            }
            Output::Media(leg, command) => self.media(leg, command),
            Output::Talk(output) => self.talk(output),
            Output::Journal(event, texts, media_ms) => {
                let at = self.core.parts.clock.moment();
                self.books.write(at, event, texts, media_ms);
                if let Some(r) = self.state.early_recording.take_if(|_| self.books.is_ended()) {
                    self.recorded(r);
                }
            }
            Output::ExtendHold(amount, until_s) => {
                let at = self.core.parts.clock.moment();
                self.books.extend(at, amount, until_s);
            }
            Output::Done => {
                self.state.done = true;
                self.core.line_is_free(self.call.id());
                let limit = self.core.parts.clock.now() + RECORDER_LIMIT;
                self.state.recorder_limit = Some(limit);
            }
        }
    }

    fn media(&mut self, leg: LegId, command: MediaCommand) {
        let key = LegKey { call: self.call.id(), leg };
        let plane = self.core.parts.plane.clone();
        let done = match command {
            MediaCommand::Open { record } => {
                let request = self.call.request();
                let order = LegOrder {
                    key,
                    record: record.then(|| recording_name(key)),
                    turn: request.terms.turn,
                    media_timeout_s: request.terms.limits.media_timeout_s,
                    mailbox: self.mailbox.clone(),
                    ear: self.ear.frames(),
                    waiting: self.mouth.waiting(),
                    language: request.terms.turn.language,
                    media: self.media.clone(),
                };
                let event = match plane.open(order) {
                    Ok(local) => MediaEvent::Opened(local),
                    Err(error) => {
                        tracing::warn!(call = %key.call, %error, "no media for this call");
                        MediaEvent::OpenFailed
                    }
                };
                self.mailbox.input(Input::Media(leg, event));
                Ok(())
            }
            MediaCommand::Connect(agreed, allowed) => plane.connect(key, *agreed, allowed),
            MediaCommand::Answered => {
                self.state.answered = true;
                self.state.recording = self.call.request().terms.record;
                plane.answered(key)
            }
            MediaCommand::Leg(command) => plane.command(key, command),
            MediaCommand::Close => {
                plane.close(key);
                Ok(())
            }
        };
        if let Err(error) = done {
            tracing::warn!(call = %key.call, %error, "media lane refused a command");
            self.mailbox.input(Input::HangUp(EndWhat::PlatformFailed, Who::Platform));
        }
    }

    fn talk(&mut self, output: TalkOutput) {
        let addressee = || self.call.brief().addressee.clone();
        let question = |asked| Question { asked, addressee: addressee() };
        match output {
            TalkOutput::Recognize(n, start, end, expect) => {
                self.ear.recognize(n, start..end, expect);
            }
            TalkOutput::Glance(n, start, end, asked) => {
                let judging = self.mind.judging(question(asked));
                self.ear.glance(n, start..end, judging);
            }
            TalkOutput::Judge(n, asked, heard) => {
                let question = question(asked);
                self.mind.judge(n, question, heard);
            }
            TalkOutput::Respond(generation, prompt, history) => {
                let addressee = addressee();
                self.mind.respond(generation, prompt, history, addressee);
            }
            TalkOutput::CancelRespond => self.mind.cancel_respond(),
            TalkOutput::Floor(FloorOutput::Speak { playlist, item, text, class }) => {
                self.mouth.speak(playlist, item, text, class);
            }
            TalkOutput::Floor(FloorOutput::Cut(playlist)) => self.mouth.hush(playlist),
            TalkOutput::Ask(no, enquiry) => self.asking.ask(no, enquiry),
            TalkOutput::Unask(no) => self.asking.unask(no),
            // The call core keeps these for itself.
            TalkOutput::Floor(_) | TalkOutput::Journal(..) | TalkOutput::HangUp(_) => {}
        }
    }

    fn note(&mut self, event: Event) {
        self.books.note(self.core.parts.clock.moment(), event);
    }

    /// Nothing but its recording follows the end of a call, and an unanswered one has none.
    fn recorded(&mut self, r: Recorded) {
        if !self.books.is_ended() {
            self.state.early_recording = Some(r);
            return;
        }
        self.state.recording = false;
        if !self.state.answered {
            return;
        }
        let at = self.core.parts.clock.moment();
        let begin = at.wall.plus_millis(-i64::try_from(r.duration_ms).unwrap_or(0));
        self.note(Event::RecordingStored {
            blob: r.blob,
            sha256: r.sha256,
            begin,
            duration_ms: r.duration_ms,
            lost_blocks: r.lost_blocks,
        });
    }
}

/// The callee's recording bears the call's name; another leg's has its own.
fn recording_name(key: LegKey) -> String {
    match key.leg {
        LegId::CALLEE => format!("{}.wav", key.call),
        leg => format!("{}-{leg}.wav", key.call),
    }
}

/// The engines that a call asked for. One whose model is gone since it was accepted gets the
/// default one rather than not being made.
fn model_of(core: &Core, plan: &CallPlan) -> Model {
    let (models, wanted) = (&core.parts.models, &plan.request.terms.voice.model);
    let model = models.named(wanted).unwrap_or_else(|| {
        tracing::warn!(call = %plan.call, model = %wanted, "no such model; the default serves");
        models.default_model()
    });
    model.clone()
}
