//! TLS towards a trunk: whom we trust, and whose name the certificate must hold.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{SipError, TlsConfig};
use crate::path::PathError;

/// What every connection of one TLS trunk uses.
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    /// Reads the trusted certificates. Fails if there are none: a check that trusts nobody would
    /// only show at the first call.
    pub(crate) fn new(trunk: &str, config: &TlsConfig, host: &str) -> Result<Self, SipError> {
        let wrong = |why: String| SipError::Tls { name: trunk.to_owned(), why };
        let name = config.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| wrong(format!("{name:?} is no name a certificate can hold")))?;
        let mut roots = RootCertStore::empty();
        match &config.ca_file {
            Some(file) => {
                let unreadable = |why: &dyn std::fmt::Display| {
                    wrong(format!("ca_file {} cannot be read: {why}", file.display()))
                };
                let found = CertificateDer::pem_file_iter(file).map_err(|e| unreadable(&e))?;
                for certificate in found {
                    let certificate = certificate.map_err(|e| unreadable(&e))?;
                    roots.add(certificate).map_err(|e| unreadable(&e))?;
                }
                if roots.is_empty() {
                    return Err(unreadable(&"it holds no certificate"));
                }
            }
            None => {
                // Some of a system's certificates may be too old to be read; the rest count.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if roots.is_empty() {
                    let why = "this machine trusts no certificates: install ca-certificates, or \
                               name a ca_file";
                    return Err(wrong(why.to_owned()));
                }
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| wrong(e.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// The handshake, with the certificate's check.
    pub(crate) async fn connect(&self, tcp: TcpStream) -> Result<TlsStream<TcpStream>, PathError> {
        let connected = self.connector.connect(self.name.clone(), tcp).await;
        connected.map_err(|error| {
            let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
            match inner {
                Some(rustls::Error::InvalidCertificate(why)) => PathError::Certificate {
                    name: self.name.to_str().into_owned(),
                    why: why.to_string(),
                },
                _ => PathError::Handshake { why: error.to_string() },
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: TlsConfig, host: &str) -> String {
        match Tls::new("t", &config, host) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn what_cannot_be_checked_is_refused_before_the_first_call() {
        let dir = tempfile::tempdir().unwrap();
        let missing = TlsConfig { ca_file: Some(dir.path().join("no.pem")), server_name: None };
        assert!(refused(missing, "h").contains("no.pem"));
        let empty = dir.path().join("empty.pem");
        std::fs::write(&empty, "nothing here").unwrap();
        let empty = TlsConfig { ca_file: Some(empty), server_name: None };
        assert!(refused(empty, "h").contains("no certificate"));
        let name = TlsConfig { ca_file: None, server_name: Some("a b".into()) };
        assert!(refused(name, "h").contains("a b"));
    }
}
