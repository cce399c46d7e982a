//! Sizes of files, functions, structs, enums and argument lists.

use super::blank::blank;
use super::finding::Finding;
use super::items::{Item, Kind, items, tokens, without_tests};
use super::tree::Source;

/// A file is looked at again here,
pub const FILE_LINES_WARN: usize = 400;
/// and stops here.
pub const FILE_LINES: usize = 600;
const FUNCTION_LINES: usize = 70;
const FIELDS: usize = 12;
const VARIANTS: usize = 25;
const ARGUMENTS: usize = 6;

/// Everything about one Rust file's sizes. Only the code that ships is measured.
pub fn check(source: &Source) -> Vec<Finding> {
    if source.test {
        return Vec::new();
    }
    let mut out = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES {
        let what = format!("{lines} lines, at most {FILE_LINES}; move one idea to its own file");
        out.push(Finding::new(&source.path, 1, "file-length", what).measured(lines));
    }
    for item in items(&without_tests(&tokens(&blank(&source.text)))) {
        check_item(&source.path, &item, &mut out);
    }
    out
}

/// A note on a file that is nearly too long.
pub fn warning(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    let near = lines > FILE_LINES_WARN && lines <= FILE_LINES && !source.test;
    near.then(|| format!("{}: {lines} lines; look whether it holds two ideas", source.path))
}

fn check_item(path: &str, item: &Item, out: &mut Vec<Finding>) {
    let name = &item.name;
    let mut at_most = |rule, n: usize, limit, unit: &str, advice: &str| {
        if n > limit {
            let what = format!("`{name}` has {n} {unit}, at most {limit}; {advice}");
            out.push(Finding::new(path, item.line, rule, what).measured(n));
        }
    };
    match item.kind {
        Kind::Function { arguments } => {
            let advice = "name its steps and make them functions";
            at_most("function-length", item.lines(), FUNCTION_LINES, "lines", advice);
            let advice = "group what belongs together in a struct";
            at_most("arguments", arguments, ARGUMENTS, "arguments", advice);
        }
        // What goes over a wire has the shape its contract gives it.
        Kind::Struct { .. } | Kind::Enum { .. } if path.ends_with("/wire.rs") => {}
        Kind::Struct { fields } => {
            let advice = "give each phase or neighbour its own struct";
            at_most("fields", fields, FIELDS, "fields", advice);
        }
        Kind::Enum { variants } => {
            let advice = "split it by who handles what";
            at_most("variants", variants, VARIANTS, "variants", advice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(&'static str, usize)> {
        check(&Source::new(path, text)).iter().map(|f| (f.rule, f.measure.unwrap_or(0))).collect()
    }

    fn list(n: usize, one: &str) -> String {
        (0..n).map(|i| format!("{one}{i}: u8,\n")).collect()
    }

    #[test]
    fn each_limit_catches_one_more_than_it_allows() {
        let function = |lines: usize| format!("fn f() {{\n{}}}", "x;\n".repeat(lines - 2));
        let structure = |n| format!("struct S {{ {} }}", list(n, "f"));
        let enumeration = |n| format!("enum E {{ {} }}", list(n, "V").replace(": u8", ""));
        let arguments = |n| format!("fn f(&self, {}) {{}}", list(n, "a").replace('\n', ""));
        for (good, bad, rule, n) in [
            ("\n".repeat(600), "\n".repeat(601), "file-length", 601),
            (function(70), function(71), "function-length", 71),
            (structure(12), structure(13), "fields", 13),
            (enumeration(25), enumeration(26), "variants", 26),
            (arguments(6), arguments(7), "arguments", 7),
        ] {
            assert_eq!(rules("crates/a/src/b.rs", &good), vec![], "{rule}");
            assert_eq!(rules("crates/a/src/b.rs", &bad), vec![(rule, n)]);
            assert_eq!(rules("crates/a/tests/b.rs", &bad), vec![], "{rule} in tests");
            let tests = format!("#[cfg(test)]\nmod tests {{\n{bad}\n}}");
            let in_tests = rules("crates/a/src/b.rs", &tests);
            assert!(in_tests.iter().all(|(r, _)| *r == "file-length"), "{rule}");
        }
    }

    #[test]
    fn wire_types_are_as_their_contract_draws_them() {
        let text = format!("struct S {{ {} }}", list(13, "f"));
        assert_eq!(rules("crates/a/src/wire.rs", &text), vec![]);
        assert_eq!(rules("crates/a/src/firewire.rs", &text), vec![("fields", 13)]);
    }

    #[test]
    fn a_message_says_where_what_and_what_to_do() {
        let text = format!("\nstruct S {{ {} }}", list(13, "f"));
        let found = check(&Source::new("a.rs", &text));
        assert_eq!(
            found[0].to_string(),
            "a.rs:2: fields: `S` has 13 fields, at most 12; \
             give each phase or neighbour its own struct"
        );
    }

    #[test]
    fn a_long_file_is_only_noted() {
        let note = |lines| warning(&Source::new("a.rs", &"\n".repeat(lines)));
        assert_eq!(note(400), None);
        assert!(note(401).is_some());
    }
}
