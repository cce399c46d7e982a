//! The `Synthesizer` fake: every character is a stretch of one sample value that tells the kind
//! of speech and the character's place, so that the plane can tell what was audible.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use domain::Language;
use engine::ports::synthesizer::{
    SpeakOrder, SpeechChunk, SpeechClass, SpeechError, Synthesizer, VoiceInfo,
};
use tokio::sync::mpsc;

use crate::chance::Chance;
use crate::moods::{Mood, Moods};
use crate::sabotage::{Plants, Sabotage};

/// Length of one character: 80 ms at 8 kHz.
pub const SAMPLES_PER_CHAR: u64 = 640;
/// Samples after which a voice that fails midway does: ten characters.
const BREAKS_AFTER: usize = 10 * SAMPLES_PER_CHAR as usize;
/// Shortest chunk: 20 ms.
const SHORTEST: usize = 160;
/// Lowest sample value; kinds of speech are [`STEP`] apart.
const BASE: i16 = 16_000;
const STEP: i16 = 1_000;

/// See the module.
#[derive(Clone, Debug)]
pub struct FakeSynthesizer {
    /// What is broken on purpose.
    pub plants: Plants,
    /// How it behaves.
    pub moods: Moods,
    /// Voice and emotion of everything it was asked to say; as many as callers know of both.
    pub asked: Arc<Mutex<BTreeSet<(String, String)>>>,
    /// How often it was asked.
    pub orders: Arc<AtomicU64>,
}

const CLASSES: [SpeechClass; 5] = [
    SpeechClass::Opening,
    SpeechClass::Question,
    SpeechClass::Content,
    SpeechClass::Closing,
    SpeechClass::Neutral,
];

fn encode(class: SpeechClass, place: usize) -> i16 {
    let kind = CLASSES.iter().position(|c| *c == class).unwrap_or(0);
    BASE + STEP * kind as i16 + i16::try_from(place).unwrap_or(STEP - 1).min(STEP - 1)
}

/// Kind of speech and place of the character that a sample belongs to. A faded sample reads
/// wrongly, so a reader has to see the same value several times.
pub(crate) fn decode(sample: i16) -> Option<(SpeechClass, u32)> {
    let rest = sample.checked_sub(BASE).filter(|r| *r >= 0)?;
    let class = CLASSES.get(usize::try_from(rest / STEP).ok()?)?;
    Some((*class, u32::try_from(rest % STEP).ok()?))
}

impl FakeSynthesizer {
    /// The kind of speech wanted, unless another is planted.
    fn class(&self, wanted: SpeechClass) -> SpeechClass {
        match wanted {
            SpeechClass::Question if self.plants.fires(Sabotage::ContentEarly) => {
                SpeechClass::Content
            }
            SpeechClass::Opening if self.plants.fires(Sabotage::OpeningSkipped) => {
                SpeechClass::Question
            }
            _ => wanted,
        }
    }
}

impl Synthesizer for FakeSynthesizer {
    fn speak(&self, order: SpeakOrder) -> mpsc::Receiver<Result<SpeechChunk, SpeechError>> {
        // Bound: as the port wants it, the maker waits when its chunks are not read.
        let (to, from) = mpsc::channel(4);
        if let Ok(mut asked) = self.asked.lock() {
            asked.insert((order.voice.clone(), order.emotion.clone()));
        }
        let (moods, plants) = (self.moods.clone(), self.plants.clone());
        let class = self.class(order.class);
        let mut chance = Chance::new(self.orders.fetch_add(1, Ordering::Relaxed));
        self.moods.clock().spawn(async move {
            moods.clock().sleep(moods.synthesizer_takes()).await;
            let mood = moods.synthesizer();
            assert!(!plants.fires(Sabotage::Panics), "planted");
            let failed =
                || SpeechError::Failed { part: "synthesizer", cause: "made to fail".to_owned() };
            match mood {
                Mood::Fails => {
                    let _ = to.send(Err(failed())).await;
                    return;
                }
                Mood::Stalls if plants.fires(Sabotage::TaskKept) => std::future::pending().await,
                Mood::Stalls => return to.closed().await,
                Mood::Works | Mood::FailsMidway => {}
            }
            let audio: Arc<[i16]> = audio(class, order.text.reveal().chars().count());
            let longest = longest(&mut chance, audio.len() / SAMPLES_PER_CHAR as usize);
            let mut first = (mood == Mood::FailsMidway).then_some(BREAKS_AFTER);
            let mut from = 0;
            while from < audio.len() {
                let more = first.take().unwrap_or_else(|| size(&mut chance, longest));
                let to_here = audio.len().min(from + more);
                let samples = audio[from..to_here].into();
                let chars_done = chars_done(to_here);
                if to.send(Ok(SpeechChunk { samples, chars_done })).await.is_err() {
                    return;
                }
                from = to_here;
                if mood == Mood::FailsMidway {
                    let _ = to.send(Err(failed())).await;
                    return;
                }
            }
        });
        from
    }

    fn voices(&self) -> Vec<VoiceInfo> {
        [("v0001", Language::Zh), ("v0002", Language::En)]
            .map(|(id, language)| VoiceInfo::neutral(id, language, "female"))
            .to_vec()
    }
}

fn audio(class: SpeechClass, chars: usize) -> Arc<[i16]> {
    let one = |place| std::iter::repeat_n(encode(class, place), SAMPLES_PER_CHAR as usize);
    (0..chars).flat_map(one).collect()
}

/// Known where a character ends.
fn chars_done(samples: usize) -> Option<u32> {
    let whole = (samples as u64).is_multiple_of(SAMPLES_PER_CHAR);
    whole.then(|| u32::try_from(samples as u64 / SAMPLES_PER_CHAR).ok()).flatten()
}

/// Voices differ: one gives 20 ms at a time, another whole sentences, most some characters.
fn longest(chance: &mut Chance, chars: usize) -> usize {
    match chance.below(4) {
        0 => 0,
        1 => chars,
        _ => chance.within(1, 20) as usize,
    }
}

/// Samples of the next chunk, of up to so many characters.
fn size(chance: &mut Chance, longest: usize) -> usize {
    match longest {
        0 => SHORTEST,
        _ => SAMPLES_PER_CHAR as usize * chance.within(1, longest as u64) as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_tell_class_and_place() {
        for class in CLASSES {
            for place in [0, 1, 89, 999] {
                assert_eq!(decode(encode(class, place)), Some((class, place as u32)));
            }
        }
        assert_eq!(decode(0), None);
        assert_eq!(decode(-1), None);
        assert_eq!(decode(21_000), None);
    }
}
