//! Cuts streamed text into sentences, so that the first can be spoken while the rest is made.

/// Longest piece that is spoken as one line, in characters: about twenty seconds of speech.
const LONGEST: usize = 90;

/// Collects text and gives it back sentence by sentence.
#[derive(Debug, Default)]
pub(crate) struct Sentences {
    buffer: String,
}

impl Sentences {
    /// Adds text and returns the sentences it completes.
    pub(crate) fn push(&mut self, text: &str) -> Vec<String> {
        self.buffer.push_str(text);
        let mut out = Vec::new();
        while let Some(end) = self.boundary() {
            let rest = self.buffer.split_off(end);
            out.push(std::mem::replace(&mut self.buffer, rest).trim().to_owned());
        }
        out.retain(|s| !s.is_empty());
        out
    }

    /// What remains, at the end of the text.
    pub(crate) fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.buffer);
        let rest = rest.trim();
        (!rest.is_empty()).then(|| rest.to_owned())
    }

    /// Byte position after the first sentence, if one is complete or too long.
    fn boundary(&self) -> Option<usize> {
        let mut last_soft = None;
        for (n, (i, c)) in self.buffer.char_indices().enumerate() {
            let after = i + c.len_utf8();
            if is_end(c, self.buffer[after..].chars().next()) {
                return Some(after);
            }
            if matches!(c, '，' | ',' | '、' | '；' | ';' | ' ') {
                last_soft = Some(after);
            }
            if n + 1 >= LONGEST {
                return Some(last_soft.unwrap_or(after));
            }
        }
        None
    }
}

/// CJK stops end a sentence at once; Latin ones only before a blank, so `3.5` and `a.m.` hold.
fn is_end(c: char, next: Option<char>) -> bool {
    match c {
        '。' | '！' | '？' | '\n' => true,
        '!' | '?' => next.is_some(),
        '.' => next.is_some_and(char::is_whitespace),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&str], want: &[&str]) {
        let mut s = Sentences::default();
        let mut got: Vec<String> = pieces.iter().flat_map(|p| s.push(p)).collect();
        got.extend(s.finish());
        assert_eq!(got, want, "{pieces:?}");
    }

    #[test]
    fn sentences_come_whole_whatever_the_pieces() {
        check(&["您好。今天", "开会！", "再见"], &["您好。", "今天开会！", "再见"]);
        check(&["It costs 3.5 yuan. ", "Bye."], &["It costs 3.5 yuan.", "Bye."]);
        check(&["", "  ", "\n"], &[]);
        let long = "一二三四五六七八九，".repeat(20);
        let mut s = Sentences::default();
        let got = s.push(&long);
        assert!(got.iter().all(|x| x.chars().count() <= LONGEST));
        assert!(got.len() >= 2);
    }
}
