//! Documents that must move with the source: crates, events, types and paths they name.

use std::collections::BTreeSet;

use super::blank::{blank, is_word};
use super::finding::Finding;
use super::items::{items, tokens};
use super::tree::Source;

/// The pages that describe the source by name.
const PAGES: [&str; 4] = ["ARCHITECTURE.md", "GLOSSARY.md", "CONTRIBUTING.md", "README.md"];
const EVENTS: &str = "crates/domain/src/event.rs";

/// All of it, given every file of the project and the names of its crates.
pub fn check(sources: &[Source], crates: &[String]) -> Vec<Finding> {
    let mut out = Vec::new();
    for page in PAGES {
        match sources.iter().find(|s| s.path == page) {
            None => {
                let what = "missing; newcomers look for it first, so write it";
                out.push(Finding::new(page, 1, "docs", what));
            }
            Some(page) => {
                moved_paths(page, sources, &mut out);
                if page.path == "ARCHITECTURE.md" {
                    unnamed(page, "crate", crates, &mut out);
                    unnamed(page, "event", &events(sources), &mut out);
                }
                if page.path == "GLOSSARY.md" {
                    lost_types(page, sources, &mut out);
                }
            }
        }
    }
    out
}

fn events(sources: &[Source]) -> Vec<String> {
    let source = sources.iter().find(|s| s.path == EVENTS);
    let all = source.map(|s| items(&tokens(&blank(&s.text)))).unwrap_or_default();
    let event = all.into_iter().find(|i| i.name == "Event");
    event.map(|e| e.variants).unwrap_or_default()
}

fn unnamed(page: &Source, kind: &str, names: &[String], out: &mut Vec<Finding>) {
    for name in names {
        if !page.text.contains(&format!("`{name}`")) {
            let what = format!("does not name the {kind} `{name}`; add it");
            out.push(Finding::new(&page.path, 1, "docs", what));
        }
    }
}

/// Each `CamelCase` word in backticks must still be a word of the source.
fn lost_types(page: &Source, sources: &[Source], out: &mut Vec<Finding>) {
    let rust = sources.iter().filter(|s| s.is_rust());
    let words: BTreeSet<&str> = rust.flat_map(|s| s.text.split(|c| !is_word(c))).collect();
    for (line, quoted) in quotes(&page.text) {
        let camel = quoted.starts_with(char::is_uppercase)
            && quoted.chars().all(char::is_alphanumeric)
            && quoted.chars().filter(|c| c.is_uppercase()).count() > 1
            && quoted.contains(char::is_lowercase);
        if camel && !words.contains(quoted) {
            let what = format!("`{quoted}` is nowhere in the source; follow its new name");
            out.push(Finding::new(&page.path, line, "docs", what));
        }
    }
}

/// Each path in backticks must still be there. Patterns (`crates/*/src`) are not looked at.
fn moved_paths(page: &Source, sources: &[Source], out: &mut Vec<Finding>) {
    let roots = ["crates/", "docs/", "scripts/", "xtask/"];
    for (line, quoted) in quotes(&page.text) {
        let path = quoted.trim_end_matches('/');
        let plain = path.chars().all(|c| is_word(c) || "/.-".contains(c));
        if !plain || !roots.iter().any(|root| path.starts_with(root)) {
            continue;
        }
        let below = format!("{path}/");
        if !sources.iter().any(|s| s.path == path || s.path.starts_with(&below)) {
            let what = format!("`{quoted}` is not there; follow where it went");
            out.push(Finding::new(&page.path, line, "docs", what));
        }
    }
}

/// What stands in backticks, with its line; fenced blocks are left out.
fn quotes(text: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            out.extend(line.split('`').skip(1).step_by(2).map(|q| (index + 1, q)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(pages: &[(&str, &str)]) -> Vec<String> {
        let mut sources = vec![
            Source::new(EVENTS, "enum Event { CallAccepted(u8), CallEnded }"),
            Source::new("crates/media/src/lib.rs", "pub struct MediaTime;"),
        ];
        for page in PAGES {
            let given = pages.iter().find(|(path, _)| *path == page);
            let complete = "`media` `CallAccepted` `CallEnded`";
            sources.push(Source::new(page, given.map_or(complete, |(_, text)| text)));
        }
        let found = check(&sources, &["media".to_owned()]);
        found.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn complete_pages_pass() {
        assert_eq!(messages(&[]), Vec::<String>::new());
    }

    #[test]
    fn the_architecture_names_every_crate_and_event() {
        assert_eq!(
            messages(&[("ARCHITECTURE.md", "`CallAccepted` media")]),
            [
                "ARCHITECTURE.md:1: docs: does not name the crate `media`; add it",
                "ARCHITECTURE.md:1: docs: does not name the event `CallEnded`; add it",
            ]
        );
    }

    #[test]
    fn the_glossary_names_only_types_that_exist() {
        let text = "`MediaTime`, `Media`, `SSE`, `media_time`\n`TimeOfMedia`";
        assert_eq!(
            messages(&[("GLOSSARY.md", text)]),
            ["GLOSSARY.md:2: docs: `TimeOfMedia` is nowhere in the source; follow its new name"]
        );
    }

    #[test]
    fn paths_in_pages_exist() {
        let text = "`crates/media/src/lib.rs` `crates/media/` `crates/*/src` `make test`\n\
                    ```\n`crates/gone`\n```\n`crates/gone/src`";
        assert_eq!(
            messages(&[("CONTRIBUTING.md", text)]),
            ["CONTRIBUTING.md:5: docs: `crates/gone/src` is not there; follow where it went"]
        );
    }

    #[test]
    fn a_missing_page_is_reported() {
        let found = check(&[], &[]);
        assert_eq!(found.len(), PAGES.len());
    }
}
