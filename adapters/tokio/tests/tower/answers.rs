//! What a service that insists gives back: its own last response or error, or why there is neither.

use std::error::Error as _;
use std::future::{pending, ready};
use std::io;

use insist_tokio::tower::{BoxError, Error, Layer};
use insist_tokio::{Breaker, Policy, Reason, Verdict};
use tower::{Layer as _, Service, ServiceExt};

use crate::ms;
use crate::strict::Strict;

const POLICY: Policy = Policy::zero().attempts(3);

fn judge(outcome: &Result<u16, io::Error>) -> Verdict {
    match outcome {
        Ok(500..) | Err(_) => Verdict::retry(),
        Ok(_) => Verdict::Accept,
    }
}

#[tokio::test]
async fn the_first_response_that_is_accepted_is_the_services() {
    let (service, counts) = Strict::new(|number, ()| ready(Ok(if number < 3 { 503 } else { 200 })));
    let status = Layer::retry(&POLICY).judge(judge).layer(service).oneshot(()).await;
    assert_eq!((status.unwrap(), counts.calls()), (200, 3));
}

#[tokio::test]
async fn the_last_response_is_given_back_when_the_call_gives_up() {
    let (service, counts) = Strict::new(|number, ()| match number {
        1 => ready(Err(io::Error::other("down"))),
        _ => ready(Ok(500 + number as u16)),
    });
    let status = Layer::retry(&POLICY).judge(judge).layer(service).oneshot(()).await;
    assert_eq!((status.unwrap(), counts.calls()), (503, 3));
}

#[tokio::test]
async fn the_last_error_is_given_back_when_the_call_gives_up() {
    let (service, counts) = Strict::new(|number, ()| ready(Err::<u16, _>(io::Error::other(format!("down {number}")))));
    let error = Layer::retry(&POLICY).layer(service).oneshot(()).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), counts.calls()), ("down 3", 3));
    assert!(error.source().is_none(), "its text is that of the service's error, and is not said twice");
    assert_eq!(error.into_service().unwrap().to_string(), "down 3");
}

#[tokio::test]
async fn an_error_that_is_not_retried_ends_the_call() {
    let (service, counts) = Strict::new(|_, ()| ready(Err::<u16, _>(io::Error::from(io::ErrorKind::NotFound))));
    let is_transient = |error: &io::Error| error.kind() != io::ErrorKind::NotFound;
    let error = Layer::retry(&POLICY).when(is_transient).layer(service).oneshot(()).await.unwrap_err();
    assert!(matches!(error, Error::Service(error) if error.kind() == io::ErrorKind::NotFound));
    assert_eq!(counts.calls(), 1);
}

#[tokio::test]
async fn an_error_that_is_accepted_is_the_services() {
    let (service, counts) = Strict::new(|_, ()| ready(Err::<u16, _>(io::Error::other("as expected"))));
    let layer = Layer::retry(&POLICY).judge(|_: &io::Result<u16>| Verdict::Accept);
    let error = layer.layer(service).oneshot(()).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), counts.calls()), ("as expected", 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_got_no_answer_says_so_in_a_sentence() {
    static TIMED: Policy = Policy::zero().attempts(2).attempt_timeout(ms(50));
    let (service, counts) = Strict::new(|_, ()| pending::<io::Result<u16>>());
    let error = Layer::retry(&TIMED).judge(judge).layer(service).oneshot(()).await.unwrap_err();
    assert_eq!(error.to_string(), "gave up after 2 attempts: no attempts were left; no attempt had a result");
    let Error::GaveUp(none) = &error else { panic!("{error:?}") };
    assert_eq!((none.reason(), none.attempts(), counts.calls()), (Reason::Attempts, 2, 2));
    // Its text is the sentence, and no source says it again.
    let error: BoxError = error.into();
    assert!(error.source().is_none());
}

#[tokio::test]
async fn an_invalid_policy_is_an_error_before_anything_is_sent() {
    static INVALID: Policy = POLICY.attempts(0);
    static TWO: Policy = POLICY.lanes(2);
    let (service, counts) = Strict::new(|_, ()| ready(Ok::<u16, io::Error>(200)));
    let error = Layer::retry(&INVALID).layer(service.clone()).oneshot(()).await.unwrap_err();
    assert!(error.to_string().contains("attempts is 0; a call needs at least 1"), "{error}");
    let error = Layer::retry(&TWO).layer(service.clone()).oneshot(()).await.unwrap_err();
    assert!(error.to_string().contains("more lanes than the 1 that the call has room for"), "{error}");
    assert_eq!(counts.calls(), 0);
    assert_eq!(Layer::race(&TWO).layer(service).oneshot(()).await.unwrap(), 200);
}

#[tokio::test]
async fn a_gate_that_refuses_the_first_attempt_is_named() {
    static BREAKER: Breaker = Breaker::new(0.5);
    let (service, counts) = Strict::new(|_, ()| ready(Err::<u16, _>(io::Error::other("down"))));
    let mut service = Layer::retry(&POLICY).gate(&BREAKER).layer(service);
    let error = loop {
        match service.ready().await.unwrap().call(()).await.unwrap_err() {
            Error::Service(error) => assert_eq!(error.to_string(), "down"),
            error => break error,
        }
        assert!(counts.calls() < 1000, "it never opens");
    };
    assert_eq!(error.to_string(), "gave up before anything was sent: a gate refused another attempt (breaker is open)");
    assert!(error.into_boxed().is::<insist_tokio::NoOutcome>());
}
