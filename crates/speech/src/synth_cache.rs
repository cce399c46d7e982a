//! Speech that was made before, bounded by bytes; the least recently used goes first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What makes two orders sound alike. Volume does not: it is applied while playing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// The words as the caller wrote them.
    pub text: String,
    /// Name of the voice.
    pub voice: String,
    /// Pace 0–100.
    pub speed: u8,
    /// Samples a second.
    pub rate: u32,
}

/// Samples up to a point in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Mono samples, silence after the part included.
    pub samples: Vec<i16>,
    /// Characters done when it ends.
    pub chars_done: u32,
}

/// A whole text as speech.
pub type Speech = Arc<[Part]>;

/// The cache. Its lock is held for a lookup or an insertion only.
pub struct SpeechCache {
    state: Mutex<State>,
    most_bytes: usize,
}

#[derive(Default)]
struct State {
    entries: HashMap<CacheKey, Entry>,
    bytes: usize,
    /// Counts uses; stands in for a time.
    uses: u64,
}

struct Entry {
    speech: Speech,
    bytes: usize,
    used: u64,
}

impl SpeechCache {
    /// A cache that holds at most so many bytes.
    pub fn new(most_bytes: usize) -> Self {
        Self { state: Mutex::new(State::default()), most_bytes }
    }

    /// What was made for the same order before.
    pub fn get(&self, key: &CacheKey) -> Option<Speech> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.uses += 1;
        let now = state.uses;
        let entry = state.entries.get_mut(key)?;
        entry.used = now;
        Some(Arc::clone(&entry.speech))
    }

    /// Keeps speech; one that takes more than a quarter of the cache is not kept.
    pub fn put(&self, key: CacheKey, speech: Speech) {
        let bytes = size_of(&key, &speech);
        if bytes > self.most_bytes / 4 {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.uses += 1;
        let used = state.uses;
        if let Some(old) = state.entries.insert(key, Entry { speech, bytes, used }) {
            state.bytes -= old.bytes;
        }
        state.bytes += bytes;
        while state.bytes > self.most_bytes {
            let oldest = state.entries.iter().min_by_key(|(_, e)| e.used).map(|(k, _)| k.clone());
            let Some(entry) = oldest.and_then(|key| state.entries.remove(&key)) else {
                return;
            };
            state.bytes -= entry.bytes;
        }
    }

    /// Bytes held now.
    pub fn bytes(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}

fn size_of(key: &CacheKey, speech: &Speech) -> usize {
    let samples: usize = speech.iter().map(|part| part.samples.len() * 2 + 32).sum();
    samples + key.text.len() + key.voice.len() + 128
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> CacheKey {
        CacheKey { text: text.to_owned(), voice: "v".to_owned(), speed: 50, rate: 8_000 }
    }

    fn speech(samples: usize) -> Speech {
        Arc::from([Part { samples: vec![0; samples], chars_done: 1 }])
    }

    #[test]
    fn the_least_recently_used_goes_first_and_the_bound_holds() {
        let cache = SpeechCache::new(10_000);
        for text in ["a", "b", "c", "d"] {
            cache.put(key(text), speech(1_000));
        }
        assert!(cache.get(&key("a")).is_some());
        cache.put(key("e"), speech(1_000));
        assert!(cache.get(&key("a")).is_some());
        assert!(cache.get(&key("b")).is_none());
        assert!(cache.bytes() <= 10_000);
    }

    #[test]
    fn what_is_too_large_is_not_kept_and_replacing_counts_once() {
        let cache = SpeechCache::new(10_000);
        cache.put(key("long"), speech(2_000));
        assert!(cache.get(&key("long")).is_none());
        cache.put(key("a"), speech(100));
        let bytes = cache.bytes();
        cache.put(key("a"), speech(100));
        assert_eq!(cache.bytes(), bytes);
    }
}
