//! `xtask tune`: learns when the recognizer may be believed and writes `data/*.limits`.
//!
//! Logistic regression over the measurements of a match: right answers of the tuning voices on
//! one side, their wrong answers and what they say outside the list on the other. The limit is
//! then set where a given share of the speech outside the list passes, counted on texts that the
//! weights were not learnt from.

use std::error::Error;
use std::fmt::Write;
use std::path::Path;

use domain::Language;
use speech::lexicon::Lexicon;
use speech::recognizer_limits::{FEATURES, features};
use speech::sphinx::Sphinx;

use crate::learn_audio::{Dice, LINES};
use crate::learn_texts::{OutOfList, for_tuning};
use crate::learn_trial::{Stage, Trial, replies, run_trials, strangers};
use crate::learn_voices::TUNING_VOICES;

/// Tunes both languages, or the one given by `--lang zh|en`.
pub fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let languages = match args {
        [] => vec![Language::Zh, Language::En],
        [option, language] if option == "--lang" => vec![language.parse()?],
        _ => return Err("tune takes no arguments, or --lang zh|en".into()),
    };
    let library = Sphinx::open()?;
    for language in languages {
        let lexicon = std::sync::Arc::new(Lexicon::built_in(language)?);
        let mut trials = Vec::new();
        for (n, (_, line)) in LINES.into_iter().enumerate() {
            let stage = Stage {
                language,
                voices: &TUNING_VOICES,
                voices_per_text: 1,
                paces: TUNING_PACES,
                line,
                seed: TUNING_SEED + n as u64,
            };
            trials.extend(run_trials(&library, &lexicon, stage, &replies(&lexicon.phrases))?);
            let OutOfList { short, long } = for_tuning(language);
            let stage = Stage { voices_per_text: 3, ..stage };
            for texts in [short, long] {
                trials.extend(run_trials(&library, &lexicon, stage, &strangers(texts))?);
            }
        }
        let samples: Vec<Sample> = trials.iter().filter_map(|t| Sample::of(t, &lexicon)).collect();
        let outside = trials.iter().filter(|t| t.tag(&lexicon.phrases).is_none()).count();
        let (model, report) = tune(&samples, outside, trials.len() - outside);
        let file = format!("crates/speech/data/{}.limits", language.code());
        std::fs::write(Path::new(&file), model.render(language))?;
        println!("{file}: {report}");
    }
    Ok(())
}

/// A match and whether it should be believed.
struct Sample {
    x: Vec<f64>,
    good: bool,
    /// Outside the list.
    stranger: bool,
    fold: usize,
}

impl Sample {
    /// Nothing to learn from a decoy or from silence: they are refused anyway.
    fn of(trial: &Trial, lexicon: &Lexicon) -> Option<Self> {
        let found = trial.best.as_ref().filter(|m| !m.decoy)?;
        let good = trial.is_right_meaning(found, &lexicon.phrases);
        let stranger = trial.tag(&lexicon.phrases).is_none();
        Some(Self {
            x: features(found).iter().map(|f| f64::from(*f)).collect(),
            good,
            stranger,
            fold: (Dice::new(0, &trial.spoken).unit() * FOLDS as f32) as usize,
        })
    }
}

/// Weights learnt, and how they do.
fn tune(samples: &[Sample], outside: usize, inside: usize) -> (Model, String) {
    let mut scores = vec![0.0; samples.len()];
    for fold in 0..FOLDS {
        let model = Model::learn(samples.iter().filter(|s| s.fold != fold));
        for (score, s) in scores.iter_mut().zip(samples).filter(|(_, s)| s.fold == fold) {
            *score = model.score(&s.x);
        }
    }
    let mut strangers: Vec<f64> =
        scores.iter().zip(samples).filter(|(_, s)| s.stranger).map(|(score, _)| *score).collect();
    strangers.sort_by(|a, b| b.total_cmp(a));
    let allowed = (FALSE_ACCEPTS * outside as f64) as usize;
    let limit = strangers.get(allowed).copied().unwrap_or_default();
    let count = |wanted: &dyn Fn(&Sample) -> bool| {
        scores.iter().zip(samples).filter(|(score, s)| **score > limit && wanted(s)).count()
    };
    let report = format!(
        "of {inside} replies {} found, {} believed right and {} wrong, of {outside} others {}",
        samples.iter().filter(|s| s.good).count(),
        count(&|s| s.good),
        count(&|s| !s.good && !s.stranger),
        count(&|s| s.stranger)
    );
    let mut model = Model::learn(samples.iter());
    model.bias -= limit;
    (model, report)
}

/// A weight for each measurement.
struct Model {
    weights: Vec<f64>,
    bias: f64,
}

impl Model {
    /// Gradient descent on the standardised measurements.
    fn learn<'a>(samples: impl Iterator<Item = &'a Sample> + Clone) -> Self {
        let n = FEATURES.len();
        let count = samples.clone().count().max(1) as f64;
        let mean: Vec<f64> =
            (0..n).map(|f| samples.clone().map(|s| s.x[f]).sum::<f64>() / count).collect();
        let spread: Vec<f64> = (0..n)
            .map(|f| {
                let sum: f64 = samples.clone().map(|s| (s.x[f] - mean[f]).powi(2)).sum();
                (sum / count).sqrt().max(1e-6)
            })
            .collect();
        let rows: Vec<(Vec<f64>, f64)> = samples
            .map(|s| {
                let z = (0..n).map(|f| (s.x[f] - mean[f]) / spread[f]).collect();
                (z, if s.good { 1.0 } else { 0.0 })
            })
            .collect();
        let (mut weights, mut bias) = (vec![0.0; n], 0.0);
        for _ in 0..STEPS {
            let mut slope: Vec<f64> = weights.iter().map(|w| PENALTY * w).collect();
            let mut tilt = 0.0;
            for (z, good) in &rows {
                let sum: f64 = z.iter().zip(&weights).map(|(z, w)| z * w).sum();
                let miss = (1.0 / (1.0 + (-(sum + bias)).exp()) - good) / count;
                tilt += miss;
                slope.iter_mut().zip(z).for_each(|(s, z)| *s += miss * z);
            }
            weights.iter_mut().zip(&slope).for_each(|(w, s)| *w -= RATE * s);
            bias -= RATE * tilt;
        }
        // Back to the measurements as they are.
        let raw: Vec<f64> = weights.iter().zip(&spread).map(|(w, s)| w / s).collect();
        let bias = bias - raw.iter().zip(&mean).map(|(w, m)| w * m).sum::<f64>();
        Self { weights: raw, bias }
    }

    fn score(&self, x: &[f64]) -> f64 {
        self.bias + x.iter().zip(&self.weights).map(|(x, w)| x * w).sum::<f64>()
    }

    fn render(&self, language: Language) -> String {
        let code = language.code();
        let mut file = format!(
            "# When a match is believed: weights of what is measured. Do not edit: written by\n\
             # cargo run -p xtask -- tune --lang {code}\n\
             # from voices and texts that serve nothing else (xtask/src/learn_voices.rs).\n"
        );
        for (name, weight) in FEATURES.iter().zip(&self.weights) {
            // Writing to a string cannot fail.
            let _ = writeln!(file, "{name} {weight:.4}");
        }
        let _ = writeln!(file, "bias {:.4}", self.bias);
        file
    }
}

/// The share of the speech outside the list that may pass; the goal for other voices is 5 %.
const FALSE_ACCEPTS: f64 = 0.035;
const FOLDS: usize = 5;
const STEPS: usize = 3_000;
const RATE: f64 = 1.0;
const PENALTY: f64 = 1e-4;
/// Words a minute, Mandarin and English.
const TUNING_PACES: (u32, u32) = (230, 175);
const TUNING_SEED: u64 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_good_from_bad_is_found_and_the_limit_keeps_strangers_out() {
        let mut samples = Vec::new();
        let mut dice = Dice::new(3, "samples");
        for n in 0..400 {
            let stranger = n % 2 == 0;
            let mut x: Vec<f64> = FEATURES.iter().map(|_| f64::from(dice.unit())).collect();
            x[2] += if stranger { 0.8 } else { 0.0 };
            samples.push(Sample { x, good: !stranger, stranger, fold: n % FOLDS });
        }
        let (model, report) = tune(&samples, 200, 200);
        let largest = (0..FEATURES.len())
            .max_by(|a, b| model.weights[*a].abs().total_cmp(&model.weights[*b].abs()));
        assert_eq!(largest, Some(2));
        assert!(model.weights[2] < 0.0);
        let passed = samples.iter().filter(|s| s.stranger && model.score(&s.x) > 0.0).count();
        assert!(passed <= 10, "{report}");
        let right = samples.iter().filter(|s| s.good && model.score(&s.x) > 0.0).count();
        assert!(right > 120, "{report}");
    }
}
