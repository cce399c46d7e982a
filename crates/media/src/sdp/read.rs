//! Reads a peer's session description down to the one audio stream we can use.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Session};

use super::crypto::{self, CryptoLine};
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

/// Reads the first audio stream that is not refused.
pub(super) fn read_audio(text: &[u8], srtp: SrtpPolicy) -> Result<RemoteAudio, SdpError> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(SdpError::Empty);
    }
    if text.len() > MAX_LEN {
        return Err(SdpError::TooLong { len: text.len() });
    }
    let session = Session::parse(text)?;
    let index = find_audio(&session.medias, srtp)?;
    let media = &session.medias[index];
    let address = address(&session, media)?;
    let (rtp, rtcp) = (SocketAddr::new(address, media.port), rtcp_address(address, media)?);
    let (codecs, dtmf) = formats(media);
    let mut direction = direction(&session, media);
    if address.is_unspecified() {
        // RFC 2543 style hold: nobody may be sent to.
        direction = Direction::of(direction.sends(), false);
    }
    let medias = session.medias.iter().map(|m| RemoteMedia {
        kind: m.media.clone(),
        proto: m.proto.clone(),
        formats: m.fmt.clone(),
    });
    let medias = medias.collect();
    let ptime_ms = ptime(media);
    let lines = media.attributes.iter().filter(|a| a.attribute == "crypto");
    let crypto = lines.filter_map(|a| crypto::read(a.value.as_deref()?)).collect();
    Ok(RemoteAudio { rtp, rtcp, codecs, dtmf, crypto, ptime_ms, direction, medias, index })
}

fn find_audio(medias: &[Media], srtp: SrtpPolicy) -> Result<usize, SdpError> {
    let mut refusal = SdpError::NoAudio;
    let usable = |proto: &str| match proto {
        "RTP/AVP" | "RTP/AVPF" => true,
        "RTP/SAVP" | "RTP/SAVPF" => srtp != SrtpPolicy::Off,
        _ => false,
    };
    for (index, media) in medias.iter().enumerate().filter(|(_, m)| m.media == "audio") {
        if media.port == 0 {
            refusal = SdpError::AudioRefused;
        } else if !usable(&media.proto) {
            refusal = SdpError::Transport { proto: media.proto.chars().take(40).collect() };
        } else {
            return Ok(index);
        }
    }
    Err(refusal)
}

fn address(session: &Session, media: &Media) -> Result<IpAddr, SdpError> {
    let connection = media.connections.first().or(session.connection.as_ref());
    connection.and_then(ip_of).ok_or(SdpError::BadAddress)
}

fn ip_of(connection: &Connection) -> Option<IpAddr> {
    // A TTL or a count may follow a slash (RFC 8866 section 5.7).
    let text = connection.connection_address.split('/').next()?;
    text.trim().parse().ok()
}

/// `a=rtcp:PORT [IN IP4 ADDRESS]` (RFC 3605), else the port after the RTP port.
fn rtcp_address(address: IpAddr, media: &Media) -> Result<SocketAddr, SdpError> {
    let next = media.port.checked_add(1).ok_or(SdpError::BadPort { port: media.port })?;
    let mut rtcp = SocketAddr::new(address, next);
    let mut words = attribute(&media.attributes, "rtcp").unwrap_or_default().split_whitespace();
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
fn formats(media: &Media) -> Formats {
    let (mut codecs, mut dtmf) = (Vec::new(), Vec::new());
    for payload_type in media.fmt.split_whitespace().filter_map(|f| f.parse::<u8>().ok()) {
        if payload_type > 127 {
            continue;
        }
        match rtpmap(media, payload_type) {
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

fn rtpmap(media: &Media, payload_type: u8) -> Option<(&str, u32)> {
    media.attributes.iter().filter(|a| a.attribute == "rtpmap").find_map(|a| {
        let (pt, encoding) = a.value.as_deref()?.trim().split_once(char::is_whitespace)?;
        if pt.parse() != Ok(payload_type) {
            return None;
        }
        let mut parts = encoding.trim().split('/');
        Some((parts.next()?, parts.next()?.trim().parse().ok()?))
    })
}

fn direction(session: &Session, media: &Media) -> Direction {
    let of = |attributes: &[Attribute]| {
        attributes.iter().find_map(|a| Direction::from_word(a.attribute.trim()))
    };
    of(&media.attributes).or_else(|| of(&session.attributes)).unwrap_or_default()
}

/// Packet length asked for; 20 ms where it says nothing sensible.
fn ptime(media: &Media) -> u32 {
    let asked = attribute(&media.attributes, "ptime").and_then(|v| v.trim().parse::<f32>().ok());
    asked.filter(|ms| (5.0..=200.0).contains(ms)).map_or(20, |ms| ms as u32)
}

fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|a| a.attribute == name).and_then(|a| a.value.as_deref())
}
