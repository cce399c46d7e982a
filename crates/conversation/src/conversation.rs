//! One conversation: hears by events, decides by its director, speaks by the floor.

mod glance;
mod steps;

use std::collections::VecDeque;
use std::time::Duration;

use domain::{
    EndWhat, Event, Evidence, Identity, ItemId, LegId, Masked, MediaTime, Now, PlaylistId, Texts,
    UtteranceHeard, UtteranceNo, UtteranceSpoken,
};

use crate::director::{Cue, Director, Sentence, Tag};
use crate::exchange::{HeardText, Input, Output, ReplyOutcome};
use crate::floor::{Floor, FloorOutput, OnSpeech, Playback, Spoken};
use crate::patience::Patience;
use crate::sentences::Sentences;
use crate::stopwatch::Stopwatch;
use crate::words::{Expect, Meaning, Question, Said, SpeechClass};
use glance::Glances;

/// What the transcript shows for speech that could not be understood.
pub const UNCLEAR_TEXT: &str = "[unclear]";

/// After the answer: silence before we open without a hello.
const HELLO_PATIENCE: Duration = Duration::from_millis(1_200);
/// After our last words, so that they are not clipped and a goodbye can be heard.
const CLOSING_GRACE: Duration = Duration::from_millis(600);
/// A recognizer or judge that takes longer is given up; the utterance counts as unclear.
const HEARING_LIMIT: Duration = Duration::from_secs(4);
/// Once the line is cut: a call is over within two seconds (callout section 9).
const LAST_WORDS_LIMIT: Duration = Duration::from_millis(1_500);
/// A responder that sends no words for so long has failed.
const REPLY_LIMIT: Duration = Duration::from_secs(10);

struct Utterance {
    n: UtteranceNo,
    start: MediaTime,
    end: MediaTime,
    closed: MediaTime,
    question: Question,
    text: HeardText,
    interrupts: bool,
    settled: bool,
    give_up: Now,
}

struct Reply {
    generation: u32,
    list: PlaylistId,
    sentences: Sentences,
    spoke: bool,
    give_up: Now,
}

/// The parts of the floor's bookkeeping that belong to the talk, not to playing.
#[derive(Default)]
struct Lists {
    tags: Vec<(PlaylistId, Tag)>,
    opening: Option<PlaylistId>,
}

/// See the module. Hearing, deciding and speaking of one call's callee leg.
pub struct Conversation {
    director: Box<dyn Director>,
    floor: Floor,
    patience: Patience,
    hearing: VecDeque<Utterance>,
    glances: Glances,
    reply: Option<Reply>,
    lists: Lists,
    talk: Talk,
    stopwatch: Stopwatch,
    out: VecDeque<Output>,
}

/// Facts of the talk so far.
#[derive(Default)]
struct Talk {
    history: Vec<Said>,
    utterances: u32,
    generation: u32,
    question: Question,
    identity: Identity,
    speaking: bool,
    disclosed: bool,
    recorded: bool,
    prepared: bool,
    opened: bool,
    mute_lines: u32,
    ending: Ending,
}

/// How the talk comes to its end.
#[derive(Default)]
struct Ending {
    /// The reason that holds from now on, whoever hangs up first.
    closing: Option<EndWhat>,
    hang_up_at: Option<(Now, EndWhat)>,
    line: Line,
}

/// Whether the callee is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Up,
    /// Cut; until then what was said is heard out.
    Cut { until: Now },
    /// Cut, and nobody is heard out.
    Deaf,
}

/// Lines of history kept for the responder; the oldest go first.
const HISTORY: usize = 60;

impl Conversation {
    /// A conversation that is led by `director`; `mute_ms` is the silence after which the
    /// callee is asked again; `recorded`: whether the opening discloses a recording.
    pub fn new(director: Box<dyn Director>, mute_ms: u32, recorded: bool) -> Self {
        Self {
            director,
            floor: Floor::default(),
            patience: Patience::new(mute_ms),
            hearing: VecDeque::new(),
            glances: Glances::default(),
            reply: None,
            lists: Lists::default(),
            talk: Talk { recorded, question: Question::Hello, ..Talk::default() },
            stopwatch: Stopwatch::default(),
            out: VecDeque::new(),
        }
    }

    /// Makes the opening while the phone rings; it is heard when the director opens.
    pub fn prepare(&mut self, now: Now) {
        if self.talk.prepared {
            return;
        }
        self.talk.prepared = true;
        self.floor.hold();
        let lines = self.director.opening();
        self.lists.opening = self.say(Tag::Opening, lines, OnSpeech::Pause);
        self.drain_floor(now);
    }

    /// Takes one input; then drain [`Conversation::poll_output`].
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Opened => {
                self.talk.opened = true;
                self.prepare(now);
                self.patience.wait_for_hello(now + HELLO_PATIENCE);
                self.cue(now, Cue::Opened);
            }
            Input::SpeechStarted => self.speech_started(),
            Input::SpeechPaused { start, end } => self.speech_paused(start, end),
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
            Input::Unspeakable(item) => self.unspeakable(now, item),
            Input::Key(key) => {
                self.patience.touch();
                // Nobody confirms, by key or speech, what they have not heard.
                if self.talk.disclosed || self.talk.question != Question::Identity {
                    self.cue(now, Cue::Key(key));
                }
            }
            Input::Beep => self.cue(now, Cue::Beep),
            Input::Flowing(flowing) => self.patience.set_flowing(flowing),
            Input::Leave(what) => self.cue(now, Cue::Leave(what)),
            Input::Tick => {}
        }
        self.deadlines(now);
        self.drain_floor(now);
        self.settle_patience(now);
    }

    /// The next thing to be done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Input::Tick`] is due.
    pub fn next_deadline(&self) -> Option<Now> {
        let hearing = self.hearing.iter().map(|u| u.give_up).min();
        if self.talk.ending.line != Line::Up {
            return hearing;
        }
        // Nobody is cut short: until the callee is done there is nothing to do by time.
        let waits = self.talk.speaking || !self.hearing.is_empty();
        let hang_up = self.talk.ending.hang_up_at.map(|(at, _)| at).filter(|_| !waits);
        let reply = self.reply.as_ref().map(|r| r.give_up);
        [self.patience.deadline(), hang_up, hearing, reply].into_iter().flatten().min()
    }

    /// How the identity gate stands.
    pub fn identity(&self) -> Identity {
        self.talk.identity
    }

    /// The reason that holds once a closing was begun, whoever hangs up first.
    pub fn closing(&self) -> Option<EndWhat> {
        self.talk.ending.closing
    }

    /// The line is cut: stops speaking at once and for good. What the callee said before is
    /// still heard out, if `listen`; see [`Conversation::is_hearing`].
    pub fn part(&mut self, now: Now, listen: bool) {
        self.talk.ending.hang_up_at = None;
        if listen {
            let until = now + LAST_WORDS_LIMIT;
            self.talk.ending.line = Line::Cut { until };
            for u in &mut self.hearing {
                u.give_up = u.give_up.min(until);
            }
        } else {
            self.talk.ending.line = Line::Deaf;
            self.hearing.clear();
        }
        self.floor.cut_all();
        self.out.push_back(Output::CancelRespond);
        self.reply = None;
        self.drain_floor(now);
    }

    /// Whether something that the callee said is not judged yet.
    pub fn is_hearing(&self) -> bool {
        !self.hearing.is_empty()
    }

    /// Nothing that was said is left to judge; to be told once, after [`Conversation::part`].
    pub fn gone(&mut self, now: Now) {
        self.last_cue(now, Cue::Gone);
    }

    /// One line that cannot be spoken is left out; a second one means that we are mute.
    fn unspeakable(&mut self, now: Now, item: ItemId) {
        self.fault("synthesizer", "line left out");
        self.talk.mute_lines += 1;
        self.floor.unspeakable(item);
        if self.talk.mute_lines >= 2 && self.talk.ending.hang_up_at.is_none() {
            self.talk.ending.hang_up_at = Some((now, EndWhat::SpeechFailed));
        }
    }

    fn speech_started(&mut self) {
        self.talk.speaking = true;
        self.glances.speech_goes_on();
        self.patience.touch();
        // Whoever speaks first is not talked over: what is about to be said waits.
        if self.talk.opened && !self.floor.is_audible() && !self.floor.is_interrupted() {
            self.floor.hold();
        }
    }

    fn utterance_ended(&mut self, now: Now, start: MediaTime, end: MediaTime, closed: MediaTime) {
        self.talk.speaking = false;
        let give_up = match self.talk.ending.line {
            Line::Up => now + HEARING_LIMIT,
            Line::Cut { until } => until,
            Line::Deaf => return,
        };
        self.talk.utterances += 1;
        let n = UtteranceNo(self.talk.utterances);
        let question = self.talk.question;
        let interrupts = self.floor.has_begun();
        let settled = self.glances.utterance_ended(end);
        if !settled {
            self.stopwatch.begin(now, end, closed);
        }
        self.hearing.push_back(Utterance {
            n,
            start,
            end,
            closed,
            question,
            text: HeardText::default(),
            interrupts,
            settled,
            give_up,
        });
        self.out.push_back(Output::Recognize(n, start, end, Expect::of(question)));
    }

    fn heard(&mut self, now: Now, n: UtteranceNo, heard: Option<HeardText>) {
        let Some(u) = self.hearing.iter_mut().find(|u| u.n == n) else {
            return;
        };
        let failed = heard.is_none();
        u.text = heard.unwrap_or(HeardText { unclear: true, ..HeardText::default() });
        self.stopwatch.heard(now);
        let fact = UtteranceHeard {
            n,
            leg: LegId::CALLEE,
            start_ms: u.start.as_millis(),
            end_ms: u.end.as_millis(),
            closed_ms: u.closed.as_millis(),
            confidence_milli: u.text.confidence_milli,
            unclear: u.text.unclear,
            early: false,
        };
        let words = if u.text.unclear { UNCLEAR_TEXT } else { u.text.text.reveal() };
        let texts = Texts::of(words);
        let judge = Output::Judge(n, u.question, u.text.clone());
        let said = Said { by_us: false, text: u.text.text.clone(), unclear: u.text.unclear };
        self.out.push_back(Output::Journal(Event::UtteranceHeard(fact), texts));
        if failed {
            self.fault("recognizer", "counted as unclear");
        }
        self.remember(said);
        self.out.push_back(judge);
    }

    fn judged(&mut self, now: Now, n: UtteranceNo, meaning: Meaning) {
        let Some(at) = self.hearing.iter().position(|u| u.n == n) else {
            return;
        };
        let Some(u) = self.hearing.remove(at) else {
            return;
        };
        let length_ms = u.end.since(u.start).as_millis();
        let sentence = Sentence {
            meaning,
            evidence: Evidence::Utterance(n),
            length_ms,
            sure: is_sure(&u.text, length_ms),
            certain: is_certain(&u.text, length_ms),
            interrupts: u.interrupts && self.floor.is_busy(),
            last_line: self.floor.is_last_line(),
            settled: u.settled,
            disclosed: self.talk.disclosed,
        };
        self.patience.touch();
        if self.talk.ending.line != Line::Up {
            self.last_cue(now, Cue::LastWords(sentence));
            return;
        }
        self.cue(now, Cue::Sentence(sentence));
        if !self.talk.speaking && self.hearing.is_empty() {
            self.let_speak();
        }
    }

    /// Ends the hold that the callee's speech caused; the opening waits for its own moment.
    fn let_speak(&mut self) {
        if self.talk.question != Question::Hello {
            self.floor.release();
        }
    }

    fn reply_text(&mut self, now: Now, generation: u32, text: &str) {
        let Some(r) = self.reply.as_mut().filter(|r| r.generation == generation) else {
            return;
        };
        self.stopwatch.replied(now);
        r.give_up = now + REPLY_LIMIT;
        for s in r.sentences.push(text) {
            r.spoke = true;
            self.floor.add(r.list, &s, SpeechClass::Content);
        }
    }

    fn reply_ended(&mut self, now: Now, generation: u32, outcome: ReplyOutcome) {
        // The end of an earlier reply may still be under way; it ends nothing.
        let Some(mut r) = self.reply.take_if(|r| r.generation == generation) else {
            return;
        };
        if let Some(rest) = r.sentences.finish() {
            r.spoke = true;
            self.floor.add(r.list, &rest, SpeechClass::Content);
        }
        match outcome {
            ReplyOutcome::Complete(end_call) => {
                self.cue(now, Cue::Replied { end_call, spoke: r.spoke });
            }
            ReplyOutcome::Failed => {
                self.fault("responder", "closing");
                self.cue(now, Cue::ReplyFailed);
            }
        }
        self.floor.close(r.list);
    }

    fn playback(
        &mut self,
        now: Now,
        list: PlaylistId,
        item: ItemId,
        what: Playback,
        at: MediaTime,
    ) {
        if what == Playback::Started {
            self.stopwatch.playing(now, item, at);
            if let Some(times) = self.stopwatch.take() {
                self.out.push_back(Output::Journal(Event::TurnMeasured(times), Texts::default()));
            }
        }
        let begins = what == Playback::Started && !self.floor.is_begun(list);
        self.floor.playback(list, item, what, at);
        if begins && let Some((_, tag)) = self.lists.tags.iter().find(|(id, _)| *id == list) {
            self.cue(now, Cue::Begun(*tag));
        }
        if what == Playback::Finished
            && self.lists.opening == Some(list)
            && !self.talk.disclosed
            && self.floor.lines_heard(list) >= 1
        {
            self.disclose();
        }
    }

    fn disclose(&mut self) {
        self.talk.disclosed = true;
        let event = Event::DisclosureMade { ai: true, recording: self.talk.recorded };
        self.out.push_back(Output::Journal(event, Texts::default()));
    }

    fn deadlines(&mut self, now: Now) {
        while let Some(u) = self.hearing.iter().find(|u| u.give_up <= now) {
            let n = u.n;
            self.fault("hearing", "counted as unclear");
            self.judged(now, n, Meaning::Unclear);
        }
        if let Some(generation) =
            self.reply.as_ref().filter(|r| r.give_up <= now).map(|r| r.generation)
        {
            self.out.push_back(Output::CancelRespond);
            self.reply_ended(now, generation, ReplyOutcome::Failed);
        }
        if let Some((at, what)) = self.talk.ending.hang_up_at
            && at <= now
            && !self.talk.speaking
            && self.hearing.is_empty()
        {
            self.talk.ending.hang_up_at = None;
            self.out.push_back(Output::HangUp(what));
        }
        if self.patience.hello_is_over(now) {
            self.cue(now, Cue::NoHello);
        }
        if self.patience.is_over(now) {
            self.cue(now, Cue::Silence);
        }
    }

    fn settle_patience(&mut self, now: Now) {
        let quiet = self.talk.opened
            && self.talk.ending.hang_up_at.is_none()
            && !self.talk.speaking
            && self.hearing.is_empty()
            && self.reply.is_none()
            && !self.floor.is_due();
        self.patience.set_quiet(now, quiet);
    }

    fn drain_floor(&mut self, now: Now) {
        while let Some(o) = self.floor.poll() {
            match o {
                FloorOutput::Over(spoken) => self.over(now, spoken),
                FloorOutput::Speak { item, .. } => {
                    self.stopwatch.asked(item);
                    self.out.push_back(Output::Floor(o));
                }
                other => self.out.push_back(Output::Floor(other)),
            }
        }
    }

    fn over(&mut self, now: Now, s: Spoken) {
        if let Some((start, end)) = s.span
            && !s.heard.is_empty()
        {
            self.talk.utterances += 1;
            let fact = UtteranceSpoken {
                n: UtteranceNo(self.talk.utterances),
                start_ms: start.as_millis(),
                end_ms: end.as_millis(),
                cut: s.cut || s.heard != s.meant,
            };
            let meant = Some(s.meant).filter(|m| *m != s.heard);
            let texts = Texts { meant, ..Texts::of(s.heard.clone()) };
            self.out.push_back(Output::Journal(Event::UtteranceSpoken(fact), texts));
            self.remember(Said { by_us: true, text: Masked::new(s.heard), unclear: false });
        }
        let tag = match self.lists.tags.iter().position(|(id, _)| *id == s.playlist) {
            Some(at) => self.lists.tags.remove(at).1,
            None => Tag::Reply,
        };
        self.cue(now, Cue::Over { tag, cut: s.cut });
    }

    fn remember(&mut self, said: Said) {
        if self.talk.history.len() >= HISTORY {
            self.talk.history.remove(0);
        }
        self.talk.history.push(said);
    }

    fn fault(&mut self, part: &str, fallback: &str) {
        let event = Event::FaultNoted {
            part: part.to_owned(),
            code: "failed".to_owned(),
            fallback: fallback.to_owned(),
        };
        self.out.push_back(Output::Journal(event, Texts::default()));
    }
}

/// Whether what was understood may end a call: recognizers that tell no confidence are taken at
/// their word; of those that do, short words and middling scores are the ones they confuse.
fn is_sure(text: &HeardText, length_ms: u64) -> bool {
    match text.confidence_milli {
        None => !text.unclear,
        Some(milli) => milli >= SURE_MILLI && length_ms >= SURE_LENGTH_MS,
    }
}

/// Whether what was understood may stand for good. It takes more than [`is_sure`]: a few syllables
/// of a closed list sound like much else that people say.
fn is_certain(text: &HeardText, length_ms: u64) -> bool {
    match text.confidence_milli {
        None => !text.unclear,
        Some(milli) => is_sure(text, length_ms) && milli >= CERTAIN_MILLI,
    }
}

/// See [`is_certain`]. Of 39 wishes of the lab's callees the embedded recognizer gave 34 at least
/// 967; nine times it heard one that was none, with 667 to 821.
const CERTAIN_MILLI: u32 = 950;
/// See [`is_sure`].
const SURE_MILLI: u32 = 680;
/// See [`is_sure`].
const SURE_LENGTH_MS: u64 = 450;
