//! Takes note of one call's media as it comes and goes, and makes the report of it.

use std::time::Duration;

use domain::Now;
use media::reception::Reception;
use media::rtcp::ReportBlock;

use crate::hearing::{Heard, Hearing};
use crate::marks::MarkReader;
use crate::persona::Line;
use crate::report::{Gap, HeardReport, LineReport, MarkSpan, Span};

/// What has been heard and said so far.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    pub(crate) answered: Option<Now>,
    hearing: Hearing,
    reception: Reception,
    marks: Option<MarkReader>,
    recording: Option<Recording>,
    speech: Vec<(Now, Option<Now>)>,
    lines: Vec<Spoken>,
    gaps: Vec<(Now, Duration)>,
    last_packet: Option<Now>,
    keys: String,
    packets_sent: u64,
    codecs: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug)]
struct Spoken {
    line: Line,
    from: Now,
    to: Option<Now>,
    /// The AI was speaking at `from` and has not been silent long enough since.
    over_ai: bool,
    kept_talking: Option<Duration>,
    answered_after: Option<Duration>,
}

/// The numbers of a received packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Now,
    pub(crate) ssrc: u32,
    pub(crate) seq: u16,
    pub(crate) timestamp: u32,
}

impl Witness {
    pub(crate) fn new(marks: bool, record: bool) -> Self {
        Self {
            marks: marks.then(MarkReader::default),
            recording: record.then(Recording::default),
            ..Self::default()
        }
    }

    /// A packet of audio.
    pub(crate) fn audio(&mut self, arrival: Arrival, samples: &[i16]) -> Option<Heard> {
        self.count(arrival);
        if let Some(marks) = &mut self.marks {
            marks.packet(arrival.at, samples);
        }
        if let Some(recording) = &mut self.recording {
            recording.put(arrival, samples);
        }
        let heard = self.hearing.packet(arrival.at, samples);
        self.note(heard);
        heard
    }

    /// A packet that is no audio; it keeps the stream alive.
    pub(crate) fn count(&mut self, arrival: Arrival) {
        let units = (arrival.at.as_nanos() / 125_000) as u32;
        self.reception.packet(arrival.ssrc, arrival.seq, arrival.timestamp, units);
        if let Some(last) = self.last_packet {
            let pause = arrival.at.since(last);
            if pause > GAP && self.gaps.len() < MAX_NOTES {
                self.gaps.push((last, pause));
            }
        }
        self.last_packet = Some(arrival.at);
    }

    /// Audio came in this codec.
    pub(crate) fn codec(&mut self, name: &'static str) {
        if self.codecs.last() != Some(&name) && self.codecs.len() < 16 {
            self.codecs.push(name);
        }
    }

    pub(crate) fn key(&mut self, key: char) {
        if self.keys.len() < 64 {
            self.keys.push(key);
        }
    }

    pub(crate) fn sent(&mut self) {
        self.packets_sent += 1;
    }

    pub(crate) fn packets_sent(&self) -> u64 {
        self.packets_sent
    }

    /// What an RTCP report says of the received stream.
    pub(crate) fn report_block(&mut self) -> Option<ReportBlock> {
        self.reception.report()
    }

    /// The first sound of a line was sent.
    pub(crate) fn line_begins(&mut self, now: Now, line: Line) {
        if self.lines.len() < MAX_NOTES {
            let over_ai =
                self.hearing.last_loud().is_some_and(|last| now.since(last) <= STILL_SPEAKING);
            self.lines.push(Spoken {
                line,
                from: now,
                to: None,
                over_ai,
                kept_talking: None,
                answered_after: None,
            });
        }
    }

    /// The last sound of the present line was sent.
    pub(crate) fn line_ends(&mut self, now: Now) {
        if let Some(spoken) = self.lines.last_mut() {
            spoken.to.get_or_insert(now);
        }
    }

    /// To be called every few milliseconds.
    pub(crate) fn tick(&mut self, now: Now) -> Option<Heard> {
        let last_loud = self.hearing.last_loud().unwrap_or_default();
        for spoken in self.lines.iter_mut().rev().take(4).filter(|s| s.over_ai) {
            if now.since(last_loud.max(spoken.from)) >= HAS_STOPPED {
                spoken.over_ai = false;
                spoken.kept_talking = Some(last_loud.since(spoken.from));
            }
        }
        let heard = self.hearing.tick(now);
        self.note(heard);
        heard
    }

    /// The report, and the recorded samples.
    pub(crate) fn finish(mut self, invited: Now, end: Now) -> (HeardReport, Option<Vec<i16>>) {
        let zero = self.answered.unwrap_or(invited);
        let ms = |at: Now| (at.as_nanos() as i64 - zero.as_nanos() as i64) / 1_000_000;
        let last_loud = self.hearing.last_loud().unwrap_or_default();
        for spoken in self.lines.iter_mut().filter(|s| s.over_ai) {
            spoken.kept_talking = Some(last_loud.since(spoken.from));
        }
        let report = HeardReport {
            first_audio_ms: self.speech.first().map(|(from, _)| ms(*from)),
            packets: self.reception.received(),
            lost: self.reception.lost(),
            jitter_ms: f64::from(self.reception.jitter()) / 8.0,
            codecs: self.codecs,
            gaps: self
                .gaps
                .iter()
                .map(|(at, length)| Gap { at_ms: ms(*at), length_ms: whole_ms(*length) })
                .collect(),
            ai_speech: self
                .speech
                .iter()
                .map(|(from, to)| Span { from_ms: ms(*from), to_ms: ms(to.unwrap_or(last_loud)) })
                .collect(),
            lines: self
                .lines
                .iter()
                .map(|s| LineReport {
                    line: s.line,
                    from_ms: ms(s.from),
                    to_ms: ms(s.to.unwrap_or(end)),
                    ai_kept_talking_ms: s.kept_talking.map(whole_ms),
                    ai_answered_after_ms: s.answered_after.map(whole_ms),
                })
                .collect(),
            keys: self.keys,
            marks: self
                .marks
                .iter()
                .flat_map(MarkReader::runs)
                .map(|r| MarkSpan { class: r.class, from_ms: ms(r.from), to_ms: ms(r.to) })
                .collect(),
            packets_sent: self.packets_sent,
            wav: None,
        };
        (report, self.recording.map(|r| r.samples))
    }

    fn note(&mut self, heard: Option<Heard>) {
        match heard {
            Some(Heard::Started(at)) => {
                if self.speech.len() < MAX_NOTES {
                    self.speech.push((at, None));
                }
                if let Some(spoken) = self.lines.last_mut()
                    && let Some(to) = spoken.to.filter(|to| *to <= at)
                {
                    spoken.answered_after.get_or_insert(at.since(to));
                }
            }
            Some(Heard::Stopped(at)) => {
                if let Some((_, to)) = self.speech.last_mut() {
                    to.get_or_insert(at);
                }
            }
            None => {}
        }
    }
}

/// Received audio at its place by RTP timestamp, so that what is missing stays silent.
#[derive(Debug, Default)]
struct Recording {
    samples: Vec<i16>,
    /// Timestamp of sample 0, for the source that sends now.
    origin: Option<(u32, u32)>,
    began: Option<Now>,
}

impl Recording {
    fn put(&mut self, arrival: Arrival, samples: &[i16]) {
        let began = *self.began.get_or_insert(arrival.at);
        let by_clock = (arrival.at.since(began).as_micros() / 125) as usize;
        let by_timestamp = self
            .origin
            .filter(|(ssrc, _)| *ssrc == arrival.ssrc)
            .map(|(_, zero)| arrival.timestamp.wrapping_sub(zero) as usize)
            .filter(|place| place.abs_diff(by_clock) < MAX_SHIFT);
        let place = by_timestamp.unwrap_or_else(|| {
            let zero = arrival.timestamp.wrapping_sub(by_clock as u32);
            self.origin = Some((arrival.ssrc, zero));
            by_clock
        });
        let end = place + samples.len();
        if end > MAX_RECORDING {
            return;
        }
        if self.samples.len() < end {
            self.samples.resize(end, 0);
        }
        self.samples[place..end].copy_from_slice(samples);
    }
}

fn whole_ms(d: Duration) -> u64 {
    u64::try_from(d.as_millis()).unwrap_or(u64::MAX)
}

/// A pause in the stream worth noting.
const GAP: Duration = Duration::from_millis(100);
/// The AI was heard so shortly ago that it is still speaking.
const STILL_SPEAKING: Duration = Duration::from_millis(300);
/// Silence after which the AI has stopped, and is not between two words.
const HAS_STOPPED: Duration = Duration::from_millis(500);
/// Entries of each list in a report; later ones are not kept.
const MAX_NOTES: usize = 1_000;
/// Five minutes at 8 kHz; what comes later is not recorded.
const MAX_RECORDING: usize = 300 * 8_000;
/// Two seconds: a timestamp further from the clock than this begins a new stretch.
const MAX_SHIFT: usize = 16_000;

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        witness: Witness,
        n: u64,
    }

    impl Bench {
        fn new() -> Self {
            let mut witness = Witness::new(false, true);
            witness.answered = Some(Now::from_millis(0));
            Self { witness, n: 0 }
        }
        /// One character per 20 ms: `#` loud, `.` silent, `_` nothing arrives.
        fn hear(&mut self, packets: &str) {
            for kind in packets.chars() {
                let at = Now::from_millis(self.n * 20);
                let (seq, timestamp) = (self.n as u16, self.n as u32 * 160);
                let arrival = Arrival { at, ssrc: 1, seq, timestamp };
                match kind {
                    '#' => drop(self.witness.audio(arrival, &[2_000; 160])),
                    '.' => drop(self.witness.audio(arrival, &[0; 160])),
                    _ => {}
                }
                self.witness.tick(at);
                self.n += 1;
            }
        }
        fn now(&self) -> Now {
            Now::from_millis(self.n * 20)
        }
        fn report(self) -> (HeardReport, Vec<i16>) {
            let end = self.now();
            let (report, samples) = self.witness.finish(Now::default(), end);
            (report, samples.unwrap())
        }
    }

    #[test]
    fn latency_and_barge_in_are_measured_on_the_wire() {
        let mut b = Bench::new();
        b.hear(&".".repeat(10));
        b.witness.line_begins(b.now(), Line::Hello);
        b.hear(&".".repeat(20));
        b.witness.line_ends(b.now());
        b.hear(&".".repeat(30));
        b.hear(&"#".repeat(50));
        b.witness.line_begins(b.now(), Line::WhatIsIt);
        b.hear(&"#".repeat(9));
        b.hear(&".".repeat(40));
        b.witness.line_ends(b.now());
        b.hear(&"#".repeat(20));
        let (report, _) = b.report();
        assert_eq!(report.first_audio_ms, Some(1_200));
        assert_eq!(report.lines[0].ai_answered_after_ms, Some(600));
        assert_eq!(report.lines[0].ai_kept_talking_ms, None);
        assert_eq!(report.lines[1].ai_kept_talking_ms, Some(180));
        assert_eq!(report.lines[1].ai_answered_after_ms, Some(0));
        assert_eq!(report.ai_speech.len(), 2);
        assert_eq!(report.ai_speech[0], Span { from_ms: 1_200, to_ms: 2_380 });
    }

    #[test]
    fn an_ai_that_does_not_stop_is_seen_to_go_on() {
        let mut b = Bench::new();
        b.hear(&"#".repeat(20));
        b.witness.line_begins(b.now(), Line::Mhm);
        b.hear(&"#".repeat(15));
        b.witness.line_ends(b.now());
        b.hear(&"#".repeat(10));
        b.hear(&".".repeat(15));
        b.hear(&"#".repeat(25));
        let (report, _) = b.report();
        assert_eq!(report.lines[0].ai_kept_talking_ms, Some(1_300));
    }

    #[test]
    fn loss_gaps_and_recording_keep_their_place() {
        let mut b = Bench::new();
        b.hear("####__####");
        b.hear(&"_".repeat(10));
        b.hear("##");
        let (report, samples) = b.report();
        assert_eq!((report.packets, report.lost), (10, 12));
        assert_eq!(report.gaps, [Gap { at_ms: 180, length_ms: 220 }]);
        assert_eq!(samples.len(), 22 * 160);
        assert_eq!((samples[4 * 160 - 1], samples[4 * 160], samples[6 * 160]), (2_000, 0, 2_000));
    }
}
