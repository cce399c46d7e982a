//! Blanks comments and literals out of Rust source, so that what is left is only code.
//!
//! Lines keep their numbers and every blanked character becomes a space. Known: line comments,
//! nested block comments, strings, raw strings with any number of `#`, byte and C strings,
//! character literals as against lifetimes, raw identifiers.

/// The source with comments and literals replaced by spaces.
pub fn blank(source: &str) -> String {
    let mut cursor =
        Cursor { chars: source.chars().collect(), at: 0, out: String::with_capacity(source.len()) };
    while let Some(c) = cursor.peek(0) {
        match c {
            '/' if cursor.peek(1) == Some('/') => cursor.line_comment(),
            '/' if cursor.peek(1) == Some('*') => cursor.block_comment(),
            '"' => cursor.string(),
            '\'' => cursor.quote(),
            c if is_word(c) => cursor.word(),
            _ => cursor.keep(1),
        }
    }
    cursor.out
}

/// Whether `c` may stand in an identifier or number.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Cursor {
    chars: Vec<char>,
    at: usize,
    out: String,
}

impl Cursor {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn keep(&mut self, n: usize) {
        for _ in 0..n {
            if let Some(c) = self.peek(0) {
                self.out.push(c);
                self.at += 1;
            }
        }
    }

    fn skip(&mut self, n: usize) {
        for _ in 0..n {
            if let Some(c) = self.peek(0) {
                self.out.push(if c == '\n' { '\n' } else { ' ' });
                self.at += 1;
            }
        }
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.skip(1);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while self.peek(0).is_some() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.skip(2);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.skip(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.skip(1),
            }
        }
    }

    fn string(&mut self) {
        self.skip(1);
        while let Some(c) = self.peek(0) {
            match c {
                '\\' => self.skip(2),
                '"' => return self.skip(1),
                _ => self.skip(1),
            }
        }
    }

    /// A character literal is closed two or more characters on; a lifetime is not closed.
    fn quote(&mut self) {
        if self.peek(1) == Some('\\') {
            self.skip(3);
            while self.peek(0).is_some_and(|c| c != '\'') {
                self.skip(1);
            }
            self.skip(1);
        } else if self.peek(2) == Some('\'') {
            self.skip(3);
        } else {
            self.keep(1);
        }
    }

    /// A word, which may turn out to be the prefix of a literal.
    fn word(&mut self) {
        let mut length = 0;
        while self.peek(length).is_some_and(is_word) {
            length += 1;
        }
        let word: String = self.chars[self.at..self.at + length].iter().collect();
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        let plain = matches!(word.as_str(), "b" | "c");
        let mut hashes = 0;
        while raw && self.peek(length + hashes) == Some('#') {
            hashes += 1;
        }
        match self.peek(length + hashes) {
            Some('"') if raw => {
                self.skip(length + hashes + 1);
                self.raw_string_end(hashes);
            }
            Some('"') if plain => {
                self.skip(length);
                self.string();
            }
            Some('\'') if word == "b" => {
                self.skip(length);
                self.quote();
            }
            _ => self.keep(length),
        }
    }

    fn raw_string_end(&mut self, hashes: usize) {
        while let Some(c) = self.peek(0) {
            if c == '"' && (1..=hashes).all(|n| self.peek(n) == Some('#')) {
                return self.skip(1 + hashes);
            }
            self.skip(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_left() {
        for (source, code) in [
            ("a // b {\nc", "a       \nc"),
            ("a /* { /* } */ { */ b", "a                   b"),
            (r#"f("{", "\"}")"#, "f(   ,      )"),
            ("f(r#\"}\"{\"#)", "f(        )"),
            ("br\"\\\" x", "      x"),
            ("b\"}\" c\"{\"", "         "),
            ("'{' '\\'' '\\u{7d}' b'}'", "                      "),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("r#type { }", "r#type { }"),
            ("barb + \"x\"", "barb +    "),
        ] {
            assert_eq!(blank(source), code, "{source}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let source = "a\n\"x\ny\"\n/*\n*/ b";
        assert_eq!(blank(source).lines().count(), source.lines().count());
        assert_eq!(blank(source).lines().last(), Some("   b"));
    }

    #[test]
    fn an_unclosed_literal_ends_with_the_file() {
        for source in ["\"abc", "r#\"abc\"", "/* abc", "'\\"] {
            assert_eq!(blank(source).trim(), "", "{source}");
        }
    }
}
