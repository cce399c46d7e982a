//! Keys that are collected for a director.

use std::time::Duration;

use domain::Now;

use crate::director::Collect;

/// Keys of a collection at most, whatever was asked for.
const MOST: usize = 50;

/// A collection under way. It waits for its first key from when nothing is played any more.
#[derive(Debug)]
pub(crate) struct Collection {
    wanted: Collect,
    keys: String,
    until: Option<Now>,
}

impl Collection {
    pub(crate) fn new(wanted: Collect) -> Self {
        Self { wanted, keys: String::new(), until: None }
    }

    /// Takes a key; answers whether that was the last one.
    pub(crate) fn key(&mut self, now: Now, key: char) -> bool {
        if self.wanted.end == Some(key) {
            return true;
        }
        self.keys.push(key);
        self.until = Some(self.wait(now));
        self.keys.chars().count() >= usize::from(self.wanted.most).clamp(1, MOST)
    }

    /// Called after every input: whether something is played now.
    pub(crate) fn set_playing(&mut self, now: Now, playing: bool) {
        if !playing && self.until.is_none() {
            self.until = Some(self.wait(now));
        }
    }

    pub(crate) fn deadline(&self) -> Option<Now> {
        self.until
    }

    /// What was pressed, without the key that ended it.
    pub(crate) fn into_keys(self) -> String {
        self.keys
    }

    fn wait(&self, now: Now) -> Now {
        now + Duration::from_millis(u64::from(self.wanted.wait_ms))
    }
}
