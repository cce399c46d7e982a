//! Which speech adapters serve: embedded ones, or the test voice.

use std::sync::Arc;

use engine::ports::recognizer::{Recognizer, RecognizerOptions, RecognizerSession};
use engine::ports::synthesizer::{SpeechError, Synthesizer};
use engine::{Model, ModelInfo, Models};
use speech::espeak::Espeak;
use speech::rules::RulesJudge;
use speech::script::ScriptResponder;
use speech::sphinx_pool::PoolSettings;
use speech::synth::EspeakSynthesizer;
use speech::synth_tones::ToneSynthesizer;

use crate::server::config::{Speech, SynthesizerChoice};
use crate::server::ears::Ears;

/// Speech kept for reuse, bytes.
const CACHE_BYTES: usize = 32 * 1024 * 1024;

/// The models by name, and what is missing, one sentence each.
pub(crate) async fn models(settings: &Speech) -> Result<(Models, Vec<String>), SpeechError> {
    let mut warnings = Vec::new();
    let synthesizer: Arc<dyn Synthesizer> = match settings.synthesizer {
        SynthesizerChoice::Marks => Arc::new(ToneSynthesizer),
        SynthesizerChoice::Espeak => {
            let voice = EspeakSynthesizer::new(Espeak::default(), CACHE_BYTES);
            // Without a voice no disclosure can be made, so nobody may be called.
            voice.check().await?;
            Arc::new(voice)
        }
    };
    let pool = PoolSettings { threads: settings.decoders.max(1), ..PoolSettings::default() };
    let recognizer: Arc<dyn Recognizer> = match Ears::begin(pool) {
        Ok(ears) => Arc::new(ears),
        Err(error) => {
            warnings.push(format!("recognizer disabled, all speech counts as unclear: {error}"));
            Arc::new(Deaf(error.to_string()))
        }
    };
    let judge = Arc::new(RulesJudge);
    let responder = Arc::new(ScriptResponder);
    let embedded = ModelInfo { id: "stepone-mini".to_owned(), name: "waihu embedded".to_owned() };
    let models = Models::new(embedded, Model { synthesizer, recognizer, judge, responder });
    Ok((models, warnings))
}

/// Stands where a recognizer is missing: hears nothing, so nothing is ever unlocked.
struct Deaf(String);

impl Recognizer for Deaf {
    fn open(&self, _: &RecognizerOptions) -> Result<Box<dyn RecognizerSession>, SpeechError> {
        Err(SpeechError::Unavailable { part: "recognizer", hint: self.0.clone() })
    }
}
