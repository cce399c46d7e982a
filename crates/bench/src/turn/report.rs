//! What the callees' notes come to.

use domain::{CallRecord, Speaker};
use serde::Serialize;
use serde_json::Value;

use crate::Failure;
use crate::callees::Told;
use crate::machine;
use crate::scripted::{Delays, LONG_CHARS};
use crate::spread::{Percentiles, Spread};
use crate::surroundings::Surroundings;
use crate::turn::sound::{self, Words};
use crate::turn::{Records, TurnArgs, wav};
use crate::verdict::{Aims, Verdict};

/// One packet, ms.
const PACKET_MS: i64 = 20;
/// Interrupting lines and what they are called in reports.
const INTERRUPTS: &str = "what_is_it";
const MURMURS: [&str; 2] = ["mhm", "oh"];
const REPLIES: [&str; 2] = ["confirm", "acknowledge"];

/// The figures, ms.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: String,
    calls: usize,
    script: Delays,
    pause_ms: u32,
    packet_ms: i64,
    /// From the last sound of a callee's line to the first sound of the reply.
    mouth_to_ear: Percentiles,
    /// By how much the detector's end of speech is behind the last sound sent: what it needs to
    /// be sure of silence, and the jitter buffer. From the journal's media times, which begin
    /// up to a tick after the lab's.
    detector_and_jitter: Percentiles,
    /// What is left.
    overhead: Percentiles,
    /// All but script and pause.
    beyond_script: Percentiles,
    answer_to_first_sound: Percentiles,
    /// From the first sound of an interruption to the arrival of the last packet with sound.
    silent_after_interruption: Percentiles,
    /// From the last sound of a backchannel to the AI's next one.
    resumed_after_backchannel: Percentiles,
    #[serde(flatten)]
    into: SaidInto,
    surroundings: Surroundings,
    #[serde(flatten)]
    aims: Aims,
}

/// What backchannels did.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Backchannels {
    /// Said while the AI spoke.
    said: u64,
    /// After which the AI was silent for more than a quarter of a second.
    paused: u64,
    /// Messages heard from the first character to the last.
    messages_whole: u64,
    messages: u64,
    words_lost: u64,
    /// Characters of the shortest message; a callee may cut it short.
    shortest: Option<u64>,
}

/// What was said into the AI's speech.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct SaidInto {
    backchannels: Backchannels,
    interruptions: Interruptions,
}

/// What interruptions did.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Interruptions {
    /// Said while the AI spoke.
    said: u64,
    /// After which the AI went on with what it had been saying.
    ignored: u64,
}

#[derive(Default)]
struct Spreads {
    mouth_to_ear: Spread,
    detector: Spread,
    overhead: Spread,
    beyond: Spread,
    first: Spread,
    silent: Spread,
    resumed: Spread,
    into: SaidInto,
}

impl Report {
    /// Works the figures out.
    pub fn new(
        args: &TurnArgs,
        told: &Told,
        records: &Records,
        surroundings: Surroundings,
    ) -> Result<Self, Failure> {
        let mut s = Spreads::default();
        for report in &told.reports {
            let Some(number) = text(report, "dialled") else { continue };
            s.call(args, report, records.get(number))?;
        }
        let mut aims = Aims::default();
        let p99 = |s: &Spread| if s.is_empty() { f64::NAN } else { s.percentiles().p99_ms };
        aims.at_most("overhead p99, ms", p99(&s.overhead), 40.0);
        aims.at_most("beyond script and pause p99, ms", p99(&s.beyond), 100.0);
        aims.at_most("answer to first sound p99, ms", p99(&s.first), 100.0);
        aims.at_most("silent after interruption p99, ms", p99(&s.silent), 120.0);
        aims.at_most("resumed after backchannel p99, ms", p99(&s.resumed), 400.0);
        aims.at_most("interruptions ignored", s.into.interruptions.ignored as f64, 0.0);
        let cut = s.into.backchannels.messages - s.into.backchannels.messages_whole;
        aims.at_most("messages not heard whole", cut as f64, 0.0);
        aims.at_most("words lost", s.into.backchannels.words_lost as f64, 0.0);
        let missing = records.len() - told.reports.len().min(records.len());
        aims.at_most("calls without a report", missing as f64, 0.0);
        surroundings.judge(&mut aims);
        Ok(Self {
            machine: machine::describe(),
            calls: records.len(),
            script: args.delays(),
            pause_ms: args.pause_ms,
            packet_ms: PACKET_MS,
            mouth_to_ear: s.mouth_to_ear.percentiles(),
            detector_and_jitter: s.detector.percentiles(),
            overhead: s.overhead.percentiles(),
            beyond_script: s.beyond.percentiles(),
            answer_to_first_sound: s.first.percentiles(),
            silent_after_interruption: s.silent.percentiles(),
            resumed_after_backchannel: s.resumed.percentiles(),
            into: s.into,
            surroundings,
            aims,
        })
    }

    /// Prints them.
    pub fn print(&self, json: bool) -> Result<Verdict, Failure> {
        if json {
            println!("{}", serde_json::to_string_pretty(self)?);
            return Ok(self.aims.verdict());
        }
        let (script, b) = (&self.script, &self.into.backchannels);
        println!("  turn: {} calls, {}", self.calls, self.machine);
        println!(
            "  script {} ms (recognizer {}, judge {}, responder {}, synthesizer {}), pause {} ms, \
             packet {} ms",
            script.sum_ms(),
            script.recognizer_ms,
            script.judge_ms,
            script.responder_ms,
            script.synthesizer_ms,
            self.pause_ms,
            self.packet_ms
        );
        for (what, p) in [
            ("mouth to ear", self.mouth_to_ear),
            ("  detector and jitter buffer", self.detector_and_jitter),
            ("  overhead", self.overhead),
            ("  beyond script and pause", self.beyond_script),
            ("answer to first sound", self.answer_to_first_sound),
            ("silent after interruption", self.silent_after_interruption),
            ("resumed after backchannel", self.resumed_after_backchannel),
        ] {
            println!("  {what:<30} {p}  ({})", p.count);
        }
        println!(
            "  {} backchannels, {} with a pause; {} of {} messages whole, \
             {} words lost, {} characters in the shortest",
            b.said,
            b.paused,
            b.messages_whole,
            b.messages,
            b.words_lost,
            b.shortest.unwrap_or(0)
        );
        let Interruptions { said, ignored } = self.into.interruptions;
        println!("  {said} interruptions, {ignored} ignored");
        self.surroundings.print();
        print!("{}", self.aims.table());
        Ok(self.aims.verdict())
    }
}

impl Spreads {
    fn call(
        &mut self,
        args: &TurnArgs,
        report: &Value,
        record: Option<&CallRecord>,
    ) -> Result<(), Failure> {
        let Some(heard) = report.get("heard") else { return Ok(()) };
        if let Some(first) = whole(heard, "first_audio_ms") {
            self.first.add_ns(first * 1_000_000);
        }
        let empty = Vec::new();
        let lines = heard.get("lines").and_then(Value::as_array).unwrap_or(&empty);
        for line in lines {
            let name = text(line, "line").unwrap_or_default();
            if REPLIES.contains(&name) {
                self.reply(args, line, record);
            }
            if name == INTERRUPTS
                && let Some(ms) = whole(line, "ai_kept_talking_ms")
            {
                // The lab counts to the end of what the packet holds.
                self.silent.add_ns((ms - PACKET_MS) * 1_000_000);
                self.interruption(args, heard, line);
            }
            if MURMURS.contains(&name) {
                self.murmur(heard, line);
            }
        }
        if text(report, "persona") == Some("backchannels")
            && let Some(wav) = wav(report)
        {
            let Words { heard, lost } = sound::words(&sound::read(&wav)?);
            self.into.backchannels.messages += 1;
            self.into.backchannels.messages_whole +=
                u64::from(heard >= LONG_CHARS as u64 && lost == 0);
            self.into.backchannels.words_lost += lost;
            let shortest = self.into.backchannels.shortest.get_or_insert(heard);
            *shortest = heard.min(*shortest);
        }
        Ok(())
    }

    fn reply(&mut self, args: &TurnArgs, line: &Value, record: Option<&CallRecord>) {
        let (Some(after), Some(to)) = (whole(line, "ai_answered_after_ms"), whole(line, "to_ms"))
        else {
            return;
        };
        let fixed = args.delays().sum_ms() as i64 + i64::from(args.pause_ms);
        self.mouth_to_ear.add_ns(after * 1_000_000);
        self.beyond.add_ns((after - fixed) * 1_000_000);
        // The utterance that ended next to this line's end.
        let users = record.iter().flat_map(|r| &r.lines).filter(|l| l.speaker == Speaker::User);
        let lag = users.map(|l| l.end_ms as i64 - to).min_by_key(|lag| lag.abs());
        if let Some(lag) = lag.filter(|lag| lag.abs() < 400) {
            self.detector.add_ns(lag * 1_000_000);
            self.overhead.add_ns((after - fixed - lag - PACKET_MS) * 1_000_000);
        }
    }

    /// A reply takes the pause and the models; what comes sooner is what was said before.
    fn interruption(&mut self, args: &TurnArgs, heard: &Value, line: &Value) {
        let Some(to) = whole(line, "to_ms") else { return };
        let soonest = to + i64::from(args.pause_ms);
        let goes_on = |span: &Value| {
            let (from, end) = (whole(span, "from_ms"), whole(span, "to_ms"));
            from.is_some_and(|from| from < soonest) && end.is_some_and(|end| end > to)
        };
        self.into.interruptions.said += 1;
        self.into.interruptions.ignored += u64::from(spans(heard).iter().any(goes_on));
    }

    fn murmur(&mut self, heard: &Value, line: &Value) {
        if whole(line, "ai_kept_talking_ms").is_none() {
            return;
        }
        self.into.backchannels.said += 1;
        let (Some(from), Some(to)) = (whole(line, "from_ms"), whole(line, "to_ms")) else { return };
        let spans = spans(heard);
        let stopped = spans
            .iter()
            .position(|s| whole(s, "to_ms").is_some_and(|end| end >= from && end <= to + 400));
        let next = stopped.and_then(|n| whole(spans.get(n + 1)?, "from_ms"));
        match (stopped, next) {
            (Some(_), Some(next)) => {
                self.into.backchannels.paused += 1;
                self.resumed.add_ns((next - to) * 1_000_000);
            }
            // It never came back: as bad as it can be.
            (Some(_), None) => self.resumed.add_ns(10_000_000_000),
            (None, _) => self.resumed.add_ns(0),
        }
    }
}

/// When the AI was heard to speak.
fn spans(heard: &Value) -> &[Value] {
    heard.get("ai_speech").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn whole(of: &Value, name: &str) -> Option<i64> {
    of.get(name)?.as_i64()
}

fn text<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    of.get(name)?.as_str()
}
