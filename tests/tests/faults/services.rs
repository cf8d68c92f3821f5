//! Services of tower: ready before each attempt, and a hedge that fails does no harm.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use insist_core::Policy;
use insist_tokio::tower::Layer;
use tokio::time::{Instant, sleep};
use tower::{Layer as _, Service, ServiceExt, service_fn};

use crate::{ms, secs};

/// Fails twice, and has to be polled ready before each call, as every service may ask.
struct Strict {
    is_ready: bool,
    calls: Arc<AtomicU32>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self { is_ready: false, calls: Arc::clone(&self.calls) }
    }
}

impl Service<()> for Strict {
    type Response = u32;
    type Error = &'static str;
    type Future = Ready<Result<u32, &'static str>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if !self.is_ready {
            self.is_ready = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called before it was ready");
        match self.calls.fetch_add(1, Ordering::Relaxed) {
            2 => ready(Ok(7)),
            _ => ready(Err("down")),
        }
    }
}

/// tower-resilience #392: a retry called a service that had been ready for the attempt before.
#[tokio::test(start_paused = true)]
async fn a_service_is_ready_before_each_of_its_attempts() {
    static RETRIED: Policy = Policy::zero().attempts(3);
    static RACED: Policy = Policy::zero().lanes(3).attempts(3);
    let strict = || Strict { is_ready: false, calls: Arc::default() };
    assert_eq!(Layer::retry(&RETRIED).layer(strict()).oneshot(()).await.unwrap(), 7);
    assert_eq!(Layer::race(&RACED).layer(strict()).oneshot(()).await.unwrap(), 7);
}

/// R33: tower 0.5 gave the error of a hedge that failed fast, and dropped the request that was well.
#[tokio::test(start_paused = true)]
async fn a_hedge_that_fails_leaves_the_first_request_of_a_service_in_flight() {
    static HEDGED: Policy = Policy::zero().lanes(2).attempts(2).hedge_after(ms(50));
    for [first, second] in [[200, 5], [60, 150]] {
        let calls = Arc::new(AtomicU32::new(0));
        let service = service_fn(|()| {
            let is_first = calls.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                sleep(ms(if is_first { first } else { second })).await;
                if is_first == (first > second) { Ok(is_first) } else { Err("down") }
            }
        });
        let started = Instant::now();
        assert_eq!(Layer::race(&HEDGED).layer(service).oneshot(()).await.unwrap(), first > second);
        assert!((ms(200)..secs(1)).contains(&started.elapsed()), "{:?}", started.elapsed());
        assert_eq!(calls.load(Ordering::Relaxed), 2);
    }
}
