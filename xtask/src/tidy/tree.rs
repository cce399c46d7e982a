//! The files of the project: what git tracks or would track, else what lies there.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file.
#[derive(Clone, Debug)]
pub struct Source {
    /// From the root of the project, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

impl Source {
    /// A file as given.
    #[cfg(test)]
    pub fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is only compiled for tests: below `tests/`, or `tests.rs` and `*_tests.rs`
    /// beside the code.
    pub fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let below = self.path.starts_with("tests/") || self.path.contains("/tests/");
        below || name == "tests.rs" || name.ends_with("_tests.rs")
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
            out.push(Source { path, text });
        }
    }
    Ok(out)
}

/// Tracked files and new ones that no ignore rule hides; `None` without git.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
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
            let built = matches!(
                name.to_str(),
                Some("target" | ".git" | "data" | "__pycache__")
            );
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
            assert_eq!(Source::new(path, "").is_test(), test, "{path}");
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
