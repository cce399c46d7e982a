//! A conversation whose director asks somebody outside: which answers count, and what waits.

use conversation::director::{
    Answer, Cue, CueNo, Director, Enquiry, Needs, Order, Reaction, Step, Tag, Unanswered,
};
use conversation::floor::{FloorOutput, OnSpeech};
use conversation::{Conversation, HeardText, Input, Output, SpeechClass};
use domain::{EndWhat, Event, Masked, MediaTime, Now, UtteranceNo};

/// Asks about everything it hears; says what it is answered, and hangs up behind “bye”.
struct Asker(Order);

impl Director for Asker {
    fn name(&self) -> &'static str {
        "asker"
    }

    fn needs(&self) -> Needs {
        Needs { order: self.0, answer_ms: 1_000, yields: false, ..Needs::default() }
    }

    fn prepare(&mut self) -> Vec<Step> {
        Vec::new()
    }

    fn cue(&mut self, cue: Cue) -> Answer {
        let ask = |kind| Answer::Ask(Enquiry { kind, body: Masked::new(Vec::new()) });
        match cue {
            Cue::Opened => Answer::Steps(vec![Step::Open, Step::Mute(3_000)]),
            Cue::Heard(_) => ask("heard"),
            Cue::Silence => ask("silence"),
            _ => Answer::Steps(Vec::new()),
        }
    }

    fn answered(&mut self, _: CueNo, answer: Result<&[u8], Unanswered>) -> Reaction {
        let Some(words) = answer.ok().and_then(|a| std::str::from_utf8(a).ok()) else {
            return Reaction::default();
        };
        Reaction { usable: true, steps: self.directed(words.as_bytes()) }
    }

    fn directed(&mut self, order: &[u8]) -> Vec<Step> {
        let words = String::from_utf8_lossy(order).into_owned();
        if words == "bye" {
            return vec![Step::AskNoMore, Step::End(EndWhat::ServiceHungUp)];
        }
        let lines = vec![(SpeechClass::Neutral, words)];
        vec![Step::Say { tag: Tag(1), lines, on_speech: OnSpeech::Ignore }]
    }
}

/// A conversation that was opened, and what came of the last input, in short.
struct Stage {
    talk: Conversation,
    heard: u32,
}

impl Stage {
    fn new(order: Order) -> Self {
        let mut stage = Self { talk: Conversation::new(Box::new(Asker(order)), 3_000), heard: 0 };
        stage.tell(0, Input::Opened);
        stage
    }

    fn tell(&mut self, at: u64, input: Input) -> Vec<String> {
        self.talk.handle(Now::from_millis(at), input);
        std::iter::from_fn(|| self.talk.poll_output()).filter_map(short).collect()
    }

    /// The callee says something, and it is recognized at once.
    fn hear(&mut self, at: u64) -> Vec<String> {
        self.heard += 1;
        let (start, end) = (MediaTime::from_millis(at), MediaTime::from_millis(at + 10));
        self.tell(at, Input::SpeechStarted);
        self.tell(at, Input::UtteranceEnded { start, end, closed: end });
        let text = HeardText { text: "hm".to_owned().into(), ..HeardText::default() };
        self.tell(at, Input::Heard(UtteranceNo(self.heard), Some(text)))
    }

    fn answer(&mut self, at: u64, no: u32, words: &str) -> Vec<String> {
        let words = Masked::new(words.as_bytes().to_vec());
        self.tell(at, Input::Answered(CueNo(no), Ok(words)))
    }
}

fn short(output: Output) -> Option<String> {
    match output {
        Output::Ask(no, enquiry) => Some(format!("ask {} {}", no.0, enquiry.kind)),
        Output::Unask(no) => Some(format!("unask {}", no.0)),
        Output::Floor(FloorOutput::Speak { text, .. }) => Some(format!("say {text}")),
        Output::HangUp(what) => Some(format!("hang up {}", what.word())),
        Output::Judge(..) => Some("judge".to_owned()),
        Output::Journal(Event::CueAnswered { cue, outcome, took_ms, .. }, _) => {
            Some(format!("{cue} {outcome} {took_ms}"))
        }
        _ => None,
    }
}

#[test]
fn an_answer_counts_until_its_limit_and_changes_nothing_after_it() {
    let mut s = Stage::new(Order::Serial);
    assert_eq!(s.hear(100), ["ask 1 heard"]);
    assert_eq!(s.talk.next_deadline(), Some(Now::from_millis(1_100)));
    assert_eq!(s.answer(1_099, 1, "one"), ["1 answered 999", "say one"]);
    assert_eq!(s.answer(1_099, 1, "twice"), [""; 0]);
    assert_eq!(s.hear(2_000), ["ask 2 heard"]);
    assert_eq!(s.tell(3_000, Input::Tick), ["unask 2", "2 timed_out 1000"]);
    assert_eq!(s.answer(3_000, 2, "late"), [""; 0]);
    assert_eq!(s.hear(3_100), ["ask 3 heard"]);
    // One that comes on its limit is as late, whichever is told first.
    let on_limit = s.answer(4_100, 3, "late");
    assert_eq!(on_limit, ["unask 3", "3 timed_out 1000"]);
}

#[test]
fn one_is_out_and_the_next_is_sent_when_it_is_over() {
    let mut s = Stage::new(Order::Serial);
    assert_eq!(s.hear(100), ["ask 1 heard"]);
    assert_eq!(s.hear(200), [""; 0]);
    assert_eq!(s.answer(300, 2, "not out"), [""; 0]);
    assert_eq!(s.answer(300, 1, "a"), ["1 answered 200", "ask 2 heard", "say a"]);
    let mut s = Stage::new(Order::Latest);
    s.hear(100);
    assert_eq!(s.hear(200), ["unask 1", "1 superseded 100", "ask 2 heard"]);
}

#[test]
fn silence_counts_only_while_nobody_is_asked() {
    let mut s = Stage::new(Order::Serial);
    s.hear(100);
    assert_eq!(s.talk.next_deadline(), Some(Now::from_millis(1_100)), "no silence before that");
    assert_eq!(s.tell(1_100, Input::Tick), ["unask 1", "1 timed_out 1000"]);
    assert_eq!(s.talk.next_deadline(), Some(Now::from_millis(4_100)));
    assert_eq!(s.tell(4_100, Input::Tick), ["ask 2 silence"]);
}

#[test]
fn orders_come_unasked_and_nobody_is_asked_behind_the_end() {
    let mut s = Stage::new(Order::Serial);
    let order = |words: &str| Input::Directed(Masked::new(words.as_bytes().to_vec()));
    assert_eq!(s.tell(50, order("hello")), ["say hello"]);
    s.hear(100);
    s.hear(150);
    let end = s.tell(200, order("bye"));
    assert_eq!(end, ["unask 1", "1 void 100", "2 void 0", "hang up service_hung_up"]);
    assert_eq!(s.hear(300), ["3 void 0"]);
}

#[test]
fn when_the_line_is_cut_what_was_asked_is_void_and_orders_do_nothing() {
    let mut s = Stage::new(Order::Serial);
    s.hear(100);
    s.talk.part(Now::from_millis(200), true);
    assert_eq!(s.tell(200, Input::Tick), ["unask 1", "1 void 100"]);
    assert_eq!(s.tell(300, Input::Directed(Masked::new(b"more".to_vec()))), [""; 0]);
}
