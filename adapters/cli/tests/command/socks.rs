//! SOCKS proxies: what they look up, and what is tried again when they refuse.

use std::io::{self, Read, Write, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use insist_flaky::{Answer, Server};

use crate::run::insist;

/// A SOCKS 5 proxy (RFC 1928) without authentication, which leads everywhere to one server. It refuses so many requests
/// first, and tells each address that it is asked for.
fn proxy(server: SocketAddr, refused: usize) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, asked) = channel();
    thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let sender = sender.clone();
            thread::spawn(move || serve(client?, server, number < refused, &sender));
        }
    });
    (address.to_string(), asked)
}

fn serve(mut client: TcpStream, server: SocketAddr, is_refused: bool, asked: &Sender<String>) -> io::Result<()> {
    let mut reader = client.try_clone()?;
    let mut read = |length: usize| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes)?;
        Ok(bytes)
    };
    let methods = read(2)?[1];
    read(methods.into())?;
    client.write_all(&[5, 0])?;
    let name = match read(4)?[3] {
        1 => read(4)?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        _ => {
            let length = read(1)?[0];
            String::from_utf8_lossy(&read(length.into())?).into_owned()
        }
    };
    read(2)?;
    _ = asked.send(name);
    client.write_all(&[5, u8::from(is_refused), 0, 1, 0, 0, 0, 0, 0, 0])?;
    if is_refused {
        return Ok(());
    }
    let upstream = TcpStream::connect(server)?;
    let (mut from, mut to) = (client.try_clone()?, upstream.try_clone()?);
    thread::spawn(move || {
        _ = copy(&mut from, &mut to);
        _ = to.shutdown(Shutdown::Write);
    });
    copy(&mut &upstream, &mut client)?;
    client.shutdown(Shutdown::Write)
}

#[test]
fn a_socks_proxy_is_gone_through_and_looks_up_names_if_asked_to() {
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    for (scheme, url, expected) in [
        ("socks5", "http://127.0.0.1:7/", "127.0.0.1"),
        ("socks5", "http://localhost:7/", "127.0.0.1"),
        ("socks5h", "http://host.invalid/", "host.invalid"),
    ] {
        let (address, asked) = proxy(server.address(), 0);
        let ran = insist(&["get", "-4", "-x", &format!("{scheme}://{address}"), url]);
        assert_eq!((ran.status, ran.out.as_str()), (0, "hello\n"), "{scheme} {url}: {}", ran.err);
        assert_eq!(asked.recv().as_deref(), Ok(expected));
    }
}

#[test]
fn nothing_was_sent_if_the_proxy_refused_so_a_post_is_tried_again() {
    let server = Server::start(Answer::ok("hello\n")).unwrap();
    let (address, asked) = proxy(server.address(), 2);
    let proxy = format!("socks5h://{address}");
    let ran = insist(&["get", "--base", "1ms", "-d", "x=1", "-x", &proxy, "http://host.invalid/"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "hello\n"), "{}", ran.err);
    assert_eq!(asked.try_iter().count(), 3);
    assert_eq!(server.request_count(), 1);
}
