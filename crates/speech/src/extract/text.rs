//! Cuts a requirement into sentences and clauses, without cutting quotes, numbers or times.

/// A stretch of text between two punctuation marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The words, trimmed; never without a letter or a digit.
    pub text: String,
    /// The mark that followed: `，`, `。`, `:`, a line end…; `None` at the very end.
    pub mark: Option<char>,
}

/// Clauses up to the end of a sentence.
pub type Sentence = Vec<Clause>;

/// Whether there is anything in it that can be spoken.
pub fn speakable(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The text with full-width letters and digits made narrow, and without what no voice can say:
/// control characters, emoji, marks of formatting.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\r' => {}
            '\n' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
                out.extend(char::from_u32(u32::from(c) - 0xFEE0));
            }
            '’' | '‘' => out.push('\''),
            '*' | '`' | '•' | '·' | '●' | '▪' | '■' | '◆' | '★' => out.push(' '),
            c if c.is_control() || c == '\u{3000}' || c == '\u{a0}' => out.push(' '),
            c if is_pictograph(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The text with every numbered item on a line of its own: “…：1. a 2. b”.
fn broken_lists(text: &str) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(text.len());
    let mut next = 1;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let start = out.last().is_none_or(|b| b.is_whitespace() || "：:，,；;。".contains(*b));
        let digits = rest.chars().take_while(char::is_ascii_digit).count();
        let mark = rest[digits..].chars().next();
        let after = rest[digits..].chars().nth(1);
        let marked = matches!(mark, Some('.' | '、' | ')' | '）'))
            && !after.is_some_and(|c| c.is_ascii_digit());
        let number = rest[..digits].parse::<u32>().ok();
        if start && marked && (number == Some(1) || number == Some(next)) {
            next = number.unwrap_or(0) + 1;
            if out.last().is_some_and(|b| *b != '\n') {
                out.push('\n');
            }
            out.extend(rest[..digits].chars());
            out.push('、');
            rest = rest[digits + mark.map_or(0, char::len_utf8)..].trim_start_matches(' ');
            continue;
        }
        if ('①'..='⑳').contains(&c) && out.last().is_some_and(|b| *b != '\n') {
            out.push('\n');
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The sentences of a cleaned text.
pub fn sentences(text: &str) -> Vec<Sentence> {
    let chars = broken_lists(text);
    let mut out = Vec::new();
    let mut sentence = Sentence::new();
    let mut clause = String::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if let Some(end) = quote_end(&chars, at) {
            clause.extend(&chars[at..=end]);
            at = end + 1;
            let ended = matches!(chars[end - 1], '。' | '！' | '？' | '.' | '!' | '?');
            if ended && chars.get(at).is_none_or(|c| *c != '的' && *c != '”') {
                close_clause(&mut sentence, &mut clause, '.');
                out.extend((!sentence.is_empty()).then(|| std::mem::take(&mut sentence)));
            }
            continue;
        }
        match cut_at(&chars, at) {
            Cut::None => clause.push(c),
            Cut::Clause => close_clause(&mut sentence, &mut clause, c),
            Cut::Sentence => {
                close_clause(&mut sentence, &mut clause, c);
                if !sentence.is_empty() {
                    out.push(std::mem::take(&mut sentence));
                }
            }
        }
        at += 1;
    }
    close_clause(&mut sentence, &mut clause, '\0');
    if !sentence.is_empty() {
        out.push(sentence);
    }
    out
}

/// Only letters and digits, in lower case: how two texts are compared.
pub fn bare(text: &str) -> String {
    clean(text).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a character is Han, as far as names and words go.
pub fn is_han(c: char) -> bool {
    matches!(u32::from(c), 0x3007 | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0x20000..=0x323AF)
}

enum Cut {
    None,
    Clause,
    Sentence,
}

fn close_clause(sentence: &mut Sentence, clause: &mut String, mark: char) {
    let text = clause
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .trim_start_matches(['-', '—', '–', '#', '>', '~'])
        .trim_end_matches(['—', '-'])
        .trim()
        .to_owned();
    clause.clear();
    if speakable(&text) {
        let mark = (mark != '\0').then_some(mark);
        sentence.push(Clause { text, mark });
    } else if let Some(last) = sentence.last_mut()
        && matches!(mark, '。' | '！' | '？' | '!' | '?' | '.')
    {
        last.mark = Some(mark);
    }
}

fn cut_at(chars: &[char], at: usize) -> Cut {
    let before = at.checked_sub(1).map(|i| chars[i]);
    let after = chars.get(at + 1).copied();
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    match chars[at] {
        '。' | '！' | '？' | '；' | '\n' => Cut::Sentence,
        '!' | '?' | ';' => Cut::Sentence,
        '，' => Cut::Clause,
        // 10:30, 3,200 and http://
        ':' | '：' | ',' if digit(before) && digit(after) => Cut::None,
        ':' if after == Some('/') => Cut::None,
        ':' | '：' | ',' => Cut::Clause,
        '.' if after.is_none_or(char::is_whitespace) && !abbreviated(&chars[..at]) => Cut::Sentence,
        '.' if before.is_some_and(is_han) && !digit(after) => Cut::Sentence,
        '…' => Cut::Sentence,
        _ => Cut::None,
    }
}

/// Whether a full stop after these characters belongs to the word or the list number before it.
fn abbreviated(before: &[char]) -> bool {
    let word: String = before
        .iter()
        .rev()
        .take_while(|c| c.is_ascii_alphanumeric() || **c == '.')
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let line_start = before.len() == word.chars().count()
        || before[before.len() - word.chars().count() - 1] == '\n';
    if !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) {
        return line_start;
    }
    let lower = word.to_lowercase();
    let single = word.chars().count() == 1 && word.chars().all(|c| c.is_ascii_uppercase());
    single || ABBREVIATIONS.contains(&lower.as_str())
}

/// Where the quote that opens at `at` closes; `None` if none opens there or it never closes.
fn quote_end(chars: &[char], at: usize) -> Option<usize> {
    let close = match chars[at] {
        '“' => '”',
        '「' => '」',
        '『' => '』',
        '《' => '》',
        '"' => '"',
        _ => return None,
    };
    let rest = &chars[at + 1..];
    let len = rest.iter().take(LONGEST_QUOTE).position(|c| *c == close)?;
    Some(at + 1 + len)
}

fn is_pictograph(c: char) -> bool {
    matches!(u32::from(c),
        0x200B..=0x200F | 0x2060..=0x2064 | 0xFE00..=0xFE0F | 0xFEFF
        | 0x2190..=0x21FF | 0x2300..=0x23FF | 0x25A0..=0x27BF | 0x2B00..=0x2BFF
        | 0x1F000..=0x1FAFF | 0xE0000..=0xE007F)
}

/// Characters after which an unclosed quote is taken for a stray mark.
const LONGEST_QUOTE: usize = 300;
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "no", "vs", "jr", "sr", "ext", "apt", "rm", "ave",
    "blvd", "rd", "approx", "e.g", "i.e",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_clauses_but_not_numbers_times_titles_or_quotes() {
        for (text, want) in [
            ("明天10:30开会，带3,200元。谢谢", "明天10:30开会|带3,200元/谢谢"),
            ("Call Dr. Lee at 3.5 km. Bye", "Call Dr. Lee at 3.5 km/Bye"),
            ("告诉他“好，行。走”！", "告诉他“好，行。走”"),
            ("提醒：1. 买菜 2. 做饭", "提醒/1、买菜/2、做饭"),
            ("？！……", ""),
            ("通知张三：开会👍", "通知张三|开会"),
            ("他说\"到了", "他说\"到了"),
        ] {
            let got: Vec<String> = sentences(&clean(text))
                .iter()
                .map(|s| s.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join("|"))
                .collect();
            assert_eq!(got.join("/"), want, "{text}");
        }
    }

    #[test]
    fn bare_text_has_letters_and_digits_only() {
        assert_eq!(bare("３ PM，Ａ座！👍"), "3pma座");
    }
}
