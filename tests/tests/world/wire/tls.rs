//! A certificate for the proxy, made for the test, and the clients' trust in it.

use std::sync::{Arc, LazyLock};

use insist_ureq::tls::{Certificate, RootCerts, TlsConfig};
use rustls::ServerConfig;

use super::ask::DOMAIN;
use super::certificate::certificate;

pub(crate) struct Tls {
    /// For the proxy.
    pub(crate) server: Arc<ServerConfig>,
    /// In DER.
    certificate: Vec<u8>,
}

/// One for all tests: it is valid for the loopback and for the hosts of tunnels.
pub(crate) static TLS: LazyLock<Tls> = LazyLock::new(|| {
    let names = ["127.0.0.1".to_owned(), format!("*{DOMAIN}")];
    let (certificate, server) = certificate(names);
    Tls { server, certificate: certificate.der().to_vec() }
});

impl Tls {
    /// The settings of ureq for a client that trusts it.
    pub(crate) fn ureq(&self) -> TlsConfig {
        let certificate = Certificate::from_der(&self.certificate).to_owned();
        TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[certificate])).build()
    }
}
