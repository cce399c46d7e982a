//! Which key goes to which server.

use std::os::unix::fs::PermissionsExt;

use crate::stage::{Reply, Server, Waihu};

const BALANCE: Reply = Reply::Json(
    200,
    r#"{"success":true,"message":"ok","data":{"balance":1.00,"available":1.00,"held":0.00}}"#,
);
const SECRETS: &str = r#"{"other":1,"steponeai_api_key":"sk_secrets"}"#;

/// The key the server was shown.
fn key_sent(waihu: &Waihu, server: &Server) -> String {
    let ran = waihu.run(&["balance"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    server.next().header("x-api-key").unwrap().to_owned()
}

#[test]
fn the_environment_wins_over_secrets_over_config() {
    let server = Server::new(&[BALANCE]);
    let config = format!("api_base = \"{}\"\napi_key = \"sk_config\"\n", server.base());
    let waihu = Waihu::bare();
    let path = waihu.file(".config/waihu/config.toml", &config);
    assert_eq!(key_sent(&waihu, &server), "sk_config");
    let secrets = waihu.file(".clawd/secrets.json", SECRETS);
    assert_eq!(key_sent(&waihu, &server), "sk_secrets");
    let waihu = waihu.with("STEPONEAI_API_KEY", "sk_environment");
    assert_eq!(key_sent(&waihu, &server), "sk_environment");
    let waihu = waihu.with("STEPONEAI_API_KEY", "");
    assert_eq!(key_sent(&waihu, &server), "sk_secrets");
    for broken in ["{", "[]", r#"{"steponeai_api_key":7}"#, r#"{"steponeai_api_key":""}"#, "{}"] {
        std::fs::write(&secrets, broken).unwrap();
        assert_eq!(key_sent(&waihu, &server), "sk_config", "{broken}");
    }
    assert!(path.exists());
}

#[test]
fn the_config_directory_can_be_moved() {
    let server = Server::new(&[BALANCE]);
    let waihu = Waihu::bare();
    let config = format!("api_base = \"{}/\"\napi_key = \"sk_moved\"\n", server.base());
    waihu.file("elsewhere/waihu/config.toml", &config);
    let elsewhere = waihu.home.path().join("elsewhere");
    let waihu = waihu.with("XDG_CONFIG_HOME", elsewhere.to_str().unwrap());
    assert_eq!(key_sent(&waihu, &server), "sk_moved");
}

#[test]
fn a_key_that_others_can_read_is_warned_about() {
    let server = Server::new(&[BALANCE]);
    let waihu = Waihu::bare().with("STEPONEAI_API_BASE", &server.base());
    let path = waihu.file(".config/waihu/config.toml", "api_key = \"sk_config\"\n");
    for (mode, warned) in [(0o600, false), (0o644, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = waihu.run(&["balance"]);
        assert_eq!((ran.code, ran.stderr.contains("chmod 600")), (0, warned), "{ran:?}");
        assert!(!ran.stderr.contains("sk_config"), "{ran:?}");
    }
}

#[test]
fn no_key_names_all_three_places() {
    let server = Server::new(&[BALANCE]);
    let waihu = Waihu::bare().with("STEPONEAI_API_BASE", &server.base());
    for arguments in [
        &["balance"][..],
        &["call", "13800138000", "开会"],
        &["info", "A", "0"],
        &["stream", "A"],
        &["hangup", "A"],
        &["list"],
    ] {
        let ran = waihu.run(arguments);
        assert_eq!(ran.code, 4, "{arguments:?}: {ran:?}");
        for place in ["STEPONEAI_API_KEY", "~/.clawd/secrets.json", "waihu/config.toml"] {
            assert!(ran.stderr.contains(place), "{place}: {ran:?}");
        }
    }
    assert_eq!(server.unseen(), 0);
}

#[test]
fn bases_that_are_not_taken() {
    let waihu = Waihu::bare().with("STEPONEAI_API_KEY", "sk_environment");
    for base in [
        "http://192.0.2.1:8480",
        "https://calls.example/prefix",
        "https://calls.example/?a=b",
        "https://me:secret@calls.example",
        "calls.example",
    ] {
        let waihu = Waihu::bare()
            .with("STEPONEAI_API_KEY", "sk_environment")
            .with("STEPONEAI_API_BASE", base);
        for arguments in [&["balance"][..], &["version"], &["call", "13800138000", "开会"]] {
            let ran = waihu.run(arguments);
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{base}: {ran:?}");
            assert!(!ran.stderr.contains("secret"), "{ran:?}");
        }
    }
    waihu.file(".config/waihu/config.toml", "api_base = \"http://192.0.2.1\"\n");
    assert_eq!(waihu.run(&["balance"]).code, 2);
    waihu.file(".config/waihu/config.toml", "api_base = \n");
    let ran = waihu.run(&["balance"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("config.toml: line 1:"), "{ran:?}");
}
