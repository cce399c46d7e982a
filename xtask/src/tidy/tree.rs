//! The files of the project: what git tracks or would track, else what lies there.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::blank::blank;
use super::items::{test_modules, tokens};

/// A text file.
#[derive(Clone, Debug)]
pub struct Source {
    /// From the root of the project, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
    /// Whether it is only compiled for tests: below `tests/`, named `tests.rs` or `*_tests.rs`,
    /// or declared as a module under `#[cfg(test)]`.
    pub test: bool,
}

impl Source {
    /// A file as given.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), test: is_test_path(path) }
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

fn is_test_path(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let below = path.starts_with("tests/") || path.contains("/tests/");
    below || name == "tests.rs" || name.ends_with("_tests.rs")
}

/// Marks the files of modules that another file declares under `#[cfg(test)]`.
fn mark_test_modules(sources: &mut [Source]) {
    let mut files = Vec::new();
    for source in sources.iter().filter(|s| s.is_rust()) {
        let stem = source.path.trim_end_matches(".rs");
        let folder = match stem.rsplit_once('/') {
            Some((folder, "lib" | "main" | "mod")) => folder,
            _ => stem,
        };
        for name in test_modules(&tokens(&blank(&source.text))) {
            files.push(format!("{folder}/{name}.rs"));
            files.push(format!("{folder}/{name}/mod.rs"));
        }
    }
    for source in sources {
        source.test |= files.contains(&source.path);
    }
}

/// The root of the project: the folder above this crate.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Every text file of the project, in order of paths. Files that are not UTF-8 are left out.
pub fn read(root: &Path) -> Result<Vec<Source>, Box<dyn Error>> {
    let mut paths = match tracked(root) {
        Some(paths) if !paths.is_empty() => paths,
        _ => walk(root)?,
    };
    paths.sort();
    paths.dedup();
    let mut out = Vec::new();
    for path in paths {
        // A deleted file is still listed until its deletion is committed.
        let Ok(bytes) = fs::read(root.join(&path)) else {
            continue;
        };
        if let Ok(text) = String::from_utf8(bytes) {
            out.push(Source::new(&path, &text));
        }
    }
    mark_test_modules(&mut out);
    Ok(out)
}

/// Tracked files and new ones that no ignore rule hides; `None` without git.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|o| o.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

fn walk(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut out = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let kind = entry.file_type()?;
            let built = matches!(name.to_str(), Some("target" | ".git" | "data" | "__pycache__"));
            if kind.is_dir() && !built {
                folders.push(entry.path());
            } else if kind.is_file()
                && let Some(path) = entry.path().strip_prefix(root)?.to_str()
            {
                out.push(path.to_owned());
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_known_by_their_place() {
        for (path, test) in [
            ("crates/a/src/b.rs", false),
            ("crates/testkit/src/lib.rs", false),
            ("crates/a/tests/b.rs", true),
            ("crates/a/src/tests/b.rs", true),
            ("crates/a/src/tests.rs", true),
            ("crates/a/src/b_tests.rs", true),
        ] {
            assert_eq!(Source::new(path, "").test, test, "{path}");
        }
    }

    #[test]
    fn tests_are_known_by_their_declaration() {
        let declares = "#[cfg(test)]\nmod b;\nmod c;";
        for (parent, below) in [("x/src/lib.rs", "x/src"), ("x/src/a.rs", "x/src/a")] {
            let child = |name| Source::new(&format!("{below}/{name}.rs"), "");
            let mut sources = [Source::new(parent, declares), child("b"), child("c")];
            mark_test_modules(&mut sources);
            assert_eq!(sources.map(|s| s.test), [false, true, false], "{parent}");
        }
    }

    #[test]
    fn both_ways_of_listing_find_this_file() {
        let here = "xtask/src/tidy/tree.rs".to_owned();
        let walked = walk(&root()).unwrap();
        assert!(walked.contains(&here), "by walking");
        assert!(!walked.iter().any(|p| p.starts_with("target/")));
        assert!(read(&root()).unwrap().iter().any(|s| s.path == here));
    }
}
