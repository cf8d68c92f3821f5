//! TLS for real, with a certificate made for the test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use insist_reqwest::insisting::Policy;
use insist_reqwest::{Certificate, Client, ClientBuilder, Insist};
use rcgen::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server whose first connections are closed during the handshake.
struct Server {
    address: SocketAddr,
    certificate: Certificate,
    connections: Arc<AtomicU32>,
}

impl Server {
    async fn start(closed: u32) -> Self {
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        // Other crates of the workspace have another provider; nobody's default is asked for.
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth();
        let config = config.with_single_cert(vec![cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if count.fetch_add(1, SeqCst) < closed {
                    let _hello = stream.read(&mut [0; 1024]).await;
                    continue;
                }
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let _request = stream.read(&mut [0; 1024]).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { address, certificate: Certificate::from_der(cert.der()).unwrap(), connections }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/", self.address.port())
    }

    fn builder(&self) -> ClientBuilder {
        Client::builder().no_proxy().resolve("localhost", self.address).policy(Policy::zero())
    }

    fn connections(&self) -> u32 {
        self.connections.load(SeqCst)
    }
}

#[tokio::test]
async fn a_good_certificate_is_served() {
    let server = Server::start(0).await;
    let client = server.builder().tls_certs_only([server.certificate.clone()]).build().unwrap();
    assert_eq!(client.get(server.url()).send().await.unwrap().text().await.unwrap(), "hello");
}

#[tokio::test]
async fn a_bad_certificate_stops_after_one_attempt() {
    let server = Server::start(0).await;
    let other = Server::start(0).await;
    let client = server.builder().tls_certs_only([other.certificate]).build().unwrap();
    let error = client.get(server.url()).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_stops_after_one_attempt() {
    let server = Server::start(0).await;
    let certificate = server.certificate.clone();
    let client =
        server.builder().resolve("other.example", server.address).tls_certs_only([certificate]).build().unwrap();
    let url = format!("https://other.example:{}/", server.address.port());
    assert!(client.get(url).send().await.unwrap_err().is_connect());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_handshake_that_breaks_off_was_not_sent_so_a_post_is_repeated() {
    let server = Server::start(2).await;
    let client = server.builder().tls_certs_only([server.certificate.clone()]).build().unwrap();
    let answer = client.post(server.url()).body("x").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(server.connections(), 3);
}
