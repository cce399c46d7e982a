//! One conversation: hears by events, decides by its director, speaks by the floor.

mod asking;
mod deadlines;
mod listening;
mod speaking;
mod steps;

use std::collections::VecDeque;
use std::time::Duration;

use domain::{Brief, EndWhat, Event, Identity, ItemId, Now, PlaylistId, Texts};

use crate::collect::Collection;
use crate::cues::Cues;
use crate::director::{Cue, Director, Needs, Played, Tag};
use crate::exchange::{Input, Output};
use crate::floor::Floor;
use crate::hearing::Hearing;
use crate::patience::Patience;
use crate::sentences::Sentences;
use crate::stopwatch::Stopwatch;
use crate::words::{Expect, Said};

/// What the transcript shows for speech that could not be understood.
pub const UNCLEAR_TEXT: &str = "[unclear]";

/// After our last words, so that they are not clipped and a goodbye can be heard.
const CLOSING_GRACE: Duration = Duration::from_millis(600);
/// A responder that sends no words for so long has failed.
const REPLY_LIMIT: Duration = Duration::from_secs(10);
/// Lines of history kept for the responder; the oldest go first.
const HISTORY: usize = 60;

struct Reply {
    generation: u32,
    list: PlaylistId,
    sentences: Sentences,
    spoke: bool,
    give_up: Now,
}

/// A playlist that is not over, as the director knows it.
struct List {
    id: PlaylistId,
    tag: Tag,
    /// Its lines as far as they were asked for.
    items: Vec<ItemId>,
}

/// See the module. Hearing, deciding and speaking of one call's callee leg.
///
/// Its methods are of three kinds. *Verbs* tell it something: [`Conversation::prepare`],
/// [`Conversation::handle`], [`Conversation::part`], [`Conversation::gone`]. After each of them
/// the *outputs* are drained by [`Conversation::poll_output`]. The rest are *questions*.
pub struct Conversation {
    director: Box<dyn Director>,
    needs: Needs,
    floor: Floor,
    patience: Patience,
    hearing: Hearing,
    cues: Cues,
    collection: Option<Collection>,
    reply: Option<Reply>,
    lists: Vec<List>,
    talk: Talk,
    stopwatch: Stopwatch,
    out: VecDeque<Output>,
}

/// Facts of the talk so far.
#[derive(Default)]
struct Talk {
    history: Vec<Said>,
    generation: u32,
    /// What may be heard now, and the director's label on it.
    expect: (Expect, Tag),
    prepared: bool,
    answered: bool,
    /// Whether we may be heard.
    opened: bool,
    /// Whether the director wants us to stand still.
    stands: bool,
    mute_lines: u32,
    played: Option<Played>,
    /// The reason that holds from now on, whoever hangs up first.
    closing: Option<EndWhat>,
    hang_up_at: Option<(Now, EndWhat)>,
    /// What was said into our words, until it is known whether it cut them short: then it is
    /// written after them, because they began before.
    unwritten: Vec<(Event, Texts)>,
}

impl Conversation {
    /// A conversation that is led by `director`; `mute_ms` is the silence after which it is
    /// asked [`Cue::Silence`].
    pub fn new(director: Box<dyn Director>, mute_ms: u32) -> Self {
        let needs = director.needs();
        Self {
            director,
            needs,
            floor: Floor::default(),
            patience: Patience::new(mute_ms),
            hearing: Hearing::default(),
            cues: Cues::new(&needs),
            collection: None,
            reply: None,
            lists: Vec::new(),
            talk: Talk::default(),
            stopwatch: Stopwatch::default(),
            out: VecDeque::new(),
        }
    }

    /// What its director needs of the call.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Who the call is for; before [`Conversation::prepare`].
    pub fn briefed(&mut self, brief: &Brief) {
        self.director.briefed(brief);
    }

    /// Makes what is said first; it is heard when the director opens. Once is enough.
    pub fn prepare(&mut self, now: Now) {
        if self.talk.prepared {
            return;
        }
        self.talk.prepared = true;
        self.floor.hold();
        for step in self.director.prepare() {
            self.step(now, step);
        }
        self.drain_floor(now);
    }

    /// Takes one input; then drain [`Conversation::poll_output`].
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Opened => {
                self.talk.answered = true;
                self.prepare(now);
                self.cue(now, Cue::Opened);
            }
            Input::SpeechStarted => self.speech_started(),
            Input::SpeechPaused { start, end } => self.speech_paused(now, start, end),
            Input::SpeechStopped { end } => self.speech_stopped(now, end),
            Input::Glanced(n, answer) => self.glanced(now, n, answer),
            Input::UtteranceEnded { start, end, closed } => {
                self.utterance_ended(now, start, end, closed);
            }
            Input::Heard(n, heard) => self.heard(now, n, heard),
            Input::Judged(n, meaning) => self.judged(now, n, meaning),
            Input::ReplyText(g, text) => self.reply_text(now, g, text.reveal()),
            Input::ReplyEnded(g, outcome) => self.reply_ended(now, g, outcome),
            Input::Playback(list, item, what, at) => self.playback(now, list, item, what, at),
            Input::Made(item, samples, chars) => {
                self.stopwatch.made(now, item);
                self.floor.made(item, samples, chars);
            }
            Input::MadeAll(item) => self.floor.made_all(item),
            Input::BrokeOff(item) => {
                self.fault("synthesizer", "line broken off");
                self.floor.broke_off(item);
            }
            Input::Lost(item) => self.lost(now, item),
            Input::Unspeakable(item) => self.unspeakable(now, item),
            Input::Key(key) => self.key(now, key),
            Input::Tone(tone) => self.cue(now, Cue::Tone(tone, self.hearing.is_speaking())),
            Input::Flowing(flowing) => self.patience.set_flowing(flowing),
            Input::Leave(what) => self.cue(now, Cue::Leave(what)),
            Input::Answered(no, answer) => self.answered(now, no, answer),
            Input::Directed(order) => self.directed(now, order.reveal()),
            Input::Tick => {}
        }
        self.deadlines(now);
        self.drain_floor(now);
        self.settle_patience(now);
        self.settle_words();
    }

    /// The next thing to be done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Whether the director was asked what is said first.
    pub fn is_prepared(&self) -> bool {
        self.talk.prepared
    }

    /// Who the director takes the callee for.
    pub fn identity(&self) -> Identity {
        self.director.identity()
    }

    /// The reason that holds once a closing was begun, whoever hangs up first.
    pub fn closing(&self) -> Option<EndWhat> {
        self.talk.closing
    }

    /// The line is cut: stops speaking at once and for good, and asks nobody any more. What the
    /// callee said before is still heard out, if `listen`; see [`Conversation::is_hearing`].
    pub fn part(&mut self, now: Now, listen: bool) {
        self.talk.hang_up_at = None;
        self.collection = None;
        self.ask_no_more(now);
        self.hearing.part(now, listen);
        self.floor.cut_all();
        self.out.push_back(Output::CancelRespond);
        self.reply = None;
        self.drain_floor(now);
    }

    /// Whether something that the callee said is not dealt with yet.
    pub fn is_hearing(&self) -> bool {
        self.hearing.is_busy()
    }

    /// Nothing that was said is left to deal with; to be told once, after [`Conversation::part`].
    pub fn gone(&mut self, now: Now) {
        self.last_cue(now, Cue::Gone);
        self.write_heard();
    }

    fn key(&mut self, now: Now, key: char) {
        self.patience.touch();
        let Some(collection) = &mut self.collection else {
            return self.cue(now, Cue::Key(key));
        };
        // A key cuts the prompt it answers.
        let done = collection.key(now, key);
        self.cut();
        if done {
            self.collected(now);
        }
    }

    fn collected(&mut self, now: Now) {
        if let Some(collection) = self.collection.take() {
            self.cue(now, Cue::Collected(collection.into_keys()));
        }
    }

    fn settle_patience(&mut self, now: Now) {
        let playing = self.floor.is_due();
        if let Some(collection) = &mut self.collection {
            collection.set_playing(now, playing);
        }
        let quiet = self.talk.answered
            && self.talk.hang_up_at.is_none()
            && self.hearing.is_quiet()
            && self.cues.is_idle()
            && self.collection.is_none()
            && self.reply.is_none()
            && !playing;
        self.patience.set_quiet(now, quiet);
    }

    /// Writes what was said into our words, once nothing of them is left to be written before it.
    fn settle_words(&mut self) {
        if !self.floor.is_cutting() && !self.hearing.is_judging() {
            self.write_heard();
        }
    }

    fn write_heard(&mut self) {
        let heard = self.talk.unwritten.drain(..);
        self.out.extend(heard.map(|(event, texts)| Output::Journal(event, texts)));
    }

    fn remember(&mut self, said: Said) {
        if self.talk.history.len() >= HISTORY {
            self.talk.history.remove(0);
        }
        self.talk.history.push(said);
    }

    fn note(&mut self, event: Event) {
        self.out.push_back(Output::Journal(event, Texts::default()));
    }

    fn fault(&mut self, part: &str, fallback: &str) {
        self.note(Event::FaultNoted {
            part: part.to_owned(),
            code: "failed".to_owned(),
            fallback: fallback.to_owned(),
        });
    }
}
