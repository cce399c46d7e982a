//! Peers that send other packet lengths than ours are heard without gaps.

use std::net::SocketAddr;

use domain::{LegId, Now};
use media::codec::{Codec, CodecId};
use media::leg::{Leg, LegSetup, Tick};
use media::rtp::RtpHeader;
use media::sdp::Negotiated;

/// Hears five seconds of a rising count, sent in packets of `ms`; answers the samples heard.
fn hear(ms: u32) -> Vec<i16> {
    let peer = SocketAddr::from(([127, 0, 0, 1], 4_000));
    let agreed = Negotiated { ptime_ms: ms, ..Negotiated::plain(peer, CodecId::Pcmu) };
    let mut leg = Leg::new(LegSetup { record: true, ..LegSetup::new(LegId::CALLEE, 7, 0, 0) });
    leg.connect(Now::default(), &agreed, &[]);
    leg.answered(Now::default());
    let (mut tick, mut heard) = (Box::new(Tick::new()), Vec::new());
    let len = 8 * ms;
    let mut sent = 0u32;
    for n in 0..250u64 {
        let now = Now::from_millis(n * 20);
        while u64::from(sent * ms) <= n * 20 {
            let samples: Vec<i16> = (0..len).map(|i| sample(sent * len + i)).collect();
            let (mut payload, mut out) = (vec![0; len as usize], [0; 600]);
            Codec::new(CodecId::Pcmu).encode(&samples, &mut payload);
            let (seq, timestamp) = (sent as u16, sent * len);
            let header = RtpHeader { marker: false, payload_type: 0, seq, timestamp, ssrc: 3 };
            let len = header.write(&payload, &mut out).unwrap_or(0);
            leg.receive_rtp(now, peer, &out[..len]);
            sent += 1;
        }
        leg.tick(now, &mut tick);
        heard.extend(tick.stereo.iter().flat_map(|block| block.left));
    }
    assert_eq!(leg.counts().jitter.concealed, 0, "{ms} ms");
    assert_eq!(leg.counts().jitter.late, 0, "{ms} ms");
    heard
}

/// A sawtooth of 64 steps of 500; µ-law is exact to 256 at that loudness.
fn sample(n: u32) -> i16 {
    ((n % 64) as i16 - 32) * 500
}

#[test]
fn every_usual_packet_length_is_heard_sample_by_sample() {
    for ms in [10, 20, 30, 40, 60] {
        let heard = hear(ms);
        // After the start the stream is the count itself, at some constant delay that may change
        // only where the jitter buffer changed it: look at the last two seconds.
        let tail = &heard[heard.len() - 16_000..];
        let near = |n: u32, s: i16| (i32::from(sample(n)) - i32::from(s)).abs() <= 256;
        let fits = |d: &u32| tail.iter().enumerate().all(|(i, s)| near(i as u32 + d, *s));
        assert!((0..64).any(|d| fits(&d)), "{ms} ms");
    }
}
