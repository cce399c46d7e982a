//! How the fake models behave: well, late, or not at all; changeable while calls run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Clock;

/// How one model behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    #[default]
    Works,
    /// It fails at once.
    Fails,
    /// It begins and then fails.
    FailsMidway,
    /// It never answers.
    Stalls,
}

#[derive(Clone, Debug)]
struct State {
    clock: Clock,
    synthesizer: Mood,
    recognizer: Mood,
    judge: Mood,
    responder: Mood,
    recognizer_takes: Duration,
    judge_takes: Duration,
    responder_takes: Duration,
    synthesizer_takes: Duration,
}

/// The moods of all models of one world; clones share them.
#[derive(Clone, Debug)]
pub struct Moods(Arc<Mutex<State>>);

impl Moods {
    /// Models that work, at usual speed, by this clock.
    pub fn new(clock: Clock) -> Self {
        let ms = Duration::from_millis;
        Self(Arc::new(Mutex::new(State {
            clock,
            synthesizer: Mood::Works,
            recognizer: Mood::Works,
            judge: Mood::Works,
            responder: Mood::Works,
            recognizer_takes: ms(90),
            judge_takes: ms(15),
            responder_takes: ms(220),
            synthesizer_takes: ms(70),
        })))
    }
}

macro_rules! mood {
    ($get:ident $set:ident $field:ident: $what:ty, $doc:literal) => {
        #[doc = $doc]
        pub fn $set(&self, value: $what) {
            self.lock().$field = value;
        }
        pub(crate) fn $get(&self) -> $what {
            self.lock().$field
        }
    };
}

impl Moods {
    mood!(synthesizer set_synthesizer synthesizer: Mood, "Sets how speech is made.");
    mood!(recognizer set_recognizer recognizer: Mood, "Sets how speech is understood.");
    mood!(judge set_judge judge: Mood, "Sets how replies are judged.");
    mood!(responder set_responder responder: Mood, "Sets how replies are made.");
    mood!(recognizer_takes set_recognizer_takes recognizer_takes: Duration,
        "Sets how long an utterance takes to be recognized.");
    mood!(judge_takes set_judge_takes judge_takes: Duration,
        "Sets how long a judgement takes.");
    mood!(responder_takes set_responder_takes responder_takes: Duration,
        "Sets how long the first words of a reply take.");
    mood!(synthesizer_takes set_synthesizer_takes synthesizer_takes: Duration,
        "Sets how long the first audio of a line takes.");

    pub(crate) fn clock(&self) -> Clock {
        self.lock().clock.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
