//! Keys in RTP: any packets in any order; and what we send is read as it was meant.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::dtmf::{KeyReceiver, KeySender};
use media::leg::Keys;

fuzz_target!(|data: &[u8]| {
    let mut receiver = KeyReceiver::default();
    let mut heard = 0;
    for packet in data.chunks(9) {
        let (head, payload) = packet.split_at(packet.len().min(5));
        let mut word = [0; 5];
        word[..head.len()].copy_from_slice(head);
        let timestamp = u32::from_be_bytes([word[0], word[1], word[2], word[3]]);
        if let Some(key) = receiver.packet(timestamp, word[4] & 1 != 0, payload) {
            heard += 1;
            assert!(payload.len() >= 4 && Keys::parse(&key.as_char().to_string()).is_some());
        }
    }
    assert!(heard <= data.len().div_ceil(9));
    let Some(keys) = std::str::from_utf8(data).ok().and_then(Keys::parse) else {
        return;
    };
    let (mut sender, mut receiver) = (KeySender::default(), KeyReceiver::default());
    let sent: String = keys.iter().map(|key| key.as_char()).collect();
    keys.iter().for_each(|key| assert_eq!(sender.push(key), Ok(())));
    let (mut read, mut timestamp) = (String::new(), 0u32);
    while !sender.is_idle() {
        if let Some(packet) = sender.tick(timestamp, 160) {
            let key = receiver.packet(packet.timestamp, packet.marker, &packet.payload);
            read.extend(key.map(|key| key.as_char()));
        }
        timestamp += 160;
        assert!(timestamp < 1_000_000, "it never ends");
    }
    assert_eq!(read, sent);
});
