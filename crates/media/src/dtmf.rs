//! Keys as telephone-event packets (RFC 4733): one key per event, whatever is lost or repeated.

use crate::ring::Ring;

/// Most keys that can wait to be sent.
pub const MAX_KEYS: usize = 32;
/// Length of a key that we send, in ticks of 20 ms.
const KEY_TICKS: u16 = 5;
/// Times the end is sent (RFC 4733 section 2.5.1.4).
const END_TICKS: u16 = 3;
/// Audio between two keys, in ticks.
const REST_TICKS: u16 = 3;
/// Distance in timestamp units within which a packet continues an event that lost some of its
/// own: 40 ms on a clock of 8,000.
const SLACK: u32 = 320;
/// Most timestamp units of one tick that fit with the length of a key: 48,000 a second.
const MAX_TICK: u32 = 960;
const END_BIT: u8 = 0x80;
/// −10 dBm0.
const VOLUME: u8 = 10;
const KEYS: &[u8; 16] = b"0123456789*#ABCD";

/// One key of a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u8);

impl Key {
    /// The key with this sign: `0`–`9`, `*`, `#`, `A`–`D`.
    pub fn from_char(sign: char) -> Option<Key> {
        let sign = sign.to_ascii_uppercase();
        KEYS.iter().position(|k| char::from(*k) == sign).map(|n| Key(n as u8))
    }
    /// Its sign.
    pub fn as_char(self) -> char {
        char::from(KEYS[usize::from(self.0 & 15)])
    }
}

/// Reads the events of one source.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyReceiver {
    current: Option<Current>,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    key: Key,
    timestamp: u32,
    duration: u16,
    ended: bool,
}

impl KeyReceiver {
    /// Takes in the payload of a telephone-event packet; tells the key when its event begins.
    ///
    /// An event is known by its timestamp, so its repeated, reordered and lost packets do not
    /// matter, and a lost end is made up by the beginning of the next event.
    pub fn packet(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Option<Key> {
        let &[event, flags, high, low, ..] = payload else {
            return None;
        };
        if event > 15 {
            return None;
        }
        let (key, ended) = (Key(event), flags & END_BIT != 0);
        let duration = u16::from_be_bytes([high, low]);
        if let Some(current) = &mut self.current {
            let ahead = timestamp.wrapping_sub(current.timestamp) as i32;
            if ahead < 0 {
                return None;
            }
            if ahead == 0 || current.goes_on(key, ahead as u32, marker) {
                current.timestamp = timestamp;
                current.duration = current.duration.max(duration);
                current.ended |= ended;
                return None;
            }
        }
        self.current = Some(Current { key, timestamp, duration, ended });
        Some(key)
    }

    /// Forgets the source.
    pub fn reset(&mut self) {
        self.current = None;
    }
}

impl Current {
    /// Whether a packet with a later timestamp still belongs to this event: the next segment of
    /// a long one (RFC 4733 section 2.5.1.3), or of a sender that moves the timestamp with every
    /// packet. A new key press has the marker bit.
    fn goes_on(&self, key: Key, ahead: u32, marker: bool) -> bool {
        !self.ended && !marker && key == self.key && ahead <= u32::from(self.duration) + SLACK
    }
}

/// A packet to be sent in place of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPacket {
    /// First packet of its event.
    pub marker: bool,
    /// Timestamp of the event's beginning.
    pub timestamp: u32,
    /// Its four bytes.
    pub payload: [u8; 4],
}

/// Sends keys, one packet per tick: 100 ms each, the end three times, 60 ms of audio between.
#[derive(Debug, Default)]
pub struct KeySender {
    waiting: Ring<Key, MAX_KEYS>,
    sending: Option<(Key, u32)>,
    tick: u16,
}

impl KeySender {
    /// Adds a key.
    ///
    /// # Errors
    /// Gives the key back when [`MAX_KEYS`] wait.
    pub fn push(&mut self, key: Key) -> Result<(), Key> {
        self.waiting.push(key)
    }

    /// Keys that can still be added.
    pub const fn room(&self) -> usize {
        MAX_KEYS - self.waiting.len()
    }

    /// Whether nothing is left to send.
    pub const fn is_idle(&self) -> bool {
        self.sending.is_none() && self.waiting.is_empty()
    }

    /// The packet for the tick whose audio would begin at `timestamp`; `None` when audio goes.
    /// A tick lasts `units` on the clock of telephone-event: 160, or 960 beside Opus.
    pub fn tick(&mut self, timestamp: u32, units: u32) -> Option<KeyPacket> {
        let units = units.min(MAX_TICK) as u16;
        if self.sending.is_none() {
            if self.tick > 0 {
                self.tick -= 1;
                return None;
            }
            self.sending = Some((self.waiting.pop()?, timestamp));
        }
        let (key, start) = self.sending?;
        self.tick += 1;
        let ended = self.tick > KEY_TICKS;
        let [high, low] = (units * self.tick.min(KEY_TICKS)).to_be_bytes();
        let flags = if ended { END_BIT | VOLUME } else { VOLUME };
        let packet = KeyPacket {
            marker: self.tick == 1,
            timestamp: start,
            payload: [key.0, flags, high, low],
        };
        if self.tick == KEY_TICKS + END_TICKS {
            self.sending = None;
            self.tick = REST_TICKS;
        }
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn send(keys: &str) -> Vec<KeyPacket> {
        let mut sender = KeySender::default();
        for key in keys.chars() {
            sender.push(Key::from_char(key).unwrap()).unwrap();
        }
        (0..20 * keys.len() as u32).filter_map(|n| sender.tick(1_000 + n * 160, 160)).collect()
    }

    fn receive(packets: &[KeyPacket]) -> String {
        let mut receiver = KeyReceiver::default();
        let hear = |p: &KeyPacket| receiver.packet(p.timestamp, p.marker, &p.payload);
        packets.iter().filter_map(hear).map(Key::as_char).collect()
    }

    #[test]
    fn what_is_sent_is_received_once() {
        for keys in ["1", "0123456789*#ABCD", "11", "2222"] {
            assert_eq!(receive(&send(keys)), keys);
        }
        assert_eq!(Key::from_char('d').map(Key::as_char), Some('D'));
        assert_eq!(Key::from_char('x'), None);
    }

    #[test]
    fn one_key_looks_like_this_on_the_wire() {
        let packets = send("#");
        let durations: Vec<u16> =
            packets.iter().map(|p| u16::from_be_bytes([p.payload[2], p.payload[3]])).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800, 800]);
        let ends: Vec<bool> = packets.iter().map(|p| p.payload[1] & END_BIT != 0).collect();
        assert_eq!(ends, [false, false, false, false, false, true, true, true]);
        assert!(packets.iter().all(|p| p.timestamp == 1_000 && p.payload[0] == 11));
        assert_eq!(packets.iter().filter(|p| p.marker).count(), 1);
    }

    #[test]
    fn loss_repetition_and_disorder_do_not_change_the_keys() {
        let packets = send("12");
        let check = |what: &str, change: &dyn Fn(Vec<KeyPacket>) -> Vec<KeyPacket>| {
            assert_eq!(receive(&change(packets.clone())), "12", "{what}");
        };
        check("all ends lost", &|mut p| {
            p.retain(|p| p.payload[1] & END_BIT == 0);
            p
        });
        check("first packets lost", &|mut p| {
            p.retain(|p| !p.marker);
            p
        });
        check("only one end each", &|p| vec![p[7], p[15]]);
        check("each twice", &|p| p.into_iter().flat_map(|p| [p, p]).collect());
        check("neighbours swapped", &|mut p| {
            p.chunks_exact_mut(2).for_each(|c| c.swap(0, 1));
            p
        });
        check("end of the first after the second", &|mut p| {
            let end = p.remove(7);
            p.insert(9, end);
            p
        });
    }

    #[test]
    fn long_events_and_moving_timestamps_are_one_key() {
        let mut receiver = KeyReceiver::default();
        let mut hear = |t, marker, flags, d: u16| {
            let [high, low] = d.to_be_bytes();
            receiver.packet(t, marker, &[5, flags, high, low]).is_some()
        };
        assert!(hear(0, true, 10, 160));
        assert!(!hear(0, false, 10, 0xffff));
        assert!(!hear(0xffff, false, 10, 160));
        assert!(!hear(0xffff, false, END_BIT, 320));
        assert!(hear(0x1_2000, true, 10, 160));
        for n in 1..6 {
            assert!(!hear(0x1_2000 + n * 160, false, 10, 160), "{n}");
        }
    }

    #[test]
    fn too_many_keys_are_handed_back() {
        let mut sender = KeySender::default();
        for _ in 0..MAX_KEYS {
            assert_eq!(sender.push(Key(1)), Ok(()));
        }
        assert_eq!((sender.push(Key(2)), sender.room()), (Err(Key(2)), 0));
    }

    proptest! {
        #[test]
        fn random_payloads_never_panic(
            packets in proptest::collection::vec(
                (any::<u32>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..6)), 0..40,
            ),
        ) {
            let mut receiver = KeyReceiver::default();
            for (timestamp, marker, payload) in packets {
                let _ = receiver.packet(timestamp, marker, &payload);
            }
        }
    }
}
