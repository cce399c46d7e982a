//! The built-in director: goal, gate and responder (callout section 7).
//!
//! Everything before identity is confirmed is said from [`Phrases`]; the responder, which alone
//! knows the content, is asked only afterwards.

mod gate;
mod hearing;
mod opt_out;
mod phrases;
mod sentence;
mod tones;
mod words;

use domain::{AnswerVerdict, Brief, EndWhat, Evidence, Identity, Opening};

use self::gate::Gate;
use self::hearing::Hearing;
use self::opt_out::Doubt;
use self::sentence::{EARLY_NOISE_MS, Sentence, listens};
use self::tones::Tones;
use crate::director::{Answer, Cue, Director, Step, Tag};
use crate::floor::OnSpeech;
use crate::words::SpeechClass;

pub use phrases::Phrases;
pub use words::{Meaning, Prompt, Question};

/// What a playlist is for.
mod tag {
    use crate::director::Tag;

    /// Disclosure and first question.
    pub(super) const OPENING: Tag = Tag(0);
    /// Anything said about identity after that.
    pub(super) const QUESTION: Tag = Tag(1);
    /// The message, from its first sentence.
    pub(super) const MESSAGE: Tag = Tag(2);
    /// A reply to the callee.
    pub(super) const REPLY: Tag = Tag(3);
    /// The last words.
    pub(super) const CLOSING: Tag = Tag(4);
}

/// Where the talk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not answered, or waiting for the first hello.
    Hello,
    /// The opening was begun; identity is pending.
    Asking,
    /// Identity is confirmed.
    Talking,
    /// A wish not to be called was heard and is asked about.
    AskingOptOut(Doubt),
    /// A machine answered; its tone may still come.
    Machine,
    /// The last words are being spoken. `open` while a question brings the talk back.
    Leaving { what: EndWhat, open: bool },
}

/// Where the message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    /// Nobody makes it.
    Owed,
    /// It is being made; nothing of it was heard.
    Asked,
    /// Something of it was heard.
    Begun,
    /// All of it was heard.
    Delivered,
}

/// Identity questions in all, whatever the reasons for asking again.
const MAX_QUESTIONS: u8 = 6;
/// A first utterance of this length that could not be understood is hardly a hello.
const LONG_HELLO_MS: u64 = 5_000;
/// After a long first utterance: time for a machine's tone before we speak, ms.
const AFTER_LONG_HELLO_MS: u32 = 2_000;
/// After a machine's greeting without a tone: silence before we speak, ms.
const MACHINE_PATIENCE_MS: u32 = 2_500;
/// After the answer: silence before we open without a hello, ms.
const HELLO_PATIENCE_MS: u32 = 1_200;
/// After “wait a moment”, ms.
const HOLD_ON_MS: u32 = 20_000;

/// See the module.
#[derive(Debug)]
pub struct BuiltIn {
    phrases: Phrases,
    opening: Opening,
    voicemail_message: bool,
    stage: Stage,
    /// What the callee is asked now.
    question: Question,
    questions: u8,
    asked_again: bool,
    hearing: Hearing,
    tones: Tones,
    /// The callee has heard words of ours.
    spoke: bool,
    message: Message,
    gate: Gate,
}

impl BuiltIn {
    /// A director that opens as `opening` says; `voicemail_message`: whether a machine is left
    /// one neutral sentence. Until it is briefed its phrases name nobody.
    pub fn new(phrases: Phrases, opening: Opening, voicemail_message: bool) -> Self {
        let gate = Gate::new(phrases.is_recorded());
        Self {
            phrases,
            opening,
            voicemail_message,
            stage: Stage::Hello,
            question: Question::Hello,
            questions: 0,
            asked_again: false,
            hearing: Hearing::default(),
            tones: Tones::default(),
            spoke: false,
            message: Message::Owed,
            gate,
        }
    }

    fn open(&mut self) -> Vec<Step> {
        self.stage = Stage::Asking;
        self.questions = 1;
        let mut steps = vec![Step::Open, self.expect(Question::Identity)];
        if self.tones.take_withdrawn() {
            let (lines, on_speech) = (self.opening_lines(), OnSpeech::Pause);
            steps.push(Step::Say { tag: tag::OPENING, lines, on_speech });
        }
        steps
    }

    /// From now on this is what the callee answers.
    fn expect(&mut self, question: Question) -> Step {
        self.question = question;
        Step::Expect(question.expect(), question.tag())
    }

    fn sentence(&mut self, s: Sentence) -> Vec<Step> {
        // Our own words answer nothing, take no turn, and are no sign of life.
        if s.echo && self.stage != Stage::Machine {
            return if s.interrupts { vec![Step::Resume] } else { Vec::new() };
        }
        let s = self.hearing.sentence(s);
        if self.was_greeting() {
            return self.found_machine();
        }
        match self.stage {
            Stage::AskingOptOut(doubt) => self.opt_out_answer(s, doubt),
            _ => self.answer(s),
        }
    }

    fn answer(&mut self, s: Sentence) -> Vec<Step> {
        if s.meaning == Meaning::OptOut && self.stage != Stage::Machine {
            return self.opt_out_heard(s);
        }
        match self.stage {
            Stage::Hello => self.hello(s),
            Stage::Asking | Stage::AskingOptOut(_) => self.identity_answer(s),
            Stage::Talking => self.talk(s),
            Stage::Machine => vec![Step::Patience(MACHINE_PATIENCE_MS)],
            Stage::Leaving { open, .. } => self.while_leaving(s, open),
        }
    }

    fn hello(&mut self, s: Sentence) -> Vec<Step> {
        match s.meaning {
            Meaning::Voicemail => self.machine(),
            Meaning::Unclear if s.length_ms >= LONG_HELLO_MS => {
                self.hearing.long_hello = true;
                vec![Step::Patience(AFTER_LONG_HELLO_MS)]
            }
            _ => self.open(),
        }
    }

    fn identity_answer(&mut self, s: Sentence) -> Vec<Step> {
        use Meaning::*;
        let e = s.evidence;
        match s.meaning {
            Voicemail => self.machine(),
            // Said before our first words: these come first, whatever it was.
            _ if !s.disclosed && !s.interrupts => Vec::new(),
            Confirmed if s.disclosed => self.confirmed(e),
            Denied => self.leave_unconfirmed(Identity::Denied, e),
            ThirdParty => self.leave_unconfirmed(Identity::ThirdParty, e),
            Refused => self.leave_unconfirmed(Identity::Refused, e),
            // The opening itself answers these; and nobody confirms what they have not heard.
            _ if s.interrupts => vec![Step::Resume],
            Goodbye => self.leave_unconfirmed(Identity::Refused, e),
            // A hello after the opening is somebody who has not heard it.
            Greeting | AsksRepeat | Confirmed => {
                let lines = self.opening_lines();
                self.ask(lines)
            }
            AsksRobot => {
                let lines = vec![
                    (SpeechClass::Neutral, self.phrases.robot().to_owned()),
                    (SpeechClass::Question, self.phrases.question()),
                ];
                self.ask(lines)
            }
            AsksWho | Screening => {
                let lines = vec![
                    (SpeechClass::Neutral, self.phrases.who_calls()),
                    (SpeechClass::Question, self.phrases.question()),
                ];
                self.ask(lines)
            }
            HoldOn => {
                let mut steps =
                    self.say(tag::QUESTION, SpeechClass::Neutral, self.phrases.waiting());
                steps.push(Step::Patience(HOLD_ON_MS));
                steps
            }
            Backchannel | Agrees | Other | Unclear | OptOut => self.unclear(e),
        }
    }

    /// One repetition is all there is, whether nothing or nothing clear was heard.
    fn unclear(&mut self, e: Evidence) -> Vec<Step> {
        if self.asked_again {
            return self.leave_unconfirmed(Identity::Unclear, e);
        }
        self.ask_again()
    }

    fn ask_again(&mut self) -> Vec<Step> {
        self.asked_again = true;
        let again = vec![(SpeechClass::Question, self.phrases.question_again())];
        self.ask(again)
    }

    fn ask(&mut self, lines: Vec<(SpeechClass, String)>) -> Vec<Step> {
        self.questions += 1;
        if self.questions > MAX_QUESTIONS {
            return self.leave_unconfirmed(Identity::Unclear, Evidence::Absence);
        }
        vec![Step::Cut, Step::Say { tag: tag::QUESTION, lines, on_speech: OnSpeech::Pause }]
    }

    fn confirmed(&mut self, e: Evidence) -> Vec<Step> {
        self.stage = Stage::Talking;
        self.message = Message::Asked;
        vec![
            Step::Cut,
            Step::Classify(AnswerVerdict::Human),
            self.gate.judge(Identity::Confirmed, e),
            self.expect(Question::Talk),
            Step::Respond(Prompt::Deliver, tag::MESSAGE),
        ]
    }

    fn talk(&mut self, s: Sentence) -> Vec<Step> {
        use Meaning::*;
        match s.meaning {
            _ if s.interrupts && listens(&s) => vec![Step::Resume],
            _ if s.settled && listens(&s) => Vec::new(),
            AsksRobot => {
                let mut steps = vec![Step::Cut];
                let mut lines = vec![(SpeechClass::Neutral, self.phrases.robot().to_owned())];
                let delivered = self.message == Message::Delivered;
                if delivered {
                    let clear = self.phrases.is_it_clear().to_owned();
                    lines.push((SpeechClass::Question, clear));
                }
                let on_speech = OnSpeech::Pause;
                steps.push(Step::Say { tag: tag::REPLY, lines, on_speech });
                if !delivered {
                    self.message = Message::Asked;
                    steps.push(Step::Respond(Prompt::Deliver, tag::MESSAGE));
                }
                steps
            }
            // The message is about to be heard, and answers whatever was said before it.
            Confirmed | Greeting | AsksWho | AsksRepeat | Backchannel | Agrees | Other
            | Unclear
                if self.message == Message::Asked =>
            {
                if s.interrupts {
                    vec![Step::Resume]
                } else {
                    Vec::new()
                }
            }
            Confirmed | Greeting | Backchannel | Agrees | Unclear
                if self.message == Message::Owed =>
            {
                self.message = Message::Asked;
                vec![Step::Cut, Step::Respond(Prompt::Deliver, tag::MESSAGE)]
            }
            _ => {
                if self.message == Message::Asked {
                    self.message = Message::Owed;
                }
                vec![Step::Cut, Step::Respond(Prompt::Reply, tag::REPLY)]
            }
        }
    }

    /// Speech into ours, judged early: it stops us no longer when nothing hangs on it.
    fn early(&self, s: &Sentence) -> Vec<Step> {
        let words = matches!(s.meaning, Meaning::Backchannel | Meaning::Agrees);
        let noise = !words && s.length_ms > EARLY_NOISE_MS;
        let goes_on = match self.stage {
            Stage::Asking | Stage::Talking | Stage::Leaving { .. } => {
                (listens(s) || s.echo) && !noise
            }
            Stage::Hello | Stage::Machine | Stage::AskingOptOut(_) => false,
        };
        if goes_on { vec![Step::Resume] } else { Vec::new() }
    }

    fn while_leaving(&mut self, s: Sentence, open: bool) -> Vec<Step> {
        use Meaning::*;
        let wants_more = matches!(s.meaning, Other | AsksWho | AsksRepeat | HoldOn | AsksRobot);
        if open && wants_more && !listens(&s) {
            self.stage = Stage::Talking;
            return self.talk(s);
        }
        if s.interrupts { vec![Step::Resume] } else { Vec::new() }
    }

    fn leave_unconfirmed(&mut self, identity: Identity, e: Evidence) -> Vec<Step> {
        let (what, words) = match identity {
            Identity::Refused => (EndWhat::IdentityNotConfirmed, self.phrases.refused()),
            Identity::Unclear => (EndWhat::IdentityNotConfirmed, self.phrases.not_confirmed()),
            _ => (EndWhat::IdentityNotConfirmed, self.phrases.sorry()),
        };
        let mut steps = vec![Step::Cut];
        if identity != Identity::Unclear {
            steps.push(Step::Classify(AnswerVerdict::Human));
        }
        steps.push(self.gate.judge(identity, e));
        steps.extend(self.close(what, words));
        steps
    }

    fn machine(&mut self) -> Vec<Step> {
        self.stage = Stage::Machine;
        vec![
            Step::Cut,
            Step::Classify(AnswerVerdict::Voicemail),
            self.gate.judge(Identity::Voicemail, Evidence::Absence),
            Step::Closing(EndWhat::Voicemail),
            Step::Patience(MACHINE_PATIENCE_MS),
        ]
    }

    /// It has no more to say.
    fn found_machine(&mut self) -> Vec<Step> {
        let mut steps = self.machine();
        steps.extend(self.leave_message());
        steps
    }

    fn leave_message(&mut self) -> Vec<Step> {
        if self.voicemail_message {
            self.close(EndWhat::Voicemail, self.phrases.voicemail())
        } else {
            vec![Step::HangUp(EndWhat::Voicemail)]
        }
    }

    fn silence(&mut self) -> Vec<Step> {
        self.hearing.silences += 1;
        match self.stage {
            Stage::Asking if self.is_beep() => self.found_machine(),
            // A telephone that rings has a time of its own.
            Stage::Hello if self.tones.is_ringing() => Vec::new(),
            Stage::Hello => self.open(),
            // Nobody answers our opening after a long greeting that nobody understood.
            Stage::Asking if self.hearing.long_hello && self.hearing.silences >= 2 => {
                self.found_machine()
            }
            Stage::Asking if !self.asked_again => self.ask_again(),
            Stage::Asking if self.hearing.anything => {
                self.leave_unconfirmed(Identity::Unclear, Evidence::Absence)
            }
            Stage::Asking => {
                let mut steps = vec![self.gate.judge(Identity::Unclear, Evidence::Absence)];
                steps.extend(self.close(EndWhat::Silence, self.phrases.not_confirmed()));
                steps
            }
            Stage::Talking if self.hearing.silences <= 2 => {
                let prompt = Prompt::Silence { times: self.hearing.silences };
                vec![Step::Respond(prompt, tag::REPLY)]
            }
            Stage::Talking => {
                let done = self.message == Message::Delivered;
                let what = if done { EndWhat::TaskDone } else { EndWhat::Silence };
                self.close(what, self.phrases.goodbye())
            }
            // Who does not contradict meant it.
            Stage::AskingOptOut(doubt) => self.opt_out(doubt.heard),
            Stage::Machine => self.leave_message(),
            Stage::Leaving { what, .. } => vec![Step::HangUp(what)],
        }
    }

    fn key(&mut self, key: char) -> Vec<Step> {
        // Nobody confirms, by key or speech, what they have not heard.
        if !self.gate.is_disclosed() && self.question == Question::Identity {
            return Vec::new();
        }
        self.hearing.something();
        match (self.stage, key) {
            (Stage::Asking, '1') => self.confirmed(Evidence::Key(key)),
            (Stage::Asking, '2') => self.leave_unconfirmed(Identity::Denied, Evidence::Key(key)),
            (Stage::AskingOptOut(_), '1') => self.opt_out(Evidence::Key(key)),
            (Stage::AskingOptOut(doubt), '2') => self.no_opt_out(doubt.back),
            _ => Vec::new(),
        }
    }

    fn over(&mut self, tag: Tag, cut: bool) -> Vec<Step> {
        if tag == tag::MESSAGE && !cut {
            self.message = Message::Delivered;
        }
        match self.stage {
            // What was being said when the closing was begun is not the closing.
            Stage::Leaving { what, open } if !cut && (open || tag == tag::CLOSING) => {
                vec![Step::HangUp(what)]
            }
            _ => Vec::new(),
        }
    }

    fn replied(&mut self, end_call: Option<bool>, spoke: bool) -> Vec<Step> {
        let Some(done) = end_call else {
            return Vec::new();
        };
        // What was said before counts as delivered even if its last words are still playing.
        let what = if done { EndWhat::TaskDone } else { EndWhat::TaskImpossible };
        if !spoke {
            return self.close(what, self.phrases.goodbye());
        }
        self.stage = Stage::Leaving { what, open: true };
        vec![Step::Closing(what)]
    }

    fn close(&mut self, what: EndWhat, words: &str) -> Vec<Step> {
        self.stage = Stage::Leaving { what, open: false };
        let mut steps = vec![Step::Closing(what)];
        if self.question == Question::Hello {
            // Nothing was opened, but last words do not wait for an opening.
            steps.extend([Step::Open, self.expect(Question::Identity)]);
        }
        let mut lines = vec![(SpeechClass::Closing, words.to_owned())];
        // Our first words say who we are, also when they are our last; a machine is told less.
        if !self.spoke && what != EndWhat::Voicemail {
            lines.insert(0, (SpeechClass::Opening, self.phrases.disclosure()));
            self.gate.opens_with(tag::CLOSING);
        }
        let on_speech = OnSpeech::Pause;
        steps.push(Step::Say { tag: tag::CLOSING, lines, on_speech });
        steps
    }

    fn say(&self, tag: Tag, class: SpeechClass, words: &str) -> Vec<Step> {
        let lines = vec![(class, words.to_owned())];
        vec![Step::Say { tag, lines, on_speech: OnSpeech::Pause }]
    }

    fn opening_lines(&self) -> Vec<(SpeechClass, String)> {
        vec![
            (SpeechClass::Opening, self.phrases.disclosure()),
            (SpeechClass::Opening, self.phrases.question()),
        ]
    }
}

impl Director for BuiltIn {
    fn name(&self) -> &'static str {
        "built-in"
    }

    fn identity(&self) -> Identity {
        self.gate.identity()
    }

    fn briefed(&mut self, brief: &Brief) {
        self.phrases.brief(brief);
    }

    fn prepare(&mut self) -> Vec<Step> {
        let (lines, on_speech) = (self.opening_lines(), OnSpeech::Pause);
        vec![Step::Say { tag: tag::OPENING, lines, on_speech }]
    }

    fn cue(&mut self, cue: Cue) -> Answer {
        Answer::Steps(self.steps(cue))
    }
}

impl BuiltIn {
    fn steps(&mut self, cue: Cue) -> Vec<Step> {
        match cue {
            Cue::Opened if self.opening == Opening::AtAnswer => self.open(),
            Cue::Opened => {
                vec![Step::AwaitHello(HELLO_PATIENCE_MS), self.expect(Question::Hello)]
            }
            Cue::NoHello if self.stage == Stage::Hello => self.no_hello(),
            Cue::NoHello => Vec::new(),
            Cue::Paused => vec![Step::Glance(self.question)],
            Cue::Heard(h) => vec![Step::Judge(h.n, Question::of(h.asked))],
            Cue::Judged(meaning, heard) => {
                let s = self.gate.sentence(meaning, &heard);
                match heard.last {
                    true if s.echo => Vec::new(),
                    true => self.last_words(s),
                    false => self.sentence(s),
                }
            }
            Cue::Silence => self.silence(),
            Cue::Key(k) => self.key(k),
            Cue::Tone(tone, in_speech) => self.tone(tone, in_speech),
            Cue::Early(meaning, heard) => self.early(&self.gate.sentence(meaning, &heard)),
            Cue::Line { tag, whole } => self.gate.line_heard(tag, whole).into_iter().collect(),
            // Nobody is asked to press more than one key.
            Cue::Collected(_) => Vec::new(),
            Cue::Begun(tag) => {
                self.spoke = true;
                if tag == tag::MESSAGE && self.message == Message::Asked {
                    self.message = Message::Begun;
                }
                Vec::new()
            }
            Cue::Over { tag, cut } => self.over(tag, cut),
            Cue::Replied { end_call, spoke } => self.replied(end_call, spoke),
            Cue::ReplyFailed => self.close(EndWhat::ModelFailed, self.phrases.fault()),
            Cue::Leave(what) => {
                let mut steps = vec![Step::Cut];
                if let Stage::AskingOptOut(doubt) = self.stage {
                    steps.extend(self.note_opt_out(doubt.heard));
                }
                steps.extend(self.close(what, self.phrases.time_is_up()));
                steps
            }
            Cue::Gone => self.gone(),
        }
    }
}

#[cfg(test)]
mod tests;
