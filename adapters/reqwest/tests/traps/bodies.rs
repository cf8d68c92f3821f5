//! Bodies of requests: each attempt sends them whole.

use bytes::Bytes;
use insist_flaky::Answer;
use insist_reqwest::{Body, Insist, multipart};

use crate::{busy, client, serve};

/// A body in pieces, of which nobody knows the length.
fn stream(pieces: &[&'static str]) -> Body {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from(*piece))).collect();
    Body::wrap_stream(futures_lite::stream::iter(pieces))
}

#[tokio::test]
async fn bytes_and_json_are_sent_again() {
    let server = serve([busy(), Answer::ok(""), busy(), Answer::ok("")]);
    assert_eq!(client().put(server.url()).body("hello").send().await.unwrap().status(), 200);
    assert_eq!(client().put(server.url()).json(&[1, 2]).send().await.unwrap().status(), 200);
    let bodies: Vec<_> = server.requests().iter().map(|seen| seen.body.clone()).collect();
    assert_eq!(bodies, [&b"hello"[..], b"hello", b"[1,2]", b"[1,2]"]);
}

#[tokio::test]
async fn a_stream_is_kept_as_it_is_read_and_sent_again() {
    let server = serve([busy(), busy(), Answer::ok("")]);
    let answer = client().put(server.url()).body(stream(&["one ", "two ", "three"])).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let seen = server.requests();
    assert!(seen.iter().all(|seen| seen.body == b"one two three"), "{seen:?}");
    assert!(seen.iter().all(|seen| seen.header("transfer-encoding") == Some("chunked")), "{seen:?}");
}

#[tokio::test]
async fn a_stream_longer_than_the_limit_is_sent_once_and_its_answer_is_the_result() {
    let server = serve([busy(), Answer::ok("")]);
    let request = client().put(server.url()).body(stream(&["one ", "two "])).replay_limit(5);
    assert_eq!(request.send().await.unwrap().status(), 503);
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_multipart_form_is_sent_again_with_its_length() {
    let server = serve([busy(), Answer::ok("")]);
    let form = multipart::Form::new().text("name", "value").part("file", multipart::Part::bytes(b"data".to_vec()));
    let answer = client().put(server.url()).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let seen = server.requests();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].body, seen[1].body);
    assert!(!seen[0].body.is_empty());
    assert_eq!(seen[0].header("content-length"), seen[1].header("content-length"));
    assert!(seen[0].header("content-length").is_some());
}
