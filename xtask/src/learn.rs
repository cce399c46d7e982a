//! `xtask learn`: trains an acoustic model for each language and writes down how the phrases sound.
//!
//! Both come from espeak-ng alone: it speaks the corpus in many voices and says which phones it
//! made. Same seed, same programs: same files, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use domain::Language;
use speech::lexicon::{Phrase, built_in_phrases, edit_distance};

use crate::learn_corpus::record;
use crate::learn_loop::bigram;
use crate::learn_model::Training;
use crate::learn_sounds::sounds;
use crate::learn_voices::LAB_VOICES;

/// Learns and writes `crates/speech/data/{zh,en}.model` and `.lexicon`. Options: `--lang zh|en`
/// for one of them, `--seed N`, `--out DIR`, `--count N` recordings, `--gaussians N` a state,
/// `--lexicon only` when nothing but the phrases changed.
pub fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let mut plan = Plan::default();
    let mut languages = vec![Language::Zh, Language::En];
    let mut rest = args.iter();
    while let Some(option) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("{option} wants a value"))?;
        match option.as_str() {
            "--seed" => plan.seed = value.parse()?,
            "--out" => plan.out = value.into(),
            "--lang" => languages = vec![value.parse()?],
            "--count" => plan.count = value.parse()?,
            "--gaussians" => plan.gaussians = value.parse()?,
            "--lexicon" if value == "only" => plan.lexicon_only = true,
            _ => {
                return Err(format!(
                    "learn knows --lang, --seed, --out, --count, --gaussians and --lexicon only, \
                     not {option} {value}"
                )
                .into());
            }
        }
    }
    for language in languages {
        if !plan.lexicon_only {
            learn_model(language, &plan)?;
        }
        learn_lexicon(language, &plan)?;
    }
    Ok(())
}

struct Plan {
    seed: u64,
    out: PathBuf,
    count: usize,
    gaussians: u32,
    lexicon_only: bool,
}

impl Default for Plan {
    fn default() -> Self {
        let out = PathBuf::from("crates/speech/data");
        Self { seed: 1, out, count: 5_000, gaussians: 16, lexicon_only: false }
    }
}

/// Trains in `target/learn` and copies the result.
fn learn_model(language: Language, plan: &Plan) -> Result<(), Box<dyn Error>> {
    let dir = Path::new("target/learn").join(language.code());
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    for part in ["raw", "features"] {
        std::fs::create_dir_all(dir.join(part))?;
    }
    let recordings = record(language, plan.count, plan.seed, &dir.join("raw"))?;
    eprintln!("{}: {} recordings", language.code(), recordings.len());
    let training = Training::prepare(&dir, &recordings)?;
    let model = training.run(plan.gaussians)?;
    for name in ["feat.params", "noisedict"] {
        std::fs::copy(dir.join(name), model.join(name))?;
    }
    std::fs::write(model.join("phones.lm"), bigram(&recordings))?;
    let out = plan.out.join(format!("{}.model", language.code()));
    std::fs::create_dir_all(&out)?;
    for name in speech::model::FILES {
        std::fs::copy(model.join(name), out.join(name))?;
    }
    println!("the model is in {}", out.display());
    Ok(())
}

/// Writes how each phrase and each of its parts sounds.
fn learn_lexicon(language: Language, plan: &Plan) -> Result<(), Box<dyn Error>> {
    let phrases = built_in_phrases(language)?;
    let mut learnt: BTreeMap<String, String> = BTreeMap::new();
    for phrase in &phrases {
        let parts = phrase.text.split(['，', ',']).map(str::trim);
        for text in [phrase.text.as_str()].into_iter().chain(parts) {
            let phones: Vec<String> =
                sounds(language, text)?.into_iter().flatten().flatten().collect();
            learnt.insert(text.to_owned(), phones.join(" "));
        }
    }
    without_near_decoys(&phrases, &mut learnt);
    let file = plan.out.join(format!("{}.lexicon", language.code()));
    std::fs::write(&file, render(language, &learnt))?;
    println!("{} phrases written to {}", phrases.len(), file.display());
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

/// Takes out the decoys that could be taken for a reply: those with at most a quarter of their
/// phones different from it.
fn without_near_decoys(phrases: &[Phrase], learnt: &mut BTreeMap<String, String>) {
    let decoys: BTreeSet<&str> =
        phrases.iter().filter(|p| p.states.decoy).map(|p| p.text.as_str()).collect();
    let phones =
        |sounds: &String| -> Vec<String> { sounds.split_whitespace().map(str::to_owned).collect() };
    let replies: Vec<Vec<String>> = learnt
        .iter()
        .filter(|(text, _)| !decoys.contains(text.as_str()))
        .map(|(_, sounds)| phones(sounds))
        .collect();
    learnt.retain(|text, sounds| {
        let decoy = phones(sounds);
        !decoys.contains(text.as_str())
            || replies.iter().all(|reply| edit_distance(&decoy, reply) > decoy.len() / 4)
    });
}

fn render(language: Language, learnt: &BTreeMap<String, String>) -> String {
    let code = language.code();
    let mut file = format!(
        "# How the phrases and their parts sound, in the phones of {code}.model. Do not edit:\n\
         # written by cargo run -p xtask -- learn --lang {code}\n\
         # from {code}.phrases, by espeak-ng 1.51 (see xtask/src/learn_voices.rs). The model\n\
         # never heard the lab's voices: {}.\n",
        LAB_VOICES.join(" ")
    );
    for (text, sounds) in learnt {
        // Writing to a string cannot fail.
        let _ = writeln!(file, "= {text}\n{sounds}");
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoys_that_sound_like_a_reply_are_left_out() {
        let list = "好 | h | ack\n猫 | x | decoy\n号 | x | decoy\n";
        let phrases = speech::lexicon::parse_phrases("zh.phrases", list).unwrap();
        let sounds = [("好", "X1 A1U"), ("猫", "M A1U"), ("号", "X1 A1U")];
        let mut learnt: BTreeMap<String, String> =
            sounds.map(|(text, s)| (text.to_owned(), s.to_owned())).into();
        without_near_decoys(&phrases, &mut learnt);
        assert_eq!(learnt.keys().collect::<Vec<_>>(), ["好", "猫"]);
    }
}
