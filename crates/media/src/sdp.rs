//! SDP offer and answer (RFC 3264, RFC 8866) for one audio stream: we offer, accept an answer,
//! and answer a peer's offer or re-offer, hold included.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use crate::codec::CodecId;

mod error;
mod read;

pub use error::SdpError;
use read::{RemoteAudio, read_audio};

/// Payload type we offer for telephone-event.
pub const DTMF_PAYLOAD_TYPE: u8 = 101;

/// Which way media flows, seen from us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// We only send.
    SendOnly,
    /// We only listen: the peer holds us, or only plays to us.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    const fn of(send: bool, receive: bool) -> Self {
        match (send, receive) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }
    /// Whether we send.
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }
    /// Whether we are sent something.
    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
    /// The attribute that says so.
    pub const fn word(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }
    fn from_word(word: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|d| d.word() == word)
    }
    /// Both what we want and what the peer, speaking of itself, allows.
    const fn meet(self, peer: Direction) -> Direction {
        Direction::of(self.sends() && peer.receives(), self.receives() && peer.sends())
    }
}

/// What offer and answer agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Where the peer wants RTP. Its address may be unspecified while the peer holds us.
    pub remote: SocketAddr,
    /// Where the peer wants RTCP.
    pub remote_rtcp: SocketAddr,
    /// What we send; both codecs are understood when they arrive.
    pub codec: CodecId,
    /// Payload type of that codec.
    pub payload_type: u8,
    /// Payload type of telephone-event, if the peer knows it.
    pub dtmf_payload_type: Option<u8>,
    /// Packet length the peer asks for, ms.
    pub ptime_ms: u32,
    /// Which way media flows, seen from us.
    pub direction: Direction,
}

/// Our side of a session description.
#[derive(Clone, Copy, Debug)]
pub struct LocalMedia<'a> {
    /// The address the peer shall send to.
    pub addr: IpAddr,
    /// RTP port; RTCP is the next one.
    pub port: u16,
    /// Stays the same for all descriptions of one dialog.
    pub session_id: u64,
    /// Grows by one with each changed description of one dialog.
    pub version: u64,
    /// What we can do, the preferred one first.
    pub codecs: &'a [CodecId],
    /// Which way media shall flow, seen from us.
    pub direction: Direction,
}

impl<'a> LocalMedia<'a> {
    /// The first description of a dialog, both ways, with every codec.
    pub fn new(addr: IpAddr, port: u16, session_id: u64) -> LocalMedia<'a> {
        LocalMedia {
            addr,
            port,
            session_id,
            version: 1,
            codecs: CodecId::ALL,
            direction: Direction::SendRecv,
        }
    }

    /// The text of an offer.
    pub fn offer(&self) -> String {
        let mut text = self.head();
        let formats: Vec<(u8, CodecId)> =
            self.codecs.iter().filter_map(|c| c.static_payload_type().map(|pt| (pt, *c))).collect();
        self.audio(&mut text, &formats, Some(DTMF_PAYLOAD_TYPE), "RTP/AVP", self.direction);
        text
    }

    /// Reads the answer to [`LocalMedia::offer`].
    ///
    /// # Errors
    /// [`SdpError`] if it is garbage or leaves no audio to exchange.
    pub fn accept(&self, answer: &[u8]) -> Result<Negotiated, SdpError> {
        let audio = read_audio(answer)?;
        self.negotiate(&audio)
    }

    /// Answers a peer's offer or re-offer: the text of the answer and what it means. A peer that
    /// holds (`sendonly`, `inactive`, or the old `c=0.0.0.0`) gets the matching direction.
    ///
    /// # Errors
    /// [`SdpError`] if it is garbage or leaves no audio to exchange; answer 488 then.
    pub fn answer(&self, offer: &[u8]) -> Result<(String, Negotiated), SdpError> {
        let audio = read_audio(offer)?;
        let agreed = self.negotiate(&audio)?;
        let mut text = self.head();
        for (index, media) in audio.medias.iter().enumerate() {
            if index == audio.index {
                let formats = [(agreed.payload_type, agreed.codec)];
                let dtmf = agreed.dtmf_payload_type;
                self.audio(&mut text, &formats, dtmf, &media.proto, agreed.direction);
            } else {
                // RFC 3264 section 6: each stream is answered; port zero refuses it.
                let _ = write!(text, "m={} 0 {} {}\r\n", media.kind, media.proto, media.formats);
            }
        }
        Ok((text, agreed))
    }

    fn negotiate(&self, audio: &RemoteAudio) -> Result<Negotiated, SdpError> {
        let known = |(_, codec): &&(u8, CodecId)| self.codecs.contains(codec);
        let (payload_type, codec) =
            *audio.codecs.iter().find(known).ok_or(SdpError::NoCommonCodec)?;
        Ok(Negotiated {
            remote: audio.rtp,
            remote_rtcp: audio.rtcp,
            codec,
            payload_type,
            dtmf_payload_type: audio.dtmf,
            ptime_ms: audio.ptime_ms,
            direction: self.direction.meet(audio.direction),
        })
    }

    fn head(&self) -> String {
        let (family, addr) = (if self.addr.is_ipv4() { "IP4" } else { "IP6" }, self.addr);
        format!(
            "v=0\r\no=waihu {} {} IN {family} {addr}\r\ns=waihu\r\nc=IN {family} {addr}\r\n\
             t=0 0\r\n",
            self.session_id, self.version
        )
    }

    fn audio(
        &self,
        text: &mut String,
        formats: &[(u8, CodecId)],
        dtmf: Option<u8>,
        proto: &str,
        direction: Direction,
    ) {
        let _ = write!(text, "m=audio {} {proto}", self.port);
        for payload_type in formats.iter().map(|f| f.0).chain(dtmf) {
            let _ = write!(text, " {payload_type}");
        }
        text.push_str("\r\n");
        for (payload_type, codec) in formats {
            let (name, rate) = (codec.name(), codec.clock_rate());
            let _ = write!(text, "a=rtpmap:{payload_type} {name}/{rate}\r\n");
        }
        if let Some(pt) = dtmf {
            let _ = write!(text, "a=rtpmap:{pt} telephone-event/8000\r\na=fmtp:{pt} 0-16\r\n");
        }
        let _ = write!(text, "a=ptime:20\r\na={}\r\n", direction.word());
    }
}

#[cfg(test)]
mod tests;
