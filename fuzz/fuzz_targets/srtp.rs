//! Protected packets: whatever comes is refused or opened in place, and ours survive the way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::srtp::{MASTER_LEN, MasterKey, SRTP_OVERHEAD, SrtpReceiver, SrtpSender, Suite};

fuzz_target!(|data: &[u8]| {
    let Some((first, packets)) = data.split_first() else {
        return;
    };
    let suite = Suite::ALL[usize::from(first & 1)];
    let key = MasterKey([first | 1; MASTER_LEN]);
    let (mut sender, mut receiver) = (SrtpSender::new(suite, &key), SrtpReceiver::new(suite, &key));
    for packet in packets.split(|byte| *byte == 0xa5) {
        let mut forged = packet.to_vec();
        assert!(receiver.open_rtp(&mut forged).is_err(), "a tag was guessed");
        assert!(receiver.open_rtcp(&mut packet.to_vec()).is_err(), "a tag was guessed");
        let mut ours = packet.to_vec();
        ours.resize(packet.len() + SRTP_OVERHEAD, 0);
        if let Some(len) = sender.protect_rtp(&mut ours, packet.len()) {
            assert!(len > packet.len() && len <= ours.len());
            // A number that was there before is refused as a replay.
            if let Ok(len) = receiver.open_rtp(&mut ours[..len]) {
                assert_eq!(&ours[..len], packet);
            }
        }
    }
});
