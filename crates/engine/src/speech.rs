//! Models at work for one call: its mouth, its ear and its mind, each a bounded task.

mod glance;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use call::Input;
use conversation::{Expect, HeardText, Meaning, Prompt, Question, Said, SpeechClass};
use conversation::{Input as Talk, ReplyOutcome};
use domain::{CallRequest, Frame, ItemId, Masked, MediaTime, PlaylistId, UtteranceNo};
use media::leg::LegCommand;

use crate::mailbox::Mailbox;
use crate::parts::Parts;
use crate::plane::{Ear, LegKey, PlaneError};
use crate::ports::judge::Reply;
use crate::ports::recognizer::{Heard, RecognizerOptions, RecognizerSession};
use crate::ports::responder::{RespondOrder, ResponderEvent};
use crate::ports::synthesizer::{SpeakOrder, SpeechError};
use crate::runtime::Job;
use glance::Glanced;

/// Longest reply asked for, in characters.
const REPLY_CHARS: u32 = 600;
/// A judge that takes longer is given up: the opening then names nobody.
const BRIEF_LIMIT: Duration = Duration::from_secs(10);
/// A synthesizer that makes nothing for so long has failed.
const CHUNK_LIMIT: Duration = Duration::from_secs(8);
/// Samples a second of what is spoken, unless the trunk's codecs carry more.
const SPEECH_RATE: u32 = 8_000;

/// One call's recognizer session behind a lock: frames come from the lane's collector, finishes
/// from the call. Both hold it for microseconds.
pub(crate) struct SessionEar(Mutex<Box<dyn RecognizerSession>>);

impl Ear for SessionEar {
    fn frame(&self, frame: &Frame) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(frame);
    }
}

/// What one call has running at its models. Dropping it ends all of it.
pub(crate) struct SpeechWork {
    parts: Parts,
    key: LegKey,
    mailbox: Mailbox,
    request: CallRequest,
    speech_rate: u32,
    ear: Option<Arc<SessionEar>>,
    /// Those that run; finished ones are reaped with the next one.
    tasks: Vec<Arc<dyn Job>>,
    speaking: BTreeMap<PlaylistId, Vec<Arc<dyn Job>>>,
    replying: Option<Arc<dyn Job>>,
    glanced: Glanced,
}

impl SpeechWork {
    pub(crate) fn new(parts: Parts, key: LegKey, mailbox: Mailbox, request: CallRequest) -> Self {
        let options = RecognizerOptions { language: request.turn.language, preset: None };
        // A missing recognizer is met at the first utterance: it counts as unclear.
        let ear = match parts.recognizer.open(&options) {
            Ok(session) => Some(Arc::new(SessionEar(Mutex::new(session)))),
            Err(error) => {
                tracing::warn!(call = %key.call, %error, "no recognizer for this call");
                None
            }
        };
        let (tasks, speaking) = (Vec::new(), BTreeMap::new());
        let glanced = Glanced::default();
        let speech_rate = SPEECH_RATE;
        Self {
            parts,
            key,
            mailbox,
            request,
            speech_rate,
            ear,
            tasks,
            speaking,
            replying: None,
            glanced,
        }
    }

    /// The same, speaking at `rate` samples a second.
    pub(crate) fn at_rate(mut self, rate: u32) -> Self {
        self.speech_rate = rate;
        self
    }

    pub(crate) fn ear(&self) -> Option<Arc<dyn Ear>> {
        self.ear.clone().map(|e| e as Arc<dyn Ear>)
    }

    /// Draws the brief; its answer comes as mail.
    pub(crate) fn brief(&mut self) {
        let (judge, clock) = (self.parts.judge.clone(), self.parts.clock.clone());
        let mailbox = self.mailbox.clone();
        let requirement = self.request.requirement.clone();
        let language = self.request.turn.language;
        self.spawn(async move {
            let name = judge.name();
            let brief = judge.brief(requirement, language);
            let brief = clock.within(BRIEF_LIMIT, brief).await.and_then(Result::ok);
            mailbox.input(Input::Briefed(brief.map(|b| (b, name))));
        });
    }

    /// Makes a line's audio and queues it on the lane.
    pub(crate) fn speak(
        &mut self,
        list: PlaylistId,
        item: ItemId,
        text: String,
        class: SpeechClass,
    ) {
        let voice = &self.request.voice;
        let order = SpeakOrder {
            text: Masked::new(text),
            language: self.request.turn.language,
            voice: voice.voice.clone(),
            emotion: voice.emotion.clone(),
            speed: voice.speed,
            volume: voice.volume,
            sample_rate: self.speech_rate,
            class,
        };
        let (parts, key, mailbox) = (self.parts.clone(), self.key, self.mailbox.clone());
        let task = self.spawn(async move {
            let made = speak_line(&parts, key, &mailbox, list, item, order).await;
            if let Err(error) = made {
                tracing::warn!(call = %key.call, %error, "a line could not be spoken");
                mailbox.input(Input::Talk(Talk::Unspeakable(item)));
            }
        });
        let running = self.speaking.entry(list).or_default();
        running.retain(|t| !t.is_finished());
        running.push(task);
        self.speaking.retain(|_, tasks| !tasks.is_empty());
    }

    /// Ends the synthesis of a playlist.
    pub(crate) fn hush(&mut self, list: PlaylistId) {
        for task in self.speaking.remove(&list).unwrap_or_default() {
            task.abort();
        }
    }

    pub(crate) fn recognize(
        &mut self,
        n: UtteranceNo,
        start: MediaTime,
        end: MediaTime,
        expect: Expect,
    ) {
        let mailbox = self.mailbox.clone();
        let Some(ear) = &self.ear else {
            mailbox.input(Input::Talk(Talk::Heard(n, Some(unclear()))));
            return;
        };
        let finish = {
            let mut session = ear.0.lock().unwrap_or_else(PoisonError::into_inner);
            session.finish(start, end, expect)
        };
        if let Some(heard) = self.glanced.take(start, end) {
            mailbox.input(Input::Talk(Talk::Heard(n, Some(as_text(heard)))));
            return;
        }
        let call = self.key.call;
        self.spawn(async move {
            let heard = match finish.await {
                Ok(heard) => Some(as_text(heard)),
                Err(error) => {
                    tracing::warn!(%call, %error, "recognition failed");
                    None
                }
            };
            mailbox.input(Input::Talk(Talk::Heard(n, heard)));
        });
    }

    pub(crate) fn judge(
        &mut self,
        n: UtteranceNo,
        question: Question,
        heard: HeardText,
        addressee: Option<String>,
    ) {
        let (judge, mailbox) = (self.parts.judge.clone(), self.mailbox.clone());
        let reply = Reply {
            question,
            addressee: addressee.map(Masked::new),
            heard: Heard { text: heard.text, confidence: None, unclear: heard.unclear },
            language: self.request.turn.language,
        };
        self.spawn(async move {
            // A judge that fails unlocks nothing.
            let meaning = judge.judge(reply).await.unwrap_or(Meaning::Unclear);
            mailbox.input(Input::Talk(Talk::Judged(n, meaning)));
        });
    }

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
            requirement: self.request.requirement.clone(),
            addressee: addressee.map(Masked::new),
            history,
            language: self.request.turn.language,
            max_chars: REPLY_CHARS,
        };
        let (responder, mailbox) = (self.parts.responder.clone(), self.mailbox.clone());
        let task = self.spawn(async move {
            let mut events = responder.respond(order);
            let mut end_call = None;
            let outcome = loop {
                match events.recv().await {
                    Some(ResponderEvent::Text(text)) => {
                        mailbox.input(Input::Talk(Talk::ReplyText(generation, text)));
                    }
                    Some(ResponderEvent::EndCall { done }) => end_call = Some(done),
                    Some(ResponderEvent::Finished) => break ReplyOutcome::Complete(end_call),
                    Some(ResponderEvent::Failed(_)) | None => break ReplyOutcome::Failed,
                }
            };
            mailbox.input(Input::Talk(Talk::ReplyEnded(generation, outcome)));
        });
        self.replying = Some(task);
    }

    pub(crate) fn cancel_respond(&mut self) {
        if let Some(task) = self.replying.take() {
            task.abort();
        }
    }

    fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) -> Arc<dyn Job> {
        self.tasks.retain(|t| !t.is_finished());
        let task = self.parts.clock.spawn(work);
        self.tasks.push(task.clone());
        task
    }
}

impl Drop for SpeechWork {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Streams one line into the lane. The lane's bound is met by the floor's look-ahead: it holds
/// at most three lines of bounded length.
async fn speak_line(
    parts: &Parts,
    key: LegKey,
    mailbox: &Mailbox,
    playlist: PlaylistId,
    item: ItemId,
    order: SpeakOrder,
) -> Result<(), SpeechError> {
    let mut chunks = parts.synthesizer.speak(order);
    let (mut any, mut whole) = (false, true);
    loop {
        let chunk = match parts.clock.within(CHUNK_LIMIT, chunks.recv()).await {
            Some(Some(Ok(chunk))) => chunk,
            Some(None) => break,
            // What was made before the failure is still spoken.
            Some(Some(Err(_))) | None if any => {
                whole = false;
                break;
            }
            Some(Some(Err(error))) => return Err(error),
            None => {
                let cause = "no audio in time".to_owned();
                return Err(SpeechError::Failed { part: "synthesizer", cause });
            }
        };
        let samples = chunk.samples.len() as u64;
        mailbox.input(Input::Talk(Talk::Made(item, samples, chunk.chars_done)));
        let play = LegCommand::Play { playlist, item, chunk: chunk.samples };
        parts.plane.command(key, play).map_err(lane_failed)?;
        any = true;
    }
    if !any {
        return Err(SpeechError::Failed { part: "synthesizer", cause: "no audio".to_owned() });
    }
    parts.plane.command(key, LegCommand::EndItem { playlist, item }).map_err(lane_failed)?;
    let made = if whole { Talk::MadeAll(item) } else { Talk::BrokeOff(item) };
    mailbox.input(Input::Talk(made));
    Ok(())
}

fn lane_failed(error: PlaneError) -> SpeechError {
    SpeechError::Failed { part: "media lane", cause: error.to_string() }
}

fn unclear() -> HeardText {
    HeardText { unclear: true, ..HeardText::default() }
}

fn as_text(heard: Heard) -> HeardText {
    let confidence_milli = heard.confidence.map(|c| (c.clamp(0.0, 1.0) * 1_000.0) as u32);
    HeardText { text: heard.text, confidence_milli, unclear: heard.unclear }
}
