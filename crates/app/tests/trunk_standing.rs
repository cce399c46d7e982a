//! How trunks stand, as operators see it: registration, OPTIONS, doctor; and settings that name
//! what is wrong with them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use crate::support::process::{Server, Waihu};
use crate::support::sipp::Sipp;
use crate::support::{SOON, until};
use serde_json::Value;
use testkit::peers::Ports;

/// `waihu doctor` with these settings: what it says of trunks.
async fn doctor(settings: &str) -> Vec<Value> {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("waihu.toml");
    std::fs::write(&file, settings).unwrap();
    let (data, file) = (data.path().to_str().unwrap(), file.to_str().unwrap());
    let ended = Waihu::run(&["doctor", "--json", "--data-dir", data, "--config", file]).await;
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().filter(|f| f["part"] == "trunk").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_trunk_is_shown_and_taken_back_at_the_end() {
    let mut peer = Sipp::play("registrar", &[]).await;
    let data = tempfile::tempdir().unwrap();
    let settings = format!(
        "[[trunk]]\nname = \"carrier\"\naddress = \"{}\"\nusername = \"1001\"\n\
         password = \"open sesame\"\n[trunk.sip]\nregister = true\n",
        peer.address()
    );
    let server = Server::start(data.path(), &settings, &[]).await;
    until("the trunk is registered", SOON, async || {
        (server.api.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    let ready = server.api.get("/readyz").await.text;
    assert!(ready.contains("trunk carrier: up, registered for 3600 s\n"), "{ready}");
    let metrics = server.api.get("/metrics").await.text;
    for line in [
        "waihu_trunk_usable{trunk=\"carrier\"} 1",
        "waihu_trunk_registered{trunk=\"carrier\"} 1",
        "waihu_trunk_failures_total{trunk=\"carrier\"} 0",
        "waihu_sip_legs 0",
    ] {
        assert!(metrics.lines().any(|l| l == line), "no {line:?} in {metrics}");
    }
    server.stop_now().await;
    assert_eq!(peer.passed().await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_each_trunk() {
    let mut peer = Sipp::play("options", &[]).await;
    // Held, so that nobody listens there meanwhile.
    let held = Ports::take();
    let nobody = format!("127.0.0.1:{}", held.first());
    let trunks = doctor(&format!(
        "[[trunk]]\nname = \"there\"\naddress = \"{}\"\n\
         [[trunk]]\nname = \"gone\"\naddress = \"sip:{nobody}\"\ntransport = \"tcp\"\n",
        peer.address()
    ))
    .await;
    assert_eq!(trunks[0]["ok"], true, "{trunks:?}");
    assert!(trunks[0]["text"].as_str().unwrap().contains("answers OPTIONS with 200"));
    assert_eq!(trunks[1]["ok"], false, "{trunks:?}");
    assert!(trunks[1]["text"].as_str().unwrap().contains("no connection"), "{trunks:?}");
    assert_eq!(peer.passed().await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_of_a_trunk_name_what_is_wrong() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("waihu.toml");
    for (lines, wants) in [
        ("address = \"sip:h\"\ntransport = \"sctp\"", vec!["line 4", "transport", "sctp"]),
        ("address = \"tel:10086\"", vec!["line 3", "address", "tel:10086"]),
        ("address = \"sip:h\"\n[trunk.sip]\nregisters = true", vec!["line 5", "registers"]),
        ("address = \"sip:h\"\n[trunk.tls]\ninsecure = true", vec!["line 5", "insecure"]),
        ("address = \"sip:h\"\n[trunk.sip]\nregister = true", vec!["register", "username"]),
        ("address = \"sip:h\"\n[trunk.sip]\nsession_s = 10", vec!["trunk.sip.session_s", "10"]),
        ("address = \"sip:h;transport=tls\"\ntransport = \"udp\"", vec!["transport", "sip:h:5061"]),
    ] {
        std::fs::write(&file, format!("[[trunk]]\nname = \"a\"\n{lines}\n")).unwrap();
        let data = data.path().to_str().unwrap();
        let serve = ["serve", "--data-dir", data, "--config", file.to_str().unwrap()];
        let ended = Waihu::run(&serve).await;
        assert_eq!(ended.code, 2, "{lines}: {ended:?}");
        for want in wants {
            assert!(ended.stderr.contains(want), "no {want:?} in {}", ended.stderr);
        }
    }
}
