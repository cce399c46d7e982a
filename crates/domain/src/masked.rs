//! Secrecy as a type: what is wrapped here prints as a mask in logs and errors.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that `Debug` and `Display` never show; reading it is an explicit act.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Masked<T>(T);

impl<T> Masked<T> {
    /// Wraps a value that logs must not show.
    pub const fn new(value: T) -> Self {
        Self(value)
    }
    /// The value itself; the caller answers for where it goes.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
    /// Unwraps the value; the caller answers for where it goes.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Masked<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Masked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Masked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
