//! One callee on one call: the AI's starts and stops come in, what the callee does goes out.
//!
//! It understands no word. It counts the AI's turns and answers each with the next reply of its
//! persona; a short second turn is taken for the same question once more.

use std::collections::VecDeque;
use std::time::Duration;

use domain::{Language, Now};

use super::lines::KINDS;
use super::signals::{Input, Output, Sound, Speech};
use super::{Act, Door, First, Line, Persona, Reply};
use crate::chance::Chance;

/// A simulated callee.
#[derive(Debug)]
pub struct Callee {
    persona: &'static Persona,
    language: Language,
    chance: Chance,
    phase: Phase,
    timers: [Option<Now>; TIMERS],
    outputs: VecDeque<Output>,
    talk: Talk,
    /// Which variant of each kind of line comes next.
    next_variant: [usize; KINDS],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Ringing,
    /// A voicemail greets, then beeps, then listens.
    Machine {
        beeped: bool,
    },
    /// A screening machine has asked.
    Screening,
    Talking,
    /// Goodbye is said.
    Leaving,
    /// No RTP any more, and no BYE to come.
    Vanished,
    Over,
}

#[derive(Debug, Default)]
struct Talk {
    /// Replies given so far, repeated questions not counted.
    replied: usize,
    /// When the AI's present turn began, until it is answered.
    turn_began: Option<Now>,
    turn_ended: Now,
    /// How long the AI's first turn was.
    first_turn: Duration,
    ai_talking: bool,
    sounding: bool,
    /// The callee took the floor and waits for the AI to begin again.
    interrupted: bool,
    held: bool,
    asked_again: bool,
    hellos: u8,
    /// How many of the persona's acts during AI turns are done.
    acts: usize,
}

#[derive(Clone, Copy)]
enum Timer {
    Door,
    Hello,
    Reply,
    Act,
    Patience,
    Hold,
    Limit,
}
const TIMERS: usize = Timer::Limit as usize + 1;
const ALL_TIMERS: [Timer; TIMERS] = [
    Timer::Door,
    Timer::Hello,
    Timer::Reply,
    Timer::Act,
    Timer::Patience,
    Timer::Hold,
    Timer::Limit,
];

impl Callee {
    /// A callee whose choices come from `chance`.
    pub fn new(persona: &'static Persona, language: Language, mut chance: Chance) -> Self {
        let next_variant = std::array::from_fn(|_| chance.draw() as usize % 1_000);
        Self {
            persona,
            language,
            chance,
            phase: Phase::Waiting,
            timers: [None; TIMERS],
            outputs: VecDeque::new(),
            talk: Talk::default(),
            next_variant,
        }
    }

    /// Takes in what happened at `now`; then drain [`Callee::poll_output`].
    pub fn handle(&mut self, now: Now, input: Input) {
        match (self.phase, input) {
            (Phase::Over, _) => {}
            (_, Input::Over) => self.phase = Phase::Over,
            (Phase::Waiting, Input::Invited) => self.invited(now),
            (_, Input::Tick) => self.tick(now),
            (Phase::Ringing | Phase::Machine { .. }, Input::PlayedOut) => self.announced(now),
            (Phase::Screening | Phase::Talking | Phase::Leaving, input) => self.talk(now, input),
            _ => {}
        }
    }

    /// The next thing to do, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is due.
    pub fn next_deadline(&self) -> Option<Now> {
        if self.phase == Phase::Over {
            return None;
        }
        self.timers.iter().flatten().min().copied()
    }

    fn invited(&mut self, now: Now) {
        self.phase = Phase::Ringing;
        self.set(Timer::Limit, now, self.persona.limit_ms);
        match self.persona.door {
            Door::Rings(ms) => {
                self.outputs.push_back(Output::Ring);
                self.set(Timer::Door, now, ms);
            }
            Door::Music(ms) => {
                self.outputs.push_back(Output::Progress);
                self.outputs.push_back(Output::Play(Sound::Music));
                self.set(Timer::Door, now, ms);
            }
            Door::NeverAnswers => self.outputs.push_back(Output::Ring),
            Door::Refuses { rings, after_ms, .. } => {
                if rings {
                    self.outputs.push_back(Output::Ring);
                }
                self.set(Timer::Door, now, after_ms);
            }
            Door::Announces(line, _) => {
                self.outputs.push_back(Output::Progress);
                self.say(line);
            }
        }
    }

    fn tick(&mut self, now: Now) {
        for timer in ALL_TIMERS {
            if self.timers[timer as usize].is_some_and(|due| due <= now) {
                self.timers[timer as usize] = None;
                match timer {
                    Timer::Door => self.open_door(now),
                    Timer::Hello => self.hello(),
                    Timer::Reply => self.reply(now),
                    Timer::Act => self.act(now),
                    Timer::Patience => self.out_of_patience(),
                    Timer::Hold => self.unhold(now),
                    Timer::Limit => self.leave(),
                }
            }
        }
    }

    fn open_door(&mut self, now: Now) {
        match self.persona.door {
            Door::Refuses { status, .. } | Door::Announces(_, status) => self.refuse(status),
            Door::NeverAnswers => {}
            Door::Rings(_) | Door::Music(_) => self.answer(now),
        }
    }

    fn answer(&mut self, now: Now) {
        self.outputs.push_back(Output::Answer);
        self.set(Timer::Limit, now, self.persona.limit_ms);
        match self.persona.first {
            First::Hello => {
                self.phase = Phase::Talking;
                let after = self.chance.between(300, 700);
                self.set(Timer::Hello, now, after);
            }
            First::Nothing => self.phase = Phase::Talking,
            First::Greeting => {
                self.phase = Phase::Machine { beeped: false };
                self.say(Line::VoicemailGreeting);
            }
            First::Screening => {
                self.phase = Phase::Screening;
                self.say(Line::WhoIsCalling);
            }
        }
    }

    /// An announcement, greeting or beep was played to its end.
    fn announced(&mut self, now: Now) {
        self.talk.sounding = false;
        match self.phase {
            Phase::Ringing if matches!(self.persona.door, Door::Announces(..)) => {
                self.set(Timer::Door, now, AFTER_ANNOUNCEMENT_MS);
            }
            Phase::Machine { beeped: false } => {
                self.phase = Phase::Machine { beeped: true };
                self.outputs.push_back(Output::Play(Sound::Beep));
            }
            _ => {}
        }
    }

    fn talk(&mut self, now: Now, input: Input) {
        match input {
            Input::AiStarted => {
                self.talk.ai_talking = true;
                self.talk.interrupted = false;
                self.clear(Timer::Reply);
                self.clear(Timer::Patience);
                let began = *self.talk.turn_began.get_or_insert(now);
                self.plan_act(now, began);
            }
            Input::AiStopped => {
                self.talk.ai_talking = false;
                self.talk.turn_ended = now;
                self.clear(Timer::Act);
                self.ai_stopped(now);
            }
            Input::PlayedOut => {
                self.talk.sounding = false;
                if !self.talk.ai_talking && self.timers[Timer::Reply as usize].is_none() {
                    self.wait_for_ai(now);
                }
            }
            Input::Invited | Input::Tick | Input::Over => {}
        }
    }

    fn ai_stopped(&mut self, now: Now) {
        if self.talk.held {
            return;
        }
        match (self.phase, self.talk.turn_began) {
            (Phase::Leaving, _) => self.set(Timer::Patience, now, LEAVING_REACTION_MS),
            (_, Some(_)) if !self.persona.replies.is_empty() => {
                let reaction = self.chance.between(350, 700);
                self.set(Timer::Reply, now, reaction);
            }
            (_, Some(_)) => self.talk.turn_began = None,
            (_, None) if !self.talk.sounding => self.wait_for_ai(now),
            (_, None) => {}
        }
    }

    /// Nobody speaks: how long until the callee does something about it?
    fn wait_for_ai(&mut self, now: Now) {
        let ms = match self.phase {
            Phase::Leaving => LEAVING_PATIENCE_MS,
            Phase::Screening => SCREENING_PATIENCE_MS,
            _ if self.talk.interrupted => INTERRUPTED_PATIENCE_MS,
            _ if self.talk.replied == 0 => HELLO_PATIENCE_MS,
            _ => PATIENCE_MS,
        };
        self.set(Timer::Patience, now, ms);
    }

    fn hello(&mut self) {
        if self.talk.ai_talking {
            return;
        }
        self.talk.hellos += 1;
        self.talk.turn_began = None;
        self.clear(Timer::Reply);
        self.clear(Timer::Patience);
        self.say(Line::Hello);
    }

    fn out_of_patience(&mut self) {
        if self.phase == Phase::Talking && self.talk.hellos < MAX_HELLOS {
            if self.talk.interrupted {
                self.talk.hellos += 1;
                return self.say(Line::WhatIsIt);
            }
            if self.talk.replied == 0 {
                return self.hello();
            }
        }
        self.leave();
    }

    fn reply(&mut self, now: Now) {
        if self.talk.sounding {
            return self.set(Timer::Reply, now, 100);
        }
        if self.phase == Phase::Screening {
            // The person is being called; meanwhile the line is quiet.
            self.phase = Phase::Talking;
            self.talk.turn_began = None;
            return self.set(Timer::Hello, now, CONNECTING_MS);
        }
        let Some(began) = self.talk.turn_began.take() else {
            return;
        };
        let turn = self.talk.turn_ended.since(began);
        if self.talk.replied == 0 {
            self.talk.first_turn = turn;
        }
        let replies = self.persona.replies;
        if let Some(again) = self.same_question(turn) {
            self.talk.asked_again = true;
            return self.give(now, again);
        }
        if self.talk.replied >= replies.len() + MAX_REPEATS {
            return self.leave();
        }
        let last = replies.len().saturating_sub(1);
        if let Some(reply) = replies.get(self.talk.replied.min(last)) {
            self.talk.replied += 1;
            self.give(now, *reply);
        }
    }

    /// After the identity was confirmed, a turn much shorter than the opening may be the same
    /// question once more; “yes” fits then, and fits a short message too.
    fn same_question(&self, turn: Duration) -> Option<Reply> {
        let short = turn < SHORT_TURN && turn * 4 < self.talk.first_turn * 3;
        let before = self.persona.replies.get(self.talk.replied.checked_sub(1)?)?;
        match before {
            _ if !short || self.talk.asked_again => None,
            Reply::Say(Line::Confirm) => Some(Reply::Say(Line::Yes)),
            Reply::Press(key) => Some(Reply::Press(*key)),
            Reply::Say(_) => None,
        }
    }

    fn give(&mut self, now: Now, reply: Reply) {
        match reply {
            Reply::Say(line) => {
                if line == Line::Goodbye {
                    self.phase = Phase::Leaving;
                }
                self.say(line);
            }
            Reply::Press(key) => {
                self.outputs.push_back(Output::Press(key));
                self.wait_for_ai(now);
            }
        }
    }

    fn plan_act(&mut self, now: Now, began: Now) {
        let Some(next) = self.persona.meanwhile.get(self.talk.acts) else {
            return;
        };
        if next.turn == self.talk.replied + 1 {
            let due = began + Duration::from_millis(next.after_ms);
            self.timers[Timer::Act as usize] = Some(due.max(now));
        }
    }

    fn act(&mut self, now: Now) {
        let Some(next) = self.persona.meanwhile.get(self.talk.acts) else {
            return;
        };
        self.talk.acts += 1;
        match next.act {
            Act::Murmur(line) => self.say(line),
            Act::Interrupt(line) => {
                self.talk.interrupted = true;
                self.talk.turn_began = None;
                self.say(line);
            }
            Act::HangUp => return self.leave(),
            Act::Vanish => {
                self.phase = Phase::Vanished;
                self.outputs.push_back(Output::Vanish);
                return;
            }
            Act::Hold => {
                self.talk.held = true;
                self.outputs.push_back(Output::Hold(true));
                self.set(Timer::Hold, now, HOLD_MS);
            }
        }
        if let Some(began) = self.talk.turn_began {
            self.plan_act(now, began);
        }
    }

    fn unhold(&mut self, now: Now) {
        self.talk.held = false;
        self.outputs.push_back(Output::Hold(false));
        if !self.talk.ai_talking {
            self.set(Timer::Reply, now, AFTER_HOLD_MS);
        }
    }

    fn refuse(&mut self, status: u16) {
        self.outputs.push_back(Output::Refuse(status));
        self.phase = Phase::Over;
    }

    fn leave(&mut self) {
        if self.phase == Phase::Ringing {
            return self.refuse(480);
        }
        self.outputs.push_back(Output::HangUp);
        self.phase = Phase::Over;
    }

    fn say(&mut self, line: Line) {
        let variants = line.variants(self.language);
        let next = &mut self.next_variant[line as usize];
        let text = variants[*next % variants.len()];
        *next += 1;
        self.talk.sounding = true;
        self.outputs.push_back(Output::Say(Speech { line, text }));
    }

    fn set(&mut self, timer: Timer, now: Now, ms: u64) {
        self.timers[timer as usize] = Some(now + Duration::from_millis(ms));
    }

    fn clear(&mut self, timer: Timer) {
        self.timers[timer as usize] = None;
    }
}

/// From the end of an announcement to the final status.
const AFTER_ANNOUNCEMENT_MS: u64 = 300;
/// From the screened answer to the person's hello.
const CONNECTING_MS: u64 = 2_500;
/// How long nobody says anything after a hello before the next one.
const HELLO_PATIENCE_MS: u64 = 4_000;
/// Hellos into silence before hanging up.
const MAX_HELLOS: u8 = 3;
/// How long nobody says anything after a reply before the callee hangs up.
const PATIENCE_MS: u64 = 8_000;
/// The same after an interruption, before it is asked again.
const INTERRUPTED_PATIENCE_MS: u64 = 5_000;
/// How long a screening machine waits for an answer.
const SCREENING_PATIENCE_MS: u64 = 15_000;
/// How long the line stays open after goodbye while the AI says nothing.
const LEAVING_PATIENCE_MS: u64 = 3_000;
/// From the end of the AI's closing to BYE.
const LEAVING_REACTION_MS: u64 = 700;
/// How often the last reply is repeated before the callee has enough.
const MAX_REPEATS: usize = 2;
/// A turn below this may be a repeated question.
const SHORT_TURN: Duration = Duration::from_secs(8);
const HOLD_MS: u64 = 3_000;
/// How long the AI may take to go on after a hold.
const AFTER_HOLD_MS: u64 = 3_000;

#[cfg(test)]
mod tests;
