//! sipp, the program that plays the callees (and, to find its own limit, the caller).

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock and waits")]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use testkit::peers::{Ports, listens_udp};

use crate::Failure;
use crate::spread::Spread;

const CALLEE: &str = include_str!("../../sipp/callee.xml");
const CALLER: &str = include_str!("../../sipp/caller.xml");

/// A running sipp; ended when dropped.
pub struct Sipp {
    child: Child,
    /// Where it answers.
    pub address: SocketAddr,
    home: tempfile::TempDir,
    _ports: Ports,
}

/// What one sipp counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// Calls that went as the scenario says.
    pub good: u64,
    /// Calls that did not.
    pub failed: u64,
    /// Messages it sent again.
    pub again: u64,
}

impl Sipp {
    /// A callee who stays for `hold_ms` and then hangs up.
    pub fn callee(core: usize, hold_ms: u32) -> Result<Self, Failure> {
        let scenario = CALLEE.replace("%HOLD%", &hold_ms.to_string());
        let started = Self::start(core, &scenario, &[])?;
        let until = Instant::now() + Duration::from_secs(10);
        while !listens_udp(started.address.port()) {
            if Instant::now() > until {
                return Err("sipp does not listen".into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(started)
    }

    /// A caller of so many calls a second; to be waited for with [`Sipp::over`].
    pub fn caller(core: usize, to: SocketAddr, cps: u32, calls: u64) -> Result<Self, Failure> {
        let (cps, calls) = (cps.to_string(), calls.to_string());
        let to = to.to_string();
        Self::start(core, CALLER, &["-r", &cps, "-m", &calls, "-l", "100000", &to])
    }

    fn start(core: usize, scenario: &str, more: &[&str]) -> Result<Self, Failure> {
        let home = tempfile::Builder::new().prefix("waihu-sipp-").tempdir()?;
        fs::write(home.path().join("scenario.xml"), scenario)?;
        let ports = Ports::take();
        let port = ports.first().to_string();
        let child = Command::new("taskset")
            .args(["-c", &core.to_string(), "sipp", "-sf", "scenario.xml", "-nostdin"])
            .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", &port])
            // It also ends by its own clock, should this program be killed.
            .args(["-timeout", "7200", "-buff_size", "8388608"])
            .args(["-trace_rtt", "-rtt_freq", "1", "-trace_stat", "-stf", "stat.csv", "-fd", "1"])
            .args(more)
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("cannot run sipp (Debian package sip-tester): {e}"))?;
        Ok(Self { child, address: ([127, 0, 0, 1], ports.first()).into(), home, _ports: ports })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until a caller is through.
    pub fn over(&mut self) -> Result<(), Failure> {
        self.child.wait()?;
        Ok(())
    }

    /// Ends it once its calls are over; what it counted. Its times go into `spread`.
    pub fn end(mut self, spread: &mut Spread) -> Result<Counted, Failure> {
        // SAFETY: takes numbers only; the process is ours and not waited for yet.
        unsafe { libc::kill(self.child.id() as libc::pid_t, libc::SIGUSR1) };
        let until = Instant::now() + Duration::from_secs(40);
        while self.child.try_wait()?.is_none() && Instant::now() < until {
            sleep(Duration::from_millis(50));
        }
        let counted = counted(&self.home.path().join("stat.csv"))?;
        for entry in fs::read_dir(self.home.path())? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with("_rtt.csv") {
                times(&fs::read_to_string(path)?, spread);
            }
        }
        Ok(counted)
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn counted(stat: &Path) -> Result<Counted, Failure> {
    let text = fs::read_to_string(stat)?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(';').collect();
    let last: Vec<&str> = lines.next_back().unwrap_or_default().split(';').collect();
    let of = |name: &str| -> u64 {
        let at = names.iter().position(|n| *n == name);
        at.and_then(|at| last.get(at)?.parse().ok()).unwrap_or(0)
    };
    Ok(Counted {
        good: of("SuccessfulCall(C)"),
        failed: of("FailedCall(C)"),
        again: of("Retransmissions(C)"),
    })
}

/// Lines of `date;milliseconds;name` after a heading.
fn times(text: &str, spread: &mut Spread) {
    for line in text.lines().skip(1) {
        if let Some(ms) = line.split(';').nth(1).and_then(|ms| ms.parse::<f64>().ok()) {
            spread.add_ns((ms * 1e6) as i64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_without_their_heading() {
        let mut spread = Spread::default();
        times("Date_ms;response_time_ms;rtd_no\n1;2.5;1\n2;7.5;1\nrubbish\n", &mut spread);
        let got = spread.percentiles();
        assert_eq!((got.count, got.max_ms), (2, 7.5));
    }
}
