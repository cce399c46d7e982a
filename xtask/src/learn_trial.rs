//! Trials of the recognizer: phrases and other speech, by given voices over a given line.

use std::error::Error;
use std::sync::Arc;

use conversation::Expect;
use domain::Language;
use speech::grammar::STATES;
use speech::lexicon::{Lexicon, Phrase};
use speech::recognizer_limits::Limits;
use speech::recognizer_match::{Match, PhraseDecoder};
use speech::sphinx::{ModelPaths, Sphinx};

use crate::learn::in_parallel;
use crate::learn_audio::{Dice, TelephoneLine, over_the_line, speak};
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
}

/// One sample as it was heard in one state.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What was spoken.
    pub spoken: String,
    /// The best phrase, believed or not.
    pub best: Option<Match>,
}

impl Trial {
    /// The match, if it is believed.
    pub fn believed(&self, limits: &Limits) -> Option<&Match> {
        self.best.as_ref().filter(|m| limits.accept(m))
    }

    /// What was meant; `None` outside the list.
    pub fn tag<'a>(&self, phrases: &'a [Phrase]) -> Option<&'a str> {
        phrases.iter().find(|p| p.text == self.spoken).map(|p| p.tag.as_str())
    }

    /// Whether a match means what was meant.
    pub fn is_right_meaning(&self, found: &Match, phrases: &[Phrase]) -> bool {
        found.text == self.spoken
            || self.tag(phrases).is_some_and(|tag| found.tags.iter().any(|t| t == tag))
    }
}

/// Speaks each text by some voices and decodes it in one of its states, another for each voice.
pub fn run_trials(
    library: &Arc<Sphinx>,
    lexicon: &Arc<Lexicon>,
    stage: Stage,
    texts: &[(String, Vec<Expect>)],
) -> Result<Vec<Trial>, Box<dyn Error>> {
    in_parallel(texts, |share| {
        let model = ModelPaths::default();
        let mut decoder =
            PhraseDecoder::new(library, &model, Arc::clone(lexicon)).map_err(|e| e.to_string())?;
        let mut trials = Vec::new();
        for (text, states) in share {
            let first = (Dice::new(stage.seed, text).unit() * stage.voices.len() as f32) as usize;
            for n in first..first + stage.voices_per_text {
                let voice = stage.voices[n % stage.voices.len()];
                let samples = sample(stage, voice, text).map_err(|e| e.to_string())?;
                let expect = states[(n + text.len()) % states.len()];
                let best = decoder.best(&samples, expect).map_err(|e| e.to_string())?;
                trials.push(Trial { spoken: text.clone(), best });
            }
        }
        Ok(trials)
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
pub fn replies(phrases: &[Phrase]) -> Vec<(String, Vec<Expect>)> {
    phrases
        .iter()
        .filter(|p| !p.states.decoy)
        .map(|p| {
            let states = STATES.into_iter().filter(|e| p.states.holds(*e)).collect();
            (p.text.clone(), states)
        })
        .collect()
}

/// Texts outside the list, to be tried in every state.
pub fn strangers(texts: &[&str]) -> Vec<(String, Vec<Expect>)> {
    texts.iter().map(|t| ((*t).to_owned(), STATES.to_vec())).collect()
}
