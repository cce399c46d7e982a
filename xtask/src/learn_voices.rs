//! Who speaks for which purpose: no voice serves two of them.

use domain::Language;

/// Voices the simulated callees of the lab speak with: never used for learning or tuning.
pub const LAB_VOICES: [&str; 5] = ["linda", "Denis", "Annie", "michel", "belinda"];

/// Voices that pronunciations are learnt from; the empty name is the plain voice. Mandarin is
/// learnt from the first [`MANDARIN_VOICES`] of them.
pub const LEARNING_VOICES: [&str; 24] = [
    "", "m1", "m3", "m4", "m7", "f1", "f3", "klatt", "klatt3", "adam", "Andy", "Alicia", "m6",
    "m8", "f4", "klatt4", "steph", "Andrea", "Gene", "edward2", "max", "travis", "aunty", "zac",
];

/// How many voices teach Mandarin.
pub const MANDARIN_VOICES: usize = 12;

/// Voices that limits are tuned on.
pub const TUNING_VOICES: [&str; 5] = ["m2", "Michael", "f5", "klatt5", "sandro"];

/// Voices of the report: used for nothing else.
pub const REPORT_VOICES: [&str; 4] = ["f2", "m5", "klatt2", "Lee"];

/// Words a minute of the learning samples of a language.
pub const fn learning_paces(language: Language) -> [u32; 2] {
    match language {
        Language::Zh => [200, 245],
        Language::En => [150, 190],
    }
}

/// Name of the espeak-ng voice of a language in a variant.
pub fn voice_name(language: Language, variant: &str) -> String {
    // Never `cmn` or `zh`: they read most hanzi as English letters.
    let base = match language {
        Language::Zh => "cmn-latn-pinyin",
        Language::En => "en-us",
    };
    if variant.is_empty() { base.to_owned() } else { format!("{base}+{variant}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_voice_serves_two_purposes() {
        let mut all: Vec<&str> = Vec::new();
        all.extend(LAB_VOICES);
        all.extend(LEARNING_VOICES);
        all.extend(TUNING_VOICES);
        all.extend(REPORT_VOICES);
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
