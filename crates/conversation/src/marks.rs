//! How much of a text was heard, from how many of its samples were sent.

/// Where in its audio the characters of one text are spoken.
///
/// Characters are Unicode scalar values, positions are samples at the leg's rate. Between two
/// known marks characters are taken as evenly spread, and the result is rounded down to a whole
/// word or CJK character, so that the transcript never claims more than was audible.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// (samples, characters spoken when they end), both rising.
    points: Vec<(u64, u32)>,
    /// Samples known so far.
    samples: u64,
}

impl Marks {
    /// Notes that `samples` more were made, and that `chars_done` characters end with them.
    pub(crate) fn push(&mut self, samples: u64, chars_done: Option<u32>) {
        self.samples += samples;
        if let Some(chars) = chars_done {
            let floor = self.points.last().map_or(0, |p| p.1);
            self.points.push((self.samples, chars.max(floor)));
        }
    }

    /// Samples made so far.
    pub(crate) fn made(&self) -> u64 {
        self.samples
    }

    /// The beginning of `text` that is known to end with the samples so far.
    pub(crate) fn known<'a>(&self, text: &'a str) -> &'a str {
        round_down(text, self.points.last().map_or(0, |p| p.1) as usize)
    }

    /// The beginning of `text` that lies in its first `offset` samples.
    pub(crate) fn heard<'a>(&self, text: &'a str, offset: u64) -> &'a str {
        let (mut from_s, mut from_c) = (0, 0);
        for &(s, c) in &self.points {
            if offset < s {
                let share = (offset - from_s) as f64 / (s - from_s).max(1) as f64;
                let chars = from_c + (f64::from(c - from_c) * share) as u32;
                return round_down(text, chars as usize);
            }
            (from_s, from_c) = (s, c);
        }
        // Beyond the last mark nobody knows how far the words have come.
        round_down(text, from_c as usize)
    }
}

/// The longest beginning of `text` with at most `chars` characters that ends with a whole word
/// or a CJK character.
fn round_down(text: &str, chars: usize) -> &str {
    let all: Vec<(usize, char)> = text.char_indices().collect();
    if chars >= all.len() {
        return text;
    }
    let mut end = chars;
    while end > 0 && is_word(all[end].1) && is_word(all[end - 1].1) {
        end -= 1;
    }
    text[..all[end].0].trim_end()
}

/// Characters that hold together: letters and digits of scripts that write words.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() && u32::from(c) < 0x2E80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heard_text_is_rounded_down() {
        let mut m = Marks::default();
        m.push(4_000, Some(5));
        m.push(4_000, Some(11));
        for (offset, want) in [
            (0, ""),
            (3_999, ""),
            (4_000, "hello"),
            (7_999, "hello"),
            (8_000, "hello world"),
            (9_000, "hello world"),
        ] {
            assert_eq!(m.heard("hello world", offset), want, "{offset}");
        }
        let mut zh = Marks::default();
        zh.push(8_000, Some(4));
        assert_eq!(zh.heard("今天开会", 4_100), "今天");
        assert_eq!(zh.heard("今天开会", 3_900), "今");
    }

    #[test]
    fn unfinished_synthesis_claims_no_more_than_is_known() {
        let mut m = Marks::default();
        m.push(1_000, None);
        assert_eq!(m.heard("一二三四", 500), "");
        m.push(1_000, Some(2));
        m.push(1_000, None);
        for (offset, want) in [(500, ""), (1_000, "一"), (2_000, "一二"), (2_900, "一二")] {
            assert_eq!(m.heard("一二三四", offset), want, "{offset}");
        }
        assert_eq!(Marks::default().heard("一二", 0), "");
    }
}
