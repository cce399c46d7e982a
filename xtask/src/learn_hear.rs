//! `xtask hear`: what the recognizer makes of parts of a call's recording, believed or not.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use domain::Language;
use speech::grammar::STATES;
use speech::lexicon::Lexicon;
use speech::recognizer_limits::Limits;
use speech::recognizer_match::PhraseDecoder;
use speech::sphinx::Sphinx;

use crate::learn_audio::callee_of_recording;

/// `hear zh|en RECORDING.wav FROM-TO…`, times in seconds of the recording.
pub fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let [language, file, parts @ ..] = args else {
        return Err("hear wants a language, a recording and parts such as 9.8-10.4".into());
    };
    let language: Language = language.parse()?;
    let samples = callee_of_recording(Path::new(file))?;
    let limits = Limits::built_in(language)?;
    let library = Sphinx::open()?;
    let mut decoder = PhraseDecoder::new(&library, Arc::new(Lexicon::built_in(language)?))?;
    for part in parts {
        let (from, to) = part.split_once('-').ok_or("a part is FROM-TO")?;
        let at = |seconds: &str| -> Result<usize, Box<dyn Error>> {
            let seconds: f64 = seconds.parse()?;
            Ok(((seconds * 16_000.0) as usize).min(samples.len()))
        };
        let said = samples.get(at(from)?..at(to)?).ok_or("a part ends after it begins")?;
        for state in STATES {
            let Some(found) = decoder.best(said, state, |found| limits.sure(found))? else {
                println!("{part} {state:?}: nothing");
                continue;
            };
            let (score, found) = (limits.score(&found), found.take);
            println!(
                "{part} {state:?}: {} score {score:.1} gap {:.1} {:?} frames {} of {}, \
                 cost {:.0}",
                found.text, found.gap, found.near, found.frames, found.spoken, found.cost
            );
        }
    }
    Ok(())
}
