//! The other side of a run: this program once more, as a process that is told and asks back in
//! lines of JSON, so that what it needs counts for nobody else.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;

/// A process of ours; ended when dropped.
pub struct Partner {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Partner {
    /// Starts this program with these arguments.
    pub fn start<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let out = child.stdout.take().ok_or("the other side has no output")?;
        Ok(Self { child, out: BufReader::new(out) })
    }

    /// Waits for its next line.
    pub fn hear<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        let mut line = String::new();
        self.out.read_line(&mut line)?;
        if line.is_empty() {
            return Err("the other side died".into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Sends it a line.
    pub fn tell<T: Serialize>(&mut self, what: &T) -> Result<(), Failure> {
        let input = self.child.stdin.as_mut().ok_or("the other side is deaf")?;
        serde_json::to_writer(&mut *input, what)?;
        input.write_all(b"\n")?;
        input.flush()?;
        Ok(())
    }

    /// Lets it finish.
    pub fn end(mut self) -> Result<(), Failure> {
        drop(self.child.stdin.take());
        if self.child.wait()?.success() { Ok(()) } else { Err("the other side failed".into()) }
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
