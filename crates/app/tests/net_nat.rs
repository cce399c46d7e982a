//! Address translation between us and a telephone that nobody here wrote: baresip lives in another
//! network namespace, and a router between the two hides one side from the other.
//!
//! Needs root, `ip` and `nft`; where namespaces cannot be made it says so and passes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support::api::outcome;
use crate::support::baresip::{Baresip, Line, Place};
use crate::support::nat::{Hidden, Router};
use crate::support::process::Server;
use crate::support::sound::{Sound, spoken};
use serde_json::Value;
use std::time::Duration;
use testkit::peers::Ports;

async fn phone(router: &Router) -> Baresip {
    let (host, namespace) = (router.peer(), Some(router.there()));
    let place = Place { host, namespace, secure: false };
    Baresip::at(place, &Sound::of(&[Ok("hello"), Err(90.0)]), &Line::G711).await
}

/// One call that the callee ends once the disclosure was heard whole; both sides heard the other.
async fn both_are_heard(mut phone: Baresip, settings: &str, sip: &str) -> Value {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_at(data.path(), settings, sip, &[]).await;
    // The sentence after it, which is looked for below.
    let more = Duration::from_secs(4);
    let (found, quality) = phone.hears_the_disclosure(&server, more).await;
    assert_eq!(outcome(&found)[..2], ["completed", "callee_hung_up"], "{found}");
    let likeness =
        phone.heard().await.likeness(&spoken("en-us+f2", "175", "This call is recorded."));
    println!("likeness {likeness}, {quality}");
    assert!(likeness > 0.95, "{likeness}");
    assert!(quality["packets"].as_u64().unwrap() > 200, "{quality}");
    // Its first datagram only opens translations on the way and is no RTP.
    assert!(quality["strangers"].as_u64().unwrap() <= 1, "{quality}");
    assert!(quality["round_trip_ms"].is_u64(), "RTCP does not come back: {quality}");
    server.stop(data.path()).await;
    quality
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_translation_we_tell_peers_the_address_they_can_reach() {
    let Some(router) = Router::make(Hidden::Us) else { return };
    let ports = Ports::take();
    // For SIP, and two pairs for the media of the one call.
    let (sip, first) = (ports.first(), ports.first() + 2);
    let last = first + 3;
    router.forward(&format!("udp dport {{ {sip}, {first}-{last} }}")).unwrap();
    let phone = phone(&router).await;
    let (us, visible) = (router.us(), router.visible());
    let settings = format!(
        "[sip]\nadvertise = \"{visible}\"\n\
         [media]\naddress = \"{us}\"\nexternal_ip = \"{visible}\"\n\
         first_port = {first}\nlast_port = {last}\n\
         [[trunk]]\nname = \"phone\"\naddress = \"{}\"\n",
        phone.address()
    );
    both_are_heard(phone, &settings, &format!("{us}:{sip}")).await;
}

/// Over TCP, because a telephone names its hidden address as the one for requests in the call.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_behind_translation_gets_media_where_its_own_comes_from() {
    let Some(router) = Router::make(Hidden::Peer) else { return };
    let phone = phone(&router).await;
    router.forward(&format!("tcp dport {}", phone.port())).unwrap();
    let settings = format!(
        "[media]\naddress = \"{}\"\n\
         [[trunk]]\nname = \"phone\"\naddress = \"sip:{}:{};transport=tcp\"\nnat = true\n",
        router.us(),
        router.visible(),
        phone.port()
    );
    both_are_heard(phone, &settings, &format!("{}:0", router.us())).await;
}
