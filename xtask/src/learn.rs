//! `xtask learn`: hears synthesised replies through English phones and writes the lexica.
//!
//! Every phrase is spoken by many voices, at two paces and over several telephone lines; a loop
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
use crate::learn_dictionary::Dictionary;
use crate::learn_voices::{
    LAB_VOICES, LEARNING_VOICES, MANDARIN_VOICES, learning_paces, voice_name,
};

/// Learns and writes `crates/speech/data/{zh,en}.lexicon`. Options: `--lang zh|en` for one of
/// them, `--seed N`, `--out DIR`.
pub fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let (mut seed, mut out) = (SEED, DATA.to_owned());
    let mut languages = vec![Language::Zh, Language::En];
    let mut rest = args.iter();
    while let Some(option) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{option} wants a value"))?;
        match option.as_str() {
            "--seed" => seed = value.parse()?,
            "--out" => out.clone_from(value),
            "--lang" => languages = vec![value.parse()?],
            _ => return Err(format!("learn knows --lang, --seed and --out, not {option}").into()),
        }
    }
    let library = Sphinx::open()?;
    for language in languages {
        let phrases = built_in_phrases(language)?;
        let dictionary = match language {
            Language::Zh => Dictionary::default(),
            Language::En => Dictionary::read(Path::new(ENGLISH))?,
        };
        let learnt =
            in_parallel(&phrases, |part| learn_all(&library, language, &dictionary, part, seed))?;
        let learnt = without_near_decoys(&phrases, learnt);
        let file = Path::new(&out).join(format!("{}.lexicon", language.code()));
        std::fs::write(&file, render(language, &phrases, &learnt, seed))?;
        println!("{} phrases written to {}", phrases.len(), file.display());
    }
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
    language: Language,
    dictionary: &Dictionary,
    phrases: Vec<&Phrase>,
    seed: u64,
) -> Result<Vec<Learnt>, String> {
    let mut decoder =
        Decoder::of_phones(library, &ModelPaths::default()).map_err(|e| e.to_string())?;
    let mut learnt = Vec::new();
    for phrase in phrases {
        let heard = hear(&mut decoder, language, phrase, seed).map_err(|e| e.to_string())?;
        let count = variants(language, phrase.states.decoy);
        let mut variants = most_central(&heard, count);
        // A native speaker of the model's language may well say it as the dictionary does.
        variants.extend(dictionary.pronounce(&phrase.text).filter(|v| !variants.contains(v)));
        learnt.push((phrase.text.clone(), variants));
    }
    Ok(learnt)
}

/// What the phone loop writes down for every sample.
fn hear(
    decoder: &mut Decoder,
    language: Language,
    phrase: &Phrase,
    seed: u64,
) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let mut dice = Dice::new(seed, &phrase.text);
    let mut heard = Vec::new();
    for (voice, pace, lines) in speakers(language, phrase.states.decoy) {
        let spoken = speak(&voice_name(language, voice), pace, &phrase.text)?;
        for line in lines {
            let samples = over_the_line(&spoken, *line, &mut dice);
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
    Ok(heard)
}

/// Who says a phrase, how fast, over which lines. A decoy only has to be near: fewer samples do.
fn speakers(language: Language, decoy: bool) -> Vec<(&'static str, u32, &'static [TelephoneLine])> {
    let paces = learning_paces(language);
    match language {
        // Few voices, often: the model never heard the language, and each sample differs.
        Language::Zh => LEARNING_VOICES[..if decoy { 6 } else { MANDARIN_VOICES }]
            .iter()
            .flat_map(|voice| [(*voice, paces[0], &LINES[..2]), (*voice, paces[1], &LINES[2..])])
            .collect(),
        // Many voices, once each.
        Language::En => LEARNING_VOICES
            .iter()
            .enumerate()
            .step_by(if decoy { 3 } else { 1 })
            .map(|(n, voice)| (*voice, paces[n % 2], std::slice::from_ref(&ONCE_LINES[n % 4])))
            .collect(),
    }
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

fn render(language: Language, phrases: &[Phrase], learnt: &[Learnt], seed: u64) -> String {
    let by_text: BTreeMap<&str, &[String]> =
        learnt.iter().map(|(text, variants)| (text.as_str(), variants.as_slice())).collect();
    let code = language.code();
    let mut file = format!(
        "# How the phrases sound to an English acoustic model. Do not edit: written by\n\
         # cargo run -p xtask -- learn --lang {code} --seed {seed}\n\
         # from {code}.phrases, by espeak-ng 1.51 (see xtask/src/learn_voices.rs) and\n\
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
const DATA: &str = "crates/speech/data";
/// The model's own dictionary.
const ENGLISH: &str = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict";
/// Pronunciations kept per phrase.
const fn variants(language: Language, decoy: bool) -> usize {
    match (language, decoy) {
        (Language::Zh, false) => 20,
        (Language::Zh, true) => 5,
        (Language::En, false) => 12,
        (Language::En, true) => 4,
    }
}
/// The lines that samples are heard over: two for each pace.
const LINES: [TelephoneLine; 4] = [
    TelephoneLine { snr_db: None, high_pass: true },
    TelephoneLine { snr_db: Some(12.0), high_pass: true },
    TelephoneLine { snr_db: None, high_pass: false },
    TelephoneLine { snr_db: Some(12.0), high_pass: true },
];
/// The lines in turn where a voice speaks once; none of them goes with one pace alone.
const ONCE_LINES: [TelephoneLine; 4] = [
    TelephoneLine { snr_db: None, high_pass: true },
    TelephoneLine { snr_db: Some(12.0), high_pass: true },
    TelephoneLine { snr_db: Some(10.0), high_pass: true },
    TelephoneLine { snr_db: None, high_pass: false },
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
