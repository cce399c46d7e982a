//! Certificates for a peer's TLS, made by openssl: an authority and what it vouches for.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// Makes `ca.pem` there, and `peer.pem` with key and certificate for `localhost` and 127.0.0.1,
/// signed by it.
///
/// # Panics
///
/// Without openssl, or if it fails.
pub async fn certificates(dir: &Path) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let ca = ["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj"];
    openssl(dir, &[&ca[..], &["/CN=test authority"], &key[..]].concat()).await;
    let leaf = ["req", "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2"];
    let names = [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        "peer.key",
        "-out",
        "peer.crt",
    ];
    openssl(dir, &[&leaf[..], &names[..], &key[..]].concat()).await;
    let mut both = std::fs::read(dir.join("peer.key")).expect("a key");
    both.extend(std::fs::read(dir.join("peer.crt")).expect("a certificate"));
    std::fs::write(dir.join("peer.pem"), both).expect("a file");
}

async fn openssl(dir: &Path, arguments: &[&str]) {
    let mut openssl = Command::new("openssl");
    openssl.args(arguments).current_dir(dir).stdin(Stdio::null());
    let run = openssl.output().await.expect("install the Debian package openssl");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
