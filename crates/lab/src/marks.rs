//! What kind of speech was heard, when the test synthesizer speaks in pairs of tones.

use domain::Now;

/// The classes of speech and the two tones, in hertz, that stand for each. The test synthesizer
/// (`speech/src/synth_tones.rs`) has the same table; the two must agree and share no code, so
/// that a mistake in one cannot hide in the other.
pub const CLASSES: [(SpeechClass, [f32; 2]); 5] = [
    (SpeechClass::Opening, [620.0, 1_750.0]),
    (SpeechClass::Question, [1_090.0, 2_050.0]),
    (SpeechClass::Content, [810.0, 2_650.0]),
    (SpeechClass::Closing, [1_150.0, 2_900.0]),
    (SpeechClass::Neutral, [560.0, 2_350.0]),
];

/// What a piece of the AI's speech is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeechClass {
    /// The disclosure at the beginning.
    Opening,
    /// Asking who is there.
    Question,
    /// What only the addressee may hear.
    Content,
    /// Goodbye.
    Closing,
    /// Everything else.
    Neutral,
}

/// The class that 20 ms of 8 kHz audio belong to.
pub fn classify(samples: &[i16]) -> Option<SpeechClass> {
    let energy: f32 = samples.iter().map(|s| f32::from(*s).powi(2)).sum();
    if energy < 250.0 * 250.0 * samples.len() as f32 {
        return None;
    }
    CLASSES.iter().find_map(|(class, tones)| {
        let [low, high] = tones.map(|hz| share(samples, hz, energy));
        // Both tones, and hardly anything else: one tone alone belongs to no class.
        (low > 0.15 && high > 0.15 && low + high > 0.6).then_some(*class)
    })
}

/// The part of the energy that lies at one frequency (Goertzel's algorithm).
fn share(samples: &[i16], hz: f32, energy: f32) -> f32 {
    let turn = 2.0 * (std::f32::consts::TAU * hz / 8_000.0).cos();
    let (mut before, mut last) = (0.0f32, 0.0f32);
    for sample in samples {
        (before, last) = (last, f32::from(*sample) + turn * last - before);
    }
    let power = last * last + before * before - turn * last * before;
    2.0 * power / (energy * samples.len() as f32)
}

/// A stretch of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) class: SpeechClass,
    pub(crate) from: Now,
    pub(crate) to: Now,
    packets: u32,
}

/// Runs of marked speech in the order they were heard.
#[derive(Debug, Default)]
pub(crate) struct MarkReader {
    runs: Vec<Run>,
}

impl MarkReader {
    /// A packet's samples (20 ms, 8 kHz) that arrived at `now`.
    pub(crate) fn packet(&mut self, now: Now, samples: &[i16]) {
        let Some(class) = classify(samples) else {
            return;
        };
        let end = now + std::time::Duration::from_millis(20);
        match self.runs.last_mut() {
            Some(run) if run.class == class && now.since(run.to).as_millis() <= JOIN_MS => {
                run.to = end;
                run.packets += 1;
            }
            last => {
                // One packet alone is the seam between two classes or a lost neighbour.
                if last.is_some_and(|run| run.packets < 2) {
                    self.runs.pop();
                }
                if self.runs.len() < MAX_RUNS {
                    self.runs.push(Run { class, from: now, to: end, packets: 1 });
                }
            }
        }
    }

    /// What was heard, single packets left out.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.packets >= 2)
    }
}

/// Gaps up to this do not end a run: a few lost packets or the pause between two words.
const JOIN_MS: u128 = 200;
/// More runs than any call has; later ones are not kept.
const MAX_RUNS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use media::codec::{Codec, CodecId};

    fn tones(pair: [f32; 2], start: usize) -> Vec<i16> {
        (start..start + 160)
            .map(|n| {
                let t = n as f32 / 8_000.0 * std::f32::consts::TAU;
                (4_000.0 * ((pair[0] * t).sin() + (pair[1] * t).sin())) as i16
            })
            .collect()
    }

    #[test]
    fn each_pair_is_told_from_the_others_through_g711() {
        for codec in CodecId::NARROW {
            for (class, pair) in CLASSES {
                for start in 0..50 {
                    let mut bytes = [0u8; 160];
                    let mut back = [0i16; 160];
                    let mut codec = Codec::new(*codec);
                    codec.encode(&tones(pair, start * 160 + start), &mut bytes);
                    codec.decode(&bytes, &mut back);
                    assert_eq!(classify(&back), Some(class));
                }
            }
        }
    }

    #[test]
    fn one_tone_a_foreign_pair_and_silence_are_no_class() {
        for pair in
            [[620.0, 620.0], [440.0, 440.0], [697.0, 1_209.0], [350.0, 440.0], [810.0, 1_750.0]]
        {
            assert_eq!(classify(&tones(pair, 0)), None, "{pair:?}");
        }
        assert_eq!(classify(&[3; 160]), None);
    }

    #[test]
    fn runs_join_over_small_gaps_and_drop_single_packets() {
        let mut reader = MarkReader::default();
        let mut feed = |n: u64, class: usize| {
            reader.packet(Now::from_millis(n * 20), &tones(CLASSES[class].1, 0));
        };
        for n in (0..20).filter(|n| *n != 7) {
            feed(n, 0);
        }
        feed(20, 3);
        (21..40).for_each(|n| feed(n, 2));
        let runs: Vec<_> =
            reader.runs().map(|r| (r.class, r.from.as_millis(), r.to.as_millis())).collect();
        assert_eq!(runs, [(SpeechClass::Opening, 0, 400), (SpeechClass::Content, 420, 800)]);
    }
}
