//! One callee's phone: its sockets, what it plays and sends, and what it hears.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use domain::Now;
use media::codec::{Codec, CodecId};
use media::rtp::{RtpHeader, RtpPacket};
use media::sdp::Negotiated;
use tokio::sync::mpsc;

use crate::chance::Chance;
use crate::hearing::Heard;
use crate::impair::{Impairment, Network};
use crate::keys::{self, KeyReader};
use crate::lane::ToPhone;
use crate::persona::Line;
use crate::report::HeardReport;
use crate::witness::{Arrival, Witness};

/// What a phone tells its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FromPhone {
    AiStarted,
    AiStopped,
    PlayedOut,
}

/// Something to play.
#[derive(Clone, Debug)]
pub(crate) struct Playback {
    pub(crate) samples: Arc<[i16]>,
    /// `None` for sounds.
    pub(crate) line: Option<Line>,
    /// Begins again at its end, and so never ends.
    pub(crate) repeats: bool,
}

/// How a phone is set up.
#[derive(Debug)]
pub(crate) struct PhoneSettings {
    pub(crate) impairment: Impairment,
    /// Root mean square of the noise on what is sent; 0 is a clean line.
    pub(crate) noise_level: f32,
    pub(crate) marks: bool,
    pub(crate) record: bool,
    pub(crate) chance: Chance,
}

/// A pair of sockets, RTP on an even port.
#[derive(Debug)]
struct Sockets {
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

/// The stream we send.
#[derive(Debug)]
struct Sending {
    seq: u16,
    timestamp: u32,
    ssrc: u32,
    marker: bool,
    /// The key being pressed, its packet number and the timestamp of its first packet.
    pressing: Option<(char, u16, u32)>,
    vanished: bool,
}

/// One call's media on this side.
#[derive(Debug)]
pub(crate) struct Phone {
    sockets: Sockets,
    peer: Option<Negotiated>,
    codec: Codec,
    sending: Sending,
    playing: Option<(Playback, usize)>,
    noise: (f32, Chance),
    inward: Network,
    outward: Network,
    witness: Witness,
    keys: KeyReader,
    /// 64 events: more than a call makes in a minute. When full, the newest is dropped: the
    /// callee then only misses that the AI started or stopped once.
    events: mpsc::Sender<FromPhone>,
}

impl Phone {
    /// Binds the sockets; media flows once [`Phone::connect`] has named the peer.
    pub(crate) fn bind(
        ip: IpAddr,
        mut settings: PhoneSettings,
    ) -> std::io::Result<(Self, mpsc::Receiver<FromPhone>)> {
        let (events, receiver) = mpsc::channel(64);
        let chance = &mut settings.chance;
        let sending = Sending {
            seq: chance.draw() as u16,
            timestamp: chance.draw() as u32,
            ssrc: chance.draw() as u32,
            marker: true,
            pressing: None,
            vanished: false,
        };
        let phone = Self {
            sockets: Sockets::bind(ip)?,
            peer: None,
            codec: Codec::new(CodecId::Pcma),
            sending,
            playing: None,
            noise: (settings.noise_level, chance.fork()),
            inward: Network::new(settings.impairment, chance.fork()),
            outward: Network::new(settings.impairment, chance.fork()),
            witness: Witness::new(settings.marks, settings.record),
            keys: KeyReader::default(),
            events,
        };
        Ok((phone, receiver))
    }

    /// Where RTP is received.
    pub(crate) fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.sockets.rtp.local_addr()
    }

    pub(crate) fn connect(&mut self, peer: Negotiated) {
        self.codec = Codec::new(peer.codec);
        self.peer = Some(peer);
    }

    pub(crate) fn obey(&mut self, order: ToPhone) {
        match order {
            ToPhone::Answered(at) => self.witness.answered = Some(at),
            ToPhone::Play(playback) => self.playing = Some((playback, 0)),
            ToPhone::Stop => self.playing = None,
            ToPhone::Press(key) => self.sending.pressing = Some((key, 0, self.sending.timestamp)),
            ToPhone::Vanish => self.sending.vanished = true,
            ToPhone::Renegotiate(peer) => self.connect(peer),
        }
    }

    /// Takes what the sockets hold, and what the simulated network has let through.
    pub(crate) fn receive(&mut self, now: Now, buffer: &mut [u8]) {
        while self.sockets.rtcp.recv_from(buffer).is_ok() {}
        for _ in 0..MOST_AT_ONCE {
            let Ok((len, _)) = self.sockets.rtp.recv_from(buffer) else {
                break;
            };
            if self.inward.is_clear() {
                self.packet(now, &buffer[..len]);
            } else {
                self.inward.push(now, &buffer[..len]);
            }
        }
        while let Some((at, packet)) = self.inward.pop(now) {
            self.packet(at, &packet);
        }
        let heard = self.witness.tick(now);
        self.tell(heard);
    }

    /// Sends the next 20 ms.
    pub(crate) fn send(&mut self, now: Now) {
        let frame = self.next_frame(now);
        self.sending.timestamp = self.sending.timestamp.wrapping_add(FRAME as u32);
        let Some(peer) = self
            .peer
            .filter(|p| p.direction.sends() && !self.sending.vanished)
        else {
            return;
        };
        let mut datagram = [0u8; 256];
        let at = self.sending.timestamp;
        let len = match (self.key_payload(), peer.dtmf_payload_type) {
            (Some((key, began)), Some(payload_type)) => {
                self.header(payload_type, began).write(&key, &mut datagram)
            }
            _ => {
                let mut bytes = [0u8; FRAME];
                let len = self.codec.encode(&frame, &mut bytes);
                self.header(peer.payload_type, at)
                    .write(&bytes[..len], &mut datagram)
            }
        };
        let Some(len) = len else { return };
        self.sending.seq = self.sending.seq.wrapping_add(1);
        self.sending.marker = false;
        self.witness.sent();
        if self.outward.is_clear() {
            let _ = self.sockets.rtp.send_to(&datagram[..len], peer.remote);
        } else {
            self.outward.push(now, &datagram[..len]);
        }
    }

    /// Sends what the simulated network has let through.
    pub(crate) fn deliver(&mut self, now: Now) {
        while let Some((_, packet)) = self.outward.pop(now) {
            if let Some(peer) = self.peer {
                let _ = self.sockets.rtp.send_to(&packet, peer.remote);
            }
        }
    }

    /// When the simulated network has something, either way.
    pub(crate) fn next_due(&self) -> Option<Now> {
        self.inward
            .next_due()
            .into_iter()
            .chain(self.outward.next_due())
            .min()
    }

    pub(crate) fn finish(self, invited: Now, end: Now) -> (HeardReport, Option<Vec<i16>>) {
        self.witness.finish(invited, end)
    }

    fn next_frame(&mut self, now: Now) -> [i16; FRAME] {
        let mut frame = [0i16; FRAME];
        if let Some((playback, at)) = &mut self.playing {
            if let Some(line) = playback.line.filter(|_| *at == 0) {
                self.witness.line_begins(now, line);
            }
            let rest = &playback.samples[(*at).min(playback.samples.len())..];
            let len = rest.len().min(FRAME);
            frame[..len].copy_from_slice(&rest[..len]);
            *at += len;
            if *at >= playback.samples.len() {
                if playback.repeats {
                    *at = 0;
                } else {
                    if playback.line.is_some() {
                        self.witness.line_ends(now + TICK);
                    }
                    self.playing = None;
                    let _ = self.events.try_send(FromPhone::PlayedOut);
                }
            }
        }
        let (level, chance) = &mut self.noise;
        if *level > 0.0 {
            for sample in &mut frame {
                let noisy = f32::from(*sample) + *level * chance.noise();
                *sample = noisy.clamp(-32_768.0, 32_767.0) as i16;
            }
        }
        frame
    }

    /// The next payload of a key press, with the timestamp all its packets carry.
    fn key_payload(&mut self) -> Option<([u8; 4], u32)> {
        let (key, n, began) = self.sending.pressing?;
        let payload = keys::payload(key, n);
        self.sending.pressing = payload.map(|_| (key, n + 1, began));
        payload.map(|p| (p, began))
    }

    fn header(&self, payload_type: u8, timestamp: u32) -> RtpHeader {
        let Sending {
            marker, seq, ssrc, ..
        } = self.sending;
        RtpHeader {
            marker,
            payload_type,
            seq,
            timestamp,
            ssrc,
        }
    }

    fn packet(&mut self, at: Now, datagram: &[u8]) {
        let (Ok(packet), Some(peer)) = (RtpPacket::parse(datagram), self.peer) else {
            return;
        };
        let RtpHeader {
            payload_type,
            seq,
            timestamp,
            ssrc,
            ..
        } = packet.header;
        let arrival = Arrival {
            at,
            ssrc,
            seq,
            timestamp,
        };
        if peer.dtmf_payload_type == Some(payload_type) {
            self.witness.count(arrival);
            if let Some(key) = self.keys.packet(timestamp, packet.payload) {
                self.witness.key(key);
            }
            return;
        }
        let codec = if payload_type == peer.payload_type {
            Some(peer.codec)
        } else {
            CodecId::from_static_payload_type(payload_type)
        };
        let Some(codec) = codec else { return };
        let mut samples = [0i16; LONGEST_PACKET];
        let len = Codec::new(codec).decode(packet.payload, &mut samples);
        let heard = self.witness.audio(arrival, &samples[..len]);
        self.tell(heard);
    }

    fn tell(&self, heard: Option<Heard>) {
        let event = match heard {
            Some(Heard::Started(_)) => FromPhone::AiStarted,
            Some(Heard::Stopped(_)) => FromPhone::AiStopped,
            None => return,
        };
        let _ = self.events.try_send(event);
    }
}

impl Sockets {
    fn bind(ip: IpAddr) -> std::io::Result<Self> {
        let mut last = std::io::Error::from(std::io::ErrorKind::AddrInUse);
        for _ in 0..MOST_TRIES {
            let rtp = UdpSocket::bind((ip, 0))?;
            let port = rtp.local_addr()?.port();
            if port % 2 == 1 || port == u16::MAX - 1 {
                continue;
            }
            match UdpSocket::bind((ip, port + 1)) {
                Ok(rtcp) => {
                    rtp.set_nonblocking(true)?;
                    rtcp.set_nonblocking(true)?;
                    return Ok(Self { rtp, rtcp });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// Samples of 20 ms at 8 kHz.
const FRAME: usize = 160;
const TICK: std::time::Duration = std::time::Duration::from_millis(20);
/// Datagrams taken from one socket in one look: half a second of a caller that bursts.
const MOST_AT_ONCE: usize = 25;
/// 120 ms, far more than any peer puts into a packet.
const LONGEST_PACKET: usize = 960;
/// Half of all free ports are odd, and some neighbours are taken.
const MOST_TRIES: usize = 100;

#[cfg(test)]
mod tests {
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
                impairment: Impairment {
                    loss_pct,
                    ..Impairment::default()
                },
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
            let (_, agreed) = LocalMedia::new(ip, port, 2)
                .answer(offer.as_bytes())
                .unwrap();
            phone.connect(agreed);
            Self {
                phone,
                events,
                peer,
                now: Now::from_millis(1_000),
                sent: 0,
            }
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
            Some((
                packet.header.payload_type,
                packet.header.marker,
                packet.payload[0],
            ))
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
        pair.phone.obey(ToPhone::Play(Playback {
            samples,
            line: Some(Line::Hello),
            repeats: false,
        }));
        let heard: Vec<bool> = (0..4)
            .map(|_| pair.tick().is_some_and(|(_, _, byte)| byte != SILENCE))
            .collect();
        assert_eq!(heard, [true, true, true, false]);
        assert_eq!(pair.events.try_recv(), Ok(FromPhone::PlayedOut));
        assert!(pair.events.try_recv().is_err());
    }

    #[test]
    fn music_repeats_until_it_is_stopped() {
        let mut pair = Pair::new(0.0, false);
        let samples: Arc<[i16]> = vec![4_000i16; 200].into();
        pair.phone.obey(ToPhone::Play(Playback {
            samples,
            line: None,
            repeats: true,
        }));
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
        assert_eq!(
            (report.packets, report.lost, report.ai_speech.len()),
            (60, 0, 1)
        );
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
}
