//! Certificates for peers over TLS, made by openssl.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::stage::installed;

/// Runs openssl, or names the package.
async fn openssl(dir: &Path, args: &[&str]) {
    let child = Command::new("openssl")
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let done = installed(child, "openssl").wait_with_output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// `ca.pem`, and `peer.pem` with key and certificate for localhost and 127.0.0.1, signed by it.
pub async fn certificates(dir: &Path) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
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
    let mut both = std::fs::read(dir.join("peer.key")).unwrap();
    both.extend(std::fs::read(dir.join("peer.crt")).unwrap());
    std::fs::write(dir.join("peer.pem"), both).unwrap();
}
