//! The acoustic models that come with the program: one per language, of single phones.
//!
//! They are trained by `cargo run -p xtask -- train` on synthesised telephone speech. The decoder
//! reads models from files only, so they are written into a directory that lives as long as the
//! decoders are being made.

use std::path::PathBuf;

use domain::Language;

use crate::sphinx::SphinxError;

/// The files of one model, for as long as this lives.
pub struct Model {
    dir: tempfile::TempDir,
}

impl Model {
    /// Writes the built-in model of a language into a directory for temporary files.
    pub fn built_in(language: Language) -> Result<Self, SphinxError> {
        let files = match language {
            Language::Zh => &ZH,
            Language::En => &EN,
        };
        let dir = tempfile::Builder::new().prefix("waihu-model").tempdir();
        let dir = dir.map_err(SphinxError::Model)?;
        for (name, bytes) in FILES.iter().zip(files) {
            std::fs::write(dir.path().join(name), bytes).map_err(SphinxError::Model)?;
        }
        Ok(Self { dir })
    }

    /// Directory of the acoustic model.
    pub fn acoustic(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// Language model of phones.
    pub fn phones(&self) -> PathBuf {
        self.dir.path().join("phones.lm")
    }
}

macro_rules! model {
    ($dir:literal) => {
        [
            include_bytes!(concat!("../data/", $dir, "/mdef")),
            include_bytes!(concat!("../data/", $dir, "/means")),
            include_bytes!(concat!("../data/", $dir, "/variances")),
            include_bytes!(concat!("../data/", $dir, "/mixture_weights")),
            include_bytes!(concat!("../data/", $dir, "/transition_matrices")),
            include_bytes!(concat!("../data/", $dir, "/feat.params")),
            include_bytes!(concat!("../data/", $dir, "/noisedict")),
            include_bytes!(concat!("../data/", $dir, "/phones.lm")),
        ]
    };
}

/// Names of the files, as the decoder looks for them.
pub const FILES: [&str; 8] = [
    "mdef",
    "means",
    "variances",
    "mixture_weights",
    "transition_matrices",
    "feat.params",
    "noisedict",
    "phones.lm",
];
const ZH: [&[u8]; 8] = model!("zh.model");
const EN: [&[u8]; 8] = model!("en.model");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_a_directory_of_files_that_goes_when_it_is_dropped() {
        for language in [Language::Zh, Language::En] {
            let model = Model::built_in(language).unwrap();
            let dir = model.acoustic();
            for name in FILES {
                assert!(std::fs::metadata(dir.join(name)).unwrap().len() > 0, "{name}");
            }
            assert!(model.phones().is_file());
            drop(model);
            assert!(!dir.exists());
        }
    }
}
