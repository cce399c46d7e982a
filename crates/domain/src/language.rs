//! The languages a call can be held in.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The language a call is held in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Mandarin Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// `zh` if the text holds a Han character, else `en` (callout section 5.1).
    pub fn of_text(text: &str) -> Language {
        if text.chars().any(is_han) { Language::Zh } else { Language::En }
    }
    /// `zh` or `en`.
    pub const fn code(self) -> &'static str {
        match self {
            Language::Zh => "zh",
            Language::En => "en",
        }
    }
}

impl FromStr for Language {
    type Err = crate::IdError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "zh" => Ok(Language::Zh),
            "en" => Ok(Language::En),
            _ => Err(crate::IdError { kind: "language" }),
        }
    }
}

/// Unicode script Han: the unified ideographs with their extensions, and 〇.
fn is_han(c: char) -> bool {
    matches!(u32::from(c),
        0x3007 | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF)
}
