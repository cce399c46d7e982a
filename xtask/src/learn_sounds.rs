//! The sounds that espeak-ng makes of a text, under names that an acoustic model can carry.

use std::error::Error;

use domain::Language;

use crate::learn_audio::espeak;
use crate::learn_voices::voice_name;

/// A text as it is spoken: clauses of words of phones. Between clauses there is a pause.
pub type Clauses = Vec<Vec<Vec<String>>>;

/// Asks espeak-ng for the sounds of a text.
///
/// The plain voice is asked: variants change how a phone sounds, not which it is.
pub fn sounds(language: Language, text: &str) -> Result<Clauses, Box<dyn Error>> {
    let how = ["-q", "-x", "--sep= ", "-v", &voice_name(language, "")];
    let text_of_sounds = String::from_utf8(espeak(&how, text)?)?;
    if text_of_sounds.contains('(') {
        return Err(format!("espeak-ng changes the language within {text}").into());
    }
    Ok(read(language, &text_of_sounds))
}

/// Reads espeak-ng's mnemonics: a clause a line, words apart by two blanks, phones by one.
fn read(language: Language, mnemonics: &str) -> Clauses {
    let words = |clause: &str| -> Vec<Vec<String>> {
        clause
            .split("  ")
            .map(|word| word.split(' ').filter_map(|m| phone(language, m)).collect())
            .filter(|word: &Vec<String>| !word.is_empty())
            .collect()
    };
    mnemonics.lines().map(words).filter(|clause: &Vec<_>| !clause.is_empty()).collect()
}

/// The name of a phone: stress and tone away, letters and digits only.
fn phone(language: Language, mnemonic: &str) -> Option<String> {
    let bare = mnemonic.trim_start_matches(['\'', ',', '%', '=']);
    if bare.is_empty() || bare.starts_with('_') {
        return None;
    }
    // The tone is a melody, and the model hears none. A nasal that is a syllable of its own (嗯)
    // sounds unlike the end of another.
    let bare = match language {
        Language::Zh => match bare.trim_end_matches(|c: char| c.is_ascii_digit()) {
            nasal @ "N-" => nasal,
            other => other.trim_end_matches('-'),
        },
        Language::En => bare,
    };
    let mut name = String::new();
    for letter in bare.chars() {
        match letter {
            'a'..='z' => name.push(letter.to_ascii_uppercase()),
            'A'..='Z' => name.extend([letter, '1']),
            '0'..='9' => name.extend(['0', letter]),
            '@' => name.push_str("E2"),
            '&' => name.push_str("A2"),
            ':' => name.push_str("L2"),
            ';' => name.push_str("J2"),
            '.' => name.push_str("R2"),
            '[' => name.push_str("Z2"),
            '#' => name.push_str("H2"),
            '-' => name.push_str("M2"),
            other => name.push_str(&format!("X{:02X}", u32::from(other))),
        }
    }
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnemonics_become_names_of_letters_and_digits() {
        let read = |language, text| -> Vec<String> {
            read(language, text)
                .into_iter()
                .map(|c| c.into_iter().map(|w| w.join(" ")).collect::<Vec<_>>().join(" | "))
                .collect()
        };
        assert_eq!(
            read(Language::Zh, "w 'ei51 _|\nn 'i35 _|  X 'Au214 _|\n\n'N-35 _|\nf 'o-35 _|\n"),
            ["W EI", "N I | X1 A1U", "N1M2", "F O"]
        );
        assert_eq!(read(Language::En, "d 'oU n t  m ,i:  a# _:"), ["D OU1 N T | M IL2 | AH2"]);
    }
}
