//! Which imports pass and which do not, crate by crate.

use super::*;

fn rules(name: &str, sections: &str) -> Vec<String> {
    let text = format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n{sections}");
    let source = Source::new(&format!("crates/{name}/Cargo.toml"), &text);
    let manifest = Manifest::parse(&source).unwrap().unwrap();
    let found = check_manifest(&manifest);
    found.iter().map(|f| format!("{}:{}", f.line, f.rule)).collect()
}

fn check(name: &str, section: &str, dependency: &str, allowed: bool) {
    let text = format!("[{section}]\nserde.workspace = true\n{dependency}.workspace = true\n");
    let expected = if allowed { vec![] } else { vec!["7:floors".to_owned()] };
    assert_eq!(rules(name, &text), expected, "{name} {section} {dependency}");
}

#[test]
fn a_crate_imports_only_floors_below() {
    for (name, dependency, allowed) in [
        ("media", "domain", true),
        ("domain", "media", false),
        ("media", "conversation", false),
        ("call", "media", true),
        ("call", "engine", false),
        ("engine", "call", true),
        ("engine", "sip", false),
        ("sip", "engine", true),
        ("callout", "console", false),
        ("store", "speech", false),
        ("app", "store", true),
        ("app", "lab", true),
        ("app", "testkit", false),
        ("engine", "lab", false),
        ("engine", "testkit", false),
        ("lab", "media", true),
        ("lab", "domain", true),
        ("lab", "engine", false),
        ("lab", "sip", false),
        ("testkit", "engine", true),
        ("testkit", "store", true),
        ("testkit", "app", false),
        ("bench", "app", true),
        ("xtask", "speech", true),
    ] {
        check(name, "dependencies", dependency, allowed);
        check(name, "build-dependencies", dependency, allowed);
        check(name, "target.'cfg(unix)'.dependencies", dependency, allowed);
    }
}

#[test]
fn tests_may_also_use_the_fakes_and_the_lab() {
    for (name, dependency, allowed) in [
        ("call", "testkit", true),
        ("sip", "lab", true),
        ("call", "engine", false),
        ("callout", "store", false),
    ] {
        check(name, "dev-dependencies", dependency, allowed);
    }
}

#[test]
fn a_renamed_import_is_seen() {
    let text = "[dependencies]\nx = { path = \"../app\", package = \"app\" }\n";
    assert_eq!(rules("sip", text), vec!["1:floors"]);
}

#[test]
fn a_crate_has_a_floor_and_the_lints() {
    assert_eq!(rules("attic", ""), vec!["1:floors"]);
    let source = Source::new("a", "[package]\nname = \"call\"\n");
    let manifest = Manifest::parse(&source).unwrap().unwrap();
    assert_eq!(check_manifest(&manifest)[0].rule, "lints");
    let workspace = Source::new("Cargo.toml", "[workspace]\nmembers = []\n");
    assert!(Manifest::parse(&workspace).unwrap().is_none());
    assert!(Manifest::parse(&Source::new("a", "[package")).is_err());
}

#[test]
fn cores_bring_no_runtime() {
    assert_eq!(rules("call", "[dependencies]\ntokio = \"1\"\n"), vec!["6:cores"]);
    assert_eq!(rules("call", "[dev-dependencies]\ntokio = \"1\"\n"), Vec::<String>::new());
    assert_eq!(rules("engine", "[dependencies]\ntokio = \"1\"\n"), Vec::<String>::new());
}

#[test]
fn cores_neither_wait_nor_look_at_the_clock() {
    for (code, found) in [
        ("async fn f() {}", true),
        ("use std::time::Instant;", true),
        ("use std::time::Duration;", false),
        ("let x = std::fs::read(p);", true),
        ("use std::net::{IpAddr, SocketAddr};", false),
        ("use std::net::UdpSocket;", true),
        ("let x: Arc<Mutex<u8>>;", true),
        ("tracing::warn!(\"x\");", true),
        ("tracing::debug!(\"x\");", false),
        ("let error = warn(net);", false),
        ("// async\nlet x = \"Instant\";", false),
        ("#[cfg(test)]\nmod tests { use std::time::Instant; }", false),
    ] {
        let count = |path: &str| check_core(&Source::new(path, code)).len();
        assert_eq!(count("crates/call/src/a.rs"), usize::from(found), "{code}");
        assert_eq!(count("crates/engine/src/a.rs"), 0, "{code}");
        assert_eq!(count("crates/call/tests/a.rs"), 0, "{code}");
    }
}
