//! RTCP compounds: what was accepted as a whole can be walked to its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtcp::{Compound, Rtcp};

fuzz_target!(|datagram: &[u8]| {
    let Ok(compound) = Compound::parse(datagram) else {
        return;
    };
    let mut packets = 0;
    for packet in compound {
        packets += 1;
        if let Rtcp::SenderReport { blocks, .. } | Rtcp::ReceiverReport { blocks, .. } = packet {
            assert!(blocks.count() <= 31);
        }
    }
    assert!((1..=datagram.len() / 4).contains(&packets));
});
