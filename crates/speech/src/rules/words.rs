//! What a reply is matched as: Chinese without marks and blanks, English as lower-case words.

use crate::extract::text::is_han;

/// A reply made ready for matching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Letters, digits and Han characters only, lower case, no blanks: for Chinese phrases.
    pub solid: String,
    /// Words between blanks, lower case, without apostrophes, a blank at both ends: for English.
    pub spaced: String,
    /// Whether it holds Han characters.
    pub han: bool,
    /// Whether it ends like a question.
    pub asks: bool,
}

impl Words {
    /// Makes a text ready.
    pub fn of(text: &str) -> Self {
        let mut solid = String::with_capacity(text.len());
        let mut spaced = String::from(" ");
        for c in text.chars().take(LONGEST) {
            if c.is_alphanumeric() {
                solid.extend(c.to_lowercase());
                spaced.extend(c.to_lowercase());
            } else if !matches!(c, '\'' | '’') && !spaced.ends_with(' ') {
                spaced.push(' ');
            }
        }
        if !spaced.ends_with(' ') {
            spaced.push(' ');
        }
        let han = solid.chars().any(is_han);
        let mark = text.trim_end().ends_with(['?', '？']);
        let particle = solid.ends_with(['吗', '么', '呢', '啊']) && !solid.ends_with("什么");
        Self { solid, spaced, han, asks: mark || particle }
    }

    /// Whether one of these Chinese phrases occurs.
    pub fn zh(&self, phrases: &[&str]) -> bool {
        self.han && phrases.iter().any(|p| self.solid.contains(p))
    }

    /// Whether one of these English phrases occurs, as whole words.
    pub fn en(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|p| self.spaced.contains(&format!(" {p} ")))
    }

    /// Whether the whole reply can be laid out with these tiles, one of `needed` among them.
    pub fn tiled(&self, needed: &[&str], allowed: &[&str]) -> bool {
        if self.han {
            tiles(&self.solid, needed, allowed)
        } else {
            let blank = |list: &[&str]| list.iter().map(|p| format!("{p} ")).collect::<Vec<_>>();
            let (needed, allowed) = (blank(needed), blank(allowed));
            let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
            let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
            tiles(self.spaced.trim_start(), &needed, &allowed)
        }
    }
}

/// Dynamic programme over the ends of tiles: 1 = reachable, 2 = reachable with a needed tile.
fn tiles(text: &str, needed: &[&str], allowed: &[&str]) -> bool {
    let mut reached = vec![0_u8; text.len() + 1];
    reached[0] = 1;
    for at in 0..text.len() {
        let state = reached[at];
        if state == 0 || !text.is_char_boundary(at) {
            continue;
        }
        for (list, gives) in [(needed, 2), (allowed, 1)] {
            for tile in list.iter().filter(|t| !t.is_empty() && text[at..].starts_with(**t)) {
                let end = &mut reached[at + tile.len()];
                *end = (*end).max(state.max(gives));
            }
        }
    }
    !text.is_empty() && reached[text.len()] == 2
}

/// Characters of a reply that are looked at.
const LONGEST: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_tiled_as_a_whole_or_not_at_all() {
        let yes = &["是我"];
        let other = &["对", "喂"];
        for (text, want) in
            [("对对，是我", true), ("喂", false), ("不是我", false), ("是我吗", false)]
        {
            assert_eq!(Words::of(text).tiled(yes, other), want, "{text}");
        }
        assert!(Words::of("Yes, that's me.").tiled(&["thats me"], &["yes"]));
        assert!(!Words::of("Yes, that's mean.").tiled(&["thats me"], &["yes"]));
    }
}
