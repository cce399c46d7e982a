//! Each persona against a scripted AI in virtual time.

use super::*;

/// A scripted AI: speaks its turns in order, each when the callee has been heard out, and stops
/// within 200 ms when the callee takes the floor.
struct Dialogue {
    callee: Callee,
    now: Now,
    /// What happened, as words with the millisecond.
    log: Vec<(u64, String)>,
    /// When what the callee plays ends.
    playing_until: Option<Now>,
    answered: bool,
    /// How much of the log the AI has listened to.
    listened: usize,
}

/// How long a line or sound lasts here.
fn length_ms(output: &Output) -> u64 {
    match output {
        Output::Say(s) if s.line == Line::LongTalk => 12_000,
        Output::Say(s) if s.line == Line::VoicemailGreeting => 7_000,
        Output::Say(s) => 200 * s.text.chars().count() as u64,
        Output::Play(Sound::Beep) => 500,
        _ => u64::MAX / 4_000_000,
    }
}

impl Dialogue {
    fn new(number: &str, seed: u64) -> Self {
        let persona = Persona::of_number(number);
        let callee = Callee::new(persona, Language::Zh, Chance::of_call(seed, number, 0));
        let mut dialogue = Self {
            callee,
            now: Now::default(),
            log: Vec::new(),
            playing_until: None,
            answered: false,
            listened: 0,
        };
        dialogue.feed(Input::Invited);
        dialogue
    }

    fn feed(&mut self, input: Input) {
        self.callee.handle(self.now, input);
        while let Some(output) = self.callee.poll_output() {
            self.answered |= output == Output::Answer;
            if matches!(output, Output::Say(_) | Output::Play(_)) {
                self.playing_until = Some(self.now + Duration::from_millis(length_ms(&output)));
            } else if output == Output::Answer {
                self.playing_until = None;
            }
            let word = match output {
                Output::Say(s) => format!("say {:?}", s.line),
                other => format!("{other:?}"),
            };
            self.log.push((self.now.as_millis(), word));
        }
    }

    /// Lets `ms` milliseconds pass.
    fn pass(&mut self, ms: u64) {
        for _ in 0..ms {
            self.now = self.now + Duration::from_millis(1);
            if self.playing_until.is_some_and(|t| t <= self.now) {
                self.playing_until = None;
                self.feed(Input::PlayedOut);
            }
            if self.callee.next_deadline().is_some_and(|t| t <= self.now) {
                self.feed(Input::Tick);
            }
        }
    }

    /// Waits until the callee has said or done something and means to add nothing, at most
    /// `limit_ms`.
    fn listen(&mut self, limit_ms: u64) {
        for _ in 0..limit_ms {
            self.pass(1);
            let replies = self.callee.timers[Timer::Reply as usize].is_some();
            let spoke = self.log.len() > self.listened && self.playing_until.is_none() && !replies;
            if self.callee.phase == Phase::Over || spoke {
                break;
            }
        }
        self.listened = self.log.len();
    }

    /// The AI speaks for `ms`, or less if the callee interrupts.
    fn speak(&mut self, ms: u64) {
        if self.callee.phase == Phase::Over {
            return;
        }
        self.feed(Input::AiStarted);
        for _ in 0..ms {
            self.pass(1);
            if self.log.last().is_some_and(|(_, w)| w == "say WhatIsIt")
                && self.playing_until.is_some()
            {
                self.pass(200);
                break;
            }
        }
        self.feed(Input::AiStopped);
    }

    fn words(&self) -> Vec<&str> {
        self.log.iter().map(|(_, w)| w.as_str()).collect()
    }
}

/// A sane call: opening 9 s, message 10 s, closing 3 s, and the AI hangs up after 5 s.
fn call(number: &str) -> Dialogue {
    let mut d = Dialogue::new(number, 11);
    while !d.answered && !(d.callee.phase == Phase::Over) && d.now.as_millis() < 30_000 {
        d.pass(10);
    }
    d.listened = d.log.len();
    d.listen(1_200);
    for turn_ms in [9_000, 10_000, 10_000, 3_000, 3_000] {
        d.speak(turn_ms);
        d.listen(6_000);
    }
    d
}

#[test]
fn personas_follow_their_table() {
    let table: &[(&str, &[&str])] = &[
        (
            "13800138000",
            &[
                "Ring",
                "Answer",
                "say Hello",
                "say Confirm",
                "say Acknowledge",
                "say Goodbye",
                "HangUp",
            ],
        ),
        (
            "13800138001",
            &[
                "Ring",
                "Answer",
                "say Hello",
                "say WrongNumber",
                "say WrongNumber",
                "say WrongNumber",
                "HangUp",
            ],
        ),
        ("13800138002", &["Refuse(486)"]),
        ("13800138003", &["Ring"]),
        ("13800138004", &["Ring", "Answer", "say VoicemailGreeting", "Play(Beep)"]),
        (
            "13800138005",
            &[
                "Ring",
                "Answer",
                "say Hello",
                "say Confirm",
                "say WhatIsIt",
                "say Acknowledge",
                "say Goodbye",
                "HangUp",
            ],
        ),
        ("13800138006", &["Ring", "Answer", "say Hello", "HangUp"]),
        ("13800138007", &["Ring", "Answer"]),
        (
            "13800138008",
            &["Ring", "Answer", "say Hello", "say OptOut", "say OptOut", "say OptOut", "HangUp"],
        ),
        ("13800138009", &["Ring", "Refuse(603)"]),
        ("13800138010", &["Progress", "say NoSuchNumber", "Refuse(404)"]),
        (
            "13800138013",
            &[
                "Ring",
                "Answer",
                "say Hello",
                "say Confirm",
                "say Mhm",
                "say Oh",
                "say Acknowledge",
                "say Goodbye",
                "HangUp",
            ],
        ),
        (
            "13800138014",
            &[
                "Ring",
                "Answer",
                "say Hello",
                "Press('1')",
                "say Acknowledge",
                "say Goodbye",
                "HangUp",
            ],
        ),
        (
            "13800138015",
            &[
                "Ring",
                "Answer",
                "say Hello",
                "say LongTalk",
                "say Confirm",
                "say Acknowledge",
                "say Goodbye",
            ],
        ),
        (
            "13800138016",
            &[
                "Ring",
                "Answer",
                "say Hello",
                "say AreYouRobot",
                "say Confirm",
                "say Acknowledge",
                "say Goodbye",
            ],
        ),
        (
            "13800138017",
            &[
                "Progress",
                "Play(Music)",
                "Answer",
                "say Hello",
                "say Confirm",
                "say Acknowledge",
                "say Goodbye",
                "HangUp",
            ],
        ),
        ("13800138019", &["Ring", "Answer", "say Hello", "say Confirm", "Vanish"]),
        (
            "13800138020",
            &[
                "Ring",
                "Answer",
                "say WhoIsCalling",
                "say Hello",
                "say Confirm",
                "say Acknowledge",
                "say Goodbye",
            ],
        ),
        ("13800138021", &["Progress", "say SwitchedOff", "Refuse(480)"]),
        ("13800138555", &["Ring", "Answer", "say Hello", "say Confirm", "say Acknowledge"]),
    ];
    for (number, want) in table {
        let d = call(number);
        let words = d.words();
        assert_eq!(&words[..want.len().min(words.len())], *want, "{number}");
    }
}

#[test]
fn timing_is_that_of_the_table() {
    let at = |d: &Dialogue, word: &str| d.log.iter().find(|(_, w)| w == word).unwrap().0;
    assert_eq!(at(&call("13800138000"), "Answer"), 1_500);
    assert_eq!(at(&call("13800138018"), "Answer"), 12_000);
    let d = call("13800138005");
    let confirm = at(&d, "say Confirm");
    let over_it = at(&d, "say WhatIsIt");
    // The message begins when the confirmation is heard; which variant it was, the seed chose.
    assert!(
        Line::Confirm.variants(Language::Zh).iter().any(|text| {
            let heard = confirm + 200 * text.chars().count() as u64;
            (heard + 1_200..heard + 2_400).contains(&over_it)
        }),
        "{over_it} {confirm}"
    );
    let d = call("13800138004");
    assert_eq!(at(&d, "Play(Beep)") - at(&d, "say VoicemailGreeting"), 7_000);
}

#[test]
fn a_short_second_turn_gets_a_yes_and_the_message_still_its_answer() {
    let mut d = Dialogue::new("13800138000", 5);
    d.pass(3_500);
    for turn_ms in [9_000, 5_500, 10_000, 3_000] {
        d.speak(turn_ms);
        d.listen(2_000);
    }
    let words = d.words();
    assert_eq!(
        words[3..],
        ["say Confirm", "say Yes", "say Acknowledge", "say Goodbye"],
        "{words:?}"
    );
}

#[test]
fn a_pause_within_a_turn_is_not_its_end() {
    let mut d = Dialogue::new("13800138000", 5);
    d.pass(3_500);
    d.speak(4_000);
    d.pass(300);
    d.speak(4_000);
    assert_eq!(d.words(), ["Ring", "Answer", "say Hello"]);
    d.listen(2_000);
    assert_eq!(d.words().last(), Some(&"say Confirm"));
}

#[test]
fn an_ai_that_says_nothing_is_greeted_again_and_left() {
    let mut d = Dialogue::new("13800138000", 5);
    d.pass(40_000);
    let hellos = d.words().iter().filter(|w| **w == "say Hello").count();
    assert_eq!((hellos, d.words().last().copied()), (3, Some("HangUp")));
}

#[test]
fn an_ai_that_speaks_first_is_not_greeted() {
    let mut d = Dialogue::new("13800138000", 5);
    d.pass(1_600);
    d.speak(8_000);
    d.listen(2_000);
    assert_eq!(d.words(), ["Ring", "Answer", "say Confirm"]);
}

#[test]
fn hold_waits_three_seconds_and_comes_back() {
    let mut d = Dialogue::new("13800138025", 5);
    d.pass(3_500);
    d.speak(9_000);
    d.listen(2_000);
    d.speak(1_100);
    d.pass(3_000);
    let at = |w: &str| d.log.iter().find(|(_, x)| x == w).map(|(t, _)| *t);
    assert_eq!(at("Hold(false)").unwrap() - at("Hold(true)").unwrap(), 3_000);
    d.speak(8_000);
    d.listen(2_000);
    assert_eq!(d.words().last(), Some(&"say Acknowledge"));
}

#[test]
fn nothing_comes_after_the_other_side_hung_up() {
    let mut d = Dialogue::new("13800138000", 5);
    d.pass(1_600);
    d.feed(Input::Over);
    d.pass(20_000);
    assert_eq!(d.words(), ["Ring", "Answer"]);
    assert_eq!(d.callee.next_deadline(), None);
}

#[test]
fn the_seed_chooses_the_variants() {
    let texts = |seed| {
        let persona = Persona::of_number("000");
        let mut callee = Callee::new(persona, Language::Zh, Chance::of_call(seed, "000", 0));
        (0..4)
            .map(|_| {
                callee.say(Line::Confirm);
                match callee.poll_output() {
                    Some(Output::Say(s)) => s.text,
                    other => panic!("{other:?}"),
                }
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(1), texts(1));
    assert!((2..20).any(|seed| texts(seed) != texts(1)));
    let four = texts(1);
    assert!(four.windows(2).all(|w| w[0] != w[1]), "{four:?}");
}
