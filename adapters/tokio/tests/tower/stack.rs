//! Above and below tower's own layers.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use insist_tokio::tower::{BoxError, Error, Layer};
use insist_tokio::{Policy, Verdict};
use tower::timeout::error::Elapsed;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::ms;
use crate::strict::Strict;

static POLICY: Policy = Policy::zero().attempts(3);

#[tokio::test(start_paused = true)]
async fn a_timeout_below_is_that_of_an_attempt_and_one_above_that_of_the_call() {
    let started = tokio::time::Instant::now();
    let (service, counts) = Strict::new(|_, ()| pending::<io::Result<()>>());
    let mut stack = ServiceBuilder::new()
        .timeout(ms(120))
        .map_err(Error::into_boxed)
        .layer(Layer::retry(&POLICY))
        .concurrency_limit(1)
        .timeout(ms(50))
        .service(service);
    let error: BoxError = stack.ready().await.unwrap().call(()).await.unwrap_err();
    assert!(error.is::<Elapsed>());
    assert_eq!(counts.calls(), 3);
    assert!(started.elapsed() >= ms(120) && started.elapsed() < ms(130), "{:?}", started.elapsed());
    // The place of the attempt that was dropped is free again.
    assert!(timeout_of(stack.ready()).await);
}

async fn timeout_of<F: Future>(ready: F) -> bool {
    tokio::time::timeout(Duration::ZERO, ready).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_layer_below_is_given_back_unwrapped() {
    let stack = ServiceBuilder::new()
        .map_err(Error::into_boxed)
        .layer(Layer::retry(&POLICY))
        .timeout(ms(50))
        .service(service_fn(|()| pending::<Result<(), Infallible>>()));
    assert!(stack.oneshot(()).await.unwrap_err().is::<Elapsed>());
}

#[tokio::test]
async fn a_service_that_cannot_fail_is_judged_by_its_responses() {
    let (service, counts) = Strict::new(|number, ()| async move { Ok::<_, Infallible>(number) });
    let judge = |outcome: &Result<u32, Infallible>| match outcome {
        Ok(3..) => Verdict::Accept,
        _ => Verdict::retry(),
    };
    // An error that is a std error becomes a boxed one by itself.
    let stack = ServiceBuilder::new().timeout(Duration::from_secs(60)).layer(Layer::retry(&POLICY).judge(judge));
    assert_eq!((stack.service(service).oneshot(()).await.unwrap(), counts.calls()), (3, 3));
}

#[tokio::test]
async fn a_service_can_be_boxed_with_its_error() {
    let layer = Layer::retry(&POLICY);
    let service = ServiceBuilder::new().layer(layer).service_fn(async |word: &'static str| Ok::<_, io::Error>(word));
    let boxed = service.map_err(BoxError::from).boxed_clone();
    assert_eq!(boxed.clone().oneshot("word").await.unwrap(), "word");
}
