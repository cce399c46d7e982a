//! The director of a call that a service outside leads.

use conversation::SpeechClass;
use conversation::director::{
    Answer, AtLimit, Before, Collect, Cue, Needs, Order, Reaction, Step, Tag,
};
use conversation::floor::OnSpeech;
use domain::{CallId, EndWhat, Masked};
use engine::ports::director::{CueNo, Director, Enquiry, Unanswered};

use super::Outside;
use super::led::{About, Led};
use super::wish::Wish;
use crate::chance::Chance;
use crate::sabotage::OutsideBug;

/// Failures in a row after which the call is given up.
const FAILURES: u8 = 3;
/// The label of the last words.
const LAST: Tag = Tag(255);

/// See the module.
pub(super) struct Script {
    of: Outside,
    call: CallId,
    chance: Chance,
    needs: Needs,
    /// Labels go round; no call says so much that two of one label are alive.
    lists: u8,
    asked: u32,
    failures: u8,
    /// What the last words lead to, once they are begun.
    leaving: Option<EndWhat>,
    /// Waits for the answer about the opening.
    unopened: bool,
}

impl Script {
    pub(super) fn new(of: Outside, call: CallId, mut chance: Chance) -> Self {
        let needs = Needs {
            before: [Before::Brief, Before::FirstItem, Before::Nothing][chance.below(3) as usize],
            at_limit: [AtLimit::Closing, AtLimit::AtOnce][chance.below(2) as usize],
            order: if chance.below(3) == 0 { Order::Latest } else { Order::Serial },
            answer_ms: chance.within(300, 4_000) as u32,
            yields: chance.below(2) == 0,
        };
        of.note(call, |led, _| *led = Led::begin(needs));
        Self {
            of,
            call,
            chance,
            needs,
            lists: 0,
            asked: 0,
            failures: 0,
            leaving: None,
            unopened: false,
        }
    }

    fn ask(&mut self, kind: &'static str) -> Answer {
        self.asked += 1;
        self.of.note(self.call, |led, _| led.asked += 1);
        Answer::Ask(Enquiry { kind, body: Masked::new(self.asked.to_be_bytes().to_vec()) })
    }

    /// Says so many lines, in place of what is being said or after it.
    fn say(&mut self, lines: u8, tag: Tag, instead: bool) -> Vec<Step> {
        let ignore = tag == LAST || self.chance.below(2) == 0;
        let on_speech = if ignore { OnSpeech::Ignore } else { OnSpeech::Pause };
        let lines = (1..=lines).map(|i| {
            let long = "很".repeat(self.chance.below(20) as usize);
            let class =
                [SpeechClass::Neutral, SpeechClass::Question][self.chance.below(2) as usize];
            // Without digits, which a transcript does not divide.
            let name = char::from_u32(0x5000 + 8 * u32::from(tag.0) + u32::from(i));
            (class, format!("{}段，话{long}长。", name.unwrap_or('甲')))
        });
        let lines: Vec<_> = lines.collect();
        let words: String = lines.iter().map(|l| l.1.as_str()).collect();
        self.of.note(self.call, |led, now| led.says(tag.0, words, instead, now));
        let cut = instead.then_some(Step::Cut);
        cut.into_iter().chain([Step::Say { tag, lines, on_speech }]).collect()
    }

    fn next_tag(&mut self) -> Tag {
        self.lists = self.lists % 200 + 1;
        Tag(self.lists)
    }

    fn carry_out(&mut self, wish: Wish) -> Vec<Step> {
        if self.leaving.is_some() {
            // Nothing is wanted of who is leaving.
            return Vec::new();
        }
        match wish {
            Wish::Play { lines, instead } => {
                let tag = self.next_tag();
                self.say(lines.clamp(1, 5), tag, instead)
            }
            Wish::Cut => {
                self.of.note(self.call, |led, now| led.cuts(now));
                vec![Step::Cut]
            }
            Wish::Pause => {
                self.of.note(self.call, |led, now| led.stands(true, now));
                if self.of.fires(OutsideBug::PauseLost) { Vec::new() } else { vec![Step::Pause] }
            }
            Wish::Resume => {
                self.of.note(self.call, |led, now| led.stands(false, now));
                vec![Step::Resume]
            }
            Wish::Collect(most) => {
                self.of.note(self.call, |led, now| led.collects(true, now));
                vec![Step::Collect(Collect { most, end: Some('#'), wait_ms: 1_500 })]
            }
            Wish::HangUp(0) => self.end(EndWhat::ServiceHungUp),
            Wish::HangUp(lines) => self.leave(EndWhat::ServiceHungUp, lines),
            Wish::Mute(tenths) => vec![Step::Mute(u32::from(tenths.max(1)) * 100)],
            Wish::Nothing => Vec::new(),
        }
    }

    /// The last words, and then the end.
    fn leave(&mut self, what: EndWhat, lines: u8) -> Vec<Step> {
        self.leaving = Some(what);
        let mut steps = vec![Step::AskNoMore, Step::Open, Step::Closing(what)];
        steps.extend(self.say(lines, LAST, true));
        steps
    }

    fn end(&mut self, what: EndWhat) -> Vec<Step> {
        self.leaving = Some(what);
        self.of.note(self.call, |led, now| led.ends(now));
        if self.of.fires(OutsideBug::EndForgotten) {
            return vec![Step::AskNoMore];
        }
        vec![Step::AskNoMore, Step::End(what)]
    }

    fn failed(&mut self) -> Vec<Step> {
        self.failures += 1;
        if self.failures >= FAILURES && self.leaving.is_none() {
            return self.end(EndWhat::CallbackFailed);
        }
        Vec::new()
    }

    fn over(&mut self, tag: Tag, cut: bool) -> Vec<Step> {
        self.of.note(self.call, |led, now| led.played(tag.0, cut, now));
        match self.leaving {
            Some(what) if tag == LAST => self.end(what),
            _ => Vec::new(),
        }
    }
}

impl Director for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn needs(&self) -> Needs {
        self.needs
    }

    fn prepare(&mut self) -> Vec<Step> {
        let (lines, tag) = (self.chance.within(1, 3) as u8, self.next_tag());
        self.say(lines, tag, false)
    }

    fn cue(&mut self, cue: Cue) -> Answer {
        let aside = matches!(&cue, Cue::Gone | Cue::Line { .. } | Cue::Heard(_));
        if !aside {
            self.of.note(self.call, |led, now| led.goes_on(now));
        }
        let steps = match cue {
            Cue::Opened => {
                let mute = Step::Mute(self.chance.within(1_000, 5_000) as u32);
                if self.chance.below(4) == 0 {
                    self.unopened = true;
                    return self.ask("opened");
                }
                vec![Step::Open, mute]
            }
            Cue::Heard(h) if !h.last => return self.ask("heard"),
            Cue::Silence => return self.ask("silence"),
            Cue::Collected(keys) => {
                let clean = keys.len() <= 9 && !keys.contains('#');
                self.of.note(self.call, |led, now| {
                    led.collects(false, now);
                    led.need(About::Answer, clean, || format!("{} keys", keys.len()));
                });
                return self.ask("keys");
            }
            Cue::Key('5') => return self.ask("key"),
            Cue::Begun(tag) => {
                self.of.note(self.call, |led, now| led.plays(tag.0, true, now));
                Vec::new()
            }
            Cue::Line { tag, .. } => {
                self.of.note(self.call, |led, now| led.plays(tag.0, false, now));
                Vec::new()
            }
            Cue::Over { tag, cut } => self.over(tag, cut),
            Cue::Leave(what) if self.leaving.is_none() => self.leave(what, 1),
            Cue::Judged(..) | Cue::Early(..) | Cue::Replied { .. } | Cue::ReplyFailed => {
                let found = || "a model answered that nobody asked".to_owned();
                self.of.note(self.call, |led, _| led.need(About::Answer, false, found));
                Vec::new()
            }
            Cue::Gone
            | Cue::Heard(_)
            | Cue::Key(_)
            | Cue::Leave(_)
            | Cue::NoHello
            | Cue::Paused
            | Cue::Tone(..) => Vec::new(),
        };
        Answer::Steps(steps)
    }

    fn answered(&mut self, cue: CueNo, answer: Result<&[u8], Unanswered>) -> Reaction {
        let late =
            answer == Err(Unanswered::TimedOut) && self.of.fires(OutsideBug::LateAnswerTaken);
        let again = answer.is_ok() && self.of.fires(OutsideBug::AnswerTakenTwice);
        let taken = if late { Ok(&b"P01"[..]) } else { answer };
        let wish = taken.ok().and_then(Wish::parse);
        let outcome = match (taken, wish) {
            (Ok(_), Some(_)) => "answered",
            (Ok(_), None) => "unusable",
            (Err(why), _) => why.word(),
        };
        for _ in 0..=u8::from(again) {
            self.of.note(self.call, |led, now| led.over(cue.0, outcome, now));
        }
        let mut steps = Vec::new();
        if std::mem::take(&mut self.unopened) {
            steps.push(Step::Open);
        }
        match (wish, taken) {
            (Some(wish), _) => {
                self.failures = 0;
                steps.extend(self.carry_out(wish));
            }
            (None, Ok(_) | Err(Unanswered::Failed | Unanswered::TimedOut)) => {
                steps.extend(self.failed());
            }
            (None, Err(_)) => {}
        }
        Reaction { usable: wish.is_some(), steps }
    }

    fn directed(&mut self, order: &[u8]) -> Vec<Step> {
        Wish::parse(order).map(|wish| self.carry_out(wish)).unwrap_or_default()
    }
}
