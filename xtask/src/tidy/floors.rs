//! The floors: which of our crates may import which, and what the cores do without.

use super::blank::blank;
use super::finding::Finding;
use super::items::{Token, tokens, without_tests};
use super::tree::Source;

/// Crates by floor, the ground first. A crate imports only floors below its own.
const FLOORS: [(&str, &[&str]); 6] = [
    ("ground", &["domain"]),
    ("pillars", &["media", "conversation"]),
    ("beam", &["call"]),
    ("hall", &["engine"]),
    ("wings", &["callout", "console", "sip", "speech", "store"]),
    ("roof", &["app"]),
];
const SHEDS: [&str; 5] = ["lab", "testkit", "bench", "xtask", "fuzz"];
const ROOF: usize = FLOORS.len() - 1;

const CORES: [&str; 4] = ["domain", "media", "conversation", "call"];

/// Packages that bring I/O, tasks or clocks.
const NOT_IN_CORES: [&str; 9] = [
    "axum",
    "futures",
    "libc",
    "reqwest",
    "socket2",
    "tokio",
    "tokio-stream",
    "tokio-util",
    "toml",
];

/// Words of a core's code that mean it waits, locks, reads a clock or logs loudly.
const NOT_SAID_IN_CORES: [&str; 15] = [
    "async",
    "await",
    "Mutex",
    "RwLock",
    "Instant",
    "SystemTime",
    "UdpSocket",
    "TcpListener",
    "TcpStream",
    "println",
    "eprintln",
    "info",
    "warn",
    "error",
    "trace_span",
];

/// What one `Cargo.toml` says about dependencies.
pub struct Manifest<'a> {
    path: &'a str,
    text: &'a str,
    name: String,
    production: Vec<String>,
    tests: Vec<String>,
    lints: bool,
}

impl<'a> Manifest<'a> {
    /// Reads a package's manifest; `None` for the workspace's own.
    pub fn parse(source: &'a Source) -> Result<Option<Self>, toml::de::Error> {
        let table: toml::Table = source.text.parse()?;
        let Some(name) = table.get("package").and_then(|p| p.get("name")) else {
            return Ok(None);
        };
        let mut tables = vec![&table];
        if let Some(targets) = table.get("target").and_then(toml::Value::as_table) {
            tables.extend(targets.values().filter_map(toml::Value::as_table));
        }
        let named = |section: &str| -> Vec<String> {
            let sections = tables.iter().filter_map(|t| t.get(section)?.as_table());
            sections.flat_map(|t| t.iter().map(package_name)).collect()
        };
        let mut production = named("dependencies");
        production.extend(named("build-dependencies"));
        let lints = table.get("lints").and_then(|l| l.get("workspace"));
        Ok(Some(Self {
            path: &source.path,
            text: &source.text,
            name: name.as_str().unwrap_or_default().to_owned(),
            production,
            tests: named("dev-dependencies"),
            lints: lints.and_then(toml::Value::as_bool) == Some(true),
        }))
    }

    /// The package's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn line_of(&self, dependency: &str) -> usize {
        let names = |line: &str| {
            let rest = line.trim_start().strip_prefix(dependency);
            rest.is_some_and(|r| r.starts_with(['.', ' ', '=']))
        };
        self.text.lines().position(names).map_or(1, |at| at + 1)
    }
}

fn package_name((key, value): (&String, &toml::Value)) -> String {
    let renamed = value.get("package").and_then(toml::Value::as_str);
    renamed.unwrap_or(key).to_owned()
}

/// Walls between crates, as the manifests draw them.
pub fn check_manifest(manifest: &Manifest) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut report = |line, rule, what: String| {
        out.push(Finding::new(manifest.path, line, rule, what));
    };
    let name = manifest.name.as_str();
    if floor_of(name).is_none() && !SHEDS.contains(&name) {
        let what = format!("`{name}` stands on no floor; add it to xtask/src/tidy/floors.rs");
        report(1, "floors", what);
    }
    if !manifest.lints {
        let what = "the workspace's lints are off; add `[lints] workspace = true`";
        report(1, "lints", what.to_owned());
    }
    let production = manifest.production.iter().map(|d| (d, false));
    for (dependency, test) in production.chain(manifest.tests.iter().map(|d| (d, true))) {
        let line = manifest.line_of(dependency);
        if is_ours(dependency) && !may_import(name, dependency, test) {
            let what = format!(
                "`{name}` ({}) may not import `{dependency}` ({}); move the shared words down, \
                 or pass a value up",
                place(name),
                place(dependency)
            );
            report(line, "floors", what);
        }
        if !test && CORES.contains(&name) && NOT_IN_CORES.contains(&dependency.as_str()) {
            let what = format!("`{dependency}` in a core; let `engine` do it and pass the value");
            report(line, "cores", what);
        }
    }
    out
}

/// What a core's code must not say.
pub fn check_core(source: &Source) -> Vec<Finding> {
    let crate_name = source.path.strip_prefix("crates/").and_then(|p| p.split_once("/src/"));
    if source.test || !crate_name.is_some_and(|(name, _)| CORES.contains(&name)) {
        return Vec::new();
    }
    let code = without_tests(&tokens(&blank(&source.text)));
    let text = |at: usize| code.get(at).map_or("", |t: &Token| t.text.as_str());
    let mut out = Vec::new();
    for (at, token) in code.iter().enumerate() {
        let word = token.text.as_str();
        let lower = word.starts_with(char::is_lowercase);
        let keyword = matches!(word, "async" | "await");
        // `error` and `warn` are only a matter of logging when called as macros.
        let said = NOT_SAID_IN_CORES.contains(&word) && (!lower || keyword || text(at + 1) == "!");
        let module = matches!(word, "fs" | "thread" | "env" | "process")
            && text(at.wrapping_sub(1)) == ":"
            && text(at.wrapping_sub(3)) == "std";
        // Addresses (`std::net::IpAddr`) are values; sockets are named above.
        if said || module {
            let what = format!("`{word}` in a core; take it as an argument or give out a value");
            out.push(Finding::new(&source.path, token.line, "cores", what));
        }
    }
    out
}

fn floor_of(name: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, crates)| crates.contains(&name))
}

fn is_ours(name: &str) -> bool {
    floor_of(name).is_some() || SHEDS.contains(&name)
}

fn place(name: &str) -> &'static str {
    floor_of(name).map_or("shed", |floor| FLOORS[floor].0)
}

fn may_import(name: &str, dependency: &str, test: bool) -> bool {
    // The lab and the fakes are what tests are made of.
    if test && matches!(dependency, "testkit" | "lab") {
        return true;
    }
    match (name, floor_of(name), floor_of(dependency)) {
        ("bench" | "xtask" | "fuzz", ..) => true,
        ("lab", ..) => matches!(dependency, "domain" | "media"),
        ("testkit", _, Some(floor)) => floor < ROOF,
        ("app", _, None) => dependency == "lab",
        (_, Some(mine), Some(theirs)) => theirs < mine,
        _ => false,
    }
}

#[cfg(test)]
#[path = "floors_tests.rs"]
mod tests;
