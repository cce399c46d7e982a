//! A peer that may send, and sends anything: a leg counts, drops, and lives on.

use std::net::SocketAddr;

use domain::{LegId, Now};
use media::codec::CodecId;
use media::leg::{Leg, LegSetup, Tick};
use media::sdp::Negotiated;
use proptest::prelude::*;

fn peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 4_000))
}

fn leg() -> Leg {
    let agreed = Negotiated::plain(peer(), CodecId::Pcma);
    let mut leg = Leg::new(LegSetup { record: true, ..LegSetup::new(LegId::CALLEE, 7, 0, 0) });
    leg.connect(Now::default(), &agreed, &[]);
    leg.answered(Now::default());
    leg
}

/// A datagram that passes for RTP: numbers near each other or wild, payloads of any kind.
fn likely() -> impl Strategy<Value = Vec<u8>> {
    let payload_type = prop_oneof![Just(8u8), Just(0), Just(101), Just(13), 0u8..128];
    let seq = prop_oneof![0u16..40, any::<u16>()];
    let timestamp = prop_oneof![0u32..8_000, any::<u32>()];
    let payload = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..8),
        proptest::collection::vec(any::<u8>(), 100..500),
    ];
    (payload_type, seq, timestamp, 0u32..3, payload).prop_map(|(pt, seq, timestamp, ssrc, body)| {
        let mut bytes = vec![0x80, pt];
        bytes.extend(seq.to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(ssrc.to_be_bytes());
        bytes.extend(body);
        bytes
    })
}

fn anything() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => likely(), 1 => proptest::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_datagram_stops_the_ticks(
        ticks in proptest::collection::vec(proptest::collection::vec(anything(), 0..4), 1..60),
    ) {
        let (mut leg, mut tick) = (leg(), Box::new(Tick::new()));
        for (n, datagrams) in ticks.iter().enumerate() {
            let now = Now::from_millis(n as u64 * 20);
            for datagram in datagrams {
                leg.receive_rtp(now, peer(), datagram);
                leg.receive_rtcp(now, peer(), datagram);
            }
            leg.tick(now, &mut tick);
            while leg.poll_event().is_some() {}
            prop_assert!(tick.rtp.get().is_some());
            prop_assert_eq!(tick.stereo.map(|b| b.index), Some(n as u64));
        }
        prop_assert_eq!(leg.counts().events_lost, 0);
    }
}

#[test]
fn time_that_jumps_or_stands_still_does_no_harm() {
    let (mut leg, mut tick) = (leg(), Box::new(Tick::new()));
    let mut packet = vec![0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    packet.extend([0xd5; 160]);
    let mut now = 0u64;
    for n in 0..2_000u32 {
        packet[2..4].copy_from_slice(&(n as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(n * 160).to_be_bytes());
        now += match n % 400 {
            // The process was stopped for an hour.
            399 => 3_600_000,
            100..=110 => 0,
            _ => 20,
        };
        leg.receive_rtp(Now::from_millis(now), peer(), &packet);
        leg.tick(Now::from_millis(now), &mut tick);
        while leg.poll_event().is_some() {}
    }
    assert_eq!(leg.quality().packets, 2_000);
}
