//! Adapters of the speech ports: the embedded synthesizer and the embedded recognizer.
//!
//! Both work without a network, keys or a graphics card, and neither is linked: the synthesizer
//! runs the program `espeak-ng`, the recognizer opens PocketSphinx at run time. A machine that
//! lacks one of them gets an error that names the Debian package.
//!
//! The recognizer knows a closed list of call replies in Mandarin and English
//! (`data/*.phrases`) and answers `unclear` to everything else. `docs/speech-accuracy.md` says
//! how well, and for whose voices: so far synthetic ones.
//!
//! What does not stand here: endpointing and turns (`conversation`), audio formats of the wire
//! (`media`).

pub mod espeak;
pub mod extract;
pub mod grammar;
pub mod lexicon;
pub mod model;
pub mod recognizer;
pub mod recognizer_cut;
pub mod recognizer_limits;
pub mod recognizer_match;
pub mod recognizer_near;
pub mod recognizer_phones;
pub mod rules;
pub mod script;
pub mod sphinx;
pub mod sphinx_decoder;
pub mod sphinx_pool;
pub mod synth;
pub mod synth_cache;
pub mod synth_numbers;
pub mod synth_text;
pub mod synth_tones;
