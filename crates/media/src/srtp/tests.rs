//! The vectors of libsrtp's own driver, and what attackers and long calls do.

use proptest::prelude::*;

use super::*;
use crate::rtp::RtpHeader;
use crate::testing::hex;

fn master() -> MasterKey {
    let bytes = hex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6");
    MasterKey(bytes.try_into().unwrap())
}

fn pair(suite: Suite) -> (SrtpSender, SrtpReceiver) {
    (SrtpSender::new(suite, &master()), SrtpReceiver::new(suite, &master()))
}

fn packet(seq: u16, ssrc: u32) -> Vec<u8> {
    let header = RtpHeader { marker: false, payload_type: 8, seq, timestamp: 0, ssrc };
    let mut out = [0; 200];
    let len = header.write(&[seq as u8; 160], &mut out).unwrap();
    out[..len].to_vec()
}

fn protect(sender: &mut SrtpSender, packet: &[u8]) -> Vec<u8> {
    let mut out = packet.to_vec();
    out.resize(packet.len() + SRTP_OVERHEAD, 0);
    let len = sender.protect_rtp(&mut out, packet.len()).unwrap();
    out.truncate(len);
    out
}

fn open(receiver: &mut SrtpReceiver, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut bytes = packet.to_vec();
    let len = receiver.open_rtp(&mut bytes)?;
    bytes.truncate(len);
    Ok(bytes)
}

#[test]
fn rtp_is_protected_as_others_do_it() {
    let plain = hex("800f1234decafbadcafebabeabababababababababababababababab");
    let want = hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
    let (mut sender, mut receiver) = pair(Suite::Tag80);
    assert_eq!(protect(&mut sender, &plain), want);
    assert_eq!(open(&mut receiver, &want), Ok(plain.clone()));
    let (mut sender, mut receiver) = pair(Suite::Tag32);
    let short = protect(&mut sender, &plain);
    assert_eq!(short[..], want[..want.len() - 6]);
    assert_eq!(open(&mut receiver, &short), Ok(plain));
}

#[test]
fn rtcp_is_protected_as_others_do_it() {
    let plain = hex("81c8000bcafebabeabababababababababababababababab");
    let want = hex("81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798");
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        let mut bytes = plain.clone();
        bytes.resize(plain.len() + SRTP_OVERHEAD, 0);
        assert_eq!(sender.protect_rtcp(&mut bytes, plain.len()), Some(want.len()));
        assert_eq!(bytes, want);
        assert_eq!(receiver.open_rtcp(&mut bytes), Ok(plain.len()));
        assert_eq!(bytes[..plain.len()], plain[..]);
        assert_eq!(receiver.open_rtcp(&mut want.clone()), Err(SrtpError::Replayed));
    }
}

#[test]
fn what_was_touched_repeated_or_made_up_is_not_believed() {
    let (mut sender, mut receiver) = pair(Suite::Tag80);
    let packets: Vec<_> = (0..200).map(|n| protect(&mut sender, &packet(n, 5))).collect();
    assert_eq!(open(&mut receiver, &packets[100]), Ok(packet(100, 5)));
    assert_eq!(open(&mut receiver, &packets[100]), Err(SrtpError::Replayed));
    // Out of order is no replay, but what lies too far behind cannot be told from one.
    assert_eq!(open(&mut receiver, &packets[98]), Ok(packet(98, 5)));
    assert_eq!(open(&mut receiver, &packets[98]), Err(SrtpError::Replayed));
    assert_eq!(open(&mut receiver, &packets[20]), Err(SrtpError::Replayed));
    for at in [1, 3, 9, 40, 175] {
        let mut touched = packets[150].clone();
        touched[at] ^= 1;
        let refused = open(&mut receiver, &touched);
        assert!(refused.is_err(), "{at}");
    }
    assert_eq!(open(&mut receiver, &packet(151, 5)), Err(SrtpError::Forged));
    assert_eq!(open(&mut receiver, &packets[150][..9]), Err(SrtpError::TooShort));
    // None of that moved the window.
    assert_eq!(open(&mut receiver, &packets[101]), Ok(packet(101, 5)));
    let other = MasterKey([9; MASTER_LEN]);
    let mut stranger = SrtpSender::new(Suite::Tag80, &other);
    let forged = protect(&mut stranger, &packet(102, 5));
    assert_eq!(open(&mut receiver, &forged), Err(SrtpError::Forged));
}

#[test]
fn sequence_numbers_may_go_around_even_with_loss() {
    let (mut sender, mut receiver) = pair(Suite::Tag80);
    for n in 0..200_000u32 {
        let plain = packet(n.wrapping_add(65_000) as u16, 5);
        let closed = protect(&mut sender, &plain);
        // Loss of up to 400 packets in a row.
        if n % 1_000 >= 400 || n < 1_000 {
            assert_eq!(open(&mut receiver, &closed), Ok(plain), "{n}");
        }
    }
}

#[test]
fn sources_are_kept_apart_and_none_is_forgotten() {
    let (mut sender, mut receiver) = pair(Suite::Tag80);
    let first = protect(&mut sender, &packet(1, 0));
    assert!(open(&mut receiver, &first).is_ok());
    for ssrc in 1..8 {
        let closed = protect(&mut sender, &packet(1, ssrc));
        assert!(open(&mut receiver, &closed).is_ok(), "{ssrc}");
    }
    assert_eq!(open(&mut receiver, &first), Err(SrtpError::Replayed));
    let ninth = protect(&mut sender, &packet(1, 8));
    assert_eq!(open(&mut receiver, &ninth), Err(SrtpError::TooManySources));
}

#[test]
fn keys_do_not_show() {
    let keys = Agreed { suite: Suite::Tag80, ours: master(), theirs: master() };
    let (sender, receiver) = pair(Suite::Tag80);
    let shown = format!("{keys:?} {sender:?} {receiver:?}");
    assert!(!shown.contains("225") && !shown.to_lowercase().contains("e1"), "{shown}");
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let (mut sender, mut receiver) = pair(Suite::Tag32);
        let _ = receiver.open_rtp(&mut bytes.clone());
        let _ = receiver.open_rtcp(&mut bytes.clone());
        let mut room = bytes.clone();
        room.resize(bytes.len() + SRTP_OVERHEAD, 0);
        let _ = sender.protect_rtp(&mut room, bytes.len());
        let _ = sender.protect_rtcp(&mut room, bytes.len());
    }
}
