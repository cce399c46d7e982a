//! What a run of legs showed, as a table or as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use engine::lanes::{LaneStats, Lanes};
use serde::Serialize;

use crate::Failure;
use crate::generator::{Offer, Outcome};
use crate::legs::LegsArgs;
use crate::legs::stage::Told;
use crate::machine::{self, ThreadTime};
use crate::spread::Percentiles;
use crate::surroundings::{Generator, Look, Surroundings};
use crate::verdict::{Aims, Verdict};

/// A moment of the machine and of us.
pub struct Snapshot {
    look: Look,
    threads: BTreeMap<String, ThreadTime>,
    lane: LaneStats,
}

impl Snapshot {
    /// Now; `cores` are ours and the generator's.
    pub fn take(lanes: &Lanes, cores: (usize, usize)) -> io::Result<Self> {
        Ok(Self {
            look: Look::take(cores)?,
            threads: machine::thread_times()?,
            lane: lanes.stats().first().copied().unwrap_or_default(),
        })
    }
}

/// All that was collected.
pub struct Run<'a> {
    /// What was asked.
    pub args: &'a LegsArgs,
    /// What the generator began with.
    pub offer: &'a Offer,
    /// What it ended with.
    pub outcome: &'a Outcome,
    /// What the legs said.
    pub told: Told,
    /// Beginning and end of what is measured.
    pub span: (&'a Snapshot, &'a Snapshot),
    /// Datagrams dropped at the legs' sockets.
    pub dropped: u64,
    /// Bytes by which this process grew with the legs.
    pub grown: u64,
}

/// The figures.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: String,
    #[serde(flatten)]
    aims: Aims,
    legs: u32,
    seconds: f64,
    setting: Setting,
    engine: Engine,
    to_engine: Way,
    from_engine: Way,
    generator: Load,
    surroundings: Surroundings,
    dropped_at_legs: u64,
}

/// What was on.
#[derive(Debug, Serialize)]
struct Setting {
    vad: bool,
    record: bool,
    callee_loud_percent: f64,
    recognizer_frames: u64,
    utterances: u64,
    playout_starved: u64,
    recordings: u64,
    recording_blocks_lost: u64,
}

/// What the system under test took.
#[derive(Debug, Serialize)]
struct Engine {
    cpu_percent: f64,
    /// By thread; `bench` is the one that feeds playout and reads mail in place of calls.
    threads_percent: BTreeMap<String, f64>,
    /// Time the lane was ready and something else ran, % of the time.
    lane_waited_percent: f64,
    us_per_leg_and_second: f64,
    ticks: u64,
    ticks_late: u64,
    frames_lost: u64,
    kb_per_leg: f64,
    /// Of each packet sent: see [`crate::generator`].
    send_lateness: Percentiles,
}

/// Packets one way.
#[derive(Debug, Serialize)]
struct Way {
    /// Known exactly towards the engine, by sequence numbers from it.
    sent: u64,
    received: u64,
    lost: u64,
    strange: u64,
}

/// How the generator fared.
#[derive(Debug, Serialize)]
struct Load {
    dropped: u64,
    unsent: u64,
}

impl Report {
    /// Works the figures out.
    pub fn new(run: &Run<'_>) -> Self {
        let (before, after) = run.span;
        let ns = after.look.ns_since(&before.look);
        let outcome = run.outcome;
        let engine = engine(run, ns);
        let theirs = Generator { ran_ns: outcome.ran_ns, late: outcome.lateness };
        let surroundings = after.look.since(&before.look, theirs);
        let heard = outcome.heard;
        let mut aims = Aims::default();
        aims.at_most("share of the core, %", engine.cpu_percent, 80.0);
        aims.at_most("packets lost either way", lost_packets(run), 0.0);
        let late = if run.args.vad { 2.0 } else { 1.0 };
        aims.at_most("lateness p99, ms", engine.send_lateness.p99_ms, late);
        aims.at_most("resident memory per leg, KB", engine.kb_per_leg, 150.0);
        if run.args.record {
            aims.at_most("recorded blocks lost", run.told.lost_blocks as f64, 0.0);
        }
        invalid(run).into_iter().for_each(|why| aims.invalid(why));
        surroundings.judge(&mut aims);
        Self {
            machine: machine::describe(),
            aims,
            legs: run.args.legs,
            seconds: ns / 1e9,
            setting: setting(run),
            engine,
            to_engine: Way {
                sent: outcome.sent,
                received: run.told.quality.packets,
                lost: outcome.sent.saturating_sub(run.told.quality.packets),
                strange: run.told.quality.strangers,
            },
            from_engine: Way {
                sent: heard.packets + heard.lost,
                received: heard.packets,
                lost: heard.lost,
                strange: heard.strange,
            },
            generator: Load { dropped: outcome.dropped, unsent: outcome.unsent },
            surroundings,
            dropped_at_legs: run.dropped,
        }
    }

    /// Prints them.
    pub fn print(&self, json: bool) -> Result<Verdict, Failure> {
        let mut out = io::stdout().lock();
        if json {
            serde_json::to_writer_pretty(&mut out, self)?;
            out.write_all(b"\n")?;
            return Ok(self.aims.verdict());
        }
        for (what, value) in self.rows() {
            writeln!(out, "  {what:<34} {value}")?;
        }
        writeln!(out, "{}", self.aims.table())?;
        Ok(self.aims.verdict())
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = self.engine_rows();
        rows.extend(self.other_rows());
        rows
    }

    fn engine_rows(&self) -> Vec<(&'static str, String)> {
        let (s, e) = (&self.setting, &self.engine);
        let threads: Vec<String> = e
            .threads_percent
            .iter()
            .filter(|(_, p)| **p >= 0.05)
            .map(|(name, p)| format!("{name} {p:.1}"))
            .collect();
        let recording = if s.record { "on" } else { "off" };
        let (legs, seconds, loud) = (self.legs, self.seconds, s.callee_loud_percent);
        let due = self.seconds * 50.0;
        vec![
            (
                "legs",
                format!(
                    "{legs} for {seconds:.0} s, recording {recording}, callees loud {loud:.0} % \
                     of the time"
                ),
            ),
            ("machine", self.machine.clone()),
            ("engine, % of its core", format!("{:.1}", e.cpu_percent)),
            ("  by thread", threads.join(", ")),
            ("  per leg", format!("{:.0} µs each second", e.us_per_leg_and_second)),
            ("  lane waited for its core", format!("{:.1} %", e.lane_waited_percent)),
            ("resident memory per leg", format!("{:.0} KB", e.kb_per_leg)),
            ("lateness of packets sent", e.send_lateness.to_string()),
            ("ticks", format!("{} of {due:.0}, {} began over 2 ms late", e.ticks, e.ticks_late)),
            ("packets to the engine", self.to_engine.to_string()),
            ("packets from the engine", self.from_engine.to_string()),
        ]
    }

    fn other_rows(&self) -> Vec<(&'static str, String)> {
        let (s, g) = (&self.setting, &self.generator);
        let lost = self.engine.frames_lost;
        let mut rows = vec![
            ("dropped at legs' sockets", self.dropped_at_legs.to_string()),
            (
                "speech",
                format!(
                    "{} utterances, {} frames to recognizers, {lost} lost",
                    s.utterances, s.recognizer_frames
                ),
            ),
            ("playout starved", s.playout_starved.to_string()),
            ("recordings", format!("{}, {} blocks lost", s.recordings, s.recording_blocks_lost)),
            ("dropped at the generator's", format!("{}, unsent {}", g.dropped, g.unsent)),
        ];
        rows.extend(self.surroundings.rows());
        rows
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sent, {} lost, {} strange", self.sent, self.lost, self.strange)
    }
}

fn engine(run: &Run<'_>, ns: f64) -> Engine {
    let (before, after) = run.span;
    let mut threads = BTreeMap::new();
    let (mut ran, mut lane_waited) = (0, 0);
    for (name, now) in &after.threads {
        let then = before.threads.get(name).copied().unwrap_or_default();
        let time = now.ran.saturating_sub(then.ran);
        ran += time;
        if name.starts_with("lane") {
            lane_waited += now.waited.saturating_sub(then.waited);
        }
        threads.insert(name.clone(), percent(time, ns));
    }
    let legs = f64::from(run.args.legs);
    Engine {
        cpu_percent: percent(ran, ns),
        threads_percent: threads,
        lane_waited_percent: percent(lane_waited, ns),
        us_per_leg_and_second: ran as f64 / 1e3 / (ns / 1e9) / legs,
        ticks: after.lane.ticks - before.lane.ticks,
        ticks_late: after.lane.late - before.lane.late,
        frames_lost: after.lane.frames_lost - before.lane.frames_lost,
        kb_per_leg: run.grown as f64 / 1_024.0 / legs,
        send_lateness: run.outcome.heard.lateness,
    }
}

fn setting(run: &Run<'_>) -> Setting {
    Setting {
        vad: run.args.vad,
        record: run.args.record,
        callee_loud_percent: run.offer.loud_share * 100.0,
        recognizer_frames: run.told.frames,
        utterances: run.told.utterances,
        playout_starved: run.told.starved,
        recordings: run.told.recordings,
        recording_blocks_lost: run.told.lost_blocks,
    }
}

fn lost_packets(run: &Run<'_>) -> f64 {
    let in_time = run.outcome.sent.saturating_sub(run.told.quality.packets);
    (in_time + run.outcome.heard.lost) as f64
}

fn invalid(run: &Run<'_>) -> Vec<String> {
    let outcome = run.outcome;
    let mut why = Vec::new();
    if outcome.dropped + outcome.unsent > 0 {
        why.push("the generator lost packets of its own".to_owned());
    }
    if outcome.heard.legs != u64::from(run.args.legs) || run.told.closed != outcome.heard.legs {
        why.push("not every leg lived to the end".to_owned());
    }
    why
}

fn percent(part: u64, ns: f64) -> f64 {
    part as f64 / ns * 100.0
}
