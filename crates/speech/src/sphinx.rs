//! PocketSphinx opened at run time: the C functions we call, and nothing else of it.
//!
//! Nothing links against it and the build needs no headers: a machine without the library gets a
//! [`SphinxError`] that says which file is missing, and waihu then runs without the embedded
//! recognizer.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use libloading::Library;

/// Why the recognizer cannot run or a decode failed.
#[derive(Debug, thiserror::Error)]
pub enum SphinxError {
    /// A shared library did not open.
    #[error("cannot open {name} (Debian: apt-get install libpocketsphinx3): {source}")]
    Library {
        /// File name asked of the dynamic linker.
        name: String,
        /// What the linker said.
        source: libloading::Error,
    },
    /// A shared library lacks a function.
    #[error("the library has no function {name}: {source}")]
    Symbol {
        /// Name of the function.
        name: &'static str,
        /// What the linker said.
        source: libloading::Error,
    },
    /// The acoustic model could not be written for the decoder.
    #[error("cannot write the acoustic model")]
    Model(#[source] std::io::Error),
    /// The dictionary could not be written for the decoder.
    #[error("cannot write the dictionary")]
    Dictionary(#[source] std::io::Error),
    /// The decoder refused its settings.
    #[error("the decoder did not start")]
    Start,
    /// A grammar was refused: bad syntax, or a word the dictionary lacks.
    #[error("the decoder refused the grammar {name}")]
    Grammar {
        /// Name of the grammar.
        name: String,
    },
    /// The phrase list or the lexicon is broken.
    #[error("{file} line {line}: {what}")]
    Data {
        /// Name of the data file.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The threads of the pool are gone.
    #[error("the recognizer has stopped")]
    Stopped,
    /// A thread of the pool did not start.
    #[error("cannot start a recognizer thread")]
    Thread(#[source] std::io::Error),
    /// A decode failed half way.
    #[error("the decoder failed in {call}")]
    Decode {
        /// The C function that failed.
        call: &'static str,
    },
}

/// The opened libraries. The functions stay valid as long as this lives, so everything that
/// calls them holds an [`Arc`] of it.
pub struct Sphinx {
    pub(crate) set_up: SetUp,
    pub(crate) utterance: Utterance,
    pub(crate) segment: Segment,
    _libraries: [Library; 2],
}

/// Functions that make and configure a decoder.
pub(crate) struct SetUp {
    pub(crate) parse_args: unsafe extern "C" fn(
        *mut c_void,
        *const c_void,
        c_int,
        *const *const c_char,
        c_int,
    ) -> *mut c_void,
    pub(crate) free_args: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub(crate) known_args: unsafe extern "C" fn() -> *const c_void,
    pub(crate) init: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    pub(crate) free: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub(crate) log_base: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    pub(crate) read_grammar: unsafe extern "C" fn(*const c_char, *mut c_void, f32) -> *mut c_void,
    pub(crate) free_grammar: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub(crate) set_grammar: unsafe extern "C" fn(*mut c_void, *const c_char, *mut c_void) -> c_int,
    pub(crate) set_search: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
}

/// Functions that decode one utterance.
pub(crate) struct Utterance {
    pub(crate) start_stream: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub(crate) start: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub(crate) process: unsafe extern "C" fn(*mut c_void, *const i16, usize, c_int, c_int) -> c_int,
    pub(crate) end: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub(crate) hypothesis: unsafe extern "C" fn(*mut c_void, *mut i32) -> *const c_char,
}

/// Functions that walk the words of a hypothesis.
pub(crate) struct Segment {
    pub(crate) first: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    pub(crate) next: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    pub(crate) word: unsafe extern "C" fn(*mut c_void) -> *const c_char,
    pub(crate) frames: unsafe extern "C" fn(*mut c_void, *mut c_int, *mut c_int),
    pub(crate) score: unsafe extern "C" fn(*mut c_void, *mut i32, *mut i32, *mut i32) -> i32,
}

impl Sphinx {
    /// Opens Debian's libraries.
    pub fn open() -> Result<Arc<Self>, SphinxError> {
        Self::open_named("libsphinxbase.so.3", "libpocketsphinx.so.3")
    }

    /// Opens libraries under other names or paths.
    pub fn open_named(base: &str, pocket: &str) -> Result<Arc<Self>, SphinxError> {
        let base = open_library(base)?;
        let pocket = open_library(pocket)?;
        // SAFETY: the signatures are those of err.h, cmd_ln.h, jsgf.h, fsg_model.h and
        // pocketsphinx.h, 5prealpha, which the soname `.so.3` stands for. The pointers are kept
        // beside the libraries.
        unsafe {
            let set_log: unsafe extern "C" fn(*mut c_void) = symbol(&base, "err_set_logfp\0")?;
            // Without this every decode writes pages to stderr.
            set_log(std::ptr::null_mut());
            Ok(Arc::new(Self {
                set_up: SetUp {
                    parse_args: symbol(&base, "cmd_ln_parse_r\0")?,
                    free_args: symbol(&base, "cmd_ln_free_r\0")?,
                    known_args: symbol(&pocket, "ps_args\0")?,
                    init: symbol(&pocket, "ps_init\0")?,
                    free: symbol(&pocket, "ps_free\0")?,
                    log_base: symbol(&pocket, "ps_get_logmath\0")?,
                    read_grammar: symbol(&base, "jsgf_read_string\0")?,
                    free_grammar: symbol(&base, "fsg_model_free\0")?,
                    set_grammar: symbol(&pocket, "ps_set_fsg\0")?,
                    set_search: symbol(&pocket, "ps_set_search\0")?,
                },
                utterance: Utterance {
                    start_stream: symbol(&pocket, "ps_start_stream\0")?,
                    start: symbol(&pocket, "ps_start_utt\0")?,
                    process: symbol(&pocket, "ps_process_raw\0")?,
                    end: symbol(&pocket, "ps_end_utt\0")?,
                    hypothesis: symbol(&pocket, "ps_get_hyp\0")?,
                },
                segment: Segment {
                    first: symbol(&pocket, "ps_seg_iter\0")?,
                    next: symbol(&pocket, "ps_seg_next\0")?,
                    word: symbol(&pocket, "ps_seg_word\0")?,
                    frames: symbol(&pocket, "ps_seg_frames\0")?,
                    score: symbol(&pocket, "ps_seg_prob\0")?,
                },
                _libraries: [base, pocket],
            }))
        }
    }
}

fn open_library(name: &str) -> Result<Library, SphinxError> {
    // SAFETY: the initialisers of these libraries touch nothing but their own data.
    unsafe { Library::new(name) }
        .map_err(|source| SphinxError::Library { name: name.to_owned(), source })
}

/// Looks up a function; `name` ends with a NUL.
///
/// # Safety
/// `T` must be the function's type.
unsafe fn symbol<T: Copy>(library: &Library, name: &'static str) -> Result<T, SphinxError> {
    // SAFETY: handed on to the caller.
    unsafe { library.get::<T>(name.as_bytes()) }
        .map(|f| *f)
        .map_err(|source| SphinxError::Symbol { name: name.trim_end_matches('\0'), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_named_with_its_package() {
        let text = match Sphinx::open_named("libnot-there.so.9", "libpocketsphinx.so.3") {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        assert!(text.contains("libnot-there.so.9"), "{text}");
        assert!(text.contains("apt-get install libpocketsphinx3"), "{text}");
    }

    #[test]
    fn a_library_of_something_else_is_refused() {
        let result = Sphinx::open_named("libsphinxbase.so.3", "libsphinxbase.so.3");
        assert!(matches!(result, Err(SphinxError::Symbol { name: "ps_args", .. })));
    }
}
