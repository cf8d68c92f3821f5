//! Readiness: no attempt without it, and waiting for it is part of the attempt.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use insist_tokio::tower::{Error, Layer};
use insist_tokio::{Policy, Reason, Repeat};
use tokio::time::{Instant, sleep};
use tower::limit::ConcurrencyLimit;
use tower::{Layer as _, Service, ServiceExt};

use crate::ms;
use crate::strict::Strict;

/// Takes so long.
async fn after(millis: u32) -> io::Result<u32> {
    sleep(ms(millis.into())).await;
    Ok(millis)
}

#[tokio::test]
async fn the_service_that_was_polled_ready_makes_the_first_attempt_and_clones_the_others() {
    static POLICY: Policy = Policy::zero().attempts(4);
    let (service, counts) = Strict::new(|number, ()| ready(if number % 4 == 0 { Ok(()) } else { Err(()) }));
    let mut service = Layer::retry(&POLICY).layer(service);
    for call in 1..=3 {
        service.ready().await.unwrap().call(()).await.unwrap();
        assert_eq!((counts.calls(), counts.asked()), (4 * call, 4 * call));
        // One to be ready next time, and one for each retry.
        assert_eq!(counts.clones(), 4 * call);
    }
}

#[tokio::test]
async fn a_call_that_is_answered_at_once_clones_once() {
    static POLICY: Policy = Policy::zero();
    let (service, counts) = Strict::new(|_, ()| ready(Ok::<_, ()>(())));
    Layer::retry(&POLICY).layer(service).ready().await.unwrap().call(()).await.unwrap();
    assert_eq!((counts.calls(), counts.asked(), counts.clones()), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_waits_for_the_only_place_and_is_not_called_if_the_first_is_answered() {
    static POLICY: Policy = Policy::zero().lanes(2).hedge_after(ms(20)).attempts(2);
    let (service, counts) = Strict::new(|_, ()| after(100));
    let mut service = Layer::race(&POLICY).layer(ConcurrencyLimit::new(service, 1));
    for call in 1..=3 {
        let started = Instant::now();
        assert_eq!(service.ready().await.unwrap().call(()).await.unwrap(), 100);
        assert!(started.elapsed() < ms(110));
        assert_eq!(counts.calls(), call);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_times_out_gives_its_place_to_the_hedge_that_waits_for_it() {
    static POLICY: Policy = Policy::zero().lanes(2).hedge_after(ms(20)).attempts(2).attempt_timeout(ms(50));
    let (service, counts) = Strict::new(|number, ()| after(if number == 1 { 1000 } else { 10 }));
    let started = Instant::now();
    let service = Layer::race(&POLICY).layer(ConcurrencyLimit::new(service, 1));
    assert_eq!(service.oneshot(()).await.unwrap(), 10);
    assert!(started.elapsed() >= ms(60) && started.elapsed() < ms(68), "{:?}", started.elapsed());
    assert_eq!(counts.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_readiness_counts_to_the_timeout() {
    // The hedge waits from 20 ms to 50 ms, and has 20 ms left.
    static POLICY: Policy = Policy::zero().lanes(2).hedge_after(ms(20)).attempts(2).attempt_timeout(ms(50));
    let (service, counts) = Strict::new(|number, ()| after(if number == 1 { 1000 } else { 30 }));
    let started = Instant::now();
    let service = Layer::race(&POLICY).layer(ConcurrencyLimit::new(service, 1));
    let Err(Error::GaveUp(none)) = service.oneshot(()).await else { panic!("there was time") };
    assert_eq!((none.reason(), counts.calls()), (Reason::Attempts, 2));
    assert!(started.elapsed() >= ms(70) && started.elapsed() < ms(78), "{:?}", started.elapsed());
}

/// Ready once, and broken from then on.
#[derive(Clone, Default)]
struct Breaks {
    asked: Arc<AtomicU32>,
    calls: Arc<AtomicU32>,
}

impl Service<()> for Breaks {
    type Response = ();
    type Error = &'static str;
    type Future = Ready<Result<(), &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(if asked == 0 { Ok(()) } else { Err("broken") })
    }

    fn call(&mut self, (): ()) -> Self::Future {
        self.calls.fetch_add(1, Ordering::Relaxed);
        ready(Err("down"))
    }
}

#[tokio::test]
async fn an_error_of_a_clones_readiness_is_an_outcome_that_was_not_sent() {
    static POLICY: Policy = Policy::zero().attempts(5);
    let service = Breaks::default();
    let mut layered = Layer::retry(&POLICY).layer(service.clone());
    assert!(matches!(layered.ready().await.unwrap().call(()).await, Err(Error::Service("broken"))));
    assert_eq!((service.asked.load(Ordering::Relaxed), service.calls.load(Ordering::Relaxed)), (5, 1));
    // Before the first attempt there is no call that could insist.
    assert!(matches!(layered.ready().await, Err(Error::Service("broken"))));

    // After "down", which may have been sent, such a call is over; after "broken" it would not be.
    let service = Breaks::default();
    let judge = |outcome: &Result<(), &str>| match outcome {
        Err("down") => insist_tokio::Verdict::retry().unsent(),
        _ => insist_tokio::Verdict::retry(),
    };
    let layered = Layer::retry(&POLICY).repeat(Repeat::IfUnsent).judge(judge).layer(service.clone());
    assert!(matches!(layered.oneshot(()).await, Err(Error::Service("broken"))));
    assert_eq!(service.asked.load(Ordering::Relaxed), 5);
}
