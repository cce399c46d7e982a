//! The jitter buffer against networks that delay, reorder, repeat and lose, and senders that
//! pause and jump.

use super::*;

/// One packet of 20 ms whose bytes are its number.
#[derive(Clone, Copy, Debug)]
struct P {
    /// When it arrives, ms.
    at: u64,
    n: u16,
    timestamp: u32,
    ssrc: u32,
    kind: PacketKind,
}

const AUDIO: PacketKind = PacketKind::Audio(CodecId::Pcma);

fn p(at: u64, n: u16) -> P {
    P { at, n, timestamp: u32::from(n).wrapping_mul(160), ssrc: 1, kind: AUDIO }
}

/// Plays `ticks` ticks of 20 ms; one sign per tick: the packet number's last digit, `x` for a
/// concealed and `.` for a silent tick, `+` and `-` for changes of the delay.
fn play(packets: &[P], ticks: u64, quiet: bool) -> (String, JitterCounts, JitterBuffer) {
    let mut buffer = JitterBuffer::default();
    let mut signs = String::new();
    for tick in 0..ticks {
        let now = tick * 20;
        for p in packets.iter().filter(|p| p.at <= now && p.at + 20 > now) {
            let payload = [p.n as u8; 160];
            let payload = if p.kind == AUDIO { &payload[..] } else { &[] };
            let (seq, timestamp, ssrc) = (p.n, p.timestamp, p.ssrc);
            let packet = Incoming { kind: p.kind, seq, timestamp, ssrc, payload };
            buffer.insert(p.at as u32 * 8, &packet);
        }
        match buffer.pace(now as u32 * 8, 0, quiet) {
            Pace::Stretch => {
                signs.push('+');
                continue;
            }
            Pace::Skip => {
                signs.push('-');
                buffer.take(160);
            }
            Pace::Even => {}
        }
        signs.push(match buffer.take(160) {
            Taken::Packet { payload, skip: 0, .. } => char::from(b'0' + payload[0] % 10),
            Taken::Packet { .. } => '?',
            Taken::Lost { len: 160, .. } => 'x',
            Taken::Silence(160) => '.',
            Taken::Lost { .. } | Taken::Silence(_) => '!',
        });
    }
    let counts = buffer.counts();
    (signs, counts, buffer)
}

fn steady(range: std::ops::Range<u16>) -> Vec<P> {
    range.map(|n| p(20 * u64::from(n), n)).collect()
}

#[test]
fn a_steady_stream_plays_after_the_first_target() {
    let (signs, counts, _) = play(&steady(0..10), 12, false);
    assert_eq!(signs, "..0123456789");
    assert_eq!(counts, JitterCounts::default());
}

#[test]
fn reordered_and_repeated_packets_play_once_in_order() {
    let mut packets = steady(0..8);
    packets[3].at += 25;
    packets[5].at += 30;
    packets.push(p(125, 6));
    packets.push(p(165, 2));
    let (signs, counts, _) = play(&packets, 10, false);
    assert_eq!(signs, "..01234567");
    assert_eq!((counts.duplicate, counts.late, counts.concealed), (2, 0, 0));
}

#[test]
fn what_is_missing_is_concealed_and_what_is_late_is_counted() {
    let mut packets = steady(0..9);
    packets[3].at += 70;
    packets.remove(6);
    let (signs, counts, _) = play(&packets, 11, false);
    assert!(signs.starts_with("..012x"), "{signs}");
    assert_eq!((counts.late, counts.concealed >= 1), (1, true), "{signs}");
}

#[test]
fn a_packet_with_the_start_of_a_gap_inside_the_tick_fills_the_rest() {
    let mut buffer = JitterBuffer::default();
    let packet =
        |seq, timestamp, payload| Incoming { kind: AUDIO, seq, timestamp, ssrc: 1, payload };
    buffer.insert(0, &packet(0, 0, &[1; 80]));
    buffer.insert(0, &packet(1, 200, &[2; 160]));
    assert_eq!(buffer.take(160), Taken::Silence(160));
    assert_eq!(buffer.take(160), Taken::Silence(160));
    let first = Taken::Packet { codec: CodecId::Pcma, payload: &[1; 80], skip: 0 };
    assert_eq!(buffer.take(160), first);
    assert!(matches!(buffer.take(80), Taken::Lost { len: 80, .. }));
    assert!(matches!(buffer.take(160), Taken::Lost { len: 40, next: Some(_) }));
    let second = Taken::Packet { codec: CodecId::Pcma, payload: &[2; 160], skip: 0 };
    assert_eq!(buffer.take(120), second);
}

#[test]
fn sequence_numbers_and_timestamps_wrap() {
    let packets: Vec<P> = (0..12u16)
        .map(|n| {
            let timestamp = (u32::MAX - 500).wrapping_add(u32::from(n) * 160);
            P { n: 65_530u16.wrapping_add(n), timestamp, ..p(20 * u64::from(n), 0) }
        })
        .collect();
    let (signs, counts, _) = play(&packets, 14, false);
    // 65,530 is 250 in its last byte; the sixth packet is number 0.
    assert_eq!(signs, "..012345012345");
    assert_eq!(counts, JitterCounts::default());
}

#[test]
fn a_new_source_or_clock_needs_two_packets_in_sequence() {
    let stray = P { ssrc: 9, ..p(81, 700) };
    let mut packets = steady(0..8);
    packets.insert(5, stray);
    let (signs, counts, _) = play(&packets, 10, false);
    assert_eq!((signs.as_str(), counts.restarts), ("..01234567", 0));

    for change in [
        (|p: &mut P| p.ssrc = 2) as fn(&mut P),
        |p: &mut P| p.timestamp = p.timestamp.wrapping_add(1_000_000),
        |p: &mut P| p.timestamp = p.timestamp.wrapping_sub(500_000),
    ] {
        let mut packets = steady(0..14);
        packets[4..].iter_mut().for_each(change);
        let (signs, counts, _) = play(&packets, 16, false);
        assert_eq!(counts.restarts, 1, "{signs}");
        assert!(signs.starts_with("..01"), "{signs}");
        assert!(signs.ends_with("567890123"), "{signs}");
    }
}

#[test]
fn silence_suppression_is_no_loss() {
    let mut packets = steady(0..4);
    packets.push(P { kind: PacketKind::Pause, ..p(80, 4) });
    // Nothing for 600 ms, then speech again with timestamps that went on.
    packets.extend((5..9u16).map(|n| {
        let at = 680 + 20 * u64::from(n - 5);
        P { timestamp: at as u32 * 8, ..p(at, n) }
    }));
    let (signs, counts, _) = play(&packets, 42, false);
    assert_eq!(signs, format!("..0123{}5678..", ".".repeat(30)).replace("5678..", "5678xx"));
    assert_eq!(counts.concealed, 2);
}

#[test]
fn a_stream_that_ends_is_concealed_for_200_ms_and_then_silent() {
    let (signs, ..) = play(&steady(0..3), 25, false);
    assert_eq!(signs, format!("..012{}{}", "x".repeat(10), ".".repeat(10)));
}

#[test]
fn the_delay_grows_with_jitter_and_shrinks_again_in_quiet() {
    // 20 ms spacing with up to 80 ms of delay in a fixed pattern for five seconds, then none.
    let jitter = [0, 75, 10, 60, 30, 80, 5, 45];
    let mut packets: Vec<P> =
        (0..250u16).map(|n| p(20 * u64::from(n) + jitter[usize::from(n) % 8], n)).collect();
    let (_, counts, buffer) = play(&packets, 250, false);
    assert_eq!(buffer.target_ms(), 80);
    assert!(counts.late < 10, "{counts:?}");
    packets.extend((250..1_500).map(|n| p(20 * u64::from(n), n)));
    let (signs, counts, buffer) = play(&packets, 1_500, true);
    assert_eq!(buffer.target_ms(), 20);
    assert!(counts.late < 10, "{counts:?}");
    // At the end a packet plays in the tick after the one it came in.
    let last = signs.chars().last().unwrap();
    assert_eq!(last, '8', "{signs}");
}

#[test]
fn a_path_that_becomes_slower_for_good_is_followed() {
    let mut packets = steady(0..50);
    packets.extend((50..120u16).map(|n| p(20 * u64::from(n) + 500, n)));
    let (signs, counts, _) = play(&packets, 145, false);
    assert!(counts.late <= 9, "{counts:?}");
    let played = signs.chars().filter(char::is_ascii_digit).count();
    assert!(played > 105, "{played} {signs}");
}

#[test]
fn a_burst_larger_than_the_buffer_loses_the_oldest() {
    let packets: Vec<P> = (0..40u16).map(|n| p(0, n)).collect();
    let (_, counts, _) = play(&packets, 1, false);
    assert_eq!(counts.overflowed, 8);
    let payload = [0; MAX_PAYLOAD + 1];
    let big = Incoming { kind: AUDIO, seq: 0, timestamp: 0, ssrc: 1, payload: &payload };
    assert_eq!(JitterBuffer::default().insert(0, &big), Inserted::Oversized);
}
