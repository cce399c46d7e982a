//! `xtask tune`: learns when the recognizer may be believed and writes `data/*.limits`.
//!
//! Logistic regression over the measurements of a match: right answers of the tuning voices on
//! one side, their wrong answers and what they say outside the list on the other. The limit is
//! then set where a given share of the speech outside the list passes, counted on texts that the
//! weights were not learnt from.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use domain::Language;
use speech::lexicon::Lexicon;
use speech::recognizer_limits::FEATURES;
use speech::sphinx::Sphinx;

use crate::learn_accuracy::{prompts, serves_tuning};
use crate::learn_audio::{Dice, LINES};
use crate::learn_texts::{OutOfList, for_tuning};
use crate::learn_trial::{Stage, Trial, composed, replies, run_prompts, run_trials, strangers};
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
        let lexicon = Arc::new(Lexicon::built_in(language)?);
        let spoken = spoken_trials(&library, &lexicon, language)?;
        let files: Vec<_> = prompts()?.into_iter().filter(|path| serves_tuning(path)).collect();
        let people = run_prompts(&library, &lexicon, &files)?;
        let mut all = spoken;
        all.push((Who::People, people));
        let samples: Vec<Sample> = all
            .iter()
            .flat_map(|(who, trials)| trials.iter().filter_map(|t| Sample::of(t, *who)))
            .collect();
        let counts = all.iter().fold(Counts::new(), |mut counts, (who, trials)| {
            *counts.entry(*who).or_default() += trials.len();
            counts
        });
        let (model, report) = tune(&samples, &counts);
        let file = format!("crates/speech/data/{}.limits", language.code());
        std::fs::write(Path::new(&file), model.render(language))?;
        println!("{file}: {report}");
    }
    Ok(())
}

/// Who speaks. The bound on what passes holds for each group of strangers by itself: a limit that
/// lets few pass on a clean line is no consolation on a noisy one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// A voice that says a reply of the list.
    Callee,
    /// A voice that says something else, by line and length.
    Stranger { line: usize, long: bool },
    /// A recorded human being, outside the list.
    People,
}

/// How many trials there were of each, answered or not.
type Counts = BTreeMap<Who, usize>;

/// Trials by those who spoke.
type Spoken = Vec<(Who, Vec<Trial>)>;

/// What the tuning voices say, of the list and outside it.
fn spoken_trials(
    library: &Arc<Sphinx>,
    lexicon: &Arc<Lexicon>,
    language: Language,
) -> Result<Spoken, Box<dyn Error>> {
    let mut all = Vec::new();
    for (n, (_, line)) in LINES.into_iter().enumerate() {
        let stage = Stage {
            language,
            voices: &TUNING_VOICES,
            voices_per_text: 1,
            paces: TUNING_PACES,
            line,
            seed: TUNING_SEED + n as u64,
            limits: None,
        };
        let alone = run_trials(library, lexicon, stage, &replies(&lexicon.phrases))?;
        all.push((Who::Callee, alone));
        let composed = composed(&lexicon.phrases, stage.seed);
        all.push((Who::Callee, run_trials(library, lexicon, stage, &composed)?));
        let OutOfList { short, long } = for_tuning(language);
        let stage = Stage { voices_per_text: 2, ..stage };
        for (texts, long) in [(short, false), (long, true)] {
            let trials = run_trials(library, lexicon, stage, &strangers(&texts))?;
            all.push((Who::Stranger { line: n, long }, trials));
        }
    }
    Ok(all)
}

/// A match and whether it should be believed.
struct Sample {
    x: Vec<f64>,
    good: bool,
    who: Who,
    fold: usize,
}

impl Sample {
    /// Nothing to learn from a decoy or from silence: they are refused anyway.
    fn of(trial: &Trial, who: Who) -> Option<Self> {
        let found = trial.best.as_ref().filter(|m| !m.take.decoy)?;
        Some(Self {
            x: found.measures.iter().map(|f| f64::from(*f)).collect(),
            good: trial.is_right_meaning(found),
            who,
            fold: (Dice::new(0, &trial.spoken).unit() * FOLDS as f32) as usize,
        })
    }
}

/// Weights learnt, and how they do.
fn tune(samples: &[Sample], counts: &Counts) -> (Model, String) {
    let mut scores = vec![0.0; samples.len()];
    for fold in 0..FOLDS {
        let model = Model::learn(samples.iter().filter(|s| s.fold != fold));
        for (score, s) in scores.iter_mut().zip(samples).filter(|(_, s)| s.fold == fold) {
            *score = model.score(&s.x);
        }
    }
    let limit_for = |(who, all): (&Who, &usize)| {
        let those = scores.iter().zip(samples).filter(|(_, s)| s.who == *who);
        let mut those: Vec<f64> = those.map(|(score, _)| *score).collect();
        those.sort_by(|a, b| b.total_cmp(a));
        those.get((FALSE_ACCEPTS * *all as f64) as usize).copied().unwrap_or(f64::MIN)
    };
    let strangers = counts.iter().filter(|(who, _)| **who != Who::Callee);
    let limit = strangers.map(limit_for).fold(f64::MIN, f64::max);
    let count = |wanted: &dyn Fn(&Sample) -> bool| {
        scores.iter().zip(samples).filter(|(score, s)| **score > limit && wanted(s)).count()
    };
    let mut report = format!(
        "of {} replies {} found, {} believed right and {} wrong",
        counts.get(&Who::Callee).copied().unwrap_or_default(),
        samples.iter().filter(|s| s.good).count(),
        count(&|s| s.good),
        count(&|s| !s.good && s.who == Who::Callee)
    );
    for (who, all) in counts.iter().filter(|(who, _)| **who != Who::Callee) {
        // Writing to a string cannot fail.
        let _ = write!(report, "; of {all} {who:?} {}", count(&|s| s.who == *who));
    }
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

/// The share of each group outside the list that may pass; the goal for other voices is 5 %.
const FALSE_ACCEPTS: f64 = 0.045;
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
            let long = n % 4 == 0;
            let who = if stranger { Who::Stranger { line: 0, long } } else { Who::Callee };
            samples.push(Sample { x, good: !stranger, who, fold: n % FOLDS });
        }
        let counts = samples.iter().fold(Counts::new(), |mut counts, s| {
            *counts.entry(s.who).or_default() += 1;
            counts
        });
        let (model, report) = tune(&samples, &counts);
        let largest = (0..FEATURES.len())
            .max_by(|a, b| model.weights[*a].abs().total_cmp(&model.weights[*b].abs()));
        assert_eq!(largest, Some(2));
        assert!(model.weights[2] < 0.0);
        let passed =
            samples.iter().filter(|s| s.who != Who::Callee && model.score(&s.x) > 0.0).count();
        assert!(passed <= 10, "{report}");
        let right = samples.iter().filter(|s| s.good && model.score(&s.x) > 0.0).count();
        assert!(right > 120, "{report}");
    }
}
