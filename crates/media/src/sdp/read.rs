//! Reads a peer's session description down to the one audio stream we can use.

use std::net::{IpAddr, SocketAddr};

use super::crypto::{self, CryptoLine};
use super::lines::{self, Description, Stream};
use super::{Direction, SdpError};
use crate::codec::CodecId;
use crate::profile::SrtpPolicy;

/// Longest description read; a UDP datagram could not carry more.
const MAX_LEN: usize = 65_535;

/// The audio stream of a peer, and what surrounds it.
#[derive(Debug)]
pub(super) struct RemoteAudio {
    pub rtp: SocketAddr,
    pub rtcp: SocketAddr,
    /// Codecs of ours with the peer's payload types, in the peer's order.
    pub codecs: Vec<(u8, CodecId)>,
    /// Payload types of telephone-event and their clocks, in the peer's order.
    pub dtmf: Vec<(u8, u32)>,
    /// Keys we can use, in the peer's order.
    pub crypto: Vec<CryptoLine>,
    pub ptime_ms: u32,
    /// As the peer says it of itself.
    pub direction: Direction,
    /// All streams, for the answer.
    pub medias: Vec<RemoteMedia>,
    /// Which of them is this one.
    pub index: usize,
}

/// The first line of a stream.
#[derive(Debug)]
pub(super) struct RemoteMedia {
    pub kind: String,
    pub proto: String,
    pub formats: String,
}

/// Reads the first audio stream that is not refused. `stand_in` is the address of a description
/// that names none, or only a host name.
pub(super) fn read_audio(
    text: &[u8],
    srtp: SrtpPolicy,
    stand_in: Option<IpAddr>,
) -> Result<RemoteAudio, SdpError> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(SdpError::Empty);
    }
    if text.len() > MAX_LEN {
        return Err(SdpError::TooLong { len: text.len() });
    }
    let text = lines::text(text);
    let described = lines::read(&text)?;
    let (index, port) = find_audio(&described.streams, srtp)?;
    let stream = &described.streams[index];
    let address = address(&described, stream).or(stand_in).ok_or(SdpError::BadAddress)?;
    let (rtp, rtcp) = (SocketAddr::new(address, port), rtcp_address(address, port, stream)?);
    let (codecs, dtmf) = formats(stream);
    let mut direction = direction(&described, stream);
    if address.is_unspecified() {
        // RFC 2543 style hold: nobody may be sent to.
        direction = Direction::of(direction.sends(), false);
    }
    let medias = described.streams.iter().map(|s| RemoteMedia {
        kind: s.kind.to_owned(),
        proto: s.proto.to_owned(),
        formats: s.formats.to_owned(),
    });
    let medias = medias.collect();
    let ptime_ms = ptime(stream);
    let crypto = values(stream, "crypto").filter_map(crypto::read).collect();
    Ok(RemoteAudio { rtp, rtcp, codecs, dtmf, crypto, ptime_ms, direction, medias, index })
}

/// Which stream it is, and its port.
fn find_audio(streams: &[Stream], srtp: SrtpPolicy) -> Result<(usize, u16), SdpError> {
    let mut refusal = SdpError::NoAudio;
    let usable = |proto: &str| match proto {
        "RTP/AVP" | "RTP/AVPF" => true,
        "RTP/SAVP" | "RTP/SAVPF" => srtp != SrtpPolicy::Off,
        _ => false,
    };
    let audio = |s: &&(usize, &Stream)| s.1.kind.eq_ignore_ascii_case("audio");
    for (index, stream) in streams.iter().enumerate().filter(|s| audio(&s)) {
        refusal = match stream.port {
            None => SdpError::Malformed { line: stream.line, what: "no port" },
            Some(0) => SdpError::AudioRefused,
            Some(_) if !usable(stream.proto) => {
                SdpError::Transport { proto: stream.proto.chars().take(40).collect() }
            }
            Some(port) => return Ok((index, port)),
        };
    }
    Err(refusal)
}

fn address(described: &Description, stream: &Stream) -> Option<IpAddr> {
    stream.connection.or(described.connection).and_then(ip_of)
}

/// `IN IP4 ADDRESS`; `None` for a host name.
fn ip_of(connection: &str) -> Option<IpAddr> {
    // A TTL or a count may follow a slash (RFC 8866 section 5.7).
    let text = connection.split_whitespace().nth(2)?.split('/').next()?;
    text.parse().ok()
}

/// `a=rtcp:PORT [IN IP4 ADDRESS]` (RFC 3605), else the port after the RTP port.
fn rtcp_address(address: IpAddr, port: u16, stream: &Stream) -> Result<SocketAddr, SdpError> {
    let next = port.checked_add(1).ok_or(SdpError::BadPort { port })?;
    let mut rtcp = SocketAddr::new(address, next);
    let mut words = values(stream, "rtcp").next().unwrap_or_default().split_whitespace();
    if let Some(port) = words.next().and_then(|w| w.parse().ok()).filter(|p| *p != 0) {
        rtcp.set_port(port);
        if let Some(ip) = words.nth(2).and_then(|w| w.parse().ok()) {
            rtcp.set_ip(ip);
        }
    }
    Ok(rtcp)
}

/// Payload types with our codecs, and those of telephone-event with their clock rates in Hz.
type Formats = (Vec<(u8, CodecId)>, Vec<(u8, u32)>);

/// Codecs of ours and the payload type of telephone-event, from the format list and `rtpmap`.
fn formats(stream: &Stream) -> Formats {
    let (mut codecs, mut dtmf) = (Vec::new(), Vec::new());
    for payload_type in stream.formats.split_whitespace().filter_map(|f| f.parse::<u8>().ok()) {
        if payload_type > 127 {
            continue;
        }
        match rtpmap(stream, payload_type) {
            Some((name, rate @ (8_000 | 48_000)))
                if name.eq_ignore_ascii_case("telephone-event") =>
            {
                dtmf.push((payload_type, rate));
            }
            Some((name, rate)) => {
                let codec = CodecId::from_name(name).filter(|c| c.clock_rate() == rate);
                codecs.extend(codec.map(|c| (payload_type, c)));
            }
            None => {
                let codec = CodecId::from_static_payload_type(payload_type);
                codecs.extend(codec.map(|c| (payload_type, c)));
            }
        }
    }
    (codecs, dtmf)
}

fn rtpmap<'a>(stream: &Stream<'a>, payload_type: u8) -> Option<(&'a str, u32)> {
    values(stream, "rtpmap").find_map(|value| {
        let (pt, encoding) = value.trim().split_once(char::is_whitespace)?;
        if pt.parse() != Ok(payload_type) {
            return None;
        }
        let mut parts = encoding.trim().split('/');
        Some((parts.next()?.trim(), parts.next()?.trim().parse().ok()?))
    })
}

fn direction(described: &Description, stream: &Stream) -> Direction {
    let of = |attributes: &[&str]| attributes.iter().find_map(|a| Direction::from_word(a));
    of(&stream.attributes).or_else(|| of(&described.attributes)).unwrap_or_default()
}

/// Packet length asked for; 20 ms where it says nothing sensible.
fn ptime(stream: &Stream) -> u32 {
    let asked = values(stream, "ptime").next().and_then(|v| v.trim().parse::<f32>().ok());
    asked.filter(|ms| (5.0..=200.0).contains(ms)).map_or(20, |ms| ms as u32)
}

/// The values of a stream's attributes of this name.
fn values<'a>(stream: &Stream<'a>, name: &'static str) -> impl Iterator<Item = &'a str> {
    let pairs = stream.attributes.clone().into_iter().map(lines::pair);
    pairs.filter_map(move |(n, value)| value.filter(|_| n == name))
}
