//! Every stored input, once, through its fuzz target: a finding that is back fails here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A test for each target.
macro_rules! targets {
    ($($target:ident)+) => {
        const TARGETS: &[&str] = &[$(stringify!($target)),+];

        mod stored_inputs_break_nothing_in {
            $(#[test]
            fn $target() {
                let program = env!(concat!("CARGO_BIN_EXE_", stringify!($target)));
                super::replay(stringify!($target), program);
            })+
        }
    };
}

targets! {
    codec
    config
    event_lines
    http_callout
    http_console
    leg
    phone
    requirement
    rtcp
    rtp
    sdp
    sip_address
    sip_message
    srtp
    telephone_event
    wav
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What lies in a folder, in order.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    paths.sort();
    paths
}

fn replay(target: &str, program: &str) {
    let inputs = entries(&here().join("corpus").join(target));
    assert!(!inputs.is_empty(), "no inputs in fuzz/corpus/{target}");
    let done = Command::new(program).arg("-timeout=60").args(&inputs).output();
    let done = done.unwrap_or_else(|e| panic!("{program}: {e}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{target} breaks on a stored input:\n{said}");
}

#[test]
fn every_target_has_its_test_and_its_inputs() {
    let names = |folder: &str| -> BTreeSet<String> {
        let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
        entries(&here().join(folder)).into_iter().filter_map(stem).collect()
    };
    let tested: BTreeSet<String> = TARGETS.iter().map(|t| (*t).to_owned()).collect();
    let mut written = names("fuzz_targets");
    assert!(written.remove("request"), "a module that two targets share");
    assert_eq!(tested, written);
    assert_eq!(tested, names("corpus"));
}
