//! A certificate that nobody vouches for, and a TLS server that has it. Test programs include this file by its path.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Makes a certificate for these names, and the configuration of a server with it.
pub(crate) fn certificate(names: impl Into<Vec<String>>) -> (rcgen::Certificate, Arc<ServerConfig>) {
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
    (made.cert, Arc::new(server))
}
