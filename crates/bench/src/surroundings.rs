//! What else ran on the two cores of a run, and what the kernel dropped meanwhile.

use std::fmt;
use std::io;

use serde::Serialize;

use crate::clock::monotonic_ns;
use crate::machine::{self, CoreTime, UdpCounts};
use crate::spread::Percentiles;
use crate::verdict::Aims;

/// Share of a core others may take, %, before a run is called disturbed.
const MAX_OTHERS: f64 = 5.0;
/// The generator may be this late, ms, before figures are worth nothing.
const MAX_LATE_MS: f64 = 1.0;
/// Share of its core from which a generator has no time left of its own, %.
const FULL: f64 = 95.0;
/// A tick of the kernel's times of cores, ns.
const JIFFY_NS: f64 = 10_000_000.0;

/// A moment of both cores.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    at: i64,
    engine: CoreTime,
    generator: CoreTime,
    udp: UdpCounts,
    /// Time this process has had on the processor, ns.
    ran: u64,
}

/// How the generator fared between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub struct Generator {
    /// Time it had on the processor, ns.
    pub ran_ns: u64,
    /// How late it was: its packets, or a thread on its core that sleeps 20 ms at a time.
    pub late: Percentiles,
}

/// What ran between two moments.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Surroundings {
    /// Of its core, %.
    pub engine_percent: f64,
    /// Of its core, %.
    generator_percent: f64,
    generator_late: Percentiles,
    engine_core: Others,
    generator_core: Others,
    kernel: Dropped,
}

/// What else a core did, %.
#[derive(Clone, Copy, Debug, Serialize)]
struct Others {
    busy: f64,
    others: f64,
    steal: f64,
    softirq: f64,
}

/// Datagrams that found a full buffer, of all programs.
#[derive(Clone, Copy, Debug, Serialize)]
struct Dropped {
    receive_full: u64,
    send_full: u64,
}

impl Look {
    /// Now; `cores` are the engine's, which is this process, and the generator's.
    pub fn take(cores: (usize, usize)) -> io::Result<Self> {
        Ok(Self {
            at: monotonic_ns(),
            engine: machine::core_time(cores.0)?,
            generator: machine::core_time(cores.1)?,
            udp: machine::udp_counts()?,
            ran: machine::process_time(std::process::id())?,
        })
    }

    /// How long after another this is, ns.
    pub fn ns_since(&self, before: &Self) -> f64 {
        (self.at - before.at) as f64
    }

    /// What ran since another.
    pub fn since(&self, before: &Self, generator: Generator) -> Surroundings {
        let ns = self.ns_since(before);
        let percent = |part: u64| part as f64 / ns * 100.0;
        let engine_percent = percent(self.ran.saturating_sub(before.ran));
        let generator_percent = percent(generator.ran_ns);
        Surroundings {
            engine_percent,
            generator_percent,
            generator_late: generator.late,
            engine_core: Others::between(before.engine, self.engine, engine_percent, ns),
            generator_core: Others::between(
                before.generator,
                self.generator,
                generator_percent,
                ns,
            ),
            kernel: Dropped {
                receive_full: self.udp.receive_full.saturating_sub(before.udp.receive_full),
                send_full: self.udp.send_full.saturating_sub(before.udp.send_full),
            },
        }
    }
}

impl Surroundings {
    /// Says of a run what it was worth.
    pub fn judge(&self, aims: &mut Aims) {
        for (whose, core) in [("engine", self.engine_core), ("generator", self.generator_core)] {
            let taken = core.others + core.steal;
            if taken > MAX_OTHERS {
                aims.disturbed(format!("others took {taken:.0} % of the {whose}'s core"));
            }
        }
        if self.generator_late.p99_ms > MAX_LATE_MS {
            let p99 = self.generator_late.p99_ms;
            aims.invalid(format!("the generator was {p99:.2} ms late (p99)"));
        }
        if self.generator_percent > FULL {
            let percent = self.generator_percent;
            aims.invalid(format!("the generator took {percent:.0} % of its core"));
        }
    }

    /// For a table.
    pub fn rows(&self) -> [(&'static str, String); 5] {
        let Dropped { receive_full, send_full } = self.kernel;
        [
            ("engine's core", self.engine_core.to_string()),
            ("generator, % of its core", format!("{:.1}", self.generator_percent)),
            ("  late", self.generator_late.to_string()),
            ("generator's core", self.generator_core.to_string()),
            (
                "kernel: full buffers, all programs",
                format!("{receive_full} receiving, {send_full} sending"),
            ),
        ]
    }

    /// Prints them.
    pub fn print(&self) {
        for (what, value) in self.rows() {
            println!("  {what:<34} {value}");
        }
    }
}

impl Others {
    fn between(before: CoreTime, after: CoreTime, ours: f64, ns: f64) -> Self {
        let share = |a: u64, b: u64| (b.saturating_sub(a)) as f64 * JIFFY_NS / ns * 100.0;
        let steal = share(before.steal, after.steal);
        let busy = (100.0 - share(before.idle, after.idle) - steal).max(0.0);
        Self {
            busy,
            // The kernel's times of cores are coarser than those of threads.
            others: (busy - ours).max(0.0),
            steal,
            softirq: share(before.softirq, after.softirq),
        }
    }
}

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "busy {:.1} %, of that others {:.1} %; steal {:.1} %, softirq {:.1} %",
            self.busy, self.others, self.steal, self.softirq
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn look(at_s: i64, ran: u64, engine: (u64, u64), generator: (u64, u64)) -> Look {
        let core = |(busy, steal)| {
            let idle = at_s as u64 * 100 - busy - steal;
            CoreTime { idle, softirq: 0, steal }
        };
        Look {
            at: at_s * 1_000_000_000,
            engine: core(engine),
            generator: core(generator),
            udp: UdpCounts { receive_full: at_s as u64, send_full: 0 },
            ran,
        }
    }

    /// One second; ticks of both cores are hundredths of it.
    fn second(ran: u64, engine: (u64, u64), generator: (u64, u64), ran_ns: u64) -> Surroundings {
        let theirs = Generator { ran_ns, ..Generator::default() };
        look(1, ran, engine, generator).since(&look(0, 0, (0, 0), (0, 0)), theirs)
    }

    #[test]
    fn what_others_took_and_a_full_generator_are_told() {
        let quiet = second(500_000_000, (51, 2), (40, 0), 390_000_000);
        assert!((quiet.engine_percent - 50.0).abs() < 0.01 && quiet.kernel.receive_full == 1);
        let mut aims = Aims::default();
        quiet.judge(&mut aims);
        assert_eq!((aims.table().as_str(), aims.verdict()), ("", Verdict::Met));
        let crowded = second(500_000_000, (60, 1), (40, 6), 390_000_000);
        crowded.judge(&mut aims);
        let told = aims.table();
        assert!(told.contains("11 % of the engine's core"), "{told}");
        assert!(told.contains("7 % of the generator's core"), "{told}");
        assert_eq!(aims.verdict(), Verdict::Met);
        let mut full = Aims::default();
        second(1, (1, 0), (99, 0), 960_000_000).judge(&mut full);
        assert_eq!(full.verdict(), Verdict::Invalid);
        let late = Percentiles { p99_ms: 1.01, ..Percentiles::default() };
        Surroundings { generator_late: late, ..quiet }.judge(&mut aims);
        assert_eq!(aims.verdict(), Verdict::Invalid);
    }
}
