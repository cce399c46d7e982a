//! Runs one call: feeds its core, performs what it wants, commits what it says.

use std::sync::Arc;

use call::{Awaited, Call, CallPlan, Input, MediaCommand, MediaEvent, Output};
use conversation::Output as TalkOutput;
use conversation::floor::FloorOutput;
use domain::{CallRecord, EndWhat, Event, LegId, MicroYuan, Now, Texts, Transaction, Who};
use media::profile::MediaProfile;
use tokio::sync::mpsc;

use crate::core::Core;
use crate::journal::{CallJournal, Committing};
use crate::mailbox::{Mail, Mailbox, Recorded};
use crate::plane::{LegKey, LegOrder};
use crate::ports::PortFuture;
use crate::ports::records::CommitError;
use crate::speech::SpeechWork;

/// After the end: how long the recorder may take to finish its file.
const RECORDER_LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

type Commit = PortFuture<'static, Result<Committing, (Committing, CommitError)>>;

/// One call at work.
pub(crate) struct Run {
    core: Arc<Core>,
    call: Call,
    journal: CallJournal,
    speech: SpeechWork,
    media: Arc<MediaProfile>,
    mailbox: Mailbox,
    mail: mpsc::Receiver<Mail>,
    committing: Option<Commit>,
    held: MicroYuan,
    extensions: u32,
    state: State,
}

/// What the run still waits for.
#[derive(Debug, Default)]
struct State {
    done: bool,
    recording: bool,
    answered: bool,
    recorder_limit: Option<Now>,
    store_faulted: bool,
    ended: bool,
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
        let key = LegKey { call: plan.call, leg: LegId::CALLEE };
        let request = plan.request.clone();
        let speech = SpeechWork::new(core.parts.clone(), key, mailbox.clone(), request)
            .at_rate(plan.media.speech_rate());
        Self {
            journal: CallJournal::resume(record),
            held: plan.hold,
            media: plan.media.clone(),
            call: Call::new(plan),
            core,
            speech,
            mailbox,
            mail,
            committing: None,
            extensions: 0,
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
                outcome = poll_commit(&mut self.committing) => self.committed(outcome),
                mail = self.mail.recv() => match mail {
                    Some(mail) => self.take(mail),
                    None => break,
                },
                () = clock.until_some(deadline) => self.feed(Input::Tick),
            }
            if self.mailbox.is_overrun() {
                self.feed(Input::HangUp(EndWhat::SpeechFailed, Who::Platform));
            }
            self.start_commit();
        }
        self.core.forget(self.call.id());
    }

    fn is_over(&self) -> bool {
        if self.state.withdrawn || (self.journal.is_lost() && self.state.ended) {
            return self.committing.is_none();
        }
        let waits_for_recorder = self.state.recording
            && self.state.recorder_limit.is_none_or(|at| self.core.parts.clock.now() < at);
        self.state.done
            && !waits_for_recorder
            && self.committing.is_none()
            && self.journal.is_settled()
    }

    fn deadline(&self) -> Option<Now> {
        let journal = if self.committing.is_some() { None } else { self.journal.deadline() };
        let recorder = self.state.recorder_limit.filter(|_| self.state.recording);
        [self.call.next_deadline(), journal, recorder].into_iter().flatten().min()
    }

    fn take(&mut self, mail: Mail) {
        match mail {
            Mail::Input(input) => self.feed(input),
            Mail::HangUp { what: EndWhat::NodeLost, .. } if self.call.is_waiting() => {
                self.withdraw();
            }
            Mail::HangUp { what, who, credential } => {
                // Nothing but its recording follows an end.
                if let Some(credential) = credential.filter(|_| !self.state.ended) {
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
        self.journal.forget();
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
            Output::Brief => self.speech.brief(),
            Output::Signal(leg, command) => {
                self.core.trunk().submit(self.call.id(), leg, command);
            }
            Output::Media(leg, command) => self.media(leg, command),
            Output::Talk(output) => self.talk(output),
            Output::Journal(event, texts, media_ms) => self.write(event, texts, media_ms),
            Output::ExtendHold(amount, until_s) => self.extend(amount, until_s),
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
                    record: record.then(|| format!("{}.wav", key.call)),
                    turn: request.turn,
                    media_timeout_s: request.limits.media_timeout_s,
                    mailbox: self.mailbox.clone(),
                    ear: self.speech.ear(),
                    language: request.turn.language,
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
                self.state.recording = self.call.request().record;
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
            self.mailbox.input(Input::HangUp(EndWhat::SpeechFailed, Who::Platform));
        }
    }

    fn talk(&mut self, output: TalkOutput) {
        let addressee = || self.call.brief().addressee.clone();
        match output {
            TalkOutput::Recognize(n, start, end, expect) => {
                self.speech.recognize(n, start, end, expect);
            }
            TalkOutput::Glance(n, start, end, question) => {
                let addressee = addressee();
                self.speech.glance(n, start..end, question, addressee);
            }
            TalkOutput::Judge(n, question, heard) => {
                let addressee = addressee();
                self.speech.judge(n, question, heard, addressee);
            }
            TalkOutput::Respond(generation, prompt, history) => {
                let addressee = addressee();
                self.speech.respond(generation, prompt, history, addressee);
            }
            TalkOutput::CancelRespond => self.speech.cancel_respond(),
            TalkOutput::Floor(FloorOutput::Speak { playlist, item, text, class }) => {
                self.speech.speak(playlist, item, text, class);
            }
            TalkOutput::Floor(FloorOutput::Cut(playlist)) => self.speech.hush(playlist),
            // The call core keeps these for itself.
            TalkOutput::Floor(_) | TalkOutput::Journal(..) | TalkOutput::HangUp(_) => {}
        }
    }

    fn write(&mut self, event: Event, texts: Texts, media_ms: Option<u64>) {
        if self.journal.is_lost() {
            self.state.ended |= matches!(event, Event::CallEnded(_));
            return;
        }
        let at = self.core.parts.clock.moment();
        match &event {
            Event::CalleeOptedOut { .. } => {
                self.journal.block(self.call.request().target.clone(), at.wall);
            }
            Event::CallEnded(end) => {
                let mut end = *end;
                end.hold = self.held;
                match crate::journal::settlement(self.call.id(), self.core.owner(&self.call), &end)
                {
                    Ok(t) => self.journal.post(t),
                    Err(error) => {
                        tracing::error!(call = %self.call.id(), %error, "settlement refused");
                    }
                }
                self.journal.add(at, Event::CallEnded(end), texts, media_ms);
                self.state.ended = true;
                if let Some(r) = self.state.early_recording.take() {
                    self.recorded(r);
                }
                return;
            }
            _ => {}
        }
        self.journal.add(at, event, texts, media_ms);
    }

    fn note(&mut self, event: Event) {
        self.write(event, Texts::default(), None);
    }

    /// Holds more; refused if the balance does not cover it.
    fn extend(&mut self, amount: MicroYuan, until_s: u32) {
        self.extensions += 1;
        let (call, owner) = (self.call.id(), self.core.owner(&self.call));
        self.journal.post(Transaction::hold(call, owner, self.extensions, amount));
        self.note(Event::HoldExtended { amount, until_s });
        self.held = MicroYuan(self.held.0 + amount.0);
    }

    fn start_commit(&mut self) {
        if self.committing.is_some() {
            return;
        }
        if let Some(c) = self.journal.begin(self.core.parts.clock.now()) {
            let core = self.core.clone();
            let work = async move { c.run(&*core.parts.records, &core.hub).await };
            self.committing = Some(Box::pin(work));
        }
    }

    fn committed(&mut self, outcome: Result<Committing, (Committing, CommitError)>) {
        self.committing = None;
        match outcome {
            Ok(c) => {
                self.journal.succeeded();
                if let Some(until) = c.extends() {
                    self.feed(Input::HoldExtended(Some(until)));
                }
                for kind in c.kinds {
                    self.feed(Input::Committed(kind, true));
                }
            }
            Err((c, CommitError::InsufficientBalance { .. })) if c.extends().is_some() => {
                self.refuse_extension(c);
            }
            Err((c, error @ CommitError::Duplicate { .. })) => self.lose_journal(&c, &error),
            Err((c, error)) => self.commit_failed(c, &error),
        }
    }

    /// The extension's own event goes; whatever else was in the batch is kept.
    fn refuse_extension(&mut self, c: Committing) {
        let (kept, amount) = c.without_extension();
        self.held = MicroYuan(self.held.0 - amount.0);
        self.journal.take_back(self.core.parts.clock.now(), kept);
        self.journal.correct_hold(amount);
        self.feed(Input::HoldExtended(None));
    }

    /// The store has other events under our numbers. Nobody else is to be dialled for this call,
    /// and what was begun is taken down; its books are the other one's.
    fn lose_journal(&mut self, c: &Committing, error: &CommitError) {
        tracing::error!(call = %self.call.id(), %error, "somebody else wrote this call's journal");
        self.journal.lose();
        if c.kinds.contains(&Awaited::Dial) {
            self.feed(Input::Committed(Awaited::Dial, false));
        }
        self.feed(Input::HangUp(EndWhat::SpeechFailed, Who::Platform));
    }

    fn commit_failed(&mut self, c: Committing, error: &CommitError) {
        let dialling = c.kinds.contains(&Awaited::Dial);
        tracing::error!(call = %self.call.id(), %error, "journal not written");
        self.journal.failed(self.core.parts.clock.now(), c);
        if dialling {
            // Nothing has been dialled; without a durable intent nothing will be.
            self.feed(Input::Committed(Awaited::Dial, false));
        } else if self.journal.is_failing() && !self.state.store_faulted {
            self.state.store_faulted = true;
            self.feed(Input::HangUp(EndWhat::SpeechFailed, Who::Platform));
        }
    }

    /// Nothing but its recording follows the end of a call, and an unanswered one has none.
    fn recorded(&mut self, r: Recorded) {
        if !self.state.ended {
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

async fn poll_commit(commit: &mut Option<Commit>) -> Result<Committing, (Committing, CommitError)> {
    match commit {
        Some(c) => c.await,
        None => std::future::pending().await,
    }
}
