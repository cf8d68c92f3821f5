//! What a body is, learned from what an attempt wrote of it.

use ureq::http::Request;

use super::*;

const LIMIT: usize = 10_000;

fn parts() -> Parts {
    Request::new(()).into_parts().0
}

/// Returns what an attempt of this body writes before it fails, and what the next one would send.
fn learned<'a>(mut body: SendBody<'a>, framing: Framing, written: usize) -> Payload<'a> {
    let bytes = read(&mut body, written as u64).unwrap();
    let field = match framing {
        Framing::None => String::new(),
        Framing::Length(length) => format!("Content-Length: {length}\r\n"),
        Framing::Chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
    };
    Copy::begin(LIMIT);
    Copy::add_for_test(format!("PUT / HTTP/1.1\r\n{field}\r\n").as_bytes(), true);
    match framing {
        Framing::Chunked if written > 0 => {
            let size = format!("{:x}\r\n", bytes.len());
            Copy::add_for_test(&[size.as_bytes(), &bytes, b"\r\n"].concat(), false);
        }
        _ => Copy::add_for_test(&bytes, false),
    }
    let mut payload = Payload::Unread(body);
    payload.learn(Copy::take(), LIMIT, &mut parts()).unwrap();
    payload
}

fn sent(payload: &mut Payload<'_>) -> Vec<u8> {
    payload.with(|body| {
        let mut bytes = Vec::new();
        body.into_reader().read_to_end(&mut bytes).unwrap();
        bytes
    })
}

#[test]
fn bytes_can_be_sent_again_however_much_of_them_was_sent() {
    for length in [0, 5, LIMIT, 100_000] {
        for written in [0, 1, length / 2, length] {
            for byte in [b'x', 0] {
                let mut bytes = vec![byte; length];
                let mut payload = learned(bytes.as_body(), Framing::Length(length as u64), written.min(length));
                assert!(payload.is_repeatable(), "{length} {written}");
                assert_eq!(sent(&mut payload).len(), length, "{length} {written}");
                assert_eq!(sent(&mut payload).len(), length, "{length} {written}");
            }
        }
    }
}

#[test]
fn a_short_reader_is_put_together_again() {
    for written in [0, 1, 3, 5] {
        for framing in [Framing::Length(5), Framing::Chunked] {
            let mut reader: &[u8] = b"hello";
            let mut payload = learned(SendBody::from_reader(&mut reader), framing, written);
            assert!(payload.is_repeatable(), "{framing:?} {written}");
            assert_eq!(sent(&mut payload), b"hello", "{framing:?} {written}");
            assert_eq!(sent(&mut payload), b"hello", "{framing:?} {written}");
        }
    }
}

#[test]
fn a_long_reader_of_which_something_was_sent_is_gone_even_if_it_repeats_itself() {
    for last in [b'x', b'y'] {
        let mut long = vec![b'x'; 50_000];
        *long.last_mut().unwrap() = last;
        for framing in [Framing::Length(50_000), Framing::Chunked] {
            for written in [1, 20_000, 50_000] {
                let mut reader = &long[..];
                let payload = learned(SendBody::from_reader(&mut reader), framing, written);
                assert!(!payload.is_repeatable(), "{framing:?} {written}");
            }
        }
    }
}

#[test]
fn a_long_reader_of_which_nothing_was_sent_is_whole() {
    let long = vec![b'x'; 50_000];
    for framing in [Framing::Length(50_000), Framing::Chunked] {
        let mut reader = &long[..];
        let mut payload = learned(SendBody::from_reader(&mut reader), framing, 0);
        assert_eq!(sent(&mut payload), long, "{framing:?}");
    }
}

#[test]
fn a_reader_that_is_longer_than_it_says_is_not_taken_for_bytes() {
    let mut endless = io::repeat(0);
    let payload = learned(SendBody::from_reader(&mut endless), Framing::Length(50_000), 20_000);
    assert!(!payload.is_repeatable());
}

#[test]
fn for_threads_a_short_body_is_read() {
    let mut reader: &[u8] = b"hello";
    let body = SendBody::from_reader(&mut reader);
    let payload = Payload::read(body, Framing::Chunked, 5, &mut parts()).unwrap();
    assert!(matches!(payload.for_threads(), Some(Some(_))));
    let mut reader: &[u8] = b"hello!";
    let body = SendBody::from_reader(&mut reader);
    let mut payload = Payload::read(body, Framing::Chunked, 5, &mut parts()).unwrap();
    assert!(payload.for_threads().is_none());
    assert_eq!(sent(&mut payload), b"hello!");
    let mut long = vec![b'x'; 100];
    let payload = Payload::read(long.as_body(), Framing::Length(100), 5, &mut parts()).unwrap();
    assert!(payload.is_unread() && payload.for_threads().is_none());
}

#[test]
fn a_file_that_is_shorter_than_it_says_is_not_called_repeatable() {
    let mut reader: &[u8] = b"hello";
    let body = SendBody::from_reader(&mut reader);
    let mut payload = Payload::read(body, Framing::Length(7), 10, &mut parts()).unwrap();
    assert!(!payload.is_repeatable());
    assert_eq!(sent(&mut payload), b"hello");
    let mut reader: &[u8] = b"hello";
    let payload = learned(SendBody::from_reader(&mut reader), Framing::Length(7), 2);
    assert!(!payload.is_repeatable());
}
