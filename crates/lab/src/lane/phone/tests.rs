//! One phone against the socket of a peer, in virtual time.

use media::codec::Codec;

use super::*;
use media::sdp::{Direction, LocalMedia};
use std::time::Duration;

/// A phone, the socket of its peer, and virtual time.
struct Pair {
    phone: Phone,
    events: mpsc::Receiver<FromPhone>,
    peer: UdpSocket,
    now: Now,
    sent: u16,
}

impl Pair {
    fn new(loss_pct: f64, marks: bool) -> Self {
        let ip = IpAddr::from([127, 0, 0, 1]);
        let settings = PhoneSettings {
            impairment: Impairment { loss_pct, ..Impairment::default() },
            noise_level: 0.0,
            marks,
            record: false,
            chance: Chance::of_call(1, "000", 0),
        };
        let (mut phone, events) = Phone::bind(ip, settings).unwrap();
        let peer = UdpSocket::bind((ip, 0)).unwrap();
        peer.set_nonblocking(true).unwrap();
        let offer = LocalMedia::new(ip, peer.local_addr().unwrap().port(), 1).offer();
        let port = phone.local_addr().unwrap().port();
        let (_, agreed) = LocalMedia::new(ip, port, 2).answer(offer.as_bytes()).unwrap();
        phone.connect(agreed);
        Self { phone, events, peer, now: Now::from_millis(1_000), sent: 0 }
    }

    /// 20 ms; returns (payload type, marker, first payload byte) of what the peer received.
    fn tick(&mut self) -> Option<(u8, bool, u8)> {
        self.now = self.now + Duration::from_millis(20);
        let mut buffer = [0u8; 512];
        self.phone.receive(self.now, &mut buffer);
        self.phone.send(self.now);
        self.phone.deliver(self.now);
        let (len, _) = self.peer.recv_from(&mut buffer).ok()?;
        let packet = RtpPacket::parse(&buffer[..len]).unwrap();
        Some((packet.header.payload_type, packet.header.marker, packet.payload[0]))
    }

    fn speak(&mut self, loud: bool) {
        let header = RtpHeader {
            marker: false,
            payload_type: 8,
            seq: self.sent,
            timestamp: u32::from(self.sent) * 160,
            ssrc: 9,
        };
        let mut bytes = [0u8; 160];
        let samples = if loud { [3_000; 160] } else { [0; 160] };
        Codec::new(CodecId::Pcma).encode(&samples, &mut bytes);
        let mut datagram = [0u8; 256];
        let len = header.write(&bytes, &mut datagram).unwrap();
        let to = self.phone.local_addr().unwrap();
        self.peer.send_to(&datagram[..len], to).unwrap();
        self.sent += 1;
    }
}

const SILENCE: u8 = 0xd5;

#[test]
fn a_line_is_played_to_its_end_and_said_so() {
    let mut pair = Pair::new(0.0, false);
    assert_eq!(pair.tick(), Some((8, true, SILENCE)));
    let samples: Arc<[i16]> = vec![4_000i16; 400].into();
    pair.phone.obey(ToPhone::Play(Playback { samples, line: Some(Line::Hello), repeats: false }));
    let heard: Vec<bool> =
        (0..4).map(|_| pair.tick().is_some_and(|(_, _, byte)| byte != SILENCE)).collect();
    assert_eq!(heard, [true, true, true, false]);
    assert_eq!(pair.events.try_recv(), Ok(FromPhone::PlayedOut));
    assert!(pair.events.try_recv().is_err());
}

#[test]
fn music_repeats_until_it_is_stopped() {
    let mut pair = Pair::new(0.0, false);
    let samples: Arc<[i16]> = vec![4_000i16; 200].into();
    pair.phone.obey(ToPhone::Play(Playback { samples, line: None, repeats: true }));
    assert!((0..50).all(|_| pair.tick().is_some_and(|(_, _, byte)| byte != SILENCE)));
    pair.phone.obey(ToPhone::Stop);
    assert_eq!(pair.tick(), Some((8, false, SILENCE)));
}

#[test]
fn a_key_goes_out_as_telephone_events() {
    let mut pair = Pair::new(0.0, false);
    pair.tick();
    pair.phone.obey(ToPhone::Press('1'));
    let types: Vec<u8> = (0..10).filter_map(|_| pair.tick().map(|p| p.0)).collect();
    assert_eq!(types, [101, 101, 101, 101, 101, 101, 101, 101, 8, 8]);
}

#[test]
fn speech_of_the_peer_is_noticed() {
    let mut pair = Pair::new(0.0, false);
    for n in 0..60 {
        pair.speak((10..30).contains(&n));
        pair.tick();
    }
    assert_eq!(pair.events.try_recv(), Ok(FromPhone::AiStarted));
    assert_eq!(pair.events.try_recv(), Ok(FromPhone::AiStopped));
    let (report, _) = pair.phone.finish(Now::default(), pair.now);
    assert_eq!((report.packets, report.lost, report.ai_speech.len()), (60, 0, 1));
}

#[test]
fn held_or_vanished_it_sends_nothing_and_still_listens() {
    let mut pair = Pair::new(0.0, false);
    let mut peer = pair.phone.peer.unwrap();
    peer.direction = Direction::RecvOnly;
    pair.phone.obey(ToPhone::Renegotiate(peer));
    assert_eq!(pair.tick(), None);
    peer.direction = Direction::SendRecv;
    pair.phone.obey(ToPhone::Renegotiate(peer));
    assert!(pair.tick().is_some());
    pair.phone.obey(ToPhone::Vanish);
    pair.speak(true);
    assert_eq!((pair.tick(), pair.tick()), (None, None));
    assert_eq!(pair.phone.finish(Now::default(), pair.now).0.packets, 1);
}

#[test]
fn loss_thins_both_directions_and_garbage_is_no_packet() {
    let mut pair = Pair::new(30.0, false);
    let mut received = 0;
    for _ in 0..300 {
        pair.speak(false);
        received += u32::from(pair.tick().is_some());
    }
    let to = pair.phone.local_addr().unwrap();
    pair.peer.send_to(b"no rtp at all", to).unwrap();
    pair.tick();
    let (report, _) = pair.phone.finish(Now::default(), pair.now);
    assert!((170..250).contains(&received), "{received}");
    assert!((170..250).contains(&report.packets), "{}", report.packets);
}
