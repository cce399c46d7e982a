//! `xtask learn`: hears synthesised Mandarin through English phones and writes the lexicon.
//!
//! Every phrase is spoken by several voices at several paces over several telephone lines; a loop
//! of English phones writes down what it hears. The variants that are nearest to all others are
//! kept. Same seed, same programs: same file, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use domain::Language;
use speech::lexicon::{Phrase, built_in_phrases, edit_distance};
use speech::sphinx::{ModelPaths, Sphinx};
use speech::sphinx_decoder::Decoder;

use crate::learn_audio::{Dice, TelephoneLine, over_the_line, speak};
use crate::learn_voices::{LAB_VOICES, LEARNING_PACES, LEARNING_VOICES, voice_name};

/// Learns and writes `crates/speech/data/zh.lexicon`. Options: `--seed N`, `--out FILE`.
pub fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let (mut seed, mut out) = (SEED, LEXICON.to_owned());
    let mut rest = args.iter();
    while let Some(option) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{option} wants a value"))?;
        match option.as_str() {
            "--seed" => seed = value.parse()?,
            "--out" => out.clone_from(value),
            _ => return Err(format!("learn knows --seed and --out, not {option}").into()),
        }
    }
    let phrases = built_in_phrases(Language::Zh)?;
    let library = Sphinx::open()?;
    let learnt = in_parallel(&phrases, |part| learn_all(&library, part, seed))?;
    let learnt = without_near_decoys(&phrases, learnt);
    std::fs::write(Path::new(&out), render(&phrases, &learnt, seed))?;
    println!("{} phrases written to {out}", phrases.len());
    Ok(())
}

/// Runs `work` over shares of `items`, one thread per core; results in no particular order.
pub fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(Vec<&T>) -> Result<Vec<R>, String> + Sync,
) -> Result<Vec<R>, Box<dyn Error>> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let results: Vec<Result<Vec<R>, String>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|n| {
                let share: Vec<&T> = items.iter().skip(n).step_by(threads).collect();
                scope.spawn(|| work(share))
            })
            .collect();
        handles
            .into_iter()
            .map(|h| h.join().unwrap_or_else(|_| Err("a thread panicked".to_owned())))
            .collect()
    });
    let mut all = Vec::new();
    for result in results {
        all.extend(result?);
    }
    Ok(all)
}

/// A phrase with the pronunciations kept for it.
type Learnt = (String, Vec<String>);

fn learn_all(
    library: &Arc<Sphinx>,
    phrases: Vec<&Phrase>,
    seed: u64,
) -> Result<Vec<Learnt>, String> {
    let mut decoder =
        Decoder::of_phones(library, &ModelPaths::default()).map_err(|e| e.to_string())?;
    let mut learnt = Vec::new();
    for phrase in phrases {
        let heard = hear(&mut decoder, phrase, seed).map_err(|e| e.to_string())?;
        let count = if phrase.states.decoy { DECOY_VARIANTS } else { VARIANTS };
        learnt.push((phrase.text.clone(), most_central(&heard, count)));
    }
    Ok(learnt)
}

/// What the phone loop writes down for every voice, pace and line.
fn hear(
    decoder: &mut Decoder,
    phrase: &Phrase,
    seed: u64,
) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let mut dice = Dice::new(seed, &phrase.text);
    let mut heard = Vec::new();
    // A decoy only has to be near: fewer samples do.
    let voices = if phrase.states.decoy { &LEARNING_VOICES[..6] } else { &LEARNING_VOICES[..] };
    for voice in voices {
        for (pace, lines) in LEARNING_PACES.into_iter().zip(LINES) {
            let spoken = speak(&voice_name(Language::Zh, voice), pace, &phrase.text)?;
            for line in lines {
                let samples = over_the_line(&spoken, line, &mut dice);
                let samples = speech::recognizer_match::prepare(&samples);
                let Some(hypothesis) = decoder.decode(&samples)? else {
                    continue;
                };
                let phones: Vec<String> = hypothesis
                    .words
                    .split_whitespace()
                    .filter(|p| p.chars().all(|c| c.is_ascii_uppercase()) && *p != "SIL")
                    .map(str::to_owned)
                    .collect();
                if !phones.is_empty() {
                    heard.push(phones);
                }
            }
        }
    }
    Ok(heard)
}

/// The variants that together lie nearest to everything heard: each step takes the one that
/// shortens the sum of edit distances most.
fn most_central(heard: &[Vec<String>], count: usize) -> Vec<String> {
    let mut weights: BTreeMap<&[String], f32> = BTreeMap::new();
    for phones in heard {
        *weights.entry(phones).or_default() += 1.0;
    }
    let candidates: Vec<(&[String], f32)> = weights.into_iter().collect();
    let distances: Vec<Vec<f32>> = candidates
        .iter()
        .map(|(a, _)| candidates.iter().map(|(b, _)| edit_distance(a, b) as f32).collect())
        .collect();
    let mut nearest = vec![f32::MAX; candidates.len()];
    let mut kept: Vec<usize> = Vec::new();
    while kept.len() < count.min(candidates.len()) {
        let cost = |pick: usize| -> f32 {
            (0..candidates.len())
                .map(|other| nearest[other].min(distances[pick][other]) * candidates[other].1)
                .sum()
        };
        let best = (0..candidates.len())
            .filter(|n| !kept.contains(n))
            .min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
        let Some(best) = best else { break };
        for (near, distance) in nearest.iter_mut().zip(&distances[best]) {
            *near = near.min(*distance);
        }
        kept.push(best);
    }
    kept.into_iter().map(|n| candidates[n].0.join(" ")).collect()
}

/// Takes from decoys the pronunciations that could be taken for a reply: those with at most a
/// quarter of their phones different from one of its variants.
fn without_near_decoys(phrases: &[Phrase], mut learnt: Vec<Learnt>) -> Vec<Learnt> {
    let phones = |variant: &String| -> Vec<String> {
        variant.split_whitespace().map(str::to_owned).collect()
    };
    let decoys: BTreeSet<&str> =
        phrases.iter().filter(|p| p.states.decoy).map(|p| p.text.as_str()).collect();
    let replies: Vec<Vec<String>> = learnt
        .iter()
        .filter(|(text, _)| !decoys.contains(text.as_str()))
        .flat_map(|(_, variants)| variants.iter().map(phones))
        .collect();
    for (_, variants) in learnt.iter_mut().filter(|(text, _)| decoys.contains(text.as_str())) {
        variants.retain(|variant| {
            let decoy = phones(variant);
            replies.iter().all(|reply| edit_distance(&decoy, reply) > decoy.len() / 4)
        });
    }
    learnt
}

fn render(phrases: &[Phrase], learnt: &[Learnt], seed: u64) -> String {
    let by_text: BTreeMap<&str, &[String]> =
        learnt.iter().map(|(text, variants)| (text.as_str(), variants.as_slice())).collect();
    let mut file = format!(
        "# How Mandarin phrases sound to an English acoustic model. Do not edit: written by\n\
         # cargo run -p xtask -- learn --seed {seed}\n\
         # from zh.phrases, by espeak-ng 1.51 (voices and paces in xtask/src/learn_voices.rs) and\n\
         # PocketSphinx 5prealpha with its model en-us. Never from the lab's voices: {}.\n",
        LAB_VOICES.join(" ")
    );
    for Phrase { text, .. } in phrases {
        // Writing to a string cannot fail.
        let _ = writeln!(file, "= {text}");
        for variant in by_text.get(text.as_str()).copied().unwrap_or_default() {
            let _ = writeln!(file, "{variant}");
        }
    }
    file
}

const SEED: u64 = 1;
const LEXICON: &str = "crates/speech/data/zh.lexicon";
/// Pronunciations kept per phrase.
const VARIANTS: usize = 20;
/// Of a decoy.
const DECOY_VARIANTS: usize = 5;
/// The lines that samples of the slower and of the faster pace are heard over.
const LINES: [[TelephoneLine; 2]; 2] = [
    [
        TelephoneLine { snr_db: None, high_pass: true },
        TelephoneLine { snr_db: Some(12.0), high_pass: true },
    ],
    [
        TelephoneLine { snr_db: None, high_pass: false },
        TelephoneLine { snr_db: Some(12.0), high_pass: true },
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    fn phones(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn decoys_lose_what_sounds_like_a_reply() {
        let phrases =
            speech::lexicon::parse_phrases("zh.phrases", "好 | h | ack\n猫 | x | decoy\n");
        let learnt = |text: &str, variants: &[&str]| {
            (text.to_owned(), variants.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>())
        };
        let all = vec![learnt("好", &["HH AW"]), learnt("猫", &["M AW", "HH AW"])];
        let kept = without_near_decoys(&phrases.unwrap(), all);
        assert_eq!(kept[1].1, ["M AW"]);
    }

    #[test]
    fn the_variant_nearest_to_all_comes_first() {
        let heard = ["N IY HH AW", "N IY HH AW", "N EY HH AW", "L IY", "N IY HH AO"].map(phones);
        let kept = most_central(&heard, 2);
        assert_eq!(kept, ["N IY HH AW", "L IY"]);
    }
}
