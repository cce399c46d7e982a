//! From a text to what a voice is given: segments of one language, numbers and marks spelled out.
//!
//! The Mandarin voice reads Latin words as pinyin and the English voice reads hanzi as “Chinese
//! letter”, so each part of a text is spoken by the voice of its own script.

use domain::Language;

use crate::synth_numbers::{digits, read_number};

/// A part of a text that is spoken in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What the voice is given.
    pub spoken: String,
    /// Whose voice.
    pub language: Language,
    /// Characters of the original text up to the end of this part.
    pub chars_done: u32,
    /// Silence after it, in milliseconds.
    pub pause_ms: u32,
}

/// Cuts a text into parts; parts without anything to say are joined to the one before.
pub fn segments(text: &str, language: Language) -> Vec<Segment> {
    let chars: Vec<char> = text.chars().collect();
    let mut parts: Vec<Segment> = Vec::new();
    let mut from = 0;
    while from < chars.len() {
        let voice = script_of(&chars[from..], language);
        let to = from + extent(&chars[from..], voice, language);
        let part = &chars[from..to];
        let spoken = match voice {
            Language::Zh => spell_out_zh(part),
            Language::En => spell_out_en(part),
        };
        let chars_done = u32::try_from(to).unwrap_or(u32::MAX);
        let pause_ms = pause_after(part, &chars[to..]);
        let spoken = continued(spoken, part, voice, &chars[to..], language);
        if spoken.chars().any(char::is_alphanumeric) {
            parts.push(Segment { spoken, language: voice, chars_done, pause_ms });
        } else if let Some(last) = parts.last_mut() {
            last.chars_done = chars_done;
            last.pause_ms = last.pause_ms.max(pause_ms);
        }
        from = to;
    }
    parts
}

/// The language of the first letter; digits and marks belong to the language of the call.
fn script_of(chars: &[char], language: Language) -> Language {
    let first = chars.iter().find(|c| c.is_alphanumeric());
    match first {
        Some(c) if c.is_ascii_alphabetic() => Language::En,
        Some(c) if c.is_alphabetic() => Language::of_text(&c.to_string()),
        _ => language,
    }
}

/// How many characters belong to one part: to the end of the sentence, to the next letter of the
/// other script, or to the longest part a listener should wait for. A voice sinks at the end of
/// what it is given, so a long sentence is cut only where a speaker would breathe: at a comma, in
/// English also before a conjunction, and between any two words only if there is neither.
fn extent(chars: &[char], voice: Language, language: Language) -> usize {
    let bounds = Bounds::of(voice);
    let mut letters = 0;
    for (at, c) in chars.iter().enumerate() {
        let other = c.is_alphabetic() && script_of(&[*c], language) != voice;
        // A digit after a letter of the other language is read by the language of the call.
        let number = c.is_ascii_digit() && voice != language && letters > 0;
        if other || (number && !chars[at - 1].is_ascii_alphanumeric()) {
            return at.max(1);
        }
        letters += usize::from(c.is_alphanumeric());
        let ends = ends_sentence(*c, chars.get(at + 1)) && letters > 0;
        let breathes = match c {
            _ if is_clause_mark(*c) => letters >= bounds.comma && !inside_number(chars, at),
            _ if c.is_whitespace() && letters >= bounds.conjunction => {
                letters >= bounds.word || is_conjunction(&chars[at + 1..])
            }
            _ => false,
        };
        if ends || breathes || at + 1 >= LONGEST_PART {
            return at + 1;
        }
    }
    chars.len()
}

/// Letters from which on a part may end.
struct Bounds {
    /// At a comma.
    comma: usize,
    /// Before a conjunction.
    conjunction: usize,
    /// Between any two words.
    word: usize,
}

impl Bounds {
    /// About six, nine and thirteen seconds of speech. The first audio waits for a whole part,
    /// which takes the voices some ten milliseconds a second.
    const fn of(voice: Language) -> Self {
        match voice {
            Language::Zh => Self { comma: 30, conjunction: 45, word: 65 },
            Language::En => Self { comma: 80, conjunction: 120, word: 180 },
        }
    }
}

/// Whether an English clause begins here.
fn is_conjunction(rest: &[char]) -> bool {
    let word: String = rest.iter().take_while(|c| c.is_ascii_alphabetic()).collect();
    let starts = |w: &&str| word.eq_ignore_ascii_case(w);
    CONJUNCTIONS.iter().any(starts) && rest.get(word.len()).is_some_and(|c| *c == ' ')
}

fn ends_sentence(c: char, next: Option<&char>) -> bool {
    match c {
        '。' | '！' | '？' | '；' | '!' | '?' | ';' | '\n' | '…' => true,
        '.' => next.is_none_or(|n| n.is_whitespace()),
        _ => false,
    }
}

fn is_clause_mark(c: char) -> bool {
    matches!(c, '，' | '、' | ',' | '：' | ':')
}

fn inside_number(chars: &[char], at: usize) -> bool {
    let digit = |n: Option<usize>| n.and_then(|n| chars.get(n)).is_some_and(char::is_ascii_digit);
    digit(at.checked_sub(1)) && digit(Some(at + 1))
}

/// Between sentences 250 ms, between clauses 120; none where only the script changes.
fn pause_after(part: &[char], rest: &[char]) -> u32 {
    if !rest.iter().any(|c| c.is_alphanumeric()) {
        return 0;
    }
    match part.iter().rev().find(|c| !c.is_whitespace()) {
        Some(c) if is_clause_mark(*c) => 120,
        Some(c) if c.is_alphanumeric() => 0,
        _ => 250,
    }
}

/// The same with a comma at the end if the part breaks off in mid-sentence, so that the voice does
/// not sink there. A change of script needs none: the next voice begins anew anyway.
fn continued(
    mut spoken: String,
    part: &[char],
    voice: Language,
    rest: &[char],
    language: Language,
) -> String {
    let broken = part.last().is_some_and(|c| c.is_whitespace())
        && part.iter().rev().find(|c| !c.is_whitespace()).is_some_and(|c| c.is_alphanumeric());
    if broken && rest.iter().any(|c| c.is_alphanumeric()) && script_of(rest, language) == voice {
        spoken.truncate(spoken.trim_end().len());
        spoken.push(if voice == Language::Zh { '，' } else { ',' });
    }
    spoken
}

fn spell_out_zh(chars: &[char]) -> String {
    let mut words = String::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let signed = matches!(c, '¥' | '￥' | '$' | '＄' | '€')
            && chars.get(at + 1).is_some_and(char::is_ascii_digit);
        if c.is_ascii_digit() || signed {
            let (read, used) = read_number(&chars[at..]);
            words.push_str(&read);
            at += used;
            continue;
        }
        match c {
            '+' if chars.get(at + 1).is_some_and(char::is_ascii_digit) => {}
            '+' => words.push('加'),
            '=' => words.push_str("等于"),
            '%' | '％' => words.push_str("百分之"),
            '&' => words.push('和'),
            '@' => words.push('，'),
            '#' | '*' | '_' | '/' | '\\' | '|' | '<' | '>' | '^' | '~' | '`' => words.push(' '),
            // Brackets and quotes are read aloud by some versions.
            '(' | ')' | '（' | '）' | '“' | '”' | '"' | '《' | '》' | '「' | '」' => {
                words.push('，')
            }
            c => words.push(c),
        }
        at += 1;
    }
    words
}

/// English reads numbers well by itself, except long ones, and abbreviations in capitals.
fn spell_out_en(chars: &[char]) -> String {
    let mut words = String::new();
    let mut at = 0;
    while at < chars.len() {
        let run = chars[at..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
        if run == 0 {
            words.push(if matches!(chars[at], '*' | '_' | '#' | '|') { ' ' } else { chars[at] });
            at += 1;
            continue;
        }
        let word: String = chars[at..at + run].iter().collect();
        let capitals = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let all_digits = word.chars().all(|c| c.is_ascii_digit());
        let letters = capitals && !all_digits && (2..=5).contains(&run);
        if letters || (all_digits && run >= 5) {
            let spaced: Vec<String> = word.chars().map(String::from).collect();
            words.push_str(&spaced.join(" "));
        } else {
            words.push_str(&word);
        }
        at += run;
    }
    words
}

/// Digits read one by one in the language of the call, for keys and codes.
pub fn spell_digits(text: &str, language: Language) -> String {
    match language {
        Language::Zh => digits(text, '幺'),
        Language::En => text.chars().map(String::from).collect::<Vec<_>>().join(" "),
    }
}

/// Words before which a speaker may breathe.
const CONJUNCTIONS: [&str; 12] = [
    "and", "but", "or", "so", "because", "although", "while", "when", "if", "which", "who", "that",
];
/// A part never holds more: 20 s of speech.
const LONGEST_PART: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, language: Language, expected: &[(&str, Language, u32)]) {
        let parts = segments(text, language);
        let seen: Vec<(&str, Language, u32)> =
            parts.iter().map(|p| (p.spoken.as_str(), p.language, p.chars_done)).collect();
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn texts_are_cut_by_sentence_and_script() {
        use Language::{En, Zh};
        check("你好。请问是张三吗？", Zh, &[("你好。", Zh, 3), ("请问是张三吗？", Zh, 10)]);
        check(
            "我是AI助手，请问是John Smith先生吗？",
            Zh,
            &[
                ("我是", Zh, 2),
                ("A I", En, 4),
                ("助手，请问是", Zh, 10),
                ("John Smith", En, 20),
                ("先生吗？", Zh, 24),
            ],
        );
        check("明天15:30开会", Zh, &[("明天十五点三十分开会", Zh, 9)]);
        check("Hello. It is 3:30 p.m.", En, &[("Hello.", En, 6), (" It is 3:30 p.m.", En, 22)]);
        check("Call 13800138000", En, &[("Call 1 3 8 0 0 1 3 8 0 0 0", En, 16)]);
        check(
            "Ask for 张三 please",
            En,
            &[("Ask for ", En, 8), ("张三 ", Zh, 11), ("please", En, 17)],
        );
        check("请打 +86 13800138000", Zh, &[("请打 八十六 幺三八零零幺三八零零零", Zh, 18)]);
        check("房间A12，12元", Zh, &[("房间", Zh, 2), ("A 1 2，", En, 6), ("十二元", Zh, 9)]);
    }

    /// Where a text is cut, written with bars.
    fn cut(text: &str, language: Language) -> Vec<String> {
        segments(text, language).into_iter().map(|p| p.spoken.trim().to_owned()).collect()
    }

    #[test]
    fn sentences_stay_whole_and_long_ones_are_cut_where_a_speaker_breathes() {
        use Language::{En, Zh};
        for whole in [
            "Hello, I am calling on behalf of Anna Lee from the city library.",
            "Your appointment has moved to Tuesday at 3 pm, please bring your passport and photo.",
        ] {
            assert_eq!(cut(whole, En), [whole]);
        }
        assert_eq!(cut("明天下午三点，在二号会议室开会，请带上报表和两张照片。", Zh).len(), 1);
        let comma = "The water will be turned off in the whole building from nine in the morning \
                     until five in the afternoon, please fill what you need before.";
        let (first, second) = comma.split_once(", ").unwrap_or_default();
        assert_eq!(cut(comma, En), [&format!("{first},"), second]);
        let long = "The water will be turned off in the whole building from nine in the morning \
                    until five in the afternoon of the day after tomorrow at the very latest and \
                    you should fill what you need before";
        let parts = cut(long, En);
        assert_eq!(parts.len(), 2, "{parts:?}");
        assert!(parts[0].ends_with("at the very latest,"), "{parts:?}");
        assert!(parts[1].starts_with("and you should"), "{parts:?}");
        // Neither commas nor conjunctions: between words, never within one.
        let words = "seven ".repeat(120);
        let parts = cut(&words, En);
        assert!(parts.len() > 1 && parts.iter().all(|p| p.replace("seven", "").len() < p.len()));
        let bare = parts.join(" ").replace(',', "");
        assert_eq!(bare, words.trim());
    }

    #[test]
    fn nothing_to_say_is_no_segment_and_marks_stay_complete() {
        for text in ["", "   ", "。。。", "——"] {
            assert_eq!(segments(text, Language::Zh), []);
        }
        let parts = segments("好。 ……", Language::Zh);
        assert_eq!(parts.last().map(|p| p.chars_done), Some(5));
    }

    #[test]
    fn every_text_is_covered_and_parts_are_bounded() {
        let text = "第一，".repeat(400) + &"a".repeat(700) + &"1".repeat(400);
        for language in [Language::Zh, Language::En] {
            let parts = segments(&text, language);
            let mut before = 0;
            for part in &parts {
                assert!(part.chars_done > before);
                assert!((part.chars_done - before) as usize <= LONGEST_PART);
                before = part.chars_done;
            }
            assert_eq!(before as usize, text.chars().count());
        }
    }
}
