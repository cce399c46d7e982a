//! Network namespaces by Debian's `ip`: made where the machine lets us, and of a test's own.

use std::process::Command;

/// What the kernel says where it has no namespaces, or none for us.
const NOT_HERE: [&str; 3] = ["not permitted", "denied", "Invalid argument"];

/// Runs a program to its end; what it said if it failed.
///
/// # Panics
///
/// If it is not there, with the Debian package that has it.
pub fn run(program: &str, package: &str, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new(program).args(arguments).output();
    let done = done.unwrap_or_else(|e| panic!("install the Debian package {package} ({e})"));
    match done.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            Err(format!("{program} {}: {said}", arguments.join(" ")))
        }
    }
}

pub fn ip(arguments: &str) -> Result<(), String> {
    run("ip", "iproute2", &arguments.split(' ').collect::<Vec<_>>())
}

/// Makes a namespace, whose name holds the number of this process. Where none can be made it says
/// so, and the test has nothing to test; what else goes wrong is an error.
///
/// # Panics
///
/// If it cannot be made for another reason than that the machine does not let us.
pub fn made(name: &str) -> bool {
    assert!(name.contains(&std::process::id().to_string()), "{name} may be somebody else's");
    // What has our number is left over from a process that was killed, long ago.
    let _ = ip(&format!("netns del {name}"));
    match ip(&format!("netns add {name}")) {
        Ok(()) => true,
        Err(why) if NOT_HERE.iter().any(|words| why.contains(words)) => {
            println!("skipped: no network namespace can be made here ({why})");
            false
        }
        Err(why) => panic!("no namespace: {why}"),
    }
}
