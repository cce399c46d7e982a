//! Results go to stdout, everything else to stderr; neither is ever coloured.

use std::io::{self, Write};

use super::exit::Exit;

/// The line between parts of human output.
pub(crate) const RULE: &str = "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━";

/// Writes a result, at once. A reader that went away ends the command.
pub(crate) fn result(bytes: impl AsRef<[u8]>) -> Result<(), Exit> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes.as_ref()).and_then(|()| out.flush());
    written.map_err(|error| {
        if error.kind() != io::ErrorKind::BrokenPipe {
            trouble(&error.to_string());
        }
        Exit::Failed
    })
}

/// Writes one line of progress or advice.
pub(crate) fn note(line: &str) {
    // Nobody is left to be told if this fails.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes one line of a running server's or demo's output. Its reader may go away; what runs
/// goes on.
pub(crate) fn line(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// A line to stdout, formatted as by `println!`, which would end the process with its reader.
macro_rules! say {
    ($($part:tt)*) => { $crate::cli::output::line(&format!($($part)*)) };
}

/// A line to stderr, formatted as by `eprintln!`, which would end the process with its reader.
macro_rules! tell {
    ($($part:tt)*) => { $crate::cli::output::note(&format!($($part)*)) };
}

pub(crate) use {say, tell};

/// Writes one line about what went wrong.
pub(crate) fn trouble(message: &str) {
    note(&format!("❌ {message}"));
}

/// `text` without control characters: what a stranger said must not steer the terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_thirty_six_heavy_lines() {
        assert_eq!(RULE, "\u{2501}".repeat(36));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\u{9b}d 你好"), "a [2Jb  c d 你好");
    }
}
