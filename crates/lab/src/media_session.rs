//! The session description of one call, and the phone it describes.

use std::net::IpAddr;

use media::codec::CodecId;
use media::profile::SrtpPolicy;
use media::sdp::{Direction, LocalMedia, SdpError};
use media::srtp::{MASTER_LEN, MasterKey, OurKeys};
use rsipstack::sip::{Header, StatusCode};
use tokio::sync::mpsc;

use crate::chance::Chance;
use crate::lane::{FromPhone, Phone, PhoneId, PhoneSettings, ToPhone};
use crate::server::Shared;

/// The headers of a message that carries a session description.
pub(crate) fn sdp_headers() -> Option<Vec<Header>> {
    Some(vec![Header::ContentType("application/sdp".into())])
}

/// A phone on the lane and what was agreed for it.
#[derive(Debug)]
pub(crate) struct MediaSession {
    pub(crate) phone: PhoneId,
    pub(crate) events: mpsc::Receiver<FromPhone>,
    /// Our latest description.
    pub(crate) sdp: String,
    ip: IpAddr,
    port: u16,
    version: u64,
    codecs: Vec<CodecId>,
    srtp: SrtpPolicy,
    keys: OurKeys,
    /// The codec in use.
    codec: CodecId,
    direction: Direction,
}

impl MediaSession {
    /// Answers the caller's offer and opens a phone for it.
    ///
    /// # Errors
    /// The status to refuse the call with: 488 for an offer that leaves nothing to exchange,
    /// 503 when there is no socket to be had.
    pub(crate) fn open(
        shared: &Shared,
        ip: IpAddr,
        offer: &[u8],
        settings: PhoneSettings,
    ) -> Result<Self, StatusCode> {
        let unavailable = |error: &dyn std::error::Error| {
            tracing::warn!(%error, "no phone for a call");
            StatusCode::ServiceUnavailable
        };
        let (mut phone, events) = Phone::bind(ip, settings).map_err(|e| unavailable(&e))?;
        let port = phone.local_addr().map_err(|e| unavailable(&e))?.port();
        let id = shared.phone_id();
        let codecs = shared.config.codecs.clone();
        let (srtp, keys) =
            (shared.config.srtp, keys(&mut Chance::of_call(shared.config.seed, "keys", id)));
        let local = LocalMedia {
            codecs: &codecs,
            srtp,
            keys: Some(&keys),
            ..LocalMedia::new(ip, port, id)
        };
        let (sdp, agreed) = local.answer(offer).map_err(|error| {
            tracing::debug!(%error, "offer refused");
            StatusCode::NotAcceptableHere
        })?;
        phone.connect(agreed);
        shared.lane.open(id, phone).map_err(|e| unavailable(&e))?;
        Ok(Self {
            phone: id,
            events,
            sdp,
            ip,
            port,
            version: 1,
            codec: agreed.codec,
            codecs,
            srtp,
            keys,
            direction: Direction::SendRecv,
        })
    }

    /// Answers a new offer of the caller.
    ///
    /// # Errors
    /// The status to refuse it with; the session goes on as it was.
    pub(crate) fn answer_again(
        &mut self,
        shared: &Shared,
        offer: &[u8],
    ) -> Result<String, StatusCode> {
        self.version += 1;
        let answered = self.local(&self.codecs).answer(offer);
        let (sdp, agreed) = answered.map_err(|_| StatusCode::NotAcceptableHere)?;
        let told = shared.lane.tell(self.phone, ToPhone::Renegotiate(agreed));
        told.map_err(|_| StatusCode::ServiceUnavailable)?;
        self.codec = agreed.codec;
        self.sdp = sdp.clone();
        Ok(sdp)
    }

    /// Our side for a re-INVITE that carries no offer. Its answer, in the ACK, is not read: the
    /// caller's address and codec stay what they were.
    pub(crate) fn reoffer(&mut self) -> String {
        self.version += 1;
        self.sdp = self.local(&self.codecs).offer();
        self.sdp.clone()
    }

    /// Our offer to hold, or to go on with another codec than before.
    pub(crate) fn hold_offer(&mut self, on: bool) -> String {
        self.version += 1;
        if on {
            self.direction = Direction::SendOnly;
        } else {
            self.direction = Direction::SendRecv;
            // The caller answers with what we name first, so the codec in use goes last.
            let present = self.codec;
            self.codecs.sort_by_key(|codec| *codec == present);
        }
        self.sdp = self.local(&self.codecs).offer();
        self.sdp.clone()
    }

    /// Takes the caller's answer to [`MediaSession::hold_offer`].
    pub(crate) fn accept(&mut self, shared: &Shared, answer: &[u8]) -> Result<(), SdpError> {
        let agreed = self.local(&self.codecs).accept(answer)?;
        self.codec = agreed.codec;
        if shared.lane.tell(self.phone, ToPhone::Renegotiate(agreed)).is_err() {
            tracing::warn!("the media thread takes no more commands");
        }
        Ok(())
    }

    fn local<'a>(&'a self, codecs: &'a [CodecId]) -> LocalMedia<'a> {
        LocalMedia {
            version: self.version,
            codecs,
            direction: self.direction,
            srtp: self.srtp,
            keys: Some(&self.keys),
            ..LocalMedia::new(self.ip, self.port, self.phone)
        }
    }
}

/// Keys from the lab's seed: good for trying, and for nothing that must stay secret.
fn keys(chance: &mut Chance) -> OurKeys {
    let mut key = || {
        let mut bytes = [0; MASTER_LEN];
        bytes.fill_with(|| chance.draw() as u8);
        MasterKey(bytes)
    };
    OurKeys { tag80: key(), tag32: key() }
}
