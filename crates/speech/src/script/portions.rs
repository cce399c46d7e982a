//! Cuts a message into portions that fit one reply, and tells from what was heard which portions
//! the callee has had.

use domain::Language;

use super::lines::{Line, greeting};
use crate::extract::Message;
use crate::extract::text::bare;

/// One reply's worth of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Words before it: the greeting, in the first one.
    pub before: String,
    /// Its sentences; these must be heard.
    pub sentences: Vec<String>,
    /// The question after it.
    pub after: &'static str,
}

impl Portion {
    /// What is said, piece by piece.
    pub fn spoken(&self) -> Vec<String> {
        let mut out = self.sentences.clone();
        if let Some(first) = out.first_mut() {
            first.insert_str(0, &self.before);
        }
        if !self.after.is_empty() {
            out.push(self.after.to_owned());
        }
        out
    }
    /// Whether all of it was heard; `heard` is what we said, bare.
    pub fn was_heard(&self, heard: &str) -> bool {
        self.sentences.iter().all(|s| heard.contains(&bare(s)))
    }
}

/// The message in portions of at most `max_chars` characters. The same order always gives the
/// same portions, so that nothing has to be remembered between replies.
pub fn portions(
    message: &Message,
    addressee: Option<&str>,
    language: Language,
    max_chars: usize,
) -> Vec<Portion> {
    let closing = match (message.ends_asking, message.asks) {
        (true, _) => "",
        (false, true) => Line::WantAnswer.text(language),
        (false, false) => Line::Check.text(language),
    };
    let more = Line::MoreFollows.text(language);
    let before = greeting(addressee, language);
    let count = |s: &str| s.chars().count();
    let spare = count(&before) + count(more).max(count(closing)) + 4;
    let budget = max_chars.saturating_sub(spare).max(SMALLEST);
    let mut out: Vec<Portion> = Vec::new();
    let mut current: Vec<String> = Vec::new();
    let mut used = 0;
    for piece in message.sentences.iter().flat_map(|s| pieces(s, budget)) {
        let len = count(&piece) + 1;
        if used + len > budget && !current.is_empty() {
            out.push(portion(std::mem::take(&mut current), more));
            used = 0;
        }
        used += len;
        current.push(piece);
    }
    if !current.is_empty() {
        out.push(portion(current, closing));
    }
    if let Some(first) = out.first_mut() {
        first.before = before;
    }
    out
}

fn portion(sentences: Vec<String>, after: &'static str) -> Portion {
    Portion { before: String::new(), sentences, after }
}

/// A sentence in pieces of at most `budget` characters: at clause marks, else at blanks, else
/// anywhere.
fn pieces(sentence: &str, budget: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest: Vec<char> = sentence.chars().collect();
    while rest.len() > budget {
        let window = &rest[..budget];
        let cut = window
            .iter()
            .rposition(|c| "，、；：。".contains(*c))
            .or_else(|| window.windows(2).rposition(|p| p[0] == ',' && p[1] == ' '))
            .or_else(|| window.iter().rposition(|c| *c == ' '))
            .filter(|at| *at > budget / 4)
            .map_or(budget, |at| at + 1);
        out.push(rest[..cut].iter().collect::<String>().trim().to_owned());
        rest.drain(..cut);
    }
    let last = rest.iter().collect::<String>().trim().to_owned();
    if !last.is_empty() {
        out.push(last);
    }
    out
}

/// Characters of the message in a portion, however low the limit.
const SMALLEST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract;

    #[test]
    fn a_long_message_is_cut_and_nothing_of_it_is_lost() {
        let long = format!("通知张三，{}", "明天下午三点开会，地点是二号会议室。".repeat(1_000));
        let message = extract::read(&long, Language::Zh);
        let all = portions(&message, Some("张三"), Language::Zh, 300);
        assert!(all.len() > 10);
        let said: String = all.iter().flat_map(|p| p.sentences.clone()).collect();
        assert_eq!(bare(&said), bare(&message.sentences.concat()));
        for p in &all {
            assert!(p.spoken().concat().chars().count() <= 300);
        }
    }
}
