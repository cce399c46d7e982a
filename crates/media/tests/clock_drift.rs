//! A sender whose clock runs fast or slow for an hour keeps being heard at a low delay.

use media::codec::CodecId;
use media::jitter::{Incoming, JitterBuffer, Pace, PacketKind, Taken};

/// Plays an hour of packets sent by a clock that is `ppm` millionths fast; answers how many
/// packets were late or thrown away, how many gaps were concealed, and the largest number of
/// packets that waited in the second half.
fn hour(ppm: i64) -> (u64, u64, usize) {
    let mut buffer = JitterBuffer::default();
    let (mut sent, mut played, mut deepest) = (0u32, 0u32, 0);
    let ticks = 180_000u64;
    for tick in 0..ticks {
        let now_us = tick * 20_000;
        // The n-th packet leaves at n · 20 ms of the sender's clock.
        while i64::from(sent) * 20_000 * (1_000_000 - ppm) / 1_000_000 <= now_us as i64 {
            let (seq, timestamp) = (sent as u16, sent.wrapping_mul(160));
            let kind = PacketKind::Audio(CodecId::Pcma);
            let packet = Incoming { kind, seq, timestamp, ssrc: 1, payload: &[0xd5; 160] };
            buffer.insert((now_us / 125) as u32, &packet);
            sent += 1;
        }
        let takes = match buffer.pace((now_us / 125) as u32, 0, true) {
            Pace::Stretch => 0,
            Pace::Even => 1,
            Pace::Skip => 2,
        };
        for _ in 0..takes {
            played += u32::from(matches!(buffer.take(160), Taken::Packet { .. }));
        }
        if tick > ticks / 2 {
            deepest = deepest.max(sent - played);
        }
    }
    let counts = buffer.counts();
    (counts.late + counts.overflowed, counts.concealed, deepest as usize)
}

#[test]
fn an_hour_with_a_wrong_clock_is_heard_without_loss() {
    for ppm in [0, 100, -100, 400, -400] {
        let (lost, concealed, deepest) = hour(ppm);
        assert!(lost + concealed <= 2, "{ppm}: {lost} lost, {concealed} concealed");
        assert!(deepest <= 4, "{ppm}: {deepest} packets deep");
    }
}
