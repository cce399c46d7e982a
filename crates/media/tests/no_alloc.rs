//! Receiving and ticking allocate nothing once a leg stands.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;

use domain::{ItemId, LegId, Now, PlaylistId};
use media::codec::{Codec, CodecId};
use media::leg::{Keys, Leg, LegCommand, LegGear, LegSetup, Tick};
use media::playout::OnSpeech;
use media::rtcp::{RTCP_MAX_LEN, Report, SenderInfo};
use media::rtp::RtpHeader;
use media::sdp::Negotiated;
use media::srtp::{Agreed, MASTER_LEN, MasterKey, SrtpReceiver, SrtpSender, Suite};

thread_local! {
    /// Allocations and bytes of this thread.
    static COUNT: Cell<(u64, usize)> = const { Cell::new((0, 0)) };
}

struct Counting;

fn count(bytes: usize) {
    let _ = COUNT.try_with(|c| c.set((c.get().0 + 1, c.get().1 + bytes)));
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are those of this function.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(0);
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PEER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4_000);
const PEER_RTCP: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4_001);

fn setup() -> LegSetup {
    LegSetup { record: true, ..LegSetup::new(LegId::CALLEE, 7, 0, 0) }
}

#[test]
fn receive_and_tick_allocate_nothing() {
    let mut leg = Leg::new(setup());
    let mut tick = Box::new(Tick::new());
    leg.connect(Now::default(), &Negotiated::plain(PEER, CodecId::Pcma), &[]);
    leg.answered(Now::default());
    let mut bytes = [0u8; 400];
    let mut state = 1u32;
    let (mut frames, mut blocks, mut events, mut used) = (0, 0, 0, 0);
    for n in 0..3_000u32 {
        let now = Now::from_millis(u64::from(n) * 20);
        // Half a second of rough sound and a second of silence, with loss, disorder and keys.
        let loud = n % 75 < 25;
        let payload: [u8; 160] = std::array::from_fn(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let buzz = (i as u32 * (90 + n % 40) / 800).is_multiple_of(2);
            if loud && buzz { 0x20 | (state >> 29) as u8 } else { 0xd5 }
        });
        // What the control plane brings is made before counting.
        let commands = [
            LegCommand::Play {
                playlist: PlaylistId(n / 50),
                item: ItemId(n / 50),
                chunk: vec![1_000; 100].into(),
            },
            LegCommand::SetOnSpeech(OnSpeech::Pause),
            if n % 100 == 99 { LegCommand::CutAll } else { LegCommand::Resume },
        ];
        let keys = (n % 400 == 0).then(|| Keys::parse("1#").unwrap()).map(LegCommand::SendKeys);
        let before = COUNT.get().0;
        for command in commands.into_iter().chain(keys) {
            assert!(leg.command(now, command).is_ok());
        }
        let seq = (n ^ u32::from(n % 31 == 7)) as u16;
        let payload_type = if n % 200 < 5 { 101 } else { 8 };
        let header = RtpHeader {
            marker: false,
            payload_type,
            seq,
            timestamp: u32::from(seq) * 160,
            ssrc: 3,
        };
        let len = header.write(&payload, &mut bytes).unwrap();
        if n % 17 != 3 {
            leg.receive_rtp(now, PEER, &bytes[..len]);
        }
        leg.receive_rtp(now, PEER_RTCP, &bytes[..len / 2]);
        if n % 250 == 0 {
            let sender = Some(SenderInfo { ntp: 1 << 40, rtp_timestamp: 0, packets: n, octets: n });
            let report = Report { ssrc: 3, sender, block: None, cname: "x", bye: false };
            let mut out = [0; RTCP_MAX_LEN];
            let len = report.write(&mut out);
            leg.receive_rtcp(now, PEER_RTCP, &out[..len]);
        }
        leg.tick(now, &mut tick);
        frames += tick.frames().len();
        blocks += usize::from(tick.stereo.is_some());
        while leg.poll_event().is_some() {
            events += 1;
        }
        assert_eq!(COUNT.get().0, before, "tick {n}");
        // Dropping is the control plane's, off the lane.
        while leg.take_used().is_some() {
            used += 1;
        }
    }
    assert!(frames > 500 && events > 100 && used > 1_000, "{frames} {events} {used}");
    assert_eq!(blocks, 3_000);
}

/// What the peer sends and how the leg answers it, encrypted both ways.
fn secured(codec: CodecId) -> (Negotiated, Agreed) {
    let (ours, theirs) = (MasterKey([1; MASTER_LEN]), MasterKey([2; MASTER_LEN]));
    let crypto = Agreed { suite: Suite::Tag80, ours, theirs };
    (Negotiated { crypto: Some(crypto), ..Negotiated::plain(PEER, codec) }, crypto)
}

#[test]
fn wide_codecs_and_encryption_allocate_nothing_either() {
    for codec in [CodecId::G722, CodecId::Opus] {
        let (agreed, crypto) = secured(codec);
        let mut leg = Leg::new(LegSetup { speech_rate: 16_000, ..setup() });
        let mut gear = LegGear::for_media(&agreed);
        leg.equip(&mut gear, &agreed);
        leg.connect(Now::default(), &agreed, &[]);
        leg.answered(Now::default());
        let mut tick = Box::new(Tick::new());
        let mut peer = SrtpSender::new(crypto.suite, &crypto.theirs);
        let mut ours = SrtpReceiver::new(crypto.suite, &crypto.ours);
        let mut encoder = Codec::new(codec);
        let (mut blocks, mut sent) = (0, 0);
        for n in 0..600u32 {
            let now = Now::from_millis(u64::from(n) * 20);
            let sound: [i16; 320] =
                std::array::from_fn(|i| if i / 40 % 2 == 0 { 3_000 } else { -3_000 });
            let chunk = LegCommand::Play {
                playlist: PlaylistId(1),
                item: ItemId(1),
                chunk: sound.to_vec().into(),
            };
            let (mut payload, mut bytes) = ([0; 480], [0; 600]);
            let len = encoder.encode(&sound, &mut payload);
            let header = RtpHeader {
                marker: false,
                payload_type: agreed.payload_type,
                seq: n as u16,
                timestamp: n * codec.clock_rate() / 50,
                ssrc: 3,
            };
            let len = header.write(&payload[..len], &mut bytes).unwrap();
            let len = peer.protect_rtp(&mut bytes, len).unwrap();
            let before = COUNT.get().0;
            assert!(leg.command(now, chunk).is_ok());
            if n % 17 != 3 {
                leg.receive_rtp(now, PEER, &bytes[..len]);
            }
            leg.tick(now, &mut tick);
            blocks += usize::from(tick.stereo.is_some());
            while leg.poll_event().is_some() {}
            assert_eq!(COUNT.get().0, before, "{codec:?} tick {n}");
            while leg.take_used().is_some() {}
            let (_, packet) = tick.rtp.get().unwrap();
            let mut packet = packet.to_vec();
            sent += usize::from(ours.open_rtp(&mut packet).is_ok());
        }
        assert_eq!((blocks, sent, leg.counts().forged), (600, 600, 0), "{codec:?}");
        assert!(leg.quality().packets > 550, "{codec:?}");
    }
}

#[test]
fn a_leg_takes_at_most_sixty_kilobytes() {
    // The name is given, and what all legs share comes with the first.
    drop(Leg::new(setup()));
    let setup = setup();
    let before = COUNT.get().1;
    let leg = Box::new(Leg::new(setup));
    let bytes = COUNT.get().1 - before;
    assert!(leg.is_playout_empty());
    assert!(bytes <= 60 * 1_024, "{bytes}");
    println!("{bytes} bytes, {} of them inline", size_of::<Leg>());
}
