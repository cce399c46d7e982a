//! Who picks up: each persona as a row of data, chosen by the last three digits of the number.

mod callee;
mod lines;
mod signals;

pub use callee::Callee;
pub(crate) use lines::PAUSE;
pub use lines::{Line, Speaker};
pub use signals::{Input, Output, Sound};

/// How a number behaves (the table of personas). 022 to 024 belong to call transfer and key
/// collection, and are not here yet: their numbers behave as `000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Persona {
    /// Last three digits of the number.
    pub code: &'static str,
    /// What it is called in reports.
    pub name: &'static str,
    /// What happens before the answer.
    pub door: Door,
    /// What is heard first after the answer.
    pub first: First,
    /// What is replied to the AI's turns, in order; the last one repeats. None: no reply ever.
    pub replies: &'static [Reply],
    /// What is done while the AI speaks.
    pub meanwhile: &'static [Meanwhile],
    /// Signal-to-noise ratio of what the callee sends, in decibels; `None` is a clean line.
    pub noise_snr_db: Option<u8>,
    /// Percent of packets lost on this callee's line, on top of the lab's own.
    pub loss_pct: u8,
    /// Milliseconds after the answer at which this side hangs up in any case.
    pub limit_ms: u64,
}

/// What happens between INVITE and answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// 180, then 200 after so many milliseconds.
    Rings(u64),
    /// 183 with music, then 200 after so many milliseconds.
    Music(u64),
    /// 180 and nothing more.
    NeverAnswers,
    /// A final answer after so many milliseconds, after 180 if it `rings`.
    Refuses {
        /// Whether 180 comes first.
        rings: bool,
        /// Milliseconds until the final answer.
        after_ms: u64,
        /// Its status.
        status: u16,
    },
    /// 183 with an announcement, then this status.
    Announces(Line, u16),
}

/// What is heard first after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum First {
    /// A person says hello.
    Hello,
    /// Nothing.
    Nothing,
    /// A voicemail greeting and its beep.
    Greeting,
    /// A machine asks who is calling; after the AI's answer a person says hello.
    Screening,
}

/// How a turn of the AI is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// By a line.
    Say(Line),
    /// By a key.
    Press(char),
}

/// Something done in the middle of an AI turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Meanwhile {
    /// During which turn, from 1; a turn that was interrupted counts again.
    pub turn: usize,
    /// Milliseconds after the AI began to speak.
    pub after_ms: u64,
    /// What is done.
    pub act: Act,
}

/// What a callee can do while the AI speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Says something without wanting the floor.
    Murmur(Line),
    /// Takes the floor; the AI's turn then counts as not heard.
    Interrupt(Line),
    /// Hangs up.
    HangUp,
    /// Sends no more RTP and never says BYE.
    Vanish,
    /// Puts the AI on hold for three seconds.
    Hold,
}

impl Persona {
    /// The persona of a called number.
    pub fn of_number(number: &str) -> &'static Persona {
        PERSONAS.iter().find(|p| number.ends_with(p.code)).unwrap_or(&PERSONAS[0])
    }

    /// Every persona there is, in the order of their codes.
    pub fn all() -> &'static [Persona] {
        &PERSONAS
    }

    /// Every kind of line that this persona may say.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = match self.first {
            First::Hello => vec![Line::Hello],
            First::Nothing => Vec::new(),
            First::Greeting => vec![Line::VoicemailGreeting],
            First::Screening => vec![Line::WhoIsCalling, Line::Hello],
        };
        if let Door::Announces(line, _) = self.door {
            return vec![line];
        }
        if matches!(self.door, Door::NeverAnswers | Door::Refuses { .. }) {
            return Vec::new();
        }
        let replies = self.replies.iter().filter_map(|r| match r {
            Reply::Say(line) => Some(*line),
            Reply::Press(_) => None,
        });
        lines.extend(replies);
        if lines.contains(&Line::Confirm) {
            lines.push(Line::Yes);
        }
        lines.extend(self.meanwhile.iter().filter_map(|m| match m.act {
            Act::Murmur(line) | Act::Interrupt(line) => Some(line),
            Act::HangUp | Act::Vanish | Act::Hold => None,
        }));
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}

const COOPERATIVE: &[Reply] =
    &[Reply::Say(Line::Confirm), Reply::Say(Line::Acknowledge), Reply::Say(Line::Goodbye)];

/// Twelve seconds at a time, for as long as a measurement may want a call.
const TALKATIVE: &[Reply] = &[
    Reply::Say(Line::Confirm),
    Reply::Say(Line::LongTalk),
    Reply::Say(Line::LongTalk),
    Reply::Say(Line::LongTalk),
    Reply::Say(Line::LongTalk),
    Reply::Say(Line::LongTalk),
    Reply::Say(Line::LongTalk),
    Reply::Say(Line::LongTalk),
    Reply::Say(Line::LongTalk),
];

/// What most personas share.
const BASE: Persona = Persona {
    code: "000",
    name: "cooperative",
    door: Door::Rings(1_500),
    first: First::Hello,
    replies: COOPERATIVE,
    meanwhile: &[],
    noise_snr_db: None,
    loss_pct: 0,
    limit_ms: 180_000,
};

const fn person(code: &'static str, name: &'static str, replies: &'static [Reply]) -> Persona {
    Persona { code, name, replies, ..BASE }
}

const fn door(code: &'static str, name: &'static str, door: Door) -> Persona {
    Persona { code, name, door, ..BASE }
}

const fn acting(
    code: &'static str,
    name: &'static str,
    meanwhile: &'static [Meanwhile],
) -> Persona {
    Persona { code, name, meanwhile, ..BASE }
}

const fn during(turn: usize, after_ms: u64, act: Act) -> Meanwhile {
    Meanwhile { turn, after_ms, act }
}

static PERSONAS: [Persona; 24] = [
    BASE,
    person("001", "wrong_person", &[Reply::Say(Line::WrongNumber)]),
    door("002", "busy", Door::Refuses { rings: false, after_ms: 300, status: 486 }),
    door("003", "no_answer", Door::NeverAnswers),
    Persona { first: First::Greeting, limit_ms: 60_000, ..person("004", "voicemail", &[]) },
    acting("005", "interrupter", &[during(2, 1_200, Act::Interrupt(Line::WhatIsIt))]),
    acting("006", "hangs_up", &[during(1, 1_200, Act::HangUp)]),
    Persona { first: First::Nothing, ..person("007", "silent", &[]) },
    person("008", "opts_out", &[Reply::Say(Line::OptOut)]),
    door("009", "declines", Door::Refuses { rings: true, after_ms: 1_500, status: 603 }),
    door("010", "unobtainable", Door::Announces(Line::NoSuchNumber, 404)),
    person("011", "family_member", &[Reply::Say(Line::Relative)]),
    Persona { noise_snr_db: Some(10), loss_pct: 3, ..person("012", "noisy_line", COOPERATIVE) },
    acting(
        "013",
        "backchannels",
        &[during(2, 1_500, Act::Murmur(Line::Mhm)), during(2, 3_200, Act::Murmur(Line::Oh))],
    ),
    person(
        "014",
        "key_presser",
        &[Reply::Press('1'), Reply::Say(Line::Acknowledge), Reply::Say(Line::Goodbye)],
    ),
    person(
        "015",
        "talks_long",
        &[
            Reply::Say(Line::LongTalk),
            Reply::Say(Line::Confirm),
            Reply::Say(Line::Acknowledge),
            Reply::Say(Line::Goodbye),
        ],
    ),
    person(
        "016",
        "asks_for_robot",
        &[
            Reply::Say(Line::AreYouRobot),
            Reply::Say(Line::Confirm),
            Reply::Say(Line::Acknowledge),
            Reply::Say(Line::Goodbye),
        ],
    ),
    door("017", "ringback_music", Door::Music(5_000)),
    door("018", "slow_answer", Door::Rings(12_000)),
    acting("019", "sudden_drop", &[during(2, 800, Act::Vanish)]),
    Persona { first: First::Screening, ..door("020", "call_screening", Door::Rings(800)) },
    door("021", "switched_off", Door::Announces(Line::SwitchedOff, 480)),
    acting("025", "holds", &[during(2, 1_000, Act::Hold)]),
    person("090", "talks_for_minutes", TALKATIVE),
];
