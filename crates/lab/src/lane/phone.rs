//! One callee's phone: its sockets, what it plays and sends, and what it hears.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use domain::Now;
use media::codec::CodecId;
use media::rtcp::RTCP_MAX_LEN;
use media::rtp::{RTP_HEADER_LEN, RtpHeader, RtpPacket};
use media::sdp::Negotiated;
use media::srtp::{SRTP_OVERHEAD, SrtpError, SrtpReceiver};
use tokio::sync::mpsc;

use crate::chance::Chance;
use crate::hearing::Heard;
use crate::impair::{Impairment, Network};
use crate::keys::{self, KeyReader};
use crate::lane::ToPhone;
use crate::lane::line::{Ends, Secrets, Voice};
use crate::lane::rtcp::{Reporter, Stream};
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
    line: Ends,
    sending: Sending,
    playing: Option<(Playback, usize)>,
    noise: (f32, Chance),
    inward: Network,
    outward: Network,
    witness: Witness,
    keys: KeyReader,
    reporter: Reporter,
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
            line: Ends::new(CodecId::Pcma),
            sending,
            playing: None,
            noise: (settings.noise_level, chance.fork()),
            inward: Network::new(settings.impairment, chance.fork()),
            outward: Network::new(settings.impairment, chance.fork()),
            witness: Witness::new(settings.marks, settings.record),
            keys: KeyReader::default(),
            reporter: Reporter::default(),
            events,
        };
        Ok((phone, receiver))
    }

    /// Where RTP is received.
    pub(crate) fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.sockets.rtp.local_addr()
    }

    pub(crate) fn connect(&mut self, peer: Negotiated) {
        if self.line.voice.codec() != peer.codec {
            self.sending.ssrc = self.sending.ssrc.wrapping_add(1);
            self.line.voice = Voice::new(peer.codec);
        }
        self.line.secrets =
            peer.crypto.map(|crypto| Secrets::after(self.line.secrets.take(), &crypto));
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
        for _ in 0..MOST_AT_ONCE {
            let Ok((len, _)) = self.sockets.rtcp.recv_from(buffer) else {
                break;
            };
            if let Some(len) = self.opened(&mut buffer[..len], SrtpReceiver::open_rtcp) {
                self.reporter.receive(now, &buffer[..len]);
            }
        }
        for _ in 0..MOST_AT_ONCE {
            let Ok((len, _)) = self.sockets.rtp.recv_from(buffer) else {
                break;
            };
            let Some(len) = self.opened(&mut buffer[..len], SrtpReceiver::open_rtp) else {
                continue;
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
        let tick = self.line.voice.codec().clock_rate() / 50;
        self.sending.timestamp = self.sending.timestamp.wrapping_add(tick);
        let Some(peer) = self.peer.filter(|p| p.direction.sends() && !self.sending.vanished) else {
            return;
        };
        let mut datagram = [0u8; 640];
        let at = self.sending.timestamp;
        let len = match (self.key_payload(peer.dtmf_clock), peer.dtmf_payload_type) {
            (Some((key, began)), Some(payload_type)) => {
                self.header(payload_type, began).write(&key, &mut datagram)
            }
            _ => {
                let mut bytes = [0u8; 480];
                let len = self.line.voice.say(&frame, &mut bytes);
                self.header(peer.payload_type, at).write(&bytes[..len], &mut datagram)
            }
        };
        let Some(len) = len else { return };
        self.sending.seq = self.sending.seq.wrapping_add(1);
        self.sending.marker = false;
        self.witness.sent();
        self.reporter.sent(len - RTP_HEADER_LEN);
        self.report(now, &peer);
        let Some(len) = (match &mut self.line.secrets {
            Some(secrets) => secrets.sender.protect_rtp(&mut datagram, len),
            None => Some(len),
        }) else {
            return;
        };
        if self.outward.is_clear() {
            let _ = self.sockets.rtp.send_to(&datagram[..len], peer.remote);
        } else {
            self.outward.push(now, &datagram[..len]);
        }
    }

    /// Sends RTCP when it is due. The simulated network leaves it alone.
    fn report(&mut self, now: Now, peer: &Negotiated) {
        if !self.reporter.is_due(now) {
            return;
        }
        let stream = Stream {
            ssrc: self.sending.ssrc,
            timestamp: self.sending.timestamp,
            packets: self.witness.packets_sent() as u32,
        };
        let mut out = [0u8; RTCP_MAX_LEN + SRTP_OVERHEAD];
        let block = self.witness.report_block();
        let (plain, _) = out.split_at_mut(RTCP_MAX_LEN);
        let Ok(plain) = plain.try_into() else { return };
        let mut len = self.reporter.write(now, stream, block, plain);
        if let Some(secrets) = &mut self.line.secrets {
            len = secrets.sender.protect_rtcp(&mut out, len).unwrap_or(0);
        }
        let _ = self.sockets.rtcp.send_to(&out[..len], peer.remote_rtcp);
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
        self.inward.next_due().into_iter().chain(self.outward.next_due()).min()
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
    fn key_payload(&mut self, clock: u32) -> Option<([u8; 4], u32)> {
        let (key, n, began) = self.sending.pressing?;
        let payload = keys::payload(key, n, (clock / 50) as u16);
        self.sending.pressing = payload.map(|_| (key, n + 1, began));
        payload.map(|p| (p, began))
    }

    fn header(&self, payload_type: u8, timestamp: u32) -> RtpHeader {
        let Sending { marker, seq, ssrc, .. } = self.sending;
        RtpHeader { marker, payload_type, seq, timestamp, ssrc }
    }

    fn packet(&mut self, at: Now, datagram: &[u8]) {
        let (Ok(packet), Some(peer)) = (RtpPacket::parse(datagram), self.peer) else {
            return;
        };
        let RtpHeader { payload_type, seq, timestamp, ssrc, .. } = packet.header;
        let codec = peer
            .formats
            .codec(payload_type)
            .or_else(|| CodecId::from_static_payload_type(payload_type));
        let clock = peer.formats.key_clock(payload_type).filter(|_| codec.is_none());
        let clock = codec.map(CodecId::clock_rate).or(clock).unwrap_or(8_000);
        let narrow = self.line.ears.narrow_timestamp(clock, ssrc, timestamp);
        let arrival = Arrival { at, ssrc, seq, timestamp: narrow };
        if codec.is_none() && peer.formats.key_clock(payload_type).is_some() {
            self.witness.count(arrival);
            if let Some(key) = self.keys.packet(timestamp, packet.payload) {
                self.witness.key(key);
            }
            return;
        }
        let Some(codec) = codec else { return };
        self.witness.codec(codec.name());
        let heard = self.witness.audio(arrival, self.line.ears.hear(codec, packet.payload));
        self.tell(heard);
    }

    /// Opens a datagram in place if the call is encrypted; what is not the caller's is dropped.
    fn opened(
        &mut self,
        datagram: &mut [u8],
        open: impl FnOnce(&mut SrtpReceiver, &mut [u8]) -> Result<usize, SrtpError>,
    ) -> Option<usize> {
        match &mut self.line.secrets {
            Some(secrets) => open(&mut secrets.receiver, datagram).ok(),
            None => Some(datagram.len()),
        }
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
/// Half of all free ports are odd, and some neighbours are taken.
const MOST_TRIES: usize = 100;

#[cfg(test)]
mod tests;
