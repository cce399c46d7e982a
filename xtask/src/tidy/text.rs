//! Rules about lines and words: first line, width, names of files, words that stay out.

use super::blank::blank;
use super::finding::Finding;
use super::items::{Token, tokens, without_tests};
use super::tree::Source;

const COLUMNS: usize = 100;
const CRATE_DOC_LINES: usize = 4;
const UNBOUNDED: [&str; 4] =
    ["unbounded_channel", "unbounded", "UnboundedSender", "UnboundedReceiver"];

/// Rules for one Rust file.
pub fn check_rust(source: &Source) -> Vec<Finding> {
    let mut out = Vec::new();
    first_line(source, &mut out);
    file_name(source, &mut out);
    width(source, &mut out);
    let code = tokens(&blank(&source.text));
    ignored_tests(source, &code, &mut out);
    queues_without_bound(source, &without_tests(&code), &mut out);
    out
}

/// Rules for any text file.
pub fn check_words(source: &Source) -> Vec<Finding> {
    // Names the registry in every entry, and is written by cargo.
    if source.path == "Cargo.lock" {
        return Vec::new();
    }
    let mut out = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let lower = line.to_lowercase();
        for (word, advice) in forbidden() {
            if lower.contains(&word) {
                let what = format!("`{word}` must not be in the project; {advice}");
                out.push(Finding::new(&source.path, index + 1, "words", what));
            }
        }
        if names_an_issue(&lower) {
            let what = "refers to an issue by number; say what it is about";
            out.push(Finding::new(&source.path, index + 1, "words", what));
        }
    }
    out
}

/// Put together here so that this file passes its own check.
fn forbidden() -> Vec<(String, &'static str)> {
    let place = "paths of one machine mean nothing to others";
    let registry = "name the package, not where it is fetched from";
    vec![
        (format!("/{}/", "work"), place),
        (format!("/tmp/{}/", "waihu"), place),
        (format!("{}_jobs", "bash"), place),
        (format!("{}.io", "crates"), registry),
        (format!("{}js.", "npm"), registry),
        (format!("{}i.org", "pyp"), registry),
        (format!("{}hosted.org", "python"), registry),
        (format!("deb.{}.org", "debian"), registry),
    ]
}

/// The word followed by a number, with `#`, `-`, `/` or a space between.
fn names_an_issue(lower: &str) -> bool {
    lower.match_indices("issue").any(|(at, word)| {
        let rest = lower[at + word.len()..].trim_start_matches('s');
        let number = rest.trim_start_matches([' ', '#', '-', '/']);
        number.len() < rest.len() && number.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn first_line(source: &Source, out: &mut Vec<Finding>) {
    let first = source.text.lines().next().unwrap_or_default();
    let sentence = first.strip_prefix("//! ").unwrap_or_default();
    if sentence.split_whitespace().count() < 3 {
        let what = "no opening sentence; begin with `//! ` and say what this file is";
        out.push(Finding::new(&source.path, 1, "first-line", what));
        return;
    }
    let lines = source.text.lines();
    let docs = lines.take_while(|line| line.starts_with("//!")).count();
    if source.path.ends_with("/src/lib.rs") && docs < CRATE_DOC_LINES {
        let what = format!(
            "{docs} lines about the crate, at least {CRATE_DOC_LINES}; \
             say what it is and what it is not"
        );
        out.push(Finding::new(&source.path, 1, "crate-docs", what));
    }
}

fn file_name(source: &Source, out: &mut Vec<Finding>) {
    let says_nothing = ["util", "utils", "common", "manager", "helper", "helpers", "misc"];
    for part in source.path.trim_end_matches(".rs").split('/') {
        if part.split('_').any(|word| says_nothing.contains(&word)) {
            let what = format!("`{part}` says nothing; name the idea it holds");
            out.push(Finding::new(&source.path, 1, "name", what));
        }
    }
}

fn width(source: &Source, out: &mut Vec<Finding>) {
    for (index, line) in source.text.lines().enumerate() {
        let columns: usize = line.chars().map(columns).sum();
        if columns > COLUMNS {
            let what = format!("{columns} columns, at most {COLUMNS}; break the line");
            out.push(Finding::new(&source.path, index + 1, "width", what).measured(columns));
        }
    }
}

/// Columns of a character in a terminal: two for CJK, full-width forms and emoji.
fn columns(c: char) -> usize {
    let wide = matches!(
        u32::from(c),
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff | 0x20000..=0x3fffd
    );
    if wide { 2 } else { 1 }
}

fn ignored_tests(source: &Source, code: &[Token], out: &mut Vec<Finding>) {
    for pair in code.windows(3) {
        if pair[0].text == "#" && pair[1].text == "[" && pair[2].text == "ignore" {
            let what = "a test that never runs; mend it or delete it";
            out.push(Finding::new(&source.path, pair[2].line, "ignored-test", what));
        }
    }
}

/// Measured as the number of places, so that the crate that has to bridge a vendor's unbounded
/// channel can have an exception.
fn queues_without_bound(source: &Source, code: &[Token], out: &mut Vec<Finding>) {
    let named = |t: &&Token| UNBOUNDED.contains(&t.text.as_str());
    let lines: Vec<usize> = code.iter().filter(named).map(|t| t.line).collect();
    if let Some(&line) = lines.first() {
        let what = "a queue without a bound; give it one and write its overflow rule beside it";
        let finding = Finding::new(&source.path, line, "unbounded-queue", what);
        out.push(finding.measured(lines.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(path: &str, text: &str) -> Vec<&'static str> {
        let found = check_rust(&Source::new(path, text));
        found.iter().map(|f| f.rule).collect()
    }

    #[test]
    fn a_file_opens_with_a_sentence() {
        for (text, rules) in [
            ("//! What this is.\n", vec![]),
            ("", vec!["first-line"]),
            ("use x;\n", vec!["first-line"]),
            ("//! lab\n", vec!["first-line"]),
            ("//!\n//! What this is.\n", vec!["first-line"]),
        ] {
            assert_eq!(rust("crates/a/src/b.rs", text), rules, "{text}");
        }
    }

    #[test]
    fn a_crate_says_what_it_is_and_is_not() {
        let short = "//! What this is.\n\nmod a;\n";
        let long = "//! What this is.\n//!\n//! It does.\n//! It does not.\nmod a;\n";
        assert_eq!(rust("crates/a/src/lib.rs", short), vec!["crate-docs"]);
        assert_eq!(rust("crates/a/src/lib.rs", long), Vec::<&str>::new());
    }

    #[test]
    fn lines_are_measured_in_columns() {
        for (n, unit, rules) in [
            (96, "x", vec![]),
            (97, "x", vec!["width"]),
            (48, "\u{4f60}", vec![]),
            (49, "\u{4f60}", vec!["width"]),
        ] {
            let text = format!("//! What this is.\n//! {}", unit.repeat(n));
            assert_eq!(rust("a.rs", &text), rules, "{n} {unit}");
        }
    }

    #[test]
    fn names_mean_something() {
        for (path, rules) in [
            ("crates/a/src/string_utils.rs", vec!["name"]),
            ("crates/a/src/helpers/b.rs", vec!["name"]),
            ("crates/a/src/commonplace.rs", vec![]),
        ] {
            assert_eq!(rust(path, "//! What this is.\n"), rules, "{path}");
        }
    }

    #[test]
    fn queues_have_bounds_and_tests_run() {
        for (code, rules) in [
            ("let x = mpsc::unbounded_channel();", vec!["unbounded-queue"]),
            ("fn f(x: UnboundedSender<u8>) {}", vec!["unbounded-queue"]),
            ("// unbounded_channel\nlet x = \"unbounded\";", vec![]),
            ("#[ignore]\nfn f() {}", vec!["ignored-test"]),
            ("#[ignore = \"slow\"]\nfn f() {}", vec!["ignored-test"]),
        ] {
            assert_eq!(rust("a.rs", &format!("//! What this is.\n{code}")), rules, "{code}");
        }
    }

    #[test]
    fn words_that_stay_out() {
        let mut lines: Vec<String> = forbidden().into_iter().map(|(w, _)| w).collect();
        let number = |s: &str| format!("see Issue{s}{}", 2);
        lines.extend([number(" "), number(" #"), number("s/")]);
        for line in lines {
            let found = check_words(&Source::new("docs/a.md", &format!("\n{line}")));
            assert_eq!(found.len(), 1, "{line}");
            assert_eq!((found[0].line, found[0].rule), (2, "words"));
            assert!(check_words(&Source::new("Cargo.lock", &line)).is_empty());
        }
        for line in ["an issue 'with 2", "issue", "reissued 2 times", "homework/x", "/works/"] {
            assert!(check_words(&Source::new("a", line)).is_empty(), "{line}");
        }
    }
}
