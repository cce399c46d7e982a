//! A telephone that nobody here wrote behind a TLS trunk: the keys of SRTP travel in signalling
//! that nobody can read, media and its reports are encrypted both ways.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support;
use crate::support::api::outcome;
use crate::support::baresip::{Baresip, Line, Place};
use crate::support::process::Server;
use crate::support::sound::{Sound, spoken};
use crate::support::until;
use std::time::Duration;

const INSISTS: Line =
    Line { modules: &["g711", "srtp"], account: ";mediaenc=srtp-mand", ..Line::G711 };

async fn phone(secure: bool) -> Baresip {
    let says = Sound::of(&[Ok("hello"), Err(90.0)]);
    Baresip::at(Place { secure, ..Place::here() }, &says, &INSISTS).await
}

/// How the only trunk stands, once it has answered.
async fn stands(server: &Server) -> String {
    until("the trunk answers", support::SOON, async || {
        let metrics = server.api.get("/metrics").await.text;
        metrics.contains("waihu_trunk_answers{trunk=\"phone\"} 1").then_some(())
    })
    .await;
    server.api.get("/readyz").await.text
}

/// Two rounds of RTCP, which come every five seconds.
const REPORTS: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread")]
async fn keys_travel_over_tls_and_media_and_its_reports_are_encrypted_both_ways() {
    let mut phone = phone(true).await;
    let data = tempfile::tempdir().unwrap();
    let settings = format!(
        "[[trunk]]\nname = \"phone\"\naddress = \"{}\"\nsrtp = \"required\"\n\
         [trunk.tls]\nca_file = \"{}\"\n[trunk.sip]\noptions_s = 5\n",
        phone.secure_address(),
        phone.authority().display()
    );
    let server = Server::start(data.path(), &settings, &[]).await;
    let stood = stands(&server).await;
    let (found, quality) = phone.hears_the_disclosure(&server, REPORTS).await;
    let likeness =
        phone.heard().await.likeness(&spoken("en-us+f2", "175", "This call is recorded."));
    println!("{stood}likeness {likeness}, {quality}");
    assert_eq!(outcome(&found)[..2], ["completed", "callee_hung_up"], "{found}");
    assert!(stood.contains("trunk phone: up\n"), "{stood}");
    assert!(likeness > 0.95, "{likeness}");
    assert!(quality["packets"].as_u64().unwrap() > 200, "{quality}");
    assert_eq!(quality["lost"], 0, "{quality}");
    // Its report names ours: it could read ours, and we its.
    assert!(quality["round_trip_ms"].is_u64(), "no report came back: {quality}");
    server.stop(data.path()).await;
}

/// The same keys in a signalling that everybody can read.
#[tokio::test(flavor = "multi_thread")]
async fn reports_under_encryption_come_back_over_a_plain_trunk_too() {
    let mut phone = phone(false).await;
    let data = tempfile::tempdir().unwrap();
    let settings = format!(
        "[[trunk]]\nname = \"phone\"\naddress = \"{}\"\nsrtp = \"required\"\n",
        phone.address()
    );
    let server = Server::start(data.path(), &settings, &[]).await;
    let (found, quality) = phone.hears_the_disclosure(&server, REPORTS).await;
    println!("{quality}");
    assert_eq!(outcome(&found)[..2], ["completed", "callee_hung_up"], "{found}");
    assert!(quality["round_trip_ms"].is_u64(), "no report came back: {quality}");
    server.stop(data.path()).await;
}
