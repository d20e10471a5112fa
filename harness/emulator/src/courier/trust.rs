//! TLS to HTTPS endpoints, and whose certificates are believed: those of the authorities that the
//! machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others), and those of the settings.

use std::sync::{Arc, OnceLock};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate, of an authority or of a server that has no authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate(CertificateDer<'static>);

/// Text that is no certificate.
#[derive(Debug, thiserror::Error)]
#[error("not a certificate in PEM: {0}")]
pub struct NotACertificate(String);

impl Certificate {
    /// The first certificate in a PEM text.
    ///
    /// # Errors
    /// [`NotACertificate`] if there is none.
    pub fn from_pem(text: &str) -> Result<Self, NotACertificate> {
        let parsed = CertificateDer::from_pem_slice(text.as_bytes())
            .map_err(|error| NotACertificate(error.to_string()))?;
        RootCertStore::empty()
            .add(parsed.clone())
            .map_err(|error| NotACertificate(error.to_string()))?;
        Ok(Self(parsed))
    }
}

/// Whom to believe. The machine's authorities are read when the first HTTPS endpoint is visited.
#[derive(Debug, Default)]
pub struct Trust {
    besides: Vec<Certificate>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    /// Trusts these certificates besides the machine's.
    #[must_use]
    pub fn new(besides: Vec<Certificate>) -> Self {
        Self {
            besides,
            config: OnceLock::new(),
        }
    }

    /// Speaks TLS over `stream`; the error is for the journal.
    pub(super) async fn connect(
        &self,
        name: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, String> {
        let config = match self.config.get() {
            Some(config) => Arc::clone(config),
            None => {
                // Reading the machine's authorities may take long.
                let besides = self.besides.clone();
                let config = tokio::task::spawn_blocking(move || config(besides))
                    .await
                    .map_err(|error| error.to_string())?
                    .map_err(|error| error.to_string())?;
                Arc::clone(self.config.get_or_init(|| Arc::new(config)))
            }
        };
        let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
        TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())
    }
}

fn config(besides: Vec<Certificate>) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    // Machines have certificates that nobody can read; the others count all the same.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(besides.into_iter().map(|certificate| certificate.0));
    Ok(
        ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused() {
        let pem = include_str!("../sns/signing/certificate.pem");
        assert!(Certificate::from_pem(pem).is_ok());
        for text in [
            "",
            "certificate",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            let error = Certificate::from_pem(text).unwrap_err().to_string();
            assert!(error.starts_with("not a certificate in PEM: "), "{error}");
        }
    }
}
