//! `xtask accuracy`: measures the recognizer and writes the tables of `docs/speech-accuracy.md`.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use conversation::Expect;
use domain::Language;
use speech::lexicon::Lexicon;
use speech::recognizer_limits::Limits;
use speech::recognizer_match::PhraseDecoder;
use speech::sphinx::Sphinx;

use crate::learn_audio::{Dice, LINES, human_prompt};
use crate::learn_texts::{OutOfList, for_report};
use crate::learn_trial::{Stage, Trial, composed, replies, run_trials, strangers};
use crate::learn_voices::REPORT_VOICES;

/// Measures and writes.
pub fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let library = Sphinx::open()?;
    match args {
        [] => {
            let mut tables = String::new();
            for language in [Language::Zh, Language::En] {
                tables.push_str(&language_tables(&library, language)?);
            }
            tables.push_str(&human_table(&library)?);
            println!("{tables}");
            write_into(Path::new(PAGE), &tables)
        }
        _ => Err("accuracy takes no arguments".into()),
    }
}

/// Tables of one language.
fn language_tables(library: &Arc<Sphinx>, language: Language) -> Result<String, Box<dyn Error>> {
    let lexicon = Arc::new(Lexicon::built_in(language)?);
    let limits = Limits::built_in(language)?;
    let mut replies_table = format!(
        "### {}: replies of the list\n\n\
         | line | reply | samples | right | right meaning | another meaning | unclear |\n\
         |---|---|---|---|---|---|---|\n",
        language.code()
    );
    let mut strangers_table = format!(
        "### {}: speech outside the list\n\n\
         | line | kind | samples | false accepts |\n|---|---|---|---|\n",
        language.code()
    );
    let OutOfList { short, long } = for_report(language);
    for (name, line) in LINES {
        let stage = Stage {
            language,
            voices: &REPORT_VOICES,
            voices_per_text: 1,
            paces: REPORT_PACES,
            line,
            seed: REPORT_SEED,
            limits: Some(limits),
        };
        let trials = run_trials(library, &lexicon, stage, &replies(&lexicon.phrases))?;
        replies_table.push_str(&Score::of(&trials, &limits).row(name, "as in the list"));
        let composed = composed(&lexicon.phrases, REPORT_SEED);
        let trials = run_trials(library, &lexicon, stage, &composed)?;
        replies_table.push_str(&Score::of(&trials, &limits).row(name, "with another one"));
        let stage = Stage { voices_per_text: 2, ..stage };
        for (kind, texts) in [("one to three syllables", &short), ("sentences", &long)] {
            let trials = run_trials(library, &lexicon, stage, &strangers(texts))?;
            let accepted = trials.iter().filter(|t| t.believed(&limits).is_some()).count();
            let share = percent(accepted, trials.len());
            writeln!(
                strangers_table,
                "| {name} | {kind} | {} | {accepted} ({share}) |",
                trials.len()
            )?;
        }
    }
    Ok(format!("{replies_table}\n{strangers_table}\n"))
}

/// How replies of the list were answered.
struct Score {
    samples: usize,
    exact: usize,
    meaning: usize,
    unclear: usize,
}

impl Score {
    fn of(trials: &[Trial], limits: &Limits) -> Self {
        let mut score = Self { samples: trials.len(), exact: 0, meaning: 0, unclear: 0 };
        for trial in trials {
            let Some(found) = trial.believed(limits) else {
                score.unclear += 1;
                continue;
            };
            score.exact += usize::from(found.take.text == trial.spoken);
            score.meaning += usize::from(trial.is_right_meaning(found));
        }
        score
    }

    fn row(&self, name: &str, kind: &str) -> String {
        let cell = |n: usize| format!("{n} ({})", percent(n, self.samples));
        let other = self.samples - self.meaning - self.unclear;
        format!(
            "| {name} | {kind} | {} | {} | {} | {} | {} |\n",
            self.samples,
            cell(self.exact),
            cell(self.meaning),
            cell(other),
            cell(self.unclear)
        )
    }
}

/// Recorded people, where the package with them is installed.
fn human_table(library: &Arc<Sphinx>) -> Result<String, Box<dyn Error>> {
    let lexicon = Arc::new(Lexicon::built_in(Language::En)?);
    let mut decoder = PhraseDecoder::new(library, lexicon)?;
    let limits = Limits::built_in(Language::En)?;
    let files = prompts()?;
    let mut table =
        "### Human voice\n\n| prompt | hello | identity | talk |\n|---|---|---|---|\n".to_owned();
    let (mut others, mut heard_as) = (0, Vec::new());
    for path in files {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let samples = human_prompt(&path)?;
        let mut answer = |expect| -> Result<(bool, String), Box<dyn Error>> {
            Ok(match decoder.best(&samples, expect, |found| limits.sure(found))? {
                Some(found) if limits.accept(&found) => (true, found.take.text),
                Some(found) => (false, format!("unclear (best: {})", found.take.text)),
                None => (false, "unclear".to_owned()),
            })
        };
        if serves_tuning(&path) {
            continue;
        }
        if KNOWN_PROMPTS.contains(&name.as_str()) {
            let cells: Result<Vec<_>, _> =
                speech::grammar::STATES.map(&mut answer).into_iter().collect();
            let cells: Vec<String> = cells?.into_iter().map(|(_, text)| text).collect();
            writeln!(table, "| {name} | {} |", cells.join(" | "))?;
        } else {
            others += 1;
            let (believed, text) = answer(Expect::Identity)?;
            if believed {
                heard_as.push(format!("{name}: {text}"));
            }
        }
    }
    writeln!(
        table,
        "\nOf the {others} other prompts, decoded in the state *identity*, {} ({}) were taken for \
         a reply: {}.",
        heard_as.len(),
        percent(heard_as.len(), others),
        if heard_as.is_empty() { "none".to_owned() } else { heard_as.join("; ") }
    )?;
    Ok(table)
}

/// The recorded people, in the order of their names.
pub fn prompts() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files: Vec<_> = std::fs::read_dir(PROMPTS)
        .map_err(|_| "no human prompts (Debian: apt-get install asterisk-core-sounds-en-wav)")?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "wav"))
        .collect();
    files.sort();
    Ok(files)
}

/// Whether a prompt serves for tuning as speech outside the list: every other one of those that
/// are; the rest serves for the report only.
pub fn serves_tuning(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    !KNOWN_PROMPTS.contains(&name.as_ref()) && Dice::new(0, &name).unit() < 0.5
}

/// Replaces what stands between the marks of the page.
fn write_into(page: &Path, tables: &str) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(page)?;
    let (Some(from), Some(to)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("{} lacks {BEGIN} or {END}", page.display()).into());
    };
    let new = format!("{}{BEGIN}\n\n{tables}\n{}", &text[..from], &text[to..]);
    std::fs::write(page, new)?;
    Ok(())
}

fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

const PAGE: &str = "docs/speech-accuracy.md";
const BEGIN: &str = "<!-- tables: written by `cargo run -p xtask -- accuracy` -->";
const END: &str = "<!-- end of tables -->";
const PROMPTS: &str = "/usr/share/asterisk/sounds/en_US_f_Allison";
/// Prompts that are, word for word, replies of the list.
const KNOWN_PROMPTS: [&str; 5] = ["hello", "goodbye", "one-moment-please", "sorry", "vm-goodbye"];
/// Words a minute, Mandarin and English; neither is a learning pace.
const REPORT_PACES: (u32, u32) = (220, 165);
const REPORT_SEED: u64 = 42;
