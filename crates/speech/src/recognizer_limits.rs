//! When a match is believed: a weighted sum of what was measured, learnt from voices of its own.
//!
//! The weights stand in `data/*.limits`, written by `cargo run -p xtask -- tune` from voices that
//! serve neither for learning pronunciations nor for the published tables.

use domain::Language;

use crate::recognizer_match::{Match, Take};
use crate::sphinx::SphinxError;

/// Names of the measurements, in the order of [`Measures`].
pub const FEATURES: [&str; 25] = [
    "gap",
    "gap_length",
    "own",
    "own_length",
    "kind",
    "other",
    "length",
    "pace",
    "heard",
    "heard_off",
    "chained",
    "quiet",
    "gap_quiet",
    "cost",
    "cost_quiet",
    "cover",
    "cover_off",
    "worst",
    "stretch",
    "plain",
    "plain_worst",
    "hurried",
    "uneven",
    "paused",
    "agreed",
];

/// What was measured of a match, as numbers to be weighed.
pub type Measures = [f32; FEATURES.len()];
/// Where [`Measures`] say whether both takes mean the same: 1, or 0.
pub(crate) const AGREED: usize = FEATURES.len() - 1;

/// The measurements of one take.
pub fn measures(found: &Take) -> Measures {
    let length = found.phones.max(1.0).ln();
    let gap = found.gap / 10.0;
    let (near, fit) = (&found.near, &found.fit);
    let heard = (near.heard.max(1) as f32).ln() - length;
    let quiet = found.quiet_db / 10.0;
    let cost = found.cost / 10.0;
    // What a phrase leaves out of the speech went to silence, or the other way round.
    let cover = (found.frames.max(1) as f32 / found.spoken.max(1) as f32).ln();
    let flag = |set: bool| if set { 1.0 } else { 0.0 };
    [
        gap,
        gap * length,
        near.own,
        near.own * length,
        near.kind,
        near.other,
        length,
        (found.frames as f32 / found.phones.max(1.0) - USUAL_FRAMES).abs(),
        heard,
        heard.abs(),
        flag(found.chained),
        quiet,
        gap * quiet,
        cost,
        cost * quiet,
        cover,
        cover.abs(),
        fit.worst / 10.0,
        fit.stretch / 10.0,
        fit.plain / 10.0,
        fit.plain_worst / 10.0,
        fit.hurried,
        fit.uneven,
        fit.paused,
        1.0,
    ]
}

/// Weights of the measurements of one language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    weights: Measures,
    bias: f32,
}

impl Limits {
    /// The built-in limits of a language.
    pub fn built_in(language: Language) -> Result<Self, SphinxError> {
        match language {
            Language::Zh => Self::parse("zh.limits", include_str!("../data/zh.limits")),
            Language::En => Self::parse("en.limits", include_str!("../data/en.limits")),
        }
    }

    /// Limits of given weights; a match is believed if the sum is above 0.
    pub const fn new(weights: Measures, bias: f32) -> Self {
        Self { weights, bias }
    }

    /// Reads `name weight` lines, with `bias` last; `#` begins a comment.
    pub fn parse(file: &'static str, text: &str) -> Result<Self, SphinxError> {
        let mut weights = [0.0; FEATURES.len()];
        let mut bias = None;
        let mut seen = 0;
        for (line, row) in (1..).zip(text.lines()) {
            if row.starts_with('#') || row.trim().is_empty() {
                continue;
            }
            let broken = |what: &str| SphinxError::Data { file, line, what: what.to_owned() };
            let (name, value) =
                row.split_once(' ').ok_or_else(|| broken("a name and a weight are wanted"))?;
            let value: f32 = value.trim().parse().map_err(|_| broken("the weight is no number"))?;
            if name == "bias" {
                bias = Some(value);
            } else {
                let at = FEATURES.iter().position(|f| *f == name);
                weights[at.ok_or_else(|| broken("no such measurement"))?] = value;
                seen += 1;
            }
        }
        match bias {
            Some(bias) if seen == FEATURES.len() => Ok(Self { weights, bias }),
            _ => Err(SphinxError::Data { file, line: 0, what: "a weight is missing".to_owned() }),
        }
    }

    /// How far on the side of belief a match is; 0 is the limit, each step of 1 makes it about
    /// 2.7 times as likely.
    pub fn score(&self, found: &Match) -> f32 {
        let sum: f32 = found.measures.iter().zip(self.weights).map(|(f, w)| f * w).sum();
        sum + self.bias
    }

    /// Whether the match is believed. Sentences in a row fit any long speech after a fashion, so an
    /// announcement must be on the safe side of the limit.
    pub fn accept(&self, found: &Match) -> bool {
        let least = if found.take.chained { CHAINED_MARGIN } else { 0.0 };
        !found.take.decoy && self.score(found) > least
    }

    /// Whether a second take would hardly change what is to be believed.
    pub fn sure(&self, found: &Match) -> bool {
        !found.take.decoy && self.score(found).abs() > DOUBT
    }

    /// Confidence between 0 and 1 for the record: 0.5 at the limit.
    pub fn confidence(&self, found: &Match) -> f32 {
        1.0 / (1.0 + (-self.score(found)).exp())
    }
}

/// How far above the limit an announcement must score.
const CHAINED_MARGIN: f32 = 0.5;
/// So near the limit a second take may fall on the other side.
const DOUBT: f32 = 3.0;
/// Frames of 10 ms that a phone usually takes.
const USUAL_FRAMES: f32 = 8.5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recognizer_near::Nearness;
    use crate::recognizer_phones::Fit;

    fn found() -> Take {
        Take {
            text: "no".to_owned(),
            tags: vec!["no".to_owned()],
            gap: 9.0,
            cost: 20.0,
            frames: 24,
            spoken: 24,
            phones: 3.0,
            near: Nearness { own: 0.1, kind: 0.1, other: 0.6, heard: 3 },
            fit: Fit {
                worst: 20.0,
                stretch: 12.0,
                plain: 10.0,
                plain_worst: 20.0,
                hurried: 0.1,
                uneven: 0.4,
                paused: 0.0,
            },
            quiet_db: 30.0,
            decoy: false,
            chained: false,
        }
    }

    #[test]
    fn built_in_limits_believe_a_good_match_and_no_bad_one() {
        for language in [Language::Zh, Language::En] {
            let limits = Limits::built_in(language).unwrap();
            let good = Take { phones: 8.0, frames: 68, spoken: 68, ..found() };
            let good = Take { near: Nearness { heard: 8, ..good.near }, ..good };
            let strange = Nearness { own: 0.9, kind: 0.9, other: 0.5, heard: 8 };
            let bad = Take { gap: 45.0, near: strange, ..good.clone() };
            let decoy = Match::of(Take { decoy: true, ..good.clone() });
            let (good, bad) = (Match::of(good), Match::of(bad));
            assert!(limits.accept(&good), "{language:?}: {}", limits.score(&good));
            assert!(!limits.accept(&bad), "{language:?}: {}", limits.score(&bad));
            assert!(limits.confidence(&good) > 0.5 && limits.confidence(&bad) < 0.5);
            assert!(!limits.accept(&decoy) && !limits.sure(&decoy));
        }
    }

    #[test]
    fn a_broken_file_names_its_line() {
        let whole: String = FEATURES.iter().map(|f| format!("{f} 1.5\n")).collect();
        assert!(Limits::parse("zh.limits", &format!("# how\n{whole}bias -2\n")).is_ok());
        for (text, line) in [
            (whole.clone(), 0),
            ("gap".to_owned(), 1),
            ("gap x".to_owned(), 1),
            ("# a\ngapp 1".to_owned(), 2),
            ("bias 1".to_owned(), 0),
        ] {
            let result = Limits::parse("zh.limits", &text);
            assert!(
                matches!(&result, Err(SphinxError::Data { line: l, .. }) if *l == line),
                "{text}: {result:?}"
            );
        }
    }
}
