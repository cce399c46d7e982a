//! The `Synthesizer` fake: every character is a stretch of one sample value that tells the kind
//! of speech and the character's place, so that the plane can tell what was audible.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use domain::Language;
use engine::ports::synthesizer::{
    SpeakOrder, SpeechChunk, SpeechClass, SpeechError, Synthesizer, VoiceInfo,
};
use tokio::sync::mpsc;

use crate::moods::{Mood, Moods};
use crate::sabotage::{Plants, Sabotage};

/// Length of one character: 80 ms at 8 kHz.
pub const SAMPLES_PER_CHAR: u64 = 640;
/// Characters in one chunk.
const CHUNK_CHARS: usize = 10;
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
            let count = order.text.reveal().chars().count();
            let places: Vec<usize> = (0..count).collect();
            for chunk in places.chunks(CHUNK_CHARS) {
                if to.send(Ok(audio(class, chunk))).await.is_err() {
                    return;
                }
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

fn audio(class: SpeechClass, places: &[usize]) -> SpeechChunk {
    let one = |place: &usize| std::iter::repeat_n(encode(class, *place), SAMPLES_PER_CHAR as usize);
    let samples: Vec<i16> = places.iter().flat_map(one).collect();
    let done = places.last().map_or(0, |p| p + 1);
    SpeechChunk { samples: samples.into(), chars_done: u32::try_from(done).ok() }
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
