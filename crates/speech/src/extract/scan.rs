//! Small matchers on text: the longest word of a list at the start, or anywhere.

/// What follows the longest of `words` that `s` starts with.
pub fn strip_any<'a>(s: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().filter_map(|w| s.strip_prefix(w)).min_by_key(|rest| rest.len())
}

/// Whether `s` starts with one of `words`.
pub fn starts_with_any(s: &str, words: &[&str]) -> bool {
    words.iter().any(|w| s.starts_with(w))
}

/// Whether one of `words` occurs in `s`.
pub fn has_any(s: &str, words: &[&str]) -> bool {
    words.iter().any(|w| s.contains(w))
}

/// The earliest of `words` in `s` (the longest, if two start there): what is before it, the word,
/// what follows it.
pub fn find_any<'a>(
    s: &'a str,
    words: &[&'static str],
) -> Option<(&'a str, &'static str, &'a str)> {
    words
        .iter()
        .filter_map(|w| s.find(w).map(|at| (at, *w)))
        .min_by_key(|(at, w)| (*at, usize::MAX - w.len()))
        .map(|(at, w)| (&s[..at], w, &s[at + w.len()..]))
}

/// `strip_any` on whole English words, whatever the case; white space after the word is eaten.
pub fn strip_words<'a>(s: &'a str, phrases: &[&str]) -> Option<&'a str> {
    phrases
        .iter()
        .filter_map(|p| {
            let head = s.get(..p.len())?;
            let rest = &s[p.len()..];
            let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '\'' || c == '-');
            (head.eq_ignore_ascii_case(p) && ends).then(|| rest.trim_start())
        })
        .min_by_key(|rest| rest.len())
}
