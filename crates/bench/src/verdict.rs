//! What a run comes to: aims met or missed, or figures that are worth nothing.

use std::fmt::Write as _;

use serde::Serialize;

/// How a run ended, as an exit code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every aim was met; 0.
    Met,
    /// Some aim was missed; 4.
    Missed,
    /// The figures are worth nothing; 3.
    Invalid,
}

impl Verdict {
    /// What the shell is told.
    pub const fn exit_code(self) -> u8 {
        match self {
            Verdict::Met => 0,
            Verdict::Invalid => 3,
            Verdict::Missed => 4,
        }
    }
}

/// One aim and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Aim {
    what: &'static str,
    got: f64,
    at_most: f64,
    met: bool,
}

/// The aims of one run, and why its figures may be worth nothing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Aims {
    aims: Vec<Aim>,
    invalid: Vec<String>,
    disturbed: Vec<String>,
}

impl Aims {
    /// `got` is to be `at_most` this; not a number counts as missed.
    pub fn at_most(&mut self, what: &'static str, got: f64, at_most: f64) {
        self.aims.push(Aim { what, got, at_most, met: got <= at_most });
    }

    /// Something is to hold.
    pub fn holds(&mut self, what: &'static str, holds: bool) {
        self.at_most(what, f64::from(u8::from(!holds)), 0.0);
    }

    /// The figures are worth nothing.
    pub fn invalid(&mut self, why: String) {
        self.invalid.push(why);
    }

    /// Others took part.
    pub fn disturbed(&mut self, why: String) {
        self.disturbed.push(why);
    }

    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        if !self.invalid.is_empty() {
            Verdict::Invalid
        } else if self.aims.iter().all(|a| a.met) {
            Verdict::Met
        } else {
            Verdict::Missed
        }
    }

    /// For a terminal.
    pub fn table(&self) -> String {
        let mut out = String::new();
        for aim in &self.aims {
            let mark = if aim.met { "met" } else { "MISSED" };
            let _ = writeln!(out, "  {mark:<7} {}: {:.2}, aim {}", aim.what, aim.got, aim.at_most);
        }
        for (word, all) in [("DISTURBED", &self.disturbed), ("INVALID", &self.invalid)] {
            for why in all {
                let _ = writeln!(out, "  {word}: {why}");
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missed_aim_is_enough_and_invalid_figures_outrank_it() {
        let mut aims = Aims::default();
        aims.at_most("a", 1.0, 1.0);
        assert_eq!(aims.verdict(), Verdict::Met);
        aims.at_most("b", f64::NAN, 1.0);
        assert_eq!(aims.verdict(), Verdict::Missed);
        aims.holds("c", false);
        aims.invalid("d".to_owned());
        assert_eq!(aims.verdict(), Verdict::Invalid);
        assert_eq!(aims.verdict().exit_code(), 3);
        assert!(aims.table().contains("MISSED") && aims.table().contains("INVALID: d"));
    }
}
