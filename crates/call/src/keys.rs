//! Keys of the telephone that come in RTP and by signalling: a gateway that sends both ways has
//! pressed once.

use std::time::Duration;

use domain::Now;

/// A key may be held before the slower way tells it.
const APART: Duration = Duration::from_secs(5);

/// How a key came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As telephone-event or tone, from the lane.
    Media,
    /// By INFO, from the trunk.
    Signalling,
}

/// What came by one way and not yet by the other.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    way: Way,
    key: char,
    times: u8,
    at: Now,
}

/// Which keys were pressed.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    ahead: Option<Ahead>,
}

impl Keys {
    /// Whether it is a press of its own, and not the other way's news of one that is known.
    pub(crate) fn is_new(&mut self, now: Now, way: Way, key: char) -> bool {
        let fresh = |a: &&mut Ahead| a.key == key && a.times > 0 && now.since(a.at) < APART;
        match self.ahead.as_mut().filter(fresh) {
            Some(ahead) if ahead.way != way => {
                ahead.times -= 1;
                false
            }
            Some(ahead) => {
                ahead.times = ahead.times.saturating_add(1);
                ahead.at = now;
                true
            }
            None => {
                self.ahead = Some(Ahead { way, key, times: 1, at: now });
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_both_ways_is_pressed_once() {
        let told = |pressed: &[(u64, Way, char)]| -> String {
            let mut keys = Keys::default();
            let new =
                |(ms, way, key): &&(u64, Way, char)| keys.is_new(Now::from_millis(*ms), *way, *key);
            pressed.iter().filter(new).map(|(_, _, key)| *key).collect()
        };
        use Way::{Media as M, Signalling as S};
        for (what, pressed, want) in [
            ("one way", vec![(0, M, '1'), (200, M, '1'), (400, M, '2')], "112"),
            ("the other", vec![(0, S, '1'), (200, S, '1'), (400, S, '#')], "11#"),
            ("both", vec![(0, M, '1'), (150, S, '1'), (900, M, '1'), (1_050, S, '1')], "11"),
            ("both, late", vec![(0, M, '1'), (200, M, '1'), (300, S, '1'), (400, S, '1')], "11"),
            ("in turn", vec![(0, S, '1'), (50, M, '1'), (600, S, '2'), (650, M, '2')], "12"),
            ("held", vec![(0, M, '1'), (4_000, S, '1')], "1"),
            ("another way much later", vec![(0, M, '1'), (9_000, S, '1')], "11"),
        ] {
            assert_eq!(told(&pressed), want, "{what}");
        }
    }
}
