//! TLS: whose certificates are trusted, and how a call ends whose server's is not.

use std::fs::write;
use std::path::PathBuf;

use insist_flaky::{Answer, Server};
use insist_tests::proxy::{Fault, Proxy};
use tempfile::TempDir;

use crate::certificate::certificate;
use crate::run::{Ran, insist};

/// A server with a certificate for 127.0.0.1 that nobody vouches for, and the file with it.
struct Https {
    server: Server,
    proxy: Proxy,
    certificate: PathBuf,
    _folder: TempDir,
}

impl Https {
    fn start(answers: impl Into<insist_flaky::Script>) -> Self {
        let (own, config) = certificate(["127.0.0.1".to_owned()]);
        let folder = tempfile::tempdir().unwrap();
        let certificate = folder.path().join("own.pem");
        write(&certificate, own.pem()).unwrap();
        let server = Server::start(answers).unwrap();
        let proxy = Proxy::start_tls(server.address(), config, |_| Fault::None).unwrap();
        Self { server, proxy, certificate, _folder: folder }
    }

    fn url(&self) -> String {
        self.proxy.at("/").replace("http://", "https://")
    }

    fn get(&self, arguments: &[&str]) -> Ran {
        insist(&[&["get", "--base", "1ms"], arguments, &[&self.url()]].concat())
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_ends_the_call_before_anything_is_sent() {
    let https = Https::start(Answer::ok("hello\n"));
    let ran = https.get(&[]);
    assert_eq!((ran.status, ran.out.as_str()), (60, ""), "{}", ran.err);
    assert!(ran.err.contains("certificate") && ran.err.contains("1 attempt"), "{}", ran.err);
    assert_eq!(https.server.request_count(), 0);
}

#[test]
fn a_certificate_that_the_user_names_is_trusted_for_its_own_host() {
    let https = Https::start([Answer::status(503), Answer::ok("hello\n")]);
    let certificate = https.certificate.to_str().unwrap();
    let ran = https.get(&["--cacert", certificate]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "hello\n"), "{}", ran.err);
    assert_eq!(https.server.request_count(), 2, "the 503 is tried again over TLS too");

    let other = https.url().replace("127.0.0.1", "localhost");
    assert_eq!(insist(&["get", "--cacert", certificate, &other]).status, 60);
}

#[test]
fn any_certificate_will_do_on_demand() {
    let https = Https::start(Answer::ok("hello\n"));
    let ran = https.get(&["-k"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "hello\n"), "{}", ran.err);
}
