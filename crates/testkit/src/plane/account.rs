//! What the callee of one leg could hear, read from the samples themselves.

use conversation::SpeechClass;
use domain::MediaTime;

use crate::synthesizer::{SAMPLES_PER_CHAR, decode};

/// Equal samples in a row that are a character; faded ones differ from each other.
const RUN: usize = 8;

/// A stretch of one line that went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audible {
    /// What kind of speech it was.
    pub class: SpeechClass,
    /// Media time of its first sample.
    pub from: MediaTime,
    /// Media time after its last sample.
    pub to: MediaTime,
    /// Characters of which anything went out.
    pub begun: u32,
    /// Characters that went out whole and unfaded.
    pub whole: u32,
    place: u32,
    samples: u64,
}

/// Whether anything of a tick is a character.
pub(crate) fn is_audible(out: &[i16]) -> bool {
    out.chunk_by(|a, b| a == b).any(|run| run.len() >= RUN && decode(run[0]).is_some())
}

/// Adds up what goes out.
#[derive(Debug, Default)]
pub(crate) struct Account {
    all: Vec<Audible>,
    /// A line began, perhaps with a fade, of which nothing was read yet.
    begins: bool,
}

impl Account {
    pub(crate) fn audible(&self) -> &[Audible] {
        &self.all
    }

    /// Takes in what one tick sends; `starts` are the media times at which lines began in it.
    pub(crate) fn tick(&mut self, at: MediaTime, out: &[i16], starts: &[MediaTime]) {
        let mut from = 0;
        let mut starts = starts.iter().peekable();
        while from < out.len() {
            let len = out[from..].iter().take_while(|s| **s == out[from]).count();
            let time = |n: usize| at + MediaTime::from_samples(n as u64, 8_000);
            while starts.next_if(|s| **s < time(from + len)).is_some() {
                self.begins = true;
            }
            if let Some((class, place)) = decode(out[from]).filter(|_| len >= RUN) {
                let known = self.all.last().is_some_and(|l| l.class == class && l.place <= place);
                if std::mem::take(&mut self.begins) || !known {
                    self.begin(class, place, time(from));
                }
                self.add(place, len as u64, time(from + len));
            }
            from += len;
        }
    }

    fn begin(&mut self, class: SpeechClass, place: u32, from: MediaTime) {
        let (begun, whole, samples) = (0, 0, 0);
        self.all.push(Audible { class, from, to: from, begun, whole, place, samples });
    }

    fn add(&mut self, place: u32, samples: u64, to: MediaTime) {
        let Some(line) = self.all.last_mut() else {
            return;
        };
        if place > line.place {
            // Characters follow each other, so those before this one went out to their ends.
            line.whole = place;
            line.samples = 0;
        }
        line.place = place;
        line.samples += samples;
        line.begun = place + 1;
        if line.samples >= SAMPLES_PER_CHAR {
            line.whole = place + 1;
        }
        line.to = to;
    }
}
