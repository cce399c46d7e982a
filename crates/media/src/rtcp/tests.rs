//! Reports composed and read back, and compounds as nobody should send them.

use super::*;
use proptest::prelude::*;

const BLOCK: ReportBlock = ReportBlock {
    ssrc: 0xabcd,
    fraction_lost: 12,
    cumulative_lost: -3,
    highest_seq: 0x1_0005,
    jitter: 33,
    lsr: 77,
    dlsr: 88,
};
const INFO: SenderInfo = SenderInfo { ntp: 0x1_2345_6789, rtp_timestamp: 5, packets: 6, octets: 7 };

fn compose(sender: Option<SenderInfo>, block: Option<ReportBlock>, bye: bool) -> Vec<u8> {
    let mut out = [0; RTCP_MAX_LEN];
    let len = Report { ssrc: 9, sender, block, cname: "waihu", bye }.write(&mut out);
    assert_eq!(len % 4, 0);
    out[..len].to_vec()
}

#[test]
fn what_is_composed_reads_back() {
    for (sender, block, bye) in [
        (Some(INFO), Some(BLOCK), false),
        (Some(INFO), None, true),
        (None, Some(BLOCK), true),
        (None, None, false),
    ] {
        let bytes = compose(sender, block, bye);
        let packets: Vec<Rtcp<'_>> = Compound::parse(&bytes).unwrap().collect();
        match (packets[0], sender) {
            (Rtcp::SenderReport { ssrc: 9, info, mut blocks }, Some(want)) => {
                assert_eq!((info, blocks.next()), (want, block));
            }
            (Rtcp::ReceiverReport { ssrc: 9, mut blocks }, None) => {
                assert_eq!(blocks.next(), block);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(packets[1], Rtcp::Other { packet_type: SDES });
        assert_eq!(packets.get(2), bye.then_some(&Rtcp::Bye { ssrc: 9 }));
    }
}

#[test]
fn broken_compounds_are_refused_whole() {
    let good = compose(Some(INFO), Some(BLOCK), true);
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    for (what, bytes, want) in [
        ("empty", vec![], RtcpError::TooShort { len: 0 }),
        ("cut", good[..good.len() - 1].to_vec(), RtcpError::TooShort { len: 7 }),
        ("version", with(0, 0x41), RtcpError::Version(1)),
        ("too many blocks", with(0, 0x9f), RtcpError::Count(SR)),
        ("begins with bye", with(1, BYE), RtcpError::NoReport(BYE)),
        ("begins with app", with(1, 204), RtcpError::NoReport(204)),
    ] {
        assert_eq!(Compound::parse(&bytes).map(|_| ()), Err(want), "{what}");
    }
}

#[test]
fn round_trip_is_what_lies_beyond_the_peers_own_delay() {
    let sent = Now::from_millis(10_000);
    let lsr = ntp_middle(ntp_of(sent));
    for (came_ms, dlsr_ms, want) in [
        (10_050, 0, Some(50)),
        (12_050, 2_000, Some(50)),
        (10_050, 50, Some(0)),
        (10_050, 51, Some(0)),
        (90_000, 0, None),
    ] {
        let block = ReportBlock { lsr, dlsr: dlsr_ms * 65_536 / 1_000, ..BLOCK };
        let got = block.round_trip_ms(Now::from_millis(came_ms));
        let near = match (got, want) {
            (Some(g), Some(w)) => u32::abs_diff(g, w) <= 1,
            (g, w) => g == w,
        };
        assert!(near, "{came_ms} {dlsr_ms}: {got:?}");
    }
    assert_eq!(ReportBlock { lsr: 0, ..BLOCK }.round_trip_ms(sent), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut likely = bytes.clone();
        for (at, value) in [(0usize, 0x81u8), (1, SR), (2, 0)] {
            if let Some(b) = likely.get_mut(at) { *b = value; }
        }
        for datagram in [bytes, likely] {
            if let Ok(compound) = Compound::parse(&datagram) {
                for packet in compound {
                    if let Rtcp::SenderReport { blocks, .. } = packet {
                        let _ = blocks.count();
                    }
                }
            }
        }
    }
}
