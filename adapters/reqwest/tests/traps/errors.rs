//! Errors are reqwest's own, whatever ended the call.

use std::error::Error as _;
use std::time::Instant;

use insist_flaky::Answer;
use insist_reqwest::Insist;
use insist_reqwest::insisting::{AddressesError, Breaker, GaveUp, Policy, Rules, Settings};

use crate::{builder, busy, client, ms, serve};

/// Finds an error of a type among the sources of another.
fn source<E: std::error::Error + 'static>(error: &insist_reqwest::Error) -> Option<&E> {
    let sources = std::iter::successors(error.source(), |error| (*error).source());
    let mut found = sources.filter_map(|error| error.downcast_ref::<E>());
    found.next()
}

#[tokio::test]
async fn the_clients_timeout_is_the_whole_calls() {
    let server = serve(Answer::never());
    let client = builder().timeout(ms(200)).build().unwrap();
    let started = Instant::now();
    let error = client.get(server.url()).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(started.elapsed() < ms(5000), "{:?}", started.elapsed());
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_timeout_of_a_request_takes_the_place_of_the_clients() {
    let server = serve(Answer::never());
    let client = builder().timeout(ms(60_000)).build().unwrap();
    let error = client.get(server.url()).timeout(ms(100)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn attempts_share_the_clients_timeout() {
    let server = serve([busy().after(ms(150)), Answer::never()]);
    let client = builder().timeout(ms(400)).build().unwrap();
    let started = Instant::now();
    // The last attempt had no answer, so the answer of the first is the call's.
    assert_eq!(client.get(server.url()).send().await.unwrap().status(), 503);
    assert!(started.elapsed() >= ms(390), "{:?}", started.elapsed());
    assert!(started.elapsed() < ms(5000), "{:?}", started.elapsed());
}

#[tokio::test]
async fn the_timeout_bounds_the_reading_of_the_body() {
    let server = serve(Answer::ok("hello").stall_at(2));
    let client = builder().timeout(ms(300)).build().unwrap();
    let error = client.get(server.url()).send().await.unwrap().text().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    let request = client.get(server.url()).policy(Policy::zero().deadline(ms(300)));
    let error = request.send().await.unwrap().text().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn attempts_that_took_too_long_end_in_a_timeout_error_with_the_address() {
    let server = serve(Answer::never());
    let client = builder().policy(Policy::zero().attempt_timeout(ms(50)).attempts(2)).build().unwrap();
    let error = client.get(server.at("/x")).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(error.is_request(), "{error:?}");
    assert_eq!(error.url().unwrap().path(), "/x");
    assert_eq!(server.request_count(), 2);
}

#[tokio::test]
async fn a_post_that_took_too_long_is_a_timeout_and_is_not_sent_again() {
    let server = serve(Answer::never());
    let request = client().post(server.url()).body("x").policy(Policy::zero().attempt_timeout(ms(50)));
    let error = request.send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn a_refusal_says_why_among_its_sources() {
    let server = serve(busy());
    let breaker = std::sync::Arc::new(Breaker::consecutive(1));
    let client = builder().policy(Policy::zero().attempts(1)).gate(breaker).build().unwrap();
    assert_eq!(client.get(server.url()).send().await.unwrap().status(), 503);
    let error = client.get(server.url()).send().await.unwrap_err();
    let gave_up: &GaveUp = source(&error).unwrap();
    assert!(matches!(gave_up, GaveUp::Refused(_)), "{error:?}");
    assert!(gave_up.to_string().contains("breaker"), "{gave_up}");
    assert_eq!(server.request_count(), 1);
}

#[tokio::test]
async fn what_makes_no_sense_is_said() {
    let told = |settings: Settings| async move {
        let error = client().get("http://localhost:1/").insist(&settings).send().await.unwrap_err();
        let text = source::<GaveUp>(&error).map(ToString::to_string);
        text.or_else(|| source::<AddressesError>(&error).map(ToString::to_string)).unwrap()
    };
    let says = told(Settings::new().policy(Policy::zero().attempts(0))).await;
    assert_eq!(says, "nothing was sent: attempts is 0; a call needs at least 1");
    let says = told(Settings::new().policy(Policy::zero().lanes(5))).await;
    assert_eq!(says, "nothing was sent: lanes is more than the 4 that a call has room for");
    let says = told(Settings::new().rules(Rules::new().retry_status(4))).await;
    assert_eq!(says, "nothing was sent: retry_status is 4; a status is a number from 100 to 999");
    let says = told(Settings::new().replicas(["a b"])).await;
    assert!(says.starts_with("replica 1 is not an address"), "{says}");
}

#[tokio::test]
async fn an_address_that_is_none_is_reqwests_error() {
    let error = client().get("not an address").send().await.unwrap_err();
    assert!(error.is_builder(), "{error:?}");
    let error = client().get("ftp://example.com/").send().await.unwrap_err();
    assert!(error.is_builder(), "{error:?}");
}
