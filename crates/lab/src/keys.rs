//! Keys as telephone-events (RFC 4733), both ways.

/// Packets of one key press we send: 100 ms of tone and the end three times over.
pub(crate) const PACKETS: u16 = 5 + 3;
const KEYS: &[u8; 16] = b"0123456789*#ABCD";

/// The payload of the `n`th packet (from 0) of a press, or `None` if it is no key or it is over;
/// a packet lasts `units` on the clock of telephone-event.
pub(crate) fn payload(key: char, n: u16, units: u16) -> Option<[u8; 4]> {
    let event = KEYS.iter().position(|k| char::from(*k) == key)?;
    if n >= PACKETS {
        return None;
    }
    let end = n >= PACKETS - 3;
    // The three end packets repeat the same duration.
    let duration = units * (n + 1).min(PACKETS - 2);
    let [high, low] = duration.to_be_bytes();
    Some([event as u8, if end { 0x80 | 10 } else { 10 }, high, low])
}

/// Tells presses from their repetitions.
#[derive(Debug, Default)]
pub(crate) struct KeyReader {
    /// RTP timestamp of the last press.
    last: Option<u32>,
}

impl KeyReader {
    /// The key of a packet that begins a press.
    pub(crate) fn packet(&mut self, timestamp: u32, payload: &[u8]) -> Option<char> {
        let event = *payload.first().filter(|_| payload.len() >= 4)?;
        if self.last == Some(timestamp) {
            return None;
        }
        let key = char::from(*KEYS.get(usize::from(event))?);
        self.last = Some(timestamp);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_is_read_once_however_many_packets_arrive() {
        let mut reader = KeyReader::default();
        let mut read = String::new();
        for (press, key) in "1*#D0".chars().enumerate() {
            for n in 0..PACKETS {
                // Every third packet is lost, the first one of each press too.
                if n % 3 != 0 {
                    read.extend(
                        reader.packet(press as u32 * 1_000, &payload(key, n, 160).unwrap()),
                    );
                }
            }
            assert_eq!(payload(key, PACKETS, 160), None);
        }
        assert_eq!(read, "1*#D0");
    }

    #[test]
    fn the_last_three_packets_carry_the_end_bit_and_one_duration() {
        let ends: Vec<_> = (0..PACKETS).filter_map(|n| payload('5', n, 160)).collect();
        assert!(ends[..5].iter().all(|p| p[1] & 0x80 == 0));
        assert!(ends[5..].iter().all(|p| p[1] & 0x80 != 0 && p[2..] == ends[5][2..]));
        assert_eq!(payload('x', 0, 160), None);
        assert_eq!(KeyReader::default().packet(0, &[77, 0, 0, 0]), None);
        assert_eq!(KeyReader::default().packet(0, &[1]), None);
    }
}
