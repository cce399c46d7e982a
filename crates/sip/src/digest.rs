//! Digest credentials (RFC 3261 section 22, RFC 7616) for 401 and 407.
//!
//! The stack has its own answer to challenges; it writes `qop="auth"` with quotes that RFC 7616
//! section 3.4 forbids, fails on `qop="auth,auth-int"` and on `algorithm=SHA-256`, and answers one
//! challenge in all. Its hash is used here, the rest is ours.

use domain::Masked;
use rsipstack::sip::headers::auth::{Algorithm, AuthQop};
use rsipstack::sip::{DigestGenerator, Header, Method, Response, StatusCode, Uri};
use rsipstack::transaction::random_text;

/// A server that calls every nonce stale is followed that often.
const MAX_STALE: u8 = 2;
/// Realms answered in one attempt: a proxy, a callee, and two to spare.
const MAX_REALMS: usize = 4;

/// Who we are for a trunk.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) username: String,
    pub(crate) password: Masked<String>,
    pub(crate) realm: Option<String>,
}

/// What a server asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Challenge {
    proxy: bool,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// As the server spells it, to be echoed.
    algorithm: Option<(Algorithm, String)>,
    /// The server offered `auth`; without any qop the old form of RFC 2069 is used.
    qop: bool,
    stale: bool,
}

struct Answered {
    challenge: Challenge,
    nc: u8,
    stale_rounds: u8,
}

/// The challenges of one attempt that were answered.
#[derive(Default)]
pub(crate) struct Answers {
    given: Vec<Answered>,
}

impl Answers {
    /// Takes the challenge in a 401 or 407; true if it is worth another request. Each realm is
    /// answered once: asked again, the password was wrong, unless only the nonce was stale.
    pub(crate) fn take(&mut self, response: &Response, credentials: &Credentials) -> bool {
        let wanted = |c: &Challenge| credentials.realm.as_ref().is_none_or(|r| *r == c.realm);
        let Some(challenge) = challenges(response).into_iter().find(wanted) else {
            return false;
        };
        let same = |a: &&mut Answered| {
            a.challenge.realm == challenge.realm && a.challenge.proxy == challenge.proxy
        };
        let room = self.given.len() < MAX_REALMS;
        match self.given.iter_mut().find(same) {
            Some(old) if challenge.stale && old.stale_rounds < MAX_STALE => {
                old.stale_rounds += 1;
                old.nc = 0;
                old.challenge = challenge;
                true
            }
            Some(_) => false,
            None if !room => false,
            None => {
                self.given.push(Answered { challenge, nc: 0, stale_rounds: 0 });
                true
            }
        }
    }

    /// The header of every answered realm, fresh for one more request.
    pub(crate) fn headers(
        &mut self,
        method: Method,
        uri: &Uri,
        credentials: &Credentials,
    ) -> Vec<Header> {
        let mut headers = Vec::with_capacity(self.given.len());
        for answered in &mut self.given {
            answered.nc = answered.nc.saturating_add(1);
            let cnonce = random_text(16);
            let value = authorization(answered, &cnonce, method, uri, credentials);
            headers.push(if answered.challenge.proxy {
                Header::ProxyAuthorization(value.into())
            } else {
                Header::Authorization(value.into())
            });
        }
        headers
    }
}

fn authorization(
    answered: &Answered,
    cnonce: &str,
    method: Method,
    uri: &Uri,
    credentials: &Credentials,
) -> String {
    let challenge = &answered.challenge;
    let qop = challenge.qop.then(|| AuthQop::Auth { cnonce: cnonce.to_owned(), nc: answered.nc });
    let algorithm = challenge.algorithm.as_ref();
    let response = DigestGenerator {
        username: &credentials.username,
        password: credentials.password.reveal(),
        nonce: &challenge.nonce,
        uri,
        realm: &challenge.realm,
        method: &method,
        qop: qop.as_ref(),
        algorithm: algorithm.map_or(Algorithm::Md5, |(known, _)| *known),
    }
    .compute();
    let mut value = format!(
        "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", \
         response=\"{response}\"",
        credentials.username, challenge.realm, challenge.nonce
    );
    if let Some((_, spelling)) = algorithm {
        value.push_str(", algorithm=");
        value.push_str(spelling);
    }
    if challenge.qop {
        let nc = answered.nc;
        value.push_str(&format!(", qop=auth, nc={nc:08x}, cnonce=\"{cnonce}\""));
    }
    if let Some(opaque) = &challenge.opaque {
        value.push_str(&format!(", opaque=\"{opaque}\""));
    }
    value
}

/// The challenges of a 401 or 407 that can be answered, in the server's order of preference.
fn challenges(response: &Response) -> Vec<Challenge> {
    let proxy = response.status_code == StatusCode::ProxyAuthenticationRequired;
    let value = |header: &Header| match header {
        Header::WwwAuthenticate(h) if !proxy => challenge(h.value(), proxy),
        Header::ProxyAuthenticate(h) if proxy => challenge(h.value(), proxy),
        _ => None,
    };
    response.headers.iter().filter_map(value).collect()
}

/// Reads one challenge; `None` if it cannot be answered.
fn challenge(value: &str, proxy: bool) -> Option<Challenge> {
    let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("digest") {
        return None;
    }
    let params = params(rest);
    let get = |name: &str| {
        let found = params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    };
    let algorithm = match get("algorithm") {
        None => None,
        Some(name) if name.eq_ignore_ascii_case("md5") => Some(Algorithm::Md5),
        Some(name) if name.eq_ignore_ascii_case("sha-256") => Some(Algorithm::Sha256),
        Some(_) => return None,
    };
    let spelling = get("algorithm").unwrap_or_default().to_owned();
    let qop = match get("qop") {
        None => false,
        Some(list) => {
            let auth = list.split(',').any(|q| q.trim().eq_ignore_ascii_case("auth"));
            if !auth {
                return None;
            }
            true
        }
    };
    Some(Challenge {
        proxy,
        realm: get("realm")?.to_owned(),
        nonce: get("nonce")?.to_owned(),
        opaque: get("opaque").map(str::to_owned),
        algorithm: algorithm.map(|known| (known, spelling)),
        qop,
        stale: get("stale").is_some_and(|v| v.eq_ignore_ascii_case("true")),
    })
}

/// `name=value` pairs separated by commas; quoted values keep their inside as it stands, so that
/// what is echoed and hashed is what the server wrote.
fn params(mut rest: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    while let Some((name, tail)) = rest.split_once('=') {
        let name = name.trim_matches(|c: char| c == ',' || c.is_whitespace());
        let tail = tail.trim_start();
        let (value, after) = match tail.strip_prefix('"') {
            Some(quoted) => match closing_quote(quoted) {
                Some(end) => (&quoted[..end], &quoted[end + 1..]),
                None => break,
            },
            None => {
                let end = tail.find(',').unwrap_or(tail.len());
                (tail[..end].trim(), &tail[end..])
            }
        };
        found.push((name, value));
        rest = after;
    }
    found
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|b| {
        let end = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: u16, headers: &[&str]) -> Response {
        let mut text = format!(
            "SIP/2.0 {code} No\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
        );
        for header in headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        Response::try_from(format!("{text}\r\n").as_str()).unwrap()
    }

    fn credentials() -> Credentials {
        Credentials {
            username: "Mufasa".into(),
            password: Masked::new("Circle Of Life".into()),
            realm: None,
        }
    }

    #[test]
    fn qop_is_unquoted_and_the_server_s_texts_are_echoed() {
        let uri = Uri::try_from("sip:138@127.0.0.1:5060").unwrap();
        let mut answers = Answers::default();
        let ask = "WWW-Authenticate: Digest realm=\"r, 1\", nonce=\"n\\\"1\", opaque=\"o\", \
                   qop=\"auth,auth-int\", algorithm=MD5";
        assert!(answers.take(&refusal(401, &[ask]), &credentials()));
        let headers = answers.headers(Method::Invite, &uri, &credentials());
        let [Header::Authorization(value)] = &headers[..] else {
            panic!("{headers:?}");
        };
        let value = value.value();
        for part in [
            "realm=\"r, 1\"",
            "nonce=\"n\\\"1\"",
            "opaque=\"o\"",
            "algorithm=MD5",
            "qop=auth, nc=00000001, cnonce=\"",
            "uri=\"sip:138@127.0.0.1:5060\"",
        ] {
            assert!(value.contains(part), "{part} in {value}");
        }
        let again = answers.headers(Method::Invite, &uri, &credentials());
        assert!(again[0].value().contains("nc=00000002"));
    }

    #[test]
    fn each_realm_is_answered_once_and_stale_nonces_twice() {
        let mut answers = Answers::default();
        let mine = credentials();
        let proxy = refusal(407, &["Proxy-Authenticate: Digest realm=\"p\", nonce=\"1\""]);
        let callee = refusal(401, &["WWW-Authenticate: Digest realm=\"c\", nonce=\"2\""]);
        let stale =
            refusal(401, &["WWW-Authenticate: Digest realm=\"c\", nonce=\"3\", stale=TRUE"]);
        for (response, want) in [
            (&proxy, true),
            (&proxy, false),
            (&callee, true),
            (&stale, true),
            (&stale, true),
            (&stale, false),
            (&callee, false),
        ] {
            assert_eq!(answers.take(response, &mine), want);
        }
        let uri = Uri::try_from("sip:h").unwrap();
        assert_eq!(answers.headers(Method::Invite, &uri, &mine).len(), 2);
    }

    #[test]
    fn what_cannot_be_answered_is_final() {
        for ask in [
            "WWW-Authenticate: Basic realm=\"r\"",
            "WWW-Authenticate: Digest realm=\"r\"",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"n",
            "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"",
        ] {
            let mut answers = Answers::default();
            assert!(!answers.take(&refusal(401, &[ask]), &credentials()), "{ask}");
        }
        let other = Credentials { realm: Some("mine".into()), ..credentials() };
        let ask = "WWW-Authenticate: Digest realm=\"theirs\", nonce=\"n\"";
        assert!(!Answers::default().take(&refusal(401, &[ask]), &other));
    }

    #[test]
    fn the_first_algorithm_we_know_is_taken() {
        let asks = [
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=SHA-512-256",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"3\", algorithm=MD5",
        ];
        let mut answers = Answers::default();
        assert!(answers.take(&refusal(401, &asks), &credentials()));
        assert_eq!(answers.given[0].challenge.nonce, "2");
    }
}
