//! One PocketSphinx decoder: a dictionary with grammars, or a loop of phones.

use std::ffi::{CStr, CString, c_char, c_void};
use std::io::Write;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::model::Model;
use crate::sphinx::{Sphinx, SphinxError};

/// What a decoder made of an utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hypothesis {
    /// The words (or phones) as the dictionary names them, separated by blanks, without fillers.
    pub words: String,
    /// Score of the best path; only differences between decodes of the same audio mean something.
    pub score: i32,
    /// First frame (10 ms) of the first word.
    pub first: u32,
    /// Last frame of the last word.
    pub last: u32,
    /// The path piece by piece, fillers included.
    pub pieces: Vec<Piece>,
}

/// A word, a phone or a filler where the decoder heard it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// First frame of 10 ms.
    pub first: u32,
    /// Frames it took.
    pub frames: u32,
    /// How well it sounds; only differences on the same audio mean something.
    pub score: i32,
    /// Silence or noise.
    pub filler: bool,
}

impl Piece {
    /// The frame after its last one.
    pub fn end(&self) -> u32 {
        self.first + self.frames
    }
}

impl Hypothesis {
    /// Frames of 10 ms from the first word to the last.
    pub fn frames(&self) -> u32 {
        self.last.saturating_sub(self.first) + 1
    }
}

/// A decoder; about 8 MB, 8 ms to make with a small dictionary. Decoding blocks.
pub struct Decoder {
    library: Arc<Sphinx>,
    raw: NonNull<c_void>,
}

// SAFETY: a decoder has no thread affinity (twenty in twenty threads were seen to agree); it is
// not `Sync`, and every call that changes it takes `&mut self`.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder over words; `dictionary` is in CMU format: a word, a blank, its phones, one
    /// pronunciation a line, `word(2)` for the second. Set a grammar before decoding.
    pub fn of_words(
        library: &Arc<Sphinx>,
        model: &Model,
        dictionary: &str,
    ) -> Result<Self, SphinxError> {
        Self::of_words_with(library, model, dictionary, &WIDE_BEAMS)
    }

    /// Like [`of_words`](Self::of_words) with options of the decoder.
    pub fn of_words_with(
        library: &Arc<Sphinx>,
        model: &Model,
        dictionary: &str,
        options: &[(&str, &str)],
    ) -> Result<Self, SphinxError> {
        // The decoder reads the dictionary from a path and keeps it; the file is gone again when
        // this function returns.
        let mut file = tempfile::NamedTempFile::new().map_err(SphinxError::Dictionary)?;
        file.write_all(dictionary.as_bytes()).map_err(SphinxError::Dictionary)?;
        file.flush().map_err(SphinxError::Dictionary)?;
        let dict = ("-dict", file.path());
        Self::start(library, &[("-hmm", &model.acoustic()), dict], options)
    }

    /// A decoder that hears any sequence of phones.
    pub fn of_phones(library: &Arc<Sphinx>, model: &Model) -> Result<Self, SphinxError> {
        Self::of_phones_with(library, model, &PHONE_LOOP)
    }

    /// Like [`of_phones`](Self::of_phones) with options of the decoder.
    pub fn of_phones_with(
        library: &Arc<Sphinx>,
        model: &Model,
        options: &[(&str, &str)],
    ) -> Result<Self, SphinxError> {
        let (acoustic, phones) = (model.acoustic(), model.phones());
        Self::start(library, &[("-hmm", &acoustic), ("-allphone", &phones)], options)
    }

    fn start(
        library: &Arc<Sphinx>,
        paths: &[(&str, &Path)],
        options: &[(&str, &str)],
    ) -> Result<Self, SphinxError> {
        let mut words = Vec::new();
        for (name, path) in paths {
            words.push(c_string(name)?);
            words.push(c_string(&path.to_string_lossy())?);
        }
        for (name, value) in options {
            words.push(c_string(name)?);
            words.push(c_string(value)?);
        }
        let pointers: Vec<*const c_char> = words.iter().map(|w| w.as_ptr()).collect();
        let count = i32::try_from(pointers.len()).map_err(|_| SphinxError::Start)?;
        let set_up = &library.set_up;
        // SAFETY: `pointers` holds `count` NUL-terminated strings that outlive the call, which
        // copies them; `ps_init` takes its own reference to the settings.
        let raw = unsafe {
            let known = (set_up.known_args)();
            let args =
                (set_up.parse_args)(std::ptr::null_mut(), known, count, pointers.as_ptr(), 1);
            if args.is_null() {
                return Err(SphinxError::Start);
            }
            let raw = (set_up.init)(args);
            (set_up.free_args)(args);
            raw
        };
        let raw = NonNull::new(raw).ok_or(SphinxError::Start)?;
        Ok(Self { library: Arc::clone(library), raw })
    }

    /// Adds a grammar in JSGF under a name, in place of the one that had it.
    pub fn add_grammar(&mut self, name: &str, jsgf: &str) -> Result<(), SphinxError> {
        let refused = || SphinxError::Grammar { name: name.to_owned() };
        let c_name = c_string(name)?;
        let text = c_string(jsgf)?;
        let set_up = &self.library.set_up;
        let raw = self.raw.as_ptr();
        // `ps_set_jsgf_string` does the same and never frees what it has read.
        // SAFETY: the strings outlive the calls, which copy them; the decoder takes its own
        // reference to the grammar, and the logarithms live as long as the decoder.
        let code = unsafe {
            let log_base = (set_up.log_base)(raw);
            let grammar = (set_up.read_grammar)(text.as_ptr(), log_base, GRAMMAR_WEIGHT);
            if grammar.is_null() {
                return Err(refused());
            }
            let code = (set_up.set_grammar)(raw, c_name.as_ptr(), grammar);
            (set_up.free_grammar)(grammar);
            code
        };
        if code == 0 { Ok(()) } else { Err(refused()) }
    }

    /// Decodes with this grammar from now on.
    pub fn use_grammar(&mut self, name: &str) -> Result<(), SphinxError> {
        let c_name = c_string(name)?;
        // SAFETY: the string outlives the call.
        let code = unsafe { (self.library.set_up.set_search)(self.raw.as_ptr(), c_name.as_ptr()) };
        if code == 0 { Ok(()) } else { Err(SphinxError::Grammar { name: name.to_owned() }) }
    }

    /// Decodes one whole utterance at 16 kHz; `None` if nothing matched (empty, silence, noise).
    ///
    /// The utterance is given as a whole, so the cepstral mean is its own, and begins a new stream,
    /// so the noise estimate is: the result does not depend on what was decoded before.
    pub fn decode(&mut self, samples: &[i16]) -> Result<Option<Hypothesis>, SphinxError> {
        if samples.is_empty() {
            return Ok(None);
        }
        let calls = &self.library.utterance;
        let raw = self.raw.as_ptr();
        // SAFETY: `raw` is a live decoder owned by us; `samples` is valid for its length.
        unsafe {
            // Forgets the noise of the utterance before, which may be another call's.
            if (calls.start_stream)(raw) < 0 {
                return Err(SphinxError::Decode { call: "ps_start_stream" });
            }
            if (calls.start)(raw) < 0 {
                return Err(SphinxError::Decode { call: "ps_start_utt" });
            }
            let processed = (calls.process)(raw, samples.as_ptr(), samples.len(), 0, 1);
            if (calls.end)(raw) < 0 {
                return Err(SphinxError::Decode { call: "ps_end_utt" });
            }
            if processed < 0 {
                return Err(SphinxError::Decode { call: "ps_process_raw" });
            }
            let mut score = 0;
            let text = (calls.hypothesis)(raw, &raw mut score);
            if text.is_null() {
                return Ok(None);
            }
            let words = CStr::from_ptr(text).to_string_lossy().into_owned();
            let pieces = self.pieces();
            let mut said = pieces.iter().filter(|piece| !piece.filler);
            let Some(begin) = said.next() else {
                return Ok(None);
            };
            let (first, end) = (begin.first, said.next_back().unwrap_or(begin));
            let last = end.end().saturating_sub(1);
            Ok((!words.is_empty()).then_some(Hypothesis { words, score, first, last, pieces }))
        }
    }

    /// The path of the last hypothesis; the empty transitions of a grammar take no time and are
    /// left out.
    fn pieces(&self) -> Vec<Piece> {
        let calls = &self.library.segment;
        let mut pieces = Vec::new();
        // SAFETY: the iterator is walked to its end, where `ps_seg_next` frees it; the words it
        // points to live as long as the decoder.
        unsafe {
            let mut at = (calls.first)(self.raw.as_ptr());
            while !at.is_null() {
                let word = (calls.word)(at);
                let filler = word.is_null() || is_filler(CStr::from_ptr(word));
                let (mut from, mut to) = (0, 0);
                (calls.frames)(at, &raw mut from, &raw mut to);
                let (mut score, mut language, mut back) = (0, 0, 0);
                (calls.score)(at, &raw mut score, &raw mut language, &raw mut back);
                let empty = !word.is_null() && CStr::from_ptr(word).to_bytes().starts_with(b"(");
                if let (false, Ok(first), Ok(to)) = (empty, u32::try_from(from), u32::try_from(to))
                {
                    let frames = (to + 1).saturating_sub(first);
                    pieces.push(Piece { first, frames, score, filler });
                }
                at = (calls.next)(at);
            }
        }
        pieces
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the decoder is ours and not used again.
        unsafe {
            (self.library.set_up.free)(self.raw.as_ptr());
        }
    }
}

fn c_string(text: &str) -> Result<CString, SphinxError> {
    CString::new(text).map_err(|_| SphinxError::Start)
}

/// Silence, noise, sentence marks and the empty transitions of a grammar.
fn is_filler(word: &CStr) -> bool {
    let bytes = word.to_bytes();
    matches!(bytes.first(), None | Some(b'<' | b'[' | b'+' | b'('))
        || bytes == b"SIL"
        || bytes == PAUSE.as_bytes()
}

/// What the decoder itself takes for the weight of a grammar.
const GRAMMAR_WEIGHT: f32 = 6.5;

/// The word for a pause that grammars may name.
pub const PAUSE: &str = "PAUSE";

/// Beams far wider than the default: with those the right path of a voice unlike the model's
/// speakers is lost in the middle of a phrase now and then. 1e-100 takes half as long again.
const WIDE_BEAMS: [(&str, &str); 4] =
    [("-beam", "1e-80"), ("-pbeam", "1e-80"), ("-wbeam", "1e-60"), ("-bestpath", "no")];

/// Without `-allphone_ci` the phone loop is slower than real time.
const PHONE_LOOP: [(&str, &str); 3] = [("-lw", "2.0"), ("-allphone_ci", "yes"), ALL_STATES];

/// Scores are counted from the best state that was computed. Two decoders count the same frame
/// from the same point only if both compute all.
pub const ALL_STATES: (&str, &str) = ("-compallsen", "yes");
