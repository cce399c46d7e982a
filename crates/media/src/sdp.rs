//! SDP offer and answer (RFC 3264, RFC 8866) for one audio stream: we offer, accept an answer,
//! and answer a peer's offer or re-offer, hold included.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::codec::CodecId;
use crate::profile::SrtpPolicy;
use crate::srtp::{Agreed, OurKeys, Suite};

mod agreed;
mod crypto;
mod error;
mod lines;
mod read;

pub use agreed::{Formats, Negotiated};

pub use error::SdpError;
use read::{RemoteAudio, read_audio};

/// Payload type we offer for telephone-event.
pub const DTMF_PAYLOAD_TYPE: u8 = 101;
/// The same on the clock of Opus (RFC 4733 section 2.1: keys share the clock of the audio).
const DTMF_48_PAYLOAD_TYPE: u8 = 110;

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
    /// Whether media is encrypted.
    pub srtp: SrtpPolicy,
    /// Our keys; without them nothing can be encrypted.
    pub keys: Option<&'a OurKeys>,
    /// Where the peer's signalling comes from: the best guess for its media where its description
    /// names a host that did not resolve, or no address at all.
    pub signalling: Option<IpAddr>,
}

impl<'a> LocalMedia<'a> {
    /// The first description of a dialog, both ways, with G.711, not encrypted.
    pub fn new(addr: IpAddr, port: u16, session_id: u64) -> LocalMedia<'a> {
        LocalMedia {
            addr,
            port,
            session_id,
            version: 1,
            codecs: CodecId::NARROW,
            direction: Direction::SendRecv,
            srtp: SrtpPolicy::Off,
            keys: None,
            signalling: None,
        }
    }

    /// The text of an offer.
    pub fn offer(&self) -> String {
        let mut text = self.head();
        let formats: Vec<(u8, CodecId)> =
            self.codecs.iter().map(|c| (c.offered_payload_type(), *c)).collect();
        let keys = self.offered_keys();
        // RFC 4568 speaks of RTP/SAVP alone; where plain RTP will do as well, keys beside
        // RTP/AVP are what peers read that know them, and others pass over.
        let proto = match (self.srtp, keys.is_empty()) {
            (SrtpPolicy::Required, false) => "RTP/SAVP",
            _ => "RTP/AVP",
        };
        let dtmf = dtmf_offered(self.codecs);
        self.audio(&mut text, &formats, &dtmf, proto);
        for (tag, suite) in keys {
            crypto::write(&mut text, tag, suite, self.keys);
        }
        self.tail(&mut text, &formats, self.direction);
        text
    }

    /// Reads the answer to [`LocalMedia::offer`].
    ///
    /// # Errors
    /// [`SdpError`] if it is garbage or leaves no audio to exchange.
    pub fn accept(&self, answer: &[u8]) -> Result<Negotiated, SdpError> {
        let audio = read_audio(answer, self.srtp, self.signalling)?;
        let offered = self.offered_keys();
        let ours = |line: &crypto::CryptoLine| offered.contains(&(line.tag, line.suite));
        let crypto = self.agree_on_keys(audio.crypto.iter().find(|l| ours(l)))?;
        let mut agreed = self.negotiate(&audio, crypto)?;
        // The peer sends under the payload types of our description (RFC 3264 section 5.1),
        // which should be those of its own.
        for codec in self.codecs.iter().filter(|c| audio.codecs.iter().any(|(_, a)| a == *c)) {
            agreed.formats.add(codec.offered_payload_type(), *codec);
        }
        for (payload_type, clock) in dtmf_offered(self.codecs) {
            agreed.formats.add_keys(payload_type, clock);
        }
        Ok(agreed)
    }

    /// Answers a peer's offer or re-offer: the text of the answer and what it means. A peer that
    /// holds (`sendonly`, `inactive`, or the old `c=0.0.0.0`) gets the matching direction.
    ///
    /// # Errors
    /// [`SdpError`] if it is garbage or leaves no audio to exchange; answer 488 then.
    pub fn answer(&self, offer: &[u8]) -> Result<(String, Negotiated), SdpError> {
        let audio = read_audio(offer, self.srtp, self.signalling)?;
        let line = audio.crypto.first();
        let crypto = self.agree_on_keys(line)?;
        let agreed = self.negotiate(&audio, crypto)?;
        let mut text = self.head();
        for (index, media) in audio.medias.iter().enumerate() {
            if index == audio.index {
                let formats = [(agreed.payload_type, agreed.codec)];
                let dtmf: Vec<_> =
                    agreed.dtmf_payload_type.map(|p| (p, agreed.dtmf_clock)).into_iter().collect();
                self.audio(&mut text, &formats, &dtmf, &media.proto);
                if let (Some(line), Some(_)) = (line, crypto) {
                    crypto::write(&mut text, line.tag, line.suite, self.keys);
                }
                self.tail(&mut text, &formats, agreed.direction);
            } else {
                // RFC 3264 section 6: each stream is answered; port zero refuses it.
                let _ = write!(text, "m={} 0 {} {}\r\n", media.kind, media.proto, media.formats);
            }
        }
        Ok((text, agreed))
    }

    fn negotiate(
        &self,
        audio: &RemoteAudio,
        crypto: Option<Agreed>,
    ) -> Result<Negotiated, SdpError> {
        let known = |(_, codec): &&(u8, CodecId)| self.codecs.contains(codec);
        let (payload_type, codec) =
            *audio.codecs.iter().find(known).ok_or(SdpError::NoCommonCodec)?;
        let clock = codec.clock_rate();
        let fitting = audio.dtmf.iter().find(|(_, c)| *c == clock);
        let dtmf = fitting.or(audio.dtmf.first());
        let mut formats = Formats::default();
        for (payload_type, codec) in audio.codecs.iter().filter(known) {
            formats.add(*payload_type, *codec);
        }
        for (payload_type, clock) in &audio.dtmf {
            formats.add_keys(*payload_type, *clock);
        }
        Ok(Negotiated {
            remote: audio.rtp,
            remote_rtcp: audio.rtcp,
            codec,
            payload_type,
            formats,
            dtmf_payload_type: dtmf.map(|d| d.0),
            dtmf_clock: dtmf.map_or(clock, |d| d.1),
            ptime_ms: audio.ptime_ms,
            direction: self.direction.meet(audio.direction),
            crypto,
        })
    }

    /// The keys that both sides use from now on, if any.
    fn agree_on_keys(
        &self,
        theirs: Option<&crypto::CryptoLine>,
    ) -> Result<Option<Agreed>, SdpError> {
        let pair = theirs.zip(self.keys).filter(|_| self.srtp != SrtpPolicy::Off);
        match pair {
            Some((line, keys)) => {
                let (suite, theirs) = (line.suite, line.key);
                Ok(Some(Agreed { suite, ours: keys.of(suite), theirs }))
            }
            None if self.srtp == SrtpPolicy::Required => Err(SdpError::NotEncrypted),
            None => Ok(None),
        }
    }

    /// Tags and suites of our offer.
    fn offered_keys(&self) -> Vec<(u32, Suite)> {
        match (self.srtp, self.keys) {
            (SrtpPolicy::Off, _) | (_, None) => Vec::new(),
            _ => Suite::ALL.into_iter().zip(1..).map(|(suite, tag)| (tag, suite)).collect(),
        }
    }

    fn head(&self) -> String {
        let (family, addr) = (if self.addr.is_ipv4() { "IP4" } else { "IP6" }, self.addr);
        format!(
            "v=0\r\no=waihu {} {} IN {family} {addr}\r\ns=waihu\r\nc=IN {family} {addr}\r\n\
             t=0 0\r\n",
            self.session_id, self.version
        )
    }

    fn audio(&self, text: &mut String, formats: &[(u8, CodecId)], dtmf: &[(u8, u32)], proto: &str) {
        let _ = write!(text, "m=audio {} {proto}", self.port);
        for payload_type in formats.iter().map(|f| f.0).chain(dtmf.iter().map(|d| d.0)) {
            let _ = write!(text, " {payload_type}");
        }
        text.push_str("\r\n");
        for (payload_type, codec) in formats {
            let _ = write!(text, "a=rtpmap:{payload_type} {}\r\n", codec.rtpmap());
            if let Some(fmtp) = codec.fmtp() {
                let _ = write!(text, "a=fmtp:{payload_type} {fmtp}\r\n");
            }
        }
        for (pt, clock) in dtmf {
            let _ = write!(text, "a=rtpmap:{pt} telephone-event/{clock}\r\na=fmtp:{pt} 0-16\r\n");
        }
    }

    fn tail(&self, text: &mut String, formats: &[(u8, CodecId)], direction: Direction) {
        text.push_str("a=ptime:20\r\n");
        if formats.iter().any(|(_, codec)| *codec == CodecId::Opus) {
            let _ = write!(text, "a=maxptime:{}\r\n", crate::codec::MAX_PACKET_MS);
        }
        let _ = write!(text, "a={}\r\n", direction.word());
    }
}

/// Payload types and clocks of the telephone-events that go with these codecs.
fn dtmf_offered(codecs: &[CodecId]) -> Vec<(u8, u32)> {
    let types = [(DTMF_PAYLOAD_TYPE, 8_000), (DTMF_48_PAYLOAD_TYPE, 48_000)];
    let used = |(_, clock): &(u8, u32)| codecs.iter().any(|c| c.clock_rate() == *clock);
    types.into_iter().filter(used).collect()
}

#[cfg(test)]
mod tests;
