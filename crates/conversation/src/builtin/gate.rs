//! The identity gate: what was disclosed, and who the callee is taken for.

use domain::{Evidence, Identity};

use super::sentence::Sentence;
use super::tag;
use super::words::Meaning;
use crate::director::{Heard, Step, Tag};

/// See the module.
#[derive(Debug)]
pub(super) struct Gate {
    identity: Identity,
    disclosed: bool,
    /// Whether the disclosure says that the call is recorded.
    recorded: bool,
    /// The playlist whose first line is the disclosure.
    opening: Tag,
}

impl Gate {
    pub(super) fn new(recorded: bool) -> Self {
        Self { identity: Identity::Pending, disclosed: false, recorded, opening: tag::OPENING }
    }

    /// The gate moves.
    pub(super) fn judge(&mut self, identity: Identity, evidence: Evidence) -> Step {
        self.identity = identity;
        Step::Identity(identity, evidence)
    }

    /// From now on the disclosure is the first line of this playlist.
    pub(super) fn opens_with(&mut self, tag: Tag) {
        self.opening = tag;
    }

    /// What was said so far was said to nobody.
    pub(super) fn withdraw(&mut self) {
        self.disclosed = false;
    }

    /// So many lines of a playlist were heard whole.
    pub(super) fn line_heard(&mut self, tag: Tag, whole: usize) -> Option<Step> {
        if self.disclosed || tag != self.opening || whole == 0 {
            return None;
        }
        self.disclosed = true;
        Some(Step::Disclosed { recording: self.recorded })
    }

    /// What was heard, by what was disclosed before it was judged.
    pub(super) fn sentence(&self, meaning: Meaning, heard: &Heard) -> Sentence {
        Sentence::of(meaning, heard, self.disclosed)
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) fn is_disclosed(&self) -> bool {
        self.disclosed
    }
}

#[cfg(test)]
impl Gate {
    pub(super) fn set_disclosed(&mut self, disclosed: bool) {
        self.disclosed = disclosed;
    }
}
