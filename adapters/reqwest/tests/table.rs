//! The cases of the guide's table, with reqwest-retry and with insist: how many requests arrive, and what comes back.

use std::time::{Duration, Instant};

use insist_flaky::{Answer, Server};
use insist_reqwest::insisting::Policy;
use insist_reqwest::{Body, Insist};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn theirs_with(plain: reqwest::ClientBuilder) -> ClientWithMiddleware {
    let policy = ExponentialBackoff::builder().retry_bounds(ms(1), ms(5)).build_with_max_retries(2);
    let plain = plain.no_proxy().retry(reqwest::retry::never()).build().unwrap();
    ClientBuilder::new(plain).with(RetryTransientMiddleware::new_with_policy(policy)).build()
}

fn theirs() -> ClientWithMiddleware {
    theirs_with(reqwest::Client::builder())
}

fn ours() -> insist_reqwest::Client {
    insist_reqwest::Client::builder().no_proxy().policy(Policy::constant(ms(2))).build().unwrap()
}

fn serve(answers: impl IntoIterator<Item = Answer>) -> Server {
    Server::start(answers.into_iter().collect::<Vec<_>>()).unwrap()
}

fn stream() -> reqwest::Body {
    Body::wrap_stream(futures_lite::stream::iter([Ok::<_, std::io::Error>("one "), Ok("two")]))
}

#[tokio::test]
async fn a_retry_after_of_a_second() {
    let answers = || serve([Answer::status(503).header("Retry-After", "1"), Answer::ok("")]);
    let (server, started) = (answers(), Instant::now());
    assert_eq!(theirs().get(server.url()).send().await.unwrap().status(), 200);
    assert!(started.elapsed() < ms(1000), "they do not wait: {:?}", started.elapsed());
    let (server, started) = (answers(), Instant::now());
    assert_eq!(ours().get(server.url()).send().await.unwrap().status(), 200);
    assert!(started.elapsed() >= ms(1000), "{:?}", started.elapsed());
    assert_eq!(server.request_count(), 2);
}

#[tokio::test]
async fn a_501() {
    let server = serve([Answer::status(501)]);
    assert_eq!(theirs().get(server.url()).send().await.unwrap().status(), 501);
    assert_eq!(server.request_count(), 3);
    let server = serve([Answer::status(501)]);
    assert_eq!(ours().get(server.url()).send().await.unwrap().status(), 501);
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_425_once() {
    let server = serve([Answer::status(425), Answer::ok("")]);
    assert_eq!(theirs().get(server.url()).send().await.unwrap().status(), 425);
    let server = serve([Answer::status(425), Answer::ok("")]);
    assert_eq!(ours().get(server.url()).send().await.unwrap().status(), 200);
    assert_eq!(server.request_count(), 2);
}

#[tokio::test]
async fn a_post_and_a_503() {
    let server = serve([Answer::status(503)]);
    assert_eq!(theirs().post(server.url()).body("x").send().await.unwrap().status(), 503);
    assert_eq!(server.request_count(), 3);
    let server = serve([Answer::status(503)]);
    assert_eq!(ours().post(server.url()).body("x").send().await.unwrap().status(), 503);
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_post_that_is_cut_off() {
    let server = serve([Answer::reset()]);
    let error = theirs().post(server.url()).body("x").send().await.unwrap_err();
    assert!(matches!(error, reqwest_middleware::Error::Middleware(_)), "{error:?}");
    assert_eq!(server.request_count(), 3);
    let server = serve([Answer::reset()]);
    let error: reqwest::Error = ours().post(server.url()).body("x").send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_stream_and_a_503_once() {
    let server = serve([Answer::status(503), Answer::ok("")]);
    assert!(theirs().put(server.url()).body(stream()).send().await.is_err());
    assert_eq!(server.request_count(), 0);
    assert_eq!(ours().put(server.url()).body(stream()).send().await.unwrap().status(), 200);
    assert_eq!(server.request_count(), 2);
}

#[tokio::test]
async fn a_timeout_of_the_client_and_a_server_that_hangs() {
    let server = serve([Answer::never()]);
    let started = Instant::now();
    let error = theirs_with(reqwest::Client::builder().timeout(ms(200))).get(server.url()).send().await.unwrap_err();
    assert!(!error.is_timeout(), "{error:?}");
    assert!(started.elapsed() >= ms(600), "three attempts: {:?}", started.elapsed());
    let server = serve([Answer::never()]);
    let client = insist_reqwest::Client::builder().no_proxy().timeout(ms(200)).build().unwrap();
    let error = client.get(server.url()).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(server.request_count(), 1);
}
