//! A leg under any datagrams, RTP and RTCP, at any pace: it never panics and goes on ticking.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

use std::net::SocketAddr;

use domain::{LegId, Now};
use libfuzzer_sys::fuzz_target;
use media::codec::CodecId;
use media::leg::{Leg, LegSetup, Tick};
use media::sdp::LocalMedia;

/// One step: how many ticks, which socket, from where, how many bytes.
const HEAD: usize = 3;

fuzz_target!(|data: &[u8]| {
    let Some((first, mut rest)) = data.split_first() else {
        return;
    };
    let mut ours = LocalMedia::new([127, 0, 0, 1].into(), 20_000, 1);
    ours.codecs = CodecId::ALL;
    let mut peer = LocalMedia::new([127, 0, 0, 1].into(), 30_000, 2);
    let one = [CodecId::ALL[usize::from(*first) % CodecId::ALL.len()]];
    peer.codecs = &one;
    let (answer, _) = peer.answer(ours.offer().as_bytes()).expect("our own offer");
    let agreed = ours.accept(answer.as_bytes()).expect("our own answer");
    let mut setup = LegSetup::new(LegId::CALLEE, 7, u16::from(*first) << 8, u32::MAX - 500);
    setup.record = true;
    let (mut leg, mut tick) = (Leg::new(setup), Tick::new());
    let mut ms = 0;
    leg.connect(Now::from_millis(ms), &agreed, &[]);
    leg.answered(Now::from_millis(ms));
    while rest.len() > HEAD {
        let (head, tail) = rest.split_at(HEAD);
        let (datagram, after) = tail.split_at(usize::from(head[2]).min(tail.len()));
        rest = after;
        let from = SocketAddr::from(([127, 0, 0, 1], 30_000 + u16::from(head[1] >> 6)));
        let now = Now::from_millis(ms);
        match head[1] & 1 {
            0 => leg.receive_rtp(now, from, datagram),
            _ => leg.receive_rtcp(now, from, datagram),
        }
        for _ in 0..head[0] & 7 {
            ms += 20;
            leg.tick(Now::from_millis(ms), &mut tick);
            while leg.poll_event().is_some() {}
        }
    }
    leg.goodbye(Now::from_millis(ms), &mut tick);
});
