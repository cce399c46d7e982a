//! Test files that no test program would run: nothing else notices when their tests are gone.

use std::collections::BTreeSet;

use super::blank::blank;
use super::finding::Finding;
use super::items::tokens;
use super::tree::Source;

/// Every file below a package's `tests/` is the root of a program or a module of one.
pub fn check(sources: &[Source]) -> Vec<Finding> {
    let mut run: BTreeSet<String> = BTreeSet::new();
    for source in sources {
        if let Some(package) = source.path.strip_suffix("Cargo.toml") {
            run.extend(roots(package, source, sources));
        } else if source.is_rust() && source.test {
            run.extend(modules(source));
        }
    }
    let lost = |s: &&Source| s.is_rust() && s.path.contains("/tests/") && !run.contains(&s.path);
    let lost = sources.iter().filter(lost).filter(|s| !s.path.contains("/src/"));
    let what = "no test program runs this file; name it in one with `mod`, or in Cargo.toml";
    lost.map(|s| Finding::new(&s.path, 1, "orphans", what)).collect()
}

/// The files that Cargo builds test programs from; a manifest it cannot read is told elsewhere.
fn roots(package: &str, manifest: &Source, sources: &[Source]) -> Vec<String> {
    let table: toml::Table = manifest.text.parse().unwrap_or_default();
    let named = table.get("test").and_then(toml::Value::as_array).into_iter().flatten();
    let path = |test: &toml::Value| Some(format!("{package}{}", test.get("path")?.as_str()?));
    let mut roots: Vec<String> = named.filter_map(path).collect();
    let found = table.get("package").and_then(|p| p.get("autotests")?.as_bool());
    if found != Some(false) {
        let folder = format!("{package}tests/");
        let found = |path: &str| {
            let rest = path.strip_prefix(&folder)?;
            let alone = rest.ends_with(".rs") && !rest.contains('/');
            (alone || rest.matches('/').count() == 1 && rest.ends_with("/main.rs")).then_some(())
        };
        let paths = sources.iter().map(|s| &s.path).filter(|path| found(path).is_some());
        roots.extend(paths.cloned());
    }
    roots
}

/// Where the modules that a file declares may lie.
fn modules(source: &Source) -> Vec<String> {
    let (folder, name) = source.path.rsplit_once('/').unwrap_or_default();
    // A root and a `mod.rs` have their modules beside them, other files below them; which of
    // the files in `tests/` are roots is settled elsewhere, so both places count for those.
    let mut folders = vec![format!("{folder}/{}", name.trim_end_matches(".rs"))];
    if folder.ends_with("/tests") || matches!(name, "main.rs" | "mod.rs") {
        folders.push(folder.to_owned());
    }
    let tokens = tokens(&blank(&source.text));
    let declared = tokens.windows(3).filter(|t| t[0].text == "mod" && t[2].text == ";");
    let mut out = Vec::new();
    for module in declared.map(|t| &t[1].text) {
        for folder in &folders {
            out.extend([format!("{folder}/{module}.rs"), format!("{folder}/{module}/mod.rs")]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        check(&sources).into_iter().map(|f| f.path).collect()
    }

    #[test]
    fn every_test_file_is_a_program_or_a_module_of_one() {
        let files = |manifest| {
            [
                ("crates/a/Cargo.toml", manifest),
                ("crates/a/src/tests/x.rs", ""),
                ("crates/a/tests/main.rs", "mod one;\nmod stage;\n// mod two;"),
                ("crates/a/tests/one.rs", ""),
                ("crates/a/tests/stage/mod.rs", "mod deep;"),
                ("crates/a/tests/stage/deep.rs", ""),
                ("crates/a/tests/stage/lost.rs", ""),
                ("crates/a/tests/two.rs", ""),
                ("crates/a/tests/three/main.rs", "mod four;"),
                ("crates/a/tests/three/four.rs", ""),
            ]
        };
        let found = "[package]\nname = \"a\"\n";
        assert_eq!(lost(&files(found)), ["crates/a/tests/stage/lost.rs"]);
        let named = "[package]\nname = \"a\"\nautotests = false\n\
                     [[test]]\nname = \"a\"\npath = \"tests/main.rs\"\n";
        let want =
            ["stage/lost.rs", "two.rs", "three/main.rs"].map(|f| format!("crates/a/tests/{f}"));
        assert_eq!(lost(&files(named)), want);
    }
}
