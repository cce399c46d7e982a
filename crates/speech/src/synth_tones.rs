//! A test voice: each kind of speech as its own pair of tones, so that a leak can be measured.
//!
//! With it the lab hears on the wire whether content was audible before identity was confirmed,
//! without reading anything from the engine and without understanding words.

use std::sync::Arc;

use domain::Language;
use engine::ports::synthesizer::{
    SpeakOrder, SpeechChunk, SpeechClass, SpeechError, Synthesizer, VoiceInfo,
};
use tokio::sync::mpsc;

/// The two tones of a kind of speech, in hertz.
///
/// None is within 3 % of a DTMF tone, of the 1,000 Hz beep of a mailbox, or of 425/450 Hz call
/// progress; all pass a 300–3,400 Hz line.
pub const fn tones_of(class: SpeechClass) -> (f32, f32) {
    match class {
        SpeechClass::Opening => (620.0, 1_750.0),
        SpeechClass::Question => (1_090.0, 2_050.0),
        SpeechClass::Content => (810.0, 2_650.0),
        SpeechClass::Closing => (1_150.0, 2_900.0),
        SpeechClass::Neutral => (560.0, 2_350.0),
    }
}

/// Length of a text in tones: 60 ms a character, between 300 ms and 6 s.
pub fn length_ms(text: &str) -> u64 {
    (text.chars().count() as u64 * MS_PER_CHAR).clamp(300, 6_000)
}

/// Speaks in tones.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToneSynthesizer;

impl Synthesizer for ToneSynthesizer {
    fn speak(&self, order: SpeakOrder) -> mpsc::Receiver<Result<SpeechChunk, SpeechError>> {
        // Bound: 400 ms of audio; the task waits when it is full.
        let (sender, receiver) = mpsc::channel(QUEUE_CHUNKS);
        tokio::spawn(async move {
            let chars = order.text.reveal().chars().count() as u64;
            let total = length_ms(order.text.reveal()) * u64::from(order.sample_rate) / 1000;
            let step = u64::from(order.sample_rate) * CHUNK_MS / 1000;
            let mut from = 0;
            while from < total && step > 0 {
                let to = (from + step).min(total);
                let samples = render(order.class, order.sample_rate, from..to);
                let chars_done = u32::try_from(chars * to / total).ok();
                if sender.send(Ok(SpeechChunk { samples, chars_done })).await.is_err() {
                    return;
                }
                from = to;
            }
        });
        receiver
    }

    fn voices(&self) -> Vec<VoiceInfo> {
        [("v0001", Language::Zh), ("v0003", Language::En)]
            .map(|(id, language)| VoiceInfo::neutral(id, language, "female"))
            .to_vec()
    }
}

fn render(class: SpeechClass, rate: u32, samples: std::ops::Range<u64>) -> Arc<[i16]> {
    let (low, high) = tones_of(class);
    samples
        .map(|n| {
            let t = n as f64 / f64::from(rate);
            let tone = |hertz: f32| (std::f64::consts::TAU * f64::from(hertz) * t).sin();
            (AMPLITUDE * (tone(low) + tone(high))) as i16
        })
        .collect()
}

const MS_PER_CHAR: u64 = 60;
const CHUNK_MS: u64 = 40;
const QUEUE_CHUNKS: usize = 10;
/// Of each tone; together -12 dB of full scale at the peaks.
const AMPLITUDE: f64 = 4_000.0;

#[cfg(test)]
mod tests {
    use domain::Masked;

    use super::*;

    const CLASSES: [SpeechClass; 5] = [
        SpeechClass::Opening,
        SpeechClass::Question,
        SpeechClass::Content,
        SpeechClass::Closing,
        SpeechClass::Neutral,
    ];

    /// Power of a tone in samples at 8 kHz (Goertzel).
    fn power(samples: &[i16], hertz: f32) -> f32 {
        let w = std::f32::consts::TAU * hertz / 8_000.0;
        let (mut s1, mut s2) = (0.0_f32, 0.0_f32);
        for sample in samples {
            let s = f32::from(*sample) + 2.0 * w.cos() * s1 - s2;
            (s2, s1) = (s1, s);
        }
        (s1 * s1 + s2 * s2 - 2.0 * w.cos() * s1 * s2) / samples.len() as f32
    }

    #[tokio::test]
    async fn every_class_can_be_told_from_every_other_in_40_ms() {
        for class in CLASSES {
            let mut chunks = ToneSynthesizer.speak(SpeakOrder {
                text: Masked::new("明天下午三点".to_owned()),
                language: Language::Zh,
                voice: "v0001".to_owned(),
                emotion: "neutral".to_owned(),
                speed: 50,
                volume: 50,
                sample_rate: 8_000,
                class,
            });
            let mut total = 0;
            let mut done = None;
            while let Some(chunk) = chunks.recv().await {
                let chunk = chunk.unwrap();
                let loudest = |class| {
                    let (low, high) = tones_of(class);
                    power(&chunk.samples, low).min(power(&chunk.samples, high))
                };
                for other in CLASSES.into_iter().filter(|other| *other != class) {
                    assert!(loudest(class) > 8.0 * loudest(other), "{class:?} / {other:?}");
                }
                total += chunk.samples.len();
                done = chunk.chars_done;
            }
            assert_eq!((total, done), (6 * 60 * 8, Some(6)));
        }
    }
}
