//! The `Recognizer` fake: reads from the frames which words were meant.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{Frame, MediaTime};
use engine::ports::PortFuture;
use engine::ports::recognizer::{
    Certainty, Expect, Heard, Recognizer, RecognizerOptions, RecognizerSession,
};
use engine::ports::synthesizer::SpeechError;

use crate::moods::{Mood, Moods};

/// Everything callees have said, by number; frames carry the number in their first two samples.
#[derive(Clone, Debug, Default)]
pub struct Words(Arc<Mutex<Vec<&'static str>>>);

impl Words {
    pub(crate) fn add(&self, words: &'static str) -> u32 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(words);
        u32::try_from(all.len() - 1).unwrap_or(u32::MAX)
    }

    fn get(&self, n: u32) -> &'static str {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(n as usize).copied().unwrap_or("?")
    }
}

/// Writes an utterance's number into a frame.
pub(crate) fn mark(frame: &mut Frame, n: u32) {
    frame.samples[0] = (n >> 15) as i16 + 1;
    frame.samples[1] = (n & 0x7FFF) as i16;
}

fn read(frame: &Frame) -> Option<u32> {
    let high = u32::try_from(frame.samples[0]).ok()?.checked_sub(1)?;
    Some(high << 15 | u32::try_from(frame.samples[1]).ok()?)
}

/// See the module.
#[derive(Clone, Debug)]
pub struct FakeRecognizer {
    /// What was said.
    pub words: Words,
    /// How it behaves.
    pub moods: Moods,
}

/// Confidence in words that begin with `~`: enough to end a call on, not beyond doubt.
const DOUBTFUL: f32 = 0.8;
/// Unless they are shorter than this.
const DOUBTFUL_LENGTH: MediaTime = MediaTime::from_millis(450);

struct Session {
    of: FakeRecognizer,
    frames: Vec<(MediaTime, Option<u32>)>,
}

impl Recognizer for FakeRecognizer {
    fn open(&self, _: &RecognizerOptions) -> Result<Box<dyn RecognizerSession>, SpeechError> {
        Ok(Box::new(Session { of: self.clone(), frames: Vec::new() }))
    }
}

impl Session {
    fn heard(&self, start: MediaTime, end: MediaTime) -> Heard {
        let mut said: Vec<u32> = Vec::new();
        for (at, n) in &self.frames {
            if let Some(n) = n
                && *at >= start
                && *at < end
                && said.last() != Some(n)
            {
                said.push(*n);
            }
        }
        let words: Vec<&str> = said.iter().map(|n| self.of.words.get(*n)).collect();
        let unclear = words.is_empty() || words.iter().any(|w| w.starts_with('?'));
        if unclear {
            return Heard::unclear();
        }
        let doubtful = words.iter().any(|w| w.starts_with('~'));
        let plain: Vec<&str> = words.iter().map(|w| w.trim_start_matches('~')).collect();
        let certainty = match doubtful {
            false => Certainty::Certain,
            true if end.since(start) >= DOUBTFUL_LENGTH => Certainty::Sure,
            true => Certainty::Unsure,
        };
        let confidence = doubtful.then_some(DOUBTFUL);
        Heard { confidence, certainty, ..Heard::text(plain.join("，")) }
    }
}

impl RecognizerSession for Session {
    fn push(&mut self, frame: &Frame) {
        self.frames.push((frame.at, read(frame)));
    }

    fn finish(
        &mut self,
        start: MediaTime,
        end: MediaTime,
        _: Expect,
    ) -> PortFuture<'static, Result<Heard, SpeechError>> {
        let heard = self.heard(start, end);
        self.frames.retain(|(at, _)| *at >= end);
        let (mood, takes) = (self.of.moods.recognizer(), self.of.moods.recognizer_takes());
        let clock = self.of.moods.clock();
        Box::pin(async move {
            clock.sleep(takes).await;
            match mood {
                Mood::Works => Ok(heard),
                Mood::Stalls => std::future::pending().await,
                Mood::Fails | Mood::FailsMidway => Err(SpeechError::Failed {
                    part: "recognizer",
                    cause: "made to fail".to_owned(),
                }),
            }
        })
    }

    fn glance(
        &self,
        start: MediaTime,
        end: MediaTime,
        _: Expect,
    ) -> PortFuture<'static, Result<Option<Heard>, SpeechError>> {
        let heard = self.heard(start, end);
        let (mood, takes) = (self.of.moods.recognizer(), self.of.moods.recognizer_takes());
        let clock = self.of.moods.clock();
        Box::pin(async move {
            clock.sleep(takes).await;
            match mood {
                Mood::Works => Ok(Some(heard)),
                Mood::Stalls => std::future::pending().await,
                Mood::Fails | Mood::FailsMidway => Ok(None),
            }
        })
    }

    fn discard(&mut self) {
        self.frames.clear();
    }
}
