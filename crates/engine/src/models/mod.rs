//! Named sets of engines, and what one call has running at them: its mouth, its ear and its mind.
//!
//! None of the three knows what a call asked for; each is told what it needs, so that whoever
//! holds a conversation can have them.

mod ear;
mod glance;
mod mind;
mod mouth;
mod tasks;

use std::sync::Arc;

use conversation::Input as Talk;

use crate::calls::ModelInfo;
use crate::ports::judge::Judge;
use crate::ports::recognizer::Recognizer;
use crate::ports::responder::Responder;
use crate::ports::synthesizer::{Synthesizer, VoiceInfo};

pub(crate) use ear::Ear;
pub(crate) use mind::{Mind, Question};
pub(crate) use mouth::{Manner, Mouth};
pub(crate) use tasks::Tasks;

/// Takes what engines did, for the conversation they serve. Must not block.
pub(crate) type Tell = Arc<dyn Fn(Talk) + Send + Sync>;

/// A set of engines.
#[derive(Clone)]
pub struct Model {
    /// Speaks.
    pub synthesizer: Arc<dyn Synthesizer>,
    /// Understands.
    pub recognizer: Arc<dyn Recognizer>,
    /// Judges.
    pub judge: Arc<dyn Judge>,
    /// Replies.
    pub responder: Arc<dyn Responder>,
}

/// The models by name; there is always a default one.
#[derive(Clone)]
pub struct Models {
    default: Arc<(ModelInfo, Model)>,
    others: Vec<Arc<(ModelInfo, Model)>>,
}

impl Models {
    /// One model, which is the default.
    pub fn new(info: ModelInfo, model: Model) -> Self {
        Self { default: Arc::new((info, model)), others: Vec::new() }
    }

    /// The same and one more. Of two with one name the first is found.
    #[must_use]
    pub fn with(mut self, info: ModelInfo, model: Model) -> Self {
        self.others.push(Arc::new((info, model)));
        self
    }

    /// The model of this name.
    pub fn named(&self, id: &str) -> Option<&Model> {
        self.all().find(|(info, _)| info.id == id).map(|(_, model)| model)
    }

    /// The default one.
    pub fn default_model(&self) -> &Model {
        &self.default.1
    }

    /// Ids and names, the default first.
    pub fn infos(&self) -> Vec<ModelInfo> {
        self.all().map(|(info, _)| info.clone()).collect()
    }

    /// The voices of all models, those of the default first; of two with one id the first counts.
    pub fn voices(&self) -> Vec<VoiceInfo> {
        let mut voices: Vec<VoiceInfo> = Vec::new();
        for voice in self.all().flat_map(|(_, model)| model.synthesizer.voices()) {
            if !voices.iter().any(|known| known.id == voice.id) {
                voices.push(voice);
            }
        }
        voices
    }

    fn all(&self) -> impl Iterator<Item = &(ModelInfo, Model)> {
        std::iter::once(&self.default).chain(&self.others).map(|model| &**model)
    }
}
