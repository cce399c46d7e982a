//! Who speaks for which purpose: no voice serves two of them.

use domain::Language;

/// Voices the simulated callees of the lab speak with: never used for learning or tuning.
pub const LAB_VOICES: [&str; 5] = ["linda", "Denis", "Annie", "michel", "belinda"];

/// Voices that the acoustic models are trained on.
pub const MODEL_VOICES: [&str; 55] = [
    "",
    "m1",
    "m3",
    "m4",
    "m7",
    "f1",
    "f3",
    "klatt",
    "klatt3",
    "adam",
    "Andy",
    "Alicia",
    "m6",
    "m8",
    "f4",
    "klatt4",
    "steph",
    "Andrea",
    "Gene",
    "edward2",
    "max",
    "travis",
    "aunty",
    "zac",
    "Diogo",
    "Henrique",
    "Hugo",
    "Jacky",
    "Marco",
    "Mario",
    "Nguyen",
    "Storm",
    "announcer",
    "antonio",
    "benjamin",
    "boris",
    "caleb",
    "david",
    "ed",
    "edward",
    "grandma",
    "grandpa",
    "gustave",
    "iven",
    "john",
    "kaukovalta",
    "klatt6",
    "marcelo",
    "miguel",
    "norbert",
    "paul",
    "pedro",
    "quincy",
    "rob",
    "robert",
];

/// Voices that limits are tuned on: some like those of the models, some unlike any of them.
pub const TUNING_VOICES: [&str; 22] = [
    "m2",
    "Michael",
    "f5",
    "klatt5",
    "sandro",
    "Alex",
    "Mike",
    "anika",
    "pablo",
    "victor",
    "steph2",
    "steph3",
    "shelby",
    "AnxiousAndy",
    "Gene2",
    "iven2",
    "RicishayMax",
    "RicishayMax2",
    "Tweaky",
    "Mr",
    "robosoft",
    "anikaRobot",
];

/// Voices of the report: used for nothing else.
pub const REPORT_VOICES: [&str; 4] = ["f2", "m5", "klatt2", "Lee"];

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
        all.extend(MODEL_VOICES);
        all.extend(TUNING_VOICES);
        all.extend(REPORT_VOICES);
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
