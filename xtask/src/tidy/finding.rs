//! What a check reports, and the exceptions that a file may have for a while.

use std::collections::BTreeMap;
use std::fmt;

/// One place that breaks one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// File, from the root of the project.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// Name of the rule.
    pub rule: &'static str,
    /// What is wrong; and after a semicolon what to do.
    pub what: String,
    /// The measured size, for rules with a limit; only these can have exceptions.
    pub measure: Option<usize>,
}

impl Finding {
    /// A finding that cannot be excepted.
    pub fn new(path: &str, line: usize, rule: &'static str, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, what: what.into(), measure: None }
    }

    /// The same, with the number that is above its limit.
    pub fn measured(self, measure: usize) -> Self {
        Self { measure: Some(measure), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, line, rule) = (&self.path, self.line, self.rule);
        write!(f, "{path}:{line}: {rule}: {}", self.what)
    }
}

/// Where the exceptions stand.
pub const EXCEPTIONS: &str = "xtask/tidy-exceptions.txt";

/// One line of the exceptions file: `path rule limit # reason`.
struct Exception {
    line: usize,
    path: String,
    rule: String,
    limit: usize,
}

/// Takes away what the exceptions allow, and adds what is wrong with the exceptions themselves:
/// a line that is not needed any more, or allows more than is used, is an error, so the list can
/// only shrink.
pub fn apply_exceptions(findings: Vec<Finding>, text: &str) -> Vec<Finding> {
    let (exceptions, mut out) = parse(text);
    let mut largest: BTreeMap<usize, usize> = BTreeMap::new();
    for finding in findings {
        let Some(measure) = finding.measure else {
            out.push(finding);
            continue;
        };
        let exception =
            exceptions.iter().find(|e| e.path == finding.path && e.rule == finding.rule);
        match exception {
            Some(e) => {
                let seen = largest.entry(e.line).or_default();
                *seen = measure.max(*seen);
                if measure > e.limit {
                    out.push(finding);
                }
            }
            None => out.push(finding),
        }
    }
    for e in exceptions {
        let what = match largest.get(&e.line) {
            None => format!("{} keeps `{}` now; delete this line", e.path, e.rule),
            Some(&n) if n < e.limit => {
                format!("{} needs only {n} for `{}`; lower the limit", e.path, e.rule)
            }
            Some(_) => continue,
        };
        out.push(Finding::new(EXCEPTIONS, e.line, "exceptions", what));
    }
    out
}

fn parse(text: &str) -> (Vec<Exception>, Vec<Finding>) {
    let (mut exceptions, mut findings) = (Vec::new(), Vec::new());
    for (index, full) in text.lines().enumerate() {
        let line = index + 1;
        if full.trim().is_empty() || full.starts_with('#') {
            continue;
        }
        let (entry, reason) = full.split_once('#').unwrap_or((full, ""));
        let words: Vec<&str> = entry.split_whitespace().collect();
        let limit = words.get(2).and_then(|n| n.parse().ok());
        match (words.as_slice(), limit) {
            ([path, rule, _], Some(limit)) if !reason.trim().is_empty() => {
                exceptions.push(Exception {
                    line,
                    path: (*path).to_owned(),
                    rule: (*rule).to_owned(),
                    limit,
                });
            }
            _ => {
                let what = "not an exception; write `path rule limit # reason`";
                findings.push(Finding::new(EXCEPTIONS, line, "exceptions", what));
            }
        }
    }
    (exceptions, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(measures: &[usize], exceptions: &str, messages: &[&str]) {
        let findings = measures
            .iter()
            .map(|&n| Finding::new("a.rs", 7, "fields", format!("{n} fields")).measured(n))
            .collect();
        let left = apply_exceptions(findings, exceptions);
        let texts: Vec<String> = left.iter().map(Finding::to_string).collect();
        assert_eq!(texts, messages);
    }

    #[test]
    fn an_exception_covers_its_file_and_rule_up_to_its_limit() {
        check(&[14], "# heading\n\na.rs fields 14 # wire\n", &[]);
        check(&[13, 14], "a.rs fields 14 # wire", &[]);
        check(&[15], "a.rs fields 14 # wire", &["a.rs:7: fields: 15 fields"]);
        check(&[14], "", &["a.rs:7: fields: 14 fields"]);
    }

    #[test]
    fn the_list_only_shrinks() {
        let delete = "xtask/tidy-exceptions.txt:1: exceptions: \
                      a.rs keeps `fields` now; delete this line";
        check(&[], "a.rs fields 14 # wire", &[delete]);
        let lower = "xtask/tidy-exceptions.txt:1: exceptions: \
                     a.rs needs only 13 for `fields`; lower the limit";
        check(&[13], "a.rs fields 14 # wire", &[lower]);
    }

    #[test]
    fn an_exception_has_a_limit_and_a_reason() {
        for line in ["a.rs fields 14", "a.rs fields 14 #", "a.rs fields # x", "a.rs # x"] {
            let left = apply_exceptions(Vec::new(), line);
            assert_eq!(left.len(), 1, "{line}");
            assert!(left[0].what.starts_with("not an exception"), "{line}");
        }
    }

    #[test]
    fn rules_without_a_measure_have_no_exceptions() {
        let finding = Finding::new("a.rs", 1, "first-line", "x");
        let left = apply_exceptions(vec![finding.clone()], "a.rs first-line 1 # no");
        assert!(left.contains(&finding));
    }
}
