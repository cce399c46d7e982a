//! What the callee says: utterances being made out, glances at short speech, and whether the line
//! is still there.

mod glance;

use std::collections::VecDeque;
use std::time::Duration;

use domain::{MediaTime, Now, UtteranceNo};

use crate::director::{Played, Tag};
use crate::exchange::HeardText;

pub(crate) use glance::{Glance, Glances};

/// A recognizer or judge that takes longer is given up; the utterance counts as unclear.
const HEARING_LIMIT: Duration = Duration::from_secs(4);
/// Once the line is cut: a call is over within two seconds (callout section 9).
const LAST_WORDS_LIMIT: Duration = Duration::from_millis(1_500);

/// Where an utterance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The recognizer has it.
    Recognizing,
    /// The director is being asked about it.
    Known,
    /// The judge has it.
    Judging,
}

/// One utterance.
#[derive(Debug)]
pub(crate) struct Utterance {
    pub(crate) n: UtteranceNo,
    pub(crate) start: MediaTime,
    pub(crate) end: MediaTime,
    pub(crate) closed: MediaTime,
    pub(crate) asked: Tag,
    pub(crate) text: HeardText,
    pub(crate) interrupts: bool,
    pub(crate) settled: bool,
    pub(crate) played: Option<Played>,
    pub(crate) stage: Stage,
    give_up: Now,
}

/// What we were doing while something was said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meanwhile {
    pub(crate) asked: Tag,
    pub(crate) interrupts: bool,
    pub(crate) played: Option<Played>,
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

/// Gives numbers to what is said on either side, in the order in which it is known.
#[derive(Debug, Default)]
struct Numbers(u32);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    utterances: VecDeque<Utterance>,
    pub(crate) glances: Glances,
    line: Line,
    numbers: Numbers,
    speaking: bool,
}

impl Hearing {
    pub(crate) fn speech_started(&mut self) {
        self.speaking = true;
        self.glances.speech_goes_on();
    }

    /// An utterance is over and is to be recognized; `None` if nobody is heard any more.
    pub(crate) fn ended(
        &mut self,
        now: Now,
        (start, end, closed): (MediaTime, MediaTime, MediaTime),
        meanwhile: Meanwhile,
    ) -> Option<&Utterance> {
        self.speaking = false;
        let give_up = match self.line {
            Line::Up => now + HEARING_LIMIT,
            Line::Cut { until } => until,
            Line::Deaf => return None,
        };
        let n = self.number();
        let settled = self.glances.utterance_ended(end);
        let Meanwhile { asked, interrupts, played } = meanwhile;
        self.utterances.push_back(Utterance {
            n,
            start,
            end,
            closed,
            asked,
            text: HeardText::default(),
            interrupts,
            settled,
            played,
            stage: Stage::Recognizing,
            give_up,
        });
        self.utterances.back()
    }

    /// What the recognizer made of an utterance; `None` if nobody waits for it.
    pub(crate) fn known(&mut self, n: UtteranceNo, text: HeardText) -> Option<&Utterance> {
        let u = self.find(n).filter(|u| u.stage == Stage::Recognizing)?;
        u.stage = Stage::Known;
        u.text = text;
        Some(u)
    }

    /// The judge is to be asked about an utterance: its words, and whether there is time left for
    /// that. `None` if it cannot be asked.
    pub(crate) fn judge(&mut self, now: Now, n: UtteranceNo) -> Option<(HeardText, bool)> {
        let u = self.find(n).filter(|u| u.stage == Stage::Known)?;
        u.stage = Stage::Judging;
        Some((u.text.clone(), u.give_up > now))
    }

    /// One utterance.
    pub(crate) fn get(&self, n: UtteranceNo) -> Option<&Utterance> {
        self.utterances.iter().find(|u| u.n == n)
    }

    /// Takes an utterance out that stands like this.
    pub(crate) fn take(&mut self, n: UtteranceNo, stage: Stage) -> Option<Utterance> {
        let at = self.utterances.iter().position(|u| u.n == n && u.stage == stage)?;
        self.utterances.remove(at)
    }

    /// An utterance that nobody made anything of in time.
    pub(crate) fn overdue(&self, now: Now) -> Option<(UtteranceNo, Stage)> {
        self.utterances.iter().find(|u| u.give_up <= now).map(|u| (u.n, u.stage))
    }

    /// The line is cut; what was said before is still heard out, if `listen`.
    pub(crate) fn part(&mut self, now: Now, listen: bool) {
        if listen {
            let until = now + LAST_WORDS_LIMIT;
            self.line = Line::Cut { until };
            for u in &mut self.utterances {
                u.give_up = u.give_up.min(until);
            }
        } else {
            self.line = Line::Deaf;
            self.utterances.clear();
        }
    }

    /// A number for something that is said, by us or by them.
    pub(crate) fn number(&mut self) -> UtteranceNo {
        self.numbers.0 += 1;
        UtteranceNo(self.numbers.0)
    }

    /// The number that the next utterance will have.
    pub(crate) fn next_number(&self) -> UtteranceNo {
        UtteranceNo(self.numbers.0 + 1)
    }

    /// Whether the line is not cut.
    pub(crate) fn is_up(&self) -> bool {
        self.line == Line::Up
    }

    /// Whether the callee speaks now.
    pub(crate) fn is_speaking(&self) -> bool {
        self.speaking
    }

    /// Whether something that was said is not dealt with.
    pub(crate) fn is_busy(&self) -> bool {
        !self.utterances.is_empty()
    }

    /// Whether the judge has something that was said.
    pub(crate) fn is_judging(&self) -> bool {
        self.utterances.iter().any(|u| u.stage == Stage::Judging)
    }

    /// Whether the callee is done, and all of it is dealt with.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.speaking && self.utterances.is_empty()
    }

    pub(crate) fn deadline(&self) -> Option<Now> {
        self.utterances.iter().map(|u| u.give_up).min()
    }

    fn find(&mut self, n: UtteranceNo) -> Option<&mut Utterance> {
        self.utterances.iter_mut().find(|u| u.n == n)
    }
}
