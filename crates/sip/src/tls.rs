//! TLS towards a trunk: whom we trust, and whose name the certificate must hold.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{SipError, TlsConfig};
use crate::path::PathError;

/// A certificate with its chain, and its key.
type Own = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

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
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| wrong(e.to_string()))?
            .with_root_certificates(roots);
        let config = match own(config).map_err(wrong)? {
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| wrong(format!("cert_file and key_file do not fit: {e}")))?,
            None => builder.with_no_client_auth(),
        };
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
                    why: untrusted(why),
                },
                Some(rustls::Error::InvalidMessage(_)) => PathError::Handshake {
                    why: "the peer does not speak TLS; is that its TLS port?".to_owned(),
                },
                _ => {
                    let why = alert(&error).unwrap_or_else(|| error.to_string());
                    PathError::Handshake { why }
                }
            }
        })
    }
}

/// Our own certificate and its key, if there are any.
fn own(config: &TlsConfig) -> Result<Option<Own>, String> {
    let (cert, key) = match (&config.cert_file, &config.key_file) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => (cert, key),
        _ => return Err("cert_file and key_file come together".to_owned()),
    };
    let unreadable = |name: &str, file: &Path, why: &dyn std::fmt::Display| {
        format!("{name} {} cannot be read: {why}", file.display())
    };
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect);
    let chain: Vec<_> = chain.map_err(|e| unreadable("cert_file", cert, &e))?;
    if chain.is_empty() {
        return Err(unreadable("cert_file", cert, &"it holds no certificate"));
    }
    let own = PrivateKeyDer::from_pem_file(key).map_err(|e| unreadable("key_file", key, &e))?;
    Ok(Some((chain, own)))
}

/// Why a certificate is refused, for whoever has to mend it.
fn untrusted(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => {
            "it is self-signed, or signed by somebody unknown here; tls.ca_file names whom to trust"
                .to_owned()
        }
        why => why.to_string(),
    }
}

/// The alert by which a peer ended TLS, in words; `None` if it sent none.
pub(crate) fn alert(error: &std::io::Error) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::AlertReceived(alert) = inner else {
        return None;
    };
    Some(match alert {
        AlertDescription::CertificateRequired => {
            "the peer wants a certificate of ours (tls.cert_file, tls.key_file)".to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => {
            format!("the peer refuses our certificate (alert {alert:?}; tls.cert_file)")
        }
        // TLS 1.2 has no alert of its own for it.
        AlertDescription::HandshakeFailure => "the peer refuses the handshake; perhaps it wants a \
            certificate of ours (tls.cert_file, tls.key_file)"
            .to_owned(),
        alert => format!("the peer ended TLS with the alert {alert:?}"),
    })
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
        let missing =
            TlsConfig { ca_file: Some(dir.path().join("no.pem")), ..TlsConfig::default() };
        assert!(refused(missing, "h").contains("no.pem"));
        let empty = dir.path().join("empty.pem");
        std::fs::write(&empty, "nothing here").unwrap();
        let empty = TlsConfig { ca_file: Some(empty), ..TlsConfig::default() };
        assert!(refused(empty, "h").contains("no certificate"));
        let name = TlsConfig { server_name: Some("a b".into()), ..TlsConfig::default() };
        assert!(refused(name, "h").contains("a b"));
    }
}
