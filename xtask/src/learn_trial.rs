//! Trials of the recognizer: phrases and other speech, by given voices over a given line.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use conversation::Expect;
use domain::Language;
use speech::grammar::STATES;
use speech::lexicon::{Lexicon, Phrase};
use speech::recognizer_limits::Limits;
use speech::recognizer_match::{Match, PhraseDecoder};
use speech::sphinx::Sphinx;

use crate::learn::in_parallel;
use crate::learn_audio::{Dice, TelephoneLine, human_prompt, over_the_line, speak};
use crate::learn_voices::voice_name;

/// Who speaks, how fast, over which line.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// The language.
    pub language: Language,
    /// Variants of the voice.
    pub voices: &'static [&'static str],
    /// How many of them speak each text; other ones for each text.
    pub voices_per_text: usize,
    /// Words a minute, per language: Mandarin, English.
    pub paces: (u32, u32),
    /// The line.
    pub line: TelephoneLine,
    /// Seed of noise and silences.
    pub seed: u64,
    /// What decides whether a second take is needed; without them it is.
    pub limits: Option<Limits>,
}

/// One sample as it was heard in one state.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What was spoken.
    pub spoken: String,
    /// What it means; `None` outside the list.
    pub tag: Option<String>,
    /// The best phrase, believed or not.
    pub best: Option<Match>,
}

impl Trial {
    /// The match, if it is believed.
    pub fn believed(&self, limits: &Limits) -> Option<&Match> {
        self.best.as_ref().filter(|m| limits.accept(m))
    }

    /// Whether a match means what was meant.
    pub fn is_right_meaning(&self, found: &Match) -> bool {
        self.tag
            .as_ref()
            .is_some_and(|tag| found.take.text == self.spoken || found.take.tags.contains(tag))
    }
}

/// A text to be tried.
#[derive(Clone, Debug)]
pub struct Text {
    /// The words.
    pub text: String,
    /// When they may be said.
    pub states: Vec<Expect>,
    /// What they mean; `None` outside the list.
    pub tag: Option<String>,
}

/// Speaks each text by some voices and decodes it in one of its states, another for each voice.
pub fn run_trials(
    library: &Arc<Sphinx>,
    lexicon: &Arc<Lexicon>,
    stage: Stage,
    texts: &[Text],
) -> Result<Vec<Trial>, Box<dyn Error>> {
    in_parallel(texts, |share| {
        let mut decoder =
            PhraseDecoder::new(library, Arc::clone(lexicon)).map_err(|e| e.to_string())?;
        let mut trials = Vec::new();
        for Text { text, states, tag } in share {
            let first = (Dice::new(stage.seed, text).unit() * stage.voices.len() as f32) as usize;
            for n in first..first + stage.voices_per_text {
                let voice = stage.voices[n % stage.voices.len()];
                let samples = sample(stage, voice, text).map_err(|e| e.to_string())?;
                let expect = states[(n + text.len()) % states.len()];
                let best = decoder
                    .best(&samples, expect, |found| stage.limits.is_some_and(|l| l.sure(found)))
                    .map_err(|e| e.to_string())?;
                trials.push(Trial { spoken: text.clone(), tag: tag.clone(), best });
            }
        }
        Ok(trials)
    })
}

/// Decodes what recorded people say as if it were a reply; nothing of it is in the list.
pub fn run_prompts(
    library: &Arc<Sphinx>,
    lexicon: &Arc<Lexicon>,
    files: &[PathBuf],
) -> Result<Vec<Trial>, Box<dyn Error>> {
    in_parallel(files, |share| {
        let mut decoder =
            PhraseDecoder::new(library, Arc::clone(lexicon)).map_err(|e| e.to_string())?;
        let mut one = |file: &PathBuf| -> Result<Vec<Trial>, Box<dyn Error>> {
            let samples = human_prompt(file)?;
            let spoken = file.display().to_string();
            STATES
                .into_iter()
                .map(|state| {
                    let best = decoder.best(&samples, state, |_| false)?;
                    Ok(Trial { spoken: spoken.clone(), tag: None, best })
                })
                .collect()
        };
        let trials: Result<Vec<Vec<Trial>>, String> =
            share.into_iter().map(|file| one(file).map_err(|e| e.to_string())).collect();
        Ok(trials?.into_iter().flatten().collect())
    })
}

fn sample(stage: Stage, voice: &str, text: &str) -> Result<Vec<i16>, Box<dyn Error>> {
    let pace = match stage.language {
        Language::Zh => stage.paces.0,
        Language::En => stage.paces.1,
    };
    let spoken = speak(&voice_name(stage.language, voice), pace, text)?;
    let mut dice = Dice::new(stage.seed, &format!("{voice} {text}"));
    Ok(over_the_line(&spoken, stage.line, &mut dice))
}

/// The phrases that are replies, each with the states it may be expected in.
pub fn replies(phrases: &[Phrase]) -> Vec<Text> {
    phrases.iter().filter(|p| is_reply(p)).map(reply).collect()
}

/// Replies with something before or after them, another companion for each.
pub fn composed(phrases: &[Phrase], seed: u64) -> Vec<Text> {
    let begins: Vec<&Phrase> = phrases.iter().filter(|p| p.states.begins).collect();
    let ends: Vec<&Phrase> = phrases.iter().filter(|p| p.states.ends).collect();
    let compose = |phrase: &Phrase| -> Text {
        let mut dice = Dice::new(seed, &phrase.text);
        let before = dice.unit() < 0.5;
        let opens = |other: &&&Phrase| {
            let states = STATES.into_iter().filter(|e| phrase.states.holds(*e));
            states.into_iter().all(|e| other.states.opens(e))
        };
        let begins: Vec<&Phrase> = begins.iter().filter(opens).copied().collect();
        let other: &&Phrase = dice.pick(if before { &begins } else { &ends });
        let (first, second) = if before { (*other, phrase) } else { (phrase, *other) };
        let comma = if phrase.text.is_ascii() { ", " } else { "，" };
        Text { text: format!("{}{comma}{}", first.text, second.text), ..reply(phrase) }
    };
    phrases.iter().filter(|p| is_reply(p) && !p.states.chained).map(compose).collect()
}

fn is_reply(phrase: &Phrase) -> bool {
    !phrase.states.decoy && STATES.into_iter().any(|e| phrase.states.holds(e))
}

fn reply(phrase: &Phrase) -> Text {
    Text {
        text: phrase.text.clone(),
        states: STATES.into_iter().filter(|e| phrase.states.holds(*e)).collect(),
        tag: Some(phrase.tag.clone()),
    }
}

/// Texts outside the list, to be tried in every state.
pub fn strangers(texts: &[&str]) -> Vec<Text> {
    let stranger = |t: &&str| Text { text: (*t).to_owned(), states: STATES.to_vec(), tag: None };
    texts.iter().map(stranger).collect()
}
