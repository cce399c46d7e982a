//! `tidy`: the house rules that a machine can check, over every file of the project.
//!
//! Sizes, opening sentences, words, floors, fences and documents. Exceptions stand in
//! `xtask/tidy-exceptions.txt`. Everything is read as text: no build, no network.

mod blank;
mod docs;
mod fences;
mod finding;
mod floors;
mod items;
mod orphans;
mod shape;
mod text;
mod tree;

use std::error::Error;
use std::path::Path;

use finding::{EXCEPTIONS, Finding, apply_exceptions};
use floors::Manifest;
use tree::Source;

/// Prints what is wrong and what is nearly wrong; fails if anything is wrong.
pub fn run() -> Result<(), Box<dyn Error>> {
    let sources = tree::read(&tree::root())?;
    for warning in sources.iter().filter(|s| s.is_rust()).filter_map(shape::warning) {
        eprintln!("note: {warning}");
    }
    let findings = check(&sources);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: {} files", sources.len());
            Ok(())
        }
        n => Err(format!("tidy: {n} to mend; CONTRIBUTING.md says why each rule is there").into()),
    }
}

/// Everything wrong with the project, in order of place.
fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        findings.extend(text::check_words(source));
        if source.is_rust() {
            findings.extend(text::check_rust(source));
            findings.extend(shape::check(source));
            findings.extend(floors::check_core(source));
        }
    }
    let crates = check_manifests(sources, &mut findings);
    check_fences(sources, &mut findings);
    findings.extend(docs::check(sources, &crates));
    findings.extend(orphans::check(sources));
    let exceptions = text_of(sources, EXCEPTIONS);
    let mut findings = apply_exceptions(findings, exceptions);
    findings.sort_by(|a, b| (&a.path, a.line, a.rule).cmp(&(&b.path, b.line, b.rule)));
    findings
}

/// Checks every manifest and returns the names of the crates.
fn check_manifests(sources: &[Source], findings: &mut Vec<Finding>) -> Vec<String> {
    let mut crates = Vec::new();
    for source in sources {
        if Path::new(&source.path).file_name() != Some("Cargo.toml".as_ref()) {
            continue;
        }
        match Manifest::parse(source) {
            Ok(None) => {}
            Ok(Some(manifest)) => {
                findings.extend(floors::check_manifest(&manifest));
                crates.push(manifest.name().to_owned());
            }
            Err(e) => findings.push(unreadable(&source.path, &e)),
        }
    }
    crates
}

fn check_fences(sources: &[Source], findings: &mut Vec<Finding>) {
    let (deny, lock) = (text_of(sources, "deny.toml"), text_of(sources, "Cargo.lock"));
    if deny.is_empty() || lock.is_empty() {
        let what = "deny.toml or Cargo.lock is missing; the fences cannot be checked";
        findings.push(Finding::new("deny.toml", 1, "fences", what));
        return;
    }
    match fences::check(deny, lock) {
        Ok(found) => findings.extend(found),
        Err(e) => findings.push(unreadable("deny.toml", &e)),
    }
}

fn unreadable(path: &str, error: &toml::de::Error) -> Finding {
    let what = format!("not readable as TOML: {}; mend it", error.message());
    Finding::new(path, 1, "toml", what)
}

fn text_of<'a>(sources: &'a [Source], path: &str) -> &'a str {
    let source = sources.iter().find(|s| s.path == path);
    source.map_or("", |s| s.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The house rules as a test: this is what `cargo test` holds the project to.
    #[test]
    fn the_project_is_tidy() {
        let sources = tree::read(&tree::root()).unwrap();
        assert!(sources.len() > 50, "only {} files found", sources.len());
        let findings: Vec<String> = check(&sources).iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
    }

    /// Each rule is wired in: one bad file, manifest and fence of each kind is reported.
    #[test]
    fn every_check_is_asked() {
        let wide = format!("//! One two three.\n// {}\n", "x".repeat(100));
        let bad = [
            Source::new("crates/call/src/a.rs", "async fn f() {}"),
            Source::new("crates/call/src/b.rs", &wide),
            Source::new("crates/call/src/c.rs", &"\n".repeat(601)),
            Source::new("crates/call/Cargo.toml", "[package]\nname = \"call\"\n"),
            Source::new("crates/sip/Cargo.toml", "[package"),
            Source::new("crates/sip/tests/a/b.rs", "//! One two three."),
            Source::new("docs/a.md", &format!("issue {}", 2)),
            Source::new(EXCEPTIONS, "a b"),
        ];
        let found = check(&bad);
        for rule in [
            "cores",
            "docs",
            "exceptions",
            "fences",
            "file-length",
            "first-line",
            "lints",
            "orphans",
            "toml",
            "width",
            "words",
        ] {
            assert!(found.iter().any(|f| f.rule == rule), "{rule}: {found:#?}");
        }
    }
}
