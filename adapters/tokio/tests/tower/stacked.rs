//! The layer with every gate that waits, over and under every layer of tower that makes callers wait. Some of both hold
//! places, so whoever waits for one must not hold the other: none of 400 calls hangs, and a caller beside is not held up.

use std::sync::Arc;
use std::time::Duration;

use insist_core::{Admission, Cause, Gate};
use insist_tokio::tower::{BoxError, Error, Layer};
use insist_tokio::{Breaker, Bulkhead, Instant, Policy};
use tokio::task::JoinSet;
use tokio::time::{Instant as TokioInstant, sleep, timeout};
use tower::balance::p2c::Balance;
use tower::buffer::Buffer;
use tower::discover::ServiceList;
use tower::limit::{ConcurrencyLimit, RateLimit, rate::Rate};
use tower::load::Constant;
use tower::load_shed::LoadShed;
use tower::util::{BoxCloneService, MapErr, service_fn};
use tower::{Layer as _, Service, ServiceExt};

use crate::ms;

const CALLS: u32 = 400;
const RETRIED: Policy = Policy::constant(ms(3)).attempts(3);
const HEDGED: Policy = Policy::constant(ms(3)).attempts(4).lanes(2).hedge_after(ms(2));
/// Virtual time.
const FOR_EVER: Duration = Duration::from_secs(600);

type Boxed = BoxCloneService<u32, u32, BoxError>;

/// Every other request fails, each after up to 4 ms.
async fn answer(number: u32) -> Result<u32, BoxError> {
    sleep(ms((number % 5).into())).await;
    if number % 2 == 0 { Ok(number) } else { Err("down".into()) }
}

fn boxed<S>(service: S) -> Boxed
where
    S: Service<u32, Response = u32, Error: Into<BoxError>, Future: Send + 'static> + Clone + Send + 'static,
{
    BoxCloneService::new(MapErr::new(service, Into::into))
}

/// A service that insists, with the inner service's error in a box.
fn insisting<S>(service: S) -> Boxed
where
    S: Service<u32, Response = u32, Error = Error<BoxError>, Future: Send + 'static> + Clone + Send + 'static,
{
    BoxCloneService::new(MapErr::new(service, Error::into_boxed))
}

/// The layers of tower that make callers wait, around a service.
fn inner(name: &str) -> Boxed {
    let service = service_fn(answer);
    match name {
        "concurrency limit" => boxed(ConcurrencyLimit::new(service, 6)),
        "buffer" => boxed(Buffer::new(ConcurrencyLimit::new(service, 6), 6)),
        "rate limit" => boxed(Buffer::new(RateLimit::new(service, Rate::new(20, ms(10))), 1)),
        "balance" => {
            let replicas = [1, 2].map(|load| Constant::new(ConcurrencyLimit::new(service_fn(answer), 3), load));
            boxed(Buffer::new(Balance::new(ServiceList::new(replicas)), 1))
        }
        "load shed" => boxed(LoadShed::new(ConcurrencyLimit::new(service, 6))),
        _ => unreachable!("{name}"),
    }
}

const INNERS: [&str; 5] = ["concurrency limit", "buffer", "rate limit", "balance", "load shed"];

/// Opens for ten attempts at a time, and holds the next back for two milliseconds.
#[derive(Debug, Default)]
struct Late(std::sync::Mutex<(u32, Instant)>);

impl Gate for Late {
    fn admit(&self, now: Instant, _: &Cause) -> Admission {
        let (left, until) = &mut *self.0.lock().unwrap();
        if now < *until {
            return Admission::NotBefore(*until);
        }
        *left = left.checked_sub(1).unwrap_or(10);
        if *left == 0 {
            *until = now.checked_add(ms(2)).expect("soon");
        }
        Admission::Yes
    }
}

#[derive(Clone, Debug)]
enum Waiting {
    Bulkhead(Arc<Bulkhead>),
    Breaker(Arc<Breaker>),
    Late(Arc<Late>),
    Both(Arc<Bulkhead>, Arc<Breaker>),
}

impl Waiting {
    fn all() -> [Self; 4] {
        let bulkhead = || Arc::new(Bulkhead::new(6).waiting(ms(5)));
        let breaker = || Arc::new(Breaker::new(0.6).open_for(ms(200)).probes(60, 20).waiting());
        [
            Self::Bulkhead(bulkhead()),
            Self::Breaker(breaker()),
            Self::Late(Arc::default()),
            Self::Both(bulkhead(), breaker()),
        ]
    }
}

/// 400 calls at once, all of which end.
async fn flood(service: Boxed, what: &str) {
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        calls.spawn(timeout(FOR_EVER, service.clone().oneshot(number)));
    }
    let mut answers = 0;
    while let Some(call) = calls.join_next().await {
        let answer = call.expect("no call panics").unwrap_or_else(|_| panic!("{what}: a call hangs"));
        answers += u32::from(answer.is_ok());
    }
    assert!(answers <= CALLS / 2, "{what}: {answers}");
    assert!(answers > 0, "{what}: nothing is answered");
}

/// An attempt waits for its gate before it waits for a place, so nobody waits for a place that is not used.
#[tokio::test(start_paused = true)]
async fn no_call_hangs_over_any_of_towers_layers() {
    for name in INNERS {
        for gate in Waiting::all() {
            for is_hedged in [false, true] {
                let what = format!("{gate:?} over {name}, hedged: {is_hedged}");
                let policy = if is_hedged { HEDGED } else { RETRIED };
                let layer = Layer::race(policy);
                let service = match gate.clone() {
                    Waiting::Bulkhead(gate) => insisting(layer.gate(gate).layer(inner(name))),
                    Waiting::Breaker(gate) => insisting(layer.gate(gate).layer(inner(name))),
                    Waiting::Late(gate) => insisting(layer.gate(gate).layer(inner(name))),
                    Waiting::Both(one, other) => insisting(layer.gate((one, other)).layer(inner(name))),
                };
                flood(service, &what).await;
                if let Waiting::Bulkhead(bulkhead) | Waiting::Both(bulkhead, _) = &gate {
                    assert_eq!(bulkhead.in_flight(), 0, "{what}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_hangs_under_any_of_towers_layers() {
    for policy in [RETRIED, HEDGED] {
        for gate in Waiting::all() {
            let layer = Layer::race(policy);
            let service = match gate {
                Waiting::Bulkhead(gate) => insisting(layer.gate(gate).layer(service_fn(answer))),
                Waiting::Breaker(gate) => insisting(layer.gate(gate).layer(service_fn(answer))),
                Waiting::Late(gate) => insisting(layer.gate(gate).layer(service_fn(answer))),
                Waiting::Both(one, other) => insisting(layer.gate((one, other)).layer(service_fn(answer))),
            };
            flood(boxed(ConcurrencyLimit::new(service.clone(), 3)), "under a concurrency limit").await;
            flood(boxed(Buffer::new(service.clone(), 2)), "under a buffer").await;
            flood(boxed(Buffer::new(RateLimit::new(service.clone(), Rate::new(20, ms(10))), 1)), "under a rate limit")
                .await;
            let replicas = [1, 2].map(|load| Constant::new(ConcurrencyLimit::new(service.clone(), 2), load));
            flood(boxed(Buffer::new(Balance::new(ServiceList::new(replicas)), 1)), "under a balance").await;
            flood(boxed(LoadShed::new(ConcurrencyLimit::new(service, 3))), "under a load shed").await;
        }
    }
}

/// A call that its gate holds back gives its place back meanwhile.
#[tokio::test(start_paused = true)]
async fn the_caller_beside_is_not_held_up() {
    let breaker = Arc::new(Breaker::new(0.5).min_throughput(1).open_for(ms(2000)).waiting());
    let service = boxed(ConcurrencyLimit::new(service_fn(answer), 1));
    let layered = insisting(Layer::retry(Policy::zero().attempts(1)).gate(Arc::clone(&breaker)).layer(service.clone()));
    // The breaker opens.
    assert!(layered.clone().oneshot(1).await.is_err());
    let started = TokioInstant::now();
    let held = tokio::spawn(layered.oneshot(2));
    tokio::task::yield_now().await;
    assert_eq!(service.oneshot(4).await.unwrap(), 4);
    assert!(started.elapsed() < ms(100), "{:?}", started.elapsed());
    assert_eq!(held.await.unwrap().unwrap(), 2);
    assert!(started.elapsed() >= ms(1900), "{:?}", started.elapsed());
}
