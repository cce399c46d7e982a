//! Digest challenges (RFC 3261 section 22) and the check of what comes back.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use rsipstack::dialog::authenticate::verify_digest;
use rsipstack::sip::headers::{ProxyAuthenticate, WwwAuthenticate};
use rsipstack::sip::typed::Authorization;
use rsipstack::sip::{Header, HeadersExt, Request, StatusCode};

use crate::chance::Chance;
use crate::config::{Auth, Challenge};

/// Whom the lab lets in.
#[derive(Debug)]
pub(crate) struct Guard {
    auth: Auth,
    nonces: Mutex<Nonces>,
}

/// Nonces given out; the oldest is forgotten first, and its owner is asked anew.
#[derive(Debug)]
struct Nonces {
    chance: Chance,
    given: VecDeque<String>,
}

impl Guard {
    pub(crate) fn new(auth: Auth, seed: u64) -> Self {
        let chance = Chance::of_call(seed, "nonce", 0);
        Self { auth, nonces: Mutex::new(Nonces { chance, given: VecDeque::new() }) }
    }

    /// Whether the request proves the credentials under a nonce of ours.
    pub(crate) fn admits(&self, request: &Request) -> bool {
        let name = match self.auth.challenge {
            Challenge::Proxy => "Proxy-Authorization",
            Challenge::Server => "Authorization",
        };
        let Some(value) = request.header_value(name) else {
            return false;
        };
        let Ok(proof) = Authorization::parse(&value) else {
            return false;
        };
        let ours = {
            let nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
            nonces.given.contains(&proof.nonce)
        };
        ours && proof.username == self.auth.user
            && proof.realm == REALM
            && verify_digest(&proof, &self.auth.password, &request.method, &value)
    }

    /// The status and header that ask for credentials.
    pub(crate) fn challenge(&self) -> (StatusCode, Header) {
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        let nonce = format!("{:016x}{:016x}", nonces.chance.draw(), nonces.chance.draw());
        if nonces.given.len() == MOST_NONCES {
            nonces.given.pop_front();
        }
        nonces.given.push_back(nonce.clone());
        let value =
            format!("Digest realm=\"{REALM}\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"");
        match self.auth.challenge {
            Challenge::Proxy => (
                StatusCode::ProxyAuthenticationRequired,
                Header::ProxyAuthenticate(ProxyAuthenticate::from(value)),
            ),
            Challenge::Server => {
                (StatusCode::Unauthorized, Header::WwwAuthenticate(WwwAuthenticate::from(value)))
            }
        }
    }
}

const REALM: &str = "lab";
const MOST_NONCES: usize = 4_096;
