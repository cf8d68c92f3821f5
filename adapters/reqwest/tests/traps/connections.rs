//! What was sent and what was not, by connections that fail, redirects, and bodies that nobody wants.

use std::net::TcpListener;

use insist_flaky::{Answer, Script, Server};
use insist_reqwest::insisting::Policy;
use insist_reqwest::{Client, Insist, InsistExt};

use crate::{builder, busy, client, ms, serve};

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_post_that_never_left_is_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let late = std::thread::spawn(move || {
        std::thread::sleep(ms(150));
        let listener = TcpListener::bind(address).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        use std::io::{Read, Write};
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let client = builder().policy(Policy::constant(ms(50)).attempts(100)).build().unwrap();
    let answer = client.post(format!("http://{address}/")).body("x").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    late.join().unwrap();
}

#[tokio::test]
async fn where_nobody_listens_the_last_error_is_reqwests_own() {
    let error = client().get(nobody()).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}

#[tokio::test]
async fn a_post_whose_redirect_leads_nowhere_has_arrived_and_is_not_sent_again() {
    let server = serve(Answer::status(303).header("Location", nobody()));
    let error = client().post(server.url()).body("x").send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_client_from_elsewhere_does_not_see_redirects_so_nothing_counts_as_unsent() {
    let settings = insist_reqwest::insisting::Settings::new().policy(Policy::zero());
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let server = serve(Answer::status(303).header("Location", nobody()));
    let error = plain.post(server.url()).body("x").insisting(&settings).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(server.request_count(), 1);
    let server = serve([busy(), Answer::ok("")]);
    assert_eq!(plain.insisting(&settings).get(server.url()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn redirects_are_followed_as_the_client_says() {
    let server =
        serve(Script::paths().path("/a", Answer::status(302).header("Location", "/b")).path("/b", Answer::ok("b")));
    assert_eq!(client().get(server.at("/a")).send().await.unwrap().url().path(), "/b");
    let client = builder().redirect(insist_reqwest::redirect::Policy::none()).build().unwrap();
    assert_eq!(client.get(server.at("/a")).send().await.unwrap().status(), 302);
}

#[tokio::test]
async fn unwanted_bodies_are_read_so_that_connections_are_used_again() {
    let body = "x".repeat(40_000);
    let server = serve([busy().body(body.clone()), busy().body(body), Answer::ok("hello")]);
    assert_eq!(client().get(server.url()).send().await.unwrap().status(), 200);
    assert_eq!(server.request_count(), 3);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_body_that_comes_slowly_holds_up_no_retry() {
    let server = serve([busy().body("x".repeat(100)).stall_at(10), Answer::ok("hello")]);
    let started = std::time::Instant::now();
    assert_eq!(client().get(server.url()).send().await.unwrap().status(), 200);
    assert!(started.elapsed() >= ms(100), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_whole_body_is_part_of_its_attempt() {
    let server = serve([Answer::ok("hello").cut_at(2), Answer::ok("hello")]);
    let answer = client().get(server.at("/x")).whole_body(1000).send().await.unwrap();
    assert_eq!(answer.url().path(), "/x");
    assert_eq!(answer.content_length(), Some(5));
    assert_eq!(answer.text().await.unwrap(), "hello");
    assert_eq!(server.request_count(), 2);
}

#[tokio::test]
async fn a_body_longer_than_the_limit_is_handed_on_as_it_comes() {
    let server = serve(Answer::ok("hello".repeat(1000)).chunked());
    let answer = client().get(server.url()).whole_body(10).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello".repeat(1000));
}

fn _is_a_service(client: Client) -> impl tower::Service<insist_reqwest::Request> {
    client
}

#[tokio::test]
async fn it_is_a_service_too() {
    use tower::ServiceExt as _;

    let server: Server = serve([busy(), Answer::ok("hello")]);
    let request = client().get(server.url()).build().unwrap();
    assert_eq!(client().oneshot(request).await.unwrap().status(), 200);
}
