//! Whether the AI speaks, judged by the loudness of what arrives and when it arrives.

use std::time::Duration;

use domain::Now;

/// The AI's speech as it is heard on the wire.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    /// When the present run of loud packets began, and how many they are.
    run: Option<(Now, u32)>,
    /// When the last loud packet was over.
    last_loud: Option<Now>,
    talking: bool,
}

/// A change in whether the AI speaks, with the moment it happened (not when it was noticed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Started(Now),
    Stopped(Now),
}

impl Hearing {
    /// A packet's samples (20 ms) that arrived at `now`.
    pub(crate) fn packet(&mut self, now: Now, samples: &[i16]) -> Option<Heard> {
        if level(samples) < SPEECH_LEVEL {
            self.run = None;
            return None;
        }
        self.last_loud = Some(now + PACKET);
        let (began, count) = self.run.map_or((now, 1), |(began, n)| (began, n + 1));
        self.run = Some((began, count));
        if !self.talking && count >= START_PACKETS {
            self.talking = true;
            return Some(Heard::Started(began));
        }
        None
    }

    /// To be called now and then: silence, or a stream that has dried up, ends speech.
    pub(crate) fn tick(&mut self, now: Now) -> Option<Heard> {
        let last = self.last_loud?;
        if self.talking && now.since(last) >= STOP_AFTER {
            self.talking = false;
            self.run = None;
            return Some(Heard::Stopped(last));
        }
        None
    }

    /// When the AI was last heard to speak.
    pub(crate) fn last_loud(&self) -> Option<Now> {
        self.last_loud
    }
}

/// Root mean square of samples.
pub(crate) fn level(samples: &[i16]) -> f32 {
    let power: f32 = samples.iter().map(|s| f32::from(*s).powi(2)).sum();
    (power / samples.len().max(1) as f32).sqrt()
}

/// −42 dB of full scale: above comfort noise, below the softest syllable of a synthesizer.
const SPEECH_LEVEL: f32 = 250.0;
/// Loud packets in a row that make speech; fewer are clicks.
const START_PACKETS: u32 = 3;
/// Silence that ends speech for the ear; whether it ends the turn, the callee decides.
const STOP_AFTER: Duration = Duration::from_millis(240);
const PACKET: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    /// One character per packet: `#` loud, `.` silent, `_` none arrives.
    fn run(packets: &str) -> Vec<Heard> {
        let mut hearing = Hearing::default();
        let mut heard = Vec::new();
        for (n, kind) in packets.chars().enumerate() {
            let now = Now::from_millis(n as u64 * 20);
            heard.extend(match kind {
                '#' => hearing.packet(now, &[1_000; 160]),
                '.' => hearing.packet(now, &[10; 160]),
                _ => None,
            });
            heard.extend(hearing.tick(now));
        }
        heard
    }

    #[test]
    fn starts_and_stops_are_dated_by_the_packets() {
        let (start, stop) =
            (|ms| Heard::Started(Now::from_millis(ms)), |ms| Heard::Stopped(Now::from_millis(ms)));
        for (packets, want) in [
            ("..............", vec![]),
            ("..##....##..", vec![]),
            ("..#####.............", vec![start(40), stop(140)]),
            ("###____________________", vec![start(0), stop(60)]),
            ("#####......#####.............", vec![start(0), stop(320)]),
        ] {
            assert_eq!(run(packets), want, "{packets}");
        }
    }
}
