//! Host names in session descriptions, which RFC 8866 section 5.7 allows: looked up here, since
//! nobody above waits for a name server. Of a description nothing else is read.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

/// How long all names of one description are looked up; the callee waits meanwhile.
const LIMIT: Duration = Duration::from_secs(2);
/// Names of one description that are looked up.
const MAX_NAMES: usize = 4;

/// The description with addresses in place of its names. A name that has none in time stays: who
/// reads it then takes the address signalling comes from.
pub(crate) async fn resolved(description: &str) -> String {
    let names = names(description);
    if names.is_empty() {
        return description.to_owned();
    }
    let mut known = Vec::new();
    let looking = async {
        for (family, name) in names {
            if let Some(ip) = look_up(family, name).await {
                known.push((name, ip));
            }
        }
    };
    if timeout(LIMIT, looking).await.is_err() {
        tracing::warn!("a host name in a session description is not known in time");
    }
    let lines = description.split_inclusive('\n').map(|line| match connection(line) {
        Some((_, name)) => match known.iter().find(|(n, _)| *n == name) {
            Some((_, ip)) => line.replacen(name, &ip.to_string(), 1),
            None => line.to_owned(),
        },
        None => line.to_owned(),
    });
    lines.collect()
}

async fn look_up(family: Family, name: &str) -> Option<IpAddr> {
    let found = lookup_host((name, 0)).await;
    let ip = found.ok()?.map(|addr| addr.ip()).find(|ip| ip.is_ipv4() == (family == Family::V4));
    if ip.is_none() {
        tracing::warn!("a host name in a session description has no address");
    }
    ip
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

fn names(description: &str) -> Vec<(Family, &str)> {
    let mut names: Vec<(Family, &str)> = Vec::new();
    for found in description.lines().filter_map(connection) {
        if !names.contains(&found) && names.len() < MAX_NAMES {
            names.push(found);
        }
    }
    names
}

/// The host name in a `c=` line; `None` if it has an address, or is another line.
fn connection(line: &str) -> Option<(Family, &str)> {
    let mut words = line.trim().strip_prefix("c=")?.split_whitespace();
    let family = match (words.next()?, words.next()?) {
        (_, "IP4") => Family::V4,
        (_, "IP6") => Family::V6,
        _ => return None,
    };
    let name = words.next()?.split('/').next()?;
    (!name.is_empty() && name.parse::<IpAddr>().is_err()).then_some((family, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_become_addresses_and_nothing_else_changes() {
        let text = "v=0\r\no=- 1 1 IN IP4 localhost\r\ns=localhost\r\nc=IN IP4 localhost\r\n\
                    m=audio 9 RTP/AVP 8\r\nc=IN IP4 localhost/127\r\na=x:localhost";
        let want = "v=0\r\no=- 1 1 IN IP4 localhost\r\ns=localhost\r\nc=IN IP4 127.0.0.1\r\n\
                    m=audio 9 RTP/AVP 8\r\nc=IN IP4 127.0.0.1/127\r\na=x:localhost";
        assert_eq!(resolved(text).await, want);
        let plain = "v=0\r\nc=IN IP4 10.0.0.1\r\nc=IN IP6 ::1\r\nc=\r\n";
        assert_eq!(resolved(plain).await, plain);
        let unknown = "c=IN IP4 no-such-host.invalid\r\n";
        assert_eq!(resolved(unknown).await, unknown);
    }
}
