//! RTP datagrams: none panics, and what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtp::{RTP_HEADER_LEN, RtpPacket};

fuzz_target!(|datagram: &[u8]| {
    let Ok(packet) = RtpPacket::parse(datagram) else {
        return;
    };
    assert!(RTP_HEADER_LEN + packet.payload.len() <= datagram.len());
    let mut again = vec![0; RTP_HEADER_LEN + packet.payload.len()];
    assert_eq!(packet.header.write(packet.payload, &mut again), Some(again.len()));
    assert_eq!(RtpPacket::parse(&again).as_ref(), Ok(&packet));
    let short = again.len() - 1;
    assert_eq!(packet.header.write(packet.payload, &mut again[..short]), None);
});
