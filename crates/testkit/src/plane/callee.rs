//! The person on the phone: goes through the acts of a script by what is audible to them.

use std::collections::VecDeque;

use crate::plan::Act;
use crate::recognizer::Words;

const TICK_MS: u64 = 20;
/// A gap in our speech up to this length is no pause.
const BREATH_MS: u64 = 200;
/// Loudness of speech, and of its last 200 ms: voices sink at the end.
const LOUD: u32 = 1_000;
const SINKING: u32 = 100;

/// What a callee does within one tick.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Doing {
    /// Number of the words being said, and how loud.
    pub(crate) says: Option<(u32, u32)>,
    /// There is loud noise.
    pub(crate) noise: bool,
    pub(crate) key: Option<char>,
    pub(crate) beep: bool,
    pub(crate) hangs_up: bool,
    /// Packets come.
    pub(crate) present: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Callee {
    acts: VecDeque<Act>,
    words: Words,
    waited: u64,
    saying: Option<(u32, u64)>,
    /// We have spoken since the callee's last words.
    heard: bool,
    loud_ms: u64,
    quiet_ms: u64,
    gone: bool,
}

impl Callee {
    pub(crate) fn new(acts: Vec<Act>, words: Words) -> Self {
        Self { acts: acts.into(), words, ..Self::default() }
    }

    /// The next tick, after one in which we were `audible` or not.
    pub(crate) fn tick(&mut self, audible: bool) -> Doing {
        self.hear(audible);
        let mut doing = Doing::default();
        while let Some(act) = self.acts.front().copied() {
            let done = match act {
                Act::Wait(ms) => {
                    self.waited += TICK_MS;
                    self.waited > ms
                }
                Act::Noise(ms) => {
                    self.waited += TICK_MS;
                    doing.noise = self.waited <= ms;
                    !doing.noise
                }
                Act::Say(words, ms) => self.say(words, ms, &mut doing),
                Act::AwaitPause(ms) => self.heard && self.quiet_ms >= ms,
                Act::AwaitInto(ms) => self.loud_ms >= ms,
                Act::Key(key) => {
                    doing.key = Some(key);
                    self.heard = false;
                    true
                }
                Act::Beep => {
                    doing.beep = true;
                    true
                }
                Act::Vanish => {
                    self.gone = true;
                    true
                }
                Act::Return => {
                    self.gone = false;
                    true
                }
                Act::HangUp => {
                    doing.hangs_up = true;
                    true
                }
            };
            if !done {
                break;
            }
            self.waited = 0;
            self.acts.pop_front();
            if matches!(act, Act::Say(..)) {
                break;
            }
        }
        doing.present = !self.gone;
        doing
    }

    fn say(&mut self, words: &'static str, ms: u64, doing: &mut Doing) -> bool {
        let (n, left) = match self.saying {
            Some(saying) => saying,
            None => (self.words.add(words), ms),
        };
        let loudness = if left <= BREATH_MS { SINKING } else { LOUD };
        doing.says = Some((n, loudness));
        let left = left.saturating_sub(TICK_MS);
        self.saying = (left > 0).then_some((n, left));
        if left == 0 {
            self.heard = false;
        }
        left == 0
    }

    fn hear(&mut self, audible: bool) {
        if audible {
            self.heard |= self.saying.is_none();
            self.loud_ms += TICK_MS;
            self.quiet_ms = 0;
        } else {
            self.quiet_ms += TICK_MS;
            if self.quiet_ms > BREATH_MS {
                self.loud_ms = 0;
            }
        }
    }
}
