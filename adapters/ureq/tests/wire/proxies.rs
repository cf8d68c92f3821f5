//! Proxies that refuse, and what was sent through them (X3, X4, X26).

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use insist_ureq::http::Response;
use insist_ureq::insisting::ReportSlot;
use insist_ureq::typestate::WithBody;
use insist_ureq::{Agent, Body, Error, Insist, Proxy, RequestBuilder, SendBody};

use crate::server::{POLICY, Scripted, Tls, head, reader, relay, request, write};

/// A proxy that answers its first CONNECTs like this, and connects the others. An empty answer closes the connection.
fn proxy(answers: &'static [&'static str]) -> (Scripted, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&seen);
    let proxy = Scripted::start(move |number, socket| {
        let Some(asked) = head(&mut reader(&socket)) else { return };
        lines.lock().unwrap().push(asked.line.trim_end().to_owned());
        match answers.get(number - 1) {
            Some(answer) => write(&socket, answer),
            None => {
                let target = asked.line.split(' ').nth(1).unwrap();
                let server = TcpStream::connect(target).unwrap();
                write(&socket, "HTTP/1.1 200 OK\r\n\r\n");
                relay(&socket, &server);
            }
        }
    });
    (proxy, seen)
}

fn through(proxy: &Scripted) -> Option<Proxy> {
    Some(Proxy::new(&format!("http://{}", proxy.address)).unwrap())
}

/// A server with TLS that answers each request with its body.
fn echo(tls: &Tls) -> Scripted {
    let accept = tls.acceptor();
    Scripted::start(move |_, socket| {
        let mut stream = BufReader::new(accept(socket));
        while let Some(request) = request(&mut stream) {
            let body = String::from_utf8(request.body).unwrap();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    })
}

/// A server that answers its first request with 503, and keeps the bodies that it gets.
fn busy_at_first(scheme: &str, tls: &Tls) -> (Scripted, Arc<Mutex<Vec<Vec<u8>>>>) {
    fn serve(mut stream: BufReader<impl Read + Write>, bodies: &Mutex<Vec<Vec<u8>>>) {
        while let Some(request) = request(&mut stream) {
            let status = if bodies.lock().unwrap().is_empty() { "503 Busy" } else { "200 OK" };
            bodies.lock().unwrap().push(request.body);
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    }

    let (accept, is_tls) = (tls.acceptor(), scheme == "https");
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    let server = Scripted::start(move |_, socket| {
        if is_tls { serve(BufReader::new(accept(socket)), &seen) } else { serve(BufReader::new(socket), &seen) }
    });
    (server, bodies)
}

fn agent(tls: &Tls, proxy: &Scripted) -> Agent {
    let config = tls.agent().config().clone();
    Agent::config_builder().tls_config(config.tls_config().clone()).proxy(through(proxy)).policy(POLICY).build().into()
}

#[test]
fn a_post_that_a_proxy_did_not_let_through_was_not_sent() {
    for refusal in ["HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", ""] {
        let answers: &'static [&'static str] = Box::leak(vec![refusal, refusal].into());
        let (tls, (proxy, seen)) = (Tls::new(), proxy(answers));
        let server = echo(&tls);
        let mut answer = agent(&tls, &proxy).post(format!("https://{}/", server.address)).send("x").unwrap();
        assert_eq!(answer.body_mut().read_to_string().unwrap(), "x");
        assert_eq!(seen.lock().unwrap().len(), 3, "{refusal:?}");
    }
}

#[test]
fn a_refusal_that_repeating_cannot_mend_is_not_repeated() {
    for status in ["407 Proxy Authentication Required", "403 Forbidden", "404 Not Found"] {
        let refusal: &'static str = Box::leak(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into());
        let (proxy, seen) = proxy(Box::leak(vec![refusal; 3].into()));
        let agent: Agent = Agent::config_builder().proxy(through(&proxy)).policy(POLICY).build().into();
        let error = agent.get("http://a.example/").call().unwrap_err();
        assert_eq!(seen.lock().unwrap().len(), 1, "{status}");
        assert_eq!(error.to_string(), format!("CONNECT proxy failed: the proxy answered {status}"));
    }
}

#[test]
fn the_hint_of_a_proxy_is_a_hint() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 100\r\nContent-Length: 0\r\n\r\n";
    let (proxy, seen) = proxy(Box::leak(vec![busy; 3].into()));
    let policy = POLICY.hint_limit(std::time::Duration::from_secs(1));
    let agent: Agent = Agent::config_builder().proxy(through(&proxy)).policy(policy).build().into();
    let slot = ReportSlot::new();
    let error = agent.get("http://a.example/").report_to(&slot).call().unwrap_err();
    assert!(matches!(error, Error::ConnectProxyFailed(_)), "{error:?}");
    assert_eq!(seen.lock().unwrap().len(), 1);
    assert_eq!(slot.take().unwrap().hint, Some(std::time::Duration::from_secs(100)));
}

/// Sends a body through a tunnel to a server that is busy at first, with and without TLS, and compares what arrives: what
/// is written to the proxy, and below TLS, is nothing of the body.
fn is_sent_again(expected: &[u8], send: impl Fn(RequestBuilder<WithBody>) -> Result<Response<Body>, Error>) {
    let tls = Tls::new();
    for scheme in ["http", "https"] {
        let ((proxy, _), (server, bodies)) = (proxy(&[]), busy_at_first(scheme, &tls));
        let result = send(agent(&tls, &proxy).put(format!("{scheme}://{}/", server.address)));
        assert!(result.is_ok(), "{scheme}: {result:?}");
        assert!(*bodies.lock().unwrap() == [expected, expected], "{scheme}: what arrives is another body");
    }
}

#[test]
fn long_bytes_are_sent_again_through_a_tunnel() {
    let long = vec![b'x'; 300_000];
    is_sent_again(&long, |request| request.send(&long[..]));
}

#[test]
fn what_a_reader_gave_is_sent_again_through_a_tunnel() {
    is_sent_again(b"a reader", |request| request.send(SendBody::from_reader(&mut &b"a reader"[..])));
    is_sent_again(b"a reader", |request| {
        request.header("Content-Length", "8").send(SendBody::from_reader(&mut &b"a reader"[..]))
    });
}

/// Does what ureq does: asks for a tunnel for `http://` too, where curl sends the absolute form.
#[test]
fn an_address_without_tls_is_tunnelled_as_well() {
    let (proxy, seen) = proxy(&[]);
    let server = Scripted::start(|_, socket| {
        request(&mut reader(&socket));
        crate::server::ok(&socket, "plain");
    });
    let agent: Agent = Agent::config_builder().proxy(through(&proxy)).policy(POLICY).build().into();
    let mut answer = agent.get(server.url()).call().unwrap();
    assert_eq!(answer.body_mut().read_to_string().unwrap(), "plain");
    assert_eq!(*seen.lock().unwrap(), [format!("CONNECT {} HTTP/1.1", server.address)]);
}
