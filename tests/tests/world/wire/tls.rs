//! A certificate for the proxy, made for the test, and the clients' trust in it.

use std::sync::{Arc, LazyLock};

use insist_ureq::tls::{Certificate, RootCerts, TlsConfig};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::ask::DOMAIN;

pub(crate) struct Tls {
    /// For the proxy.
    pub(crate) server: Arc<ServerConfig>,
    /// In DER.
    certificate: Vec<u8>,
}

/// One for all tests: it is valid for the loopback and for the hosts of tunnels.
pub(crate) static TLS: LazyLock<Tls> = LazyLock::new(|| {
    let names = ["127.0.0.1".to_owned(), format!("*{DOMAIN}")];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    // Other crates of the workspace have another provider; nobody's default is asked for.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Tls { server: Arc::new(server), certificate: made.cert.der().to_vec() }
});

impl Tls {
    /// The settings of ureq for a client that trusts it.
    pub(crate) fn ureq(&self) -> TlsConfig {
        let certificate = Certificate::from_der(&self.certificate).to_owned();
        TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[certificate])).build()
    }
}
