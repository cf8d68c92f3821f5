//! What depends on the request: its clones, its policy, and whether it may be repeated.

use std::cell::Cell;
use std::future::{pending, ready};
use std::sync::{Arc, Mutex};

use insist_tokio::tower::{Error, Layer, Service};
use insist_tokio::{Budget, Event, Policy, Repeat};
use tower::{Layer as _, Service as _, ServiceExt};

use crate::ms;
use crate::strict::Strict;

static POLICY: Policy = Policy::zero().attempts(3);

/// Not `Clone`.
#[derive(Debug, PartialEq, Eq)]
enum Body {
    Bytes(u8),
    Stream,
}

fn clone(body: &Body) -> Option<Body> {
    match body {
        Body::Bytes(byte) => Some(Body::Bytes(*byte)),
        Body::Stream => None,
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_cloned_is_sent_once() {
    let got = Arc::new(Mutex::new(Vec::new()));
    let (service, _) = Strict::new(|_, body| {
        got.lock().unwrap().push(body);
        ready(Err::<(), _>("down"))
    });
    let mut service = Layer::retry(&POLICY).clone_with(clone).layer(service);
    assert!(matches!(service.ready().await.unwrap().call(Body::Stream).await, Err(Error::Service("down"))));
    assert_eq!(*got.lock().unwrap(), [Body::Stream]);
    assert!(matches!(service.ready().await.unwrap().call(Body::Bytes(7)).await, Err(Error::Service("down"))));
    assert_eq!(got.lock().unwrap()[1..], [const { Body::Bytes(7) }; 3]);
}

#[tokio::test(start_paused = true)]
async fn nor_is_it_hedged() {
    static RACE: Policy = Policy::zero().lanes(2).attempts(2).attempt_timeout(ms(50));
    let (service, counts) = Strict::new(|_, _: Body| pending::<Result<(), ()>>());
    let mut service = Layer::race(&RACE).clone_with(clone).layer(service);
    assert!(matches!(service.ready().await.unwrap().call(Body::Stream).await, Err(Error::GaveUp(_))));
    assert_eq!(counts.calls(), 1);
    assert!(matches!(service.ready().await.unwrap().call(Body::Bytes(7)).await, Err(Error::GaveUp(_))));
    assert_eq!(counts.calls(), 3);
}

#[tokio::test]
async fn a_request_that_is_cloned_once_and_then_no_more_is_an_error_and_no_panic() {
    let (service, counts) = Strict::new(|_, _: Body| ready(Err::<(), _>(std::io::Error::other("down"))));
    let left = Cell::new(1_u32);
    let clone = |_: &Body| left.replace(0).checked_sub(1).map(|_| Body::Bytes(7));
    let service = Layer::retry(&POLICY).clone_with(&clone).layer(service);
    let error = service.oneshot(Body::Bytes(7)).await.unwrap_err();
    // The first and the spare.
    assert_eq!(counts.calls(), 2);
    assert!(matches!(error, Error::NotCloned));
    assert!(error.to_string().starts_with("the request could be cloned once and then no more"), "{error}");
}

#[tokio::test]
async fn what_must_not_be_repeated_is_sent_once() {
    let (service, counts) = Strict::new(|_, _: bool| ready(Err::<(), _>("down")));
    let repeat = |is_safe: &bool| if *is_safe { Repeat::Always } else { Repeat::IfUnsent };
    let mut service = Layer::retry(&POLICY).repeat_for(repeat).layer(service);
    assert!(service.ready().await.unwrap().call(false).await.is_err());
    assert_eq!(counts.calls(), 1);
    assert!(service.ready().await.unwrap().call(true).await.is_err());
    assert_eq!(counts.calls(), 4);
}

#[tokio::test]
async fn idempotency_of_http_is_that_of_insist_http() {
    use insist_http::http::{Method, Request};
    let (service, counts) = Strict::new(|_, _: Request<()>| ready(Err::<(), _>("down")));
    let repeat = |request: &Request<()>| insist_http::repeat_of(request.method(), request.headers());
    let mut service = Layer::retry(&POLICY).repeat_for(repeat).layer(service);
    let request = |method| Request::builder().method(method).body(()).unwrap();
    assert!(service.ready().await.unwrap().call(request(Method::POST)).await.is_err());
    assert_eq!(counts.calls(), 1);
    assert!(service.ready().await.unwrap().call(request(Method::PUT)).await.is_err());
    assert_eq!(counts.calls(), 4);
}

#[tokio::test]
async fn a_policy_can_be_chosen_for_each_request() {
    static MORE: Policy = POLICY.attempts(5);
    let (service, counts) = Strict::new(|_, _: u32| ready(Err::<(), _>("down")));
    let policy_for = |number: &u32| if *number > 100 { &MORE } else { &POLICY };
    let mut service = Layer::retry(&POLICY).policy_for(policy_for).layer(service.clone());
    assert!(service.ready().await.unwrap().call(1).await.is_err());
    assert_eq!(counts.calls(), 3);
    assert!(service.ready().await.unwrap().call(101).await.is_err());
    assert_eq!(counts.calls(), 8);
    // Made for the request, and owned by its call.
    let made = |number: &u32| Arc::new(POLICY.attempts(*number));
    assert!(Layer::retry(&POLICY).policy_for(made).layer(service.into_inner()).oneshot(2).await.is_err());
    assert_eq!(counts.calls(), 10);
}

#[tokio::test(start_paused = true)]
async fn hooks_and_gates_can_be_chosen_for_each_request() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let (service, counts) = Strict::new(|_, _: &str| ready(Err::<(), _>("down")));
    let hook = |name: &&'static str| {
        let (lines, name) = (Arc::clone(&lines), *name);
        move |event: &Event<'_, (), &'static str>| lines.lock().unwrap().push(format!("{name}: {event}"))
    };
    let gates = [Budget::new(0.001).with_reserve(0), Budget::new(0.001).with_reserve(1)];
    let gate = |name: &&'static str| &gates[usize::from(*name == "b")];
    let mut service = Layer::retry(&POLICY).notify_for(hook).gate_for(gate).layer(service);
    assert!(service.ready().await.unwrap().call("a").await.is_err());
    assert!(service.ready().await.unwrap().call("b").await.is_err());
    assert_eq!(counts.calls(), 3);
    let lines = lines.lock().unwrap();
    let sends = lines.iter().filter(|line| line.contains("send attempt"));
    assert_eq!(
        sends.collect::<Vec<_>>(),
        [
            "a: 0ns: send attempt 1 (first in lane 0)",
            "b: 0ns: send attempt 1 (first in lane 0)",
            "b: 0ns: send attempt 2 (retry in lane 0)",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_seed_makes_the_same_waits() {
    static RANDOM: Policy = Policy::constant(ms(60_000)).jitter(insist_tokio::Jitter::Full).attempts(2);
    let (service, _) = Strict::new(|_, ()| ready(Err::<(), _>("down")));
    let took = async |service: Service<_, _>| {
        let started = tokio::time::Instant::now();
        assert!(service.oneshot(()).await.is_err());
        started.elapsed()
    };
    let layer = Layer::retry(&RANDOM);
    let seven = RANDOM.delays(7).next().unwrap();
    assert!(took(layer.seed(7).layer(service.clone())).await.abs_diff(seven) < ms(10));
    assert_ne!(took(layer.layer(service.clone())).await, took(layer.layer(service)).await);
}
