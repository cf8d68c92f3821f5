//! What a call of a service costs: no allocation, and no more room than its attempts take.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use insist_tokio::tower::Layer;
use insist_tokio::{Budget, Policy, Verdict};
use tower::{Layer as _, Service};

static POLICY: Policy = Policy::zero().attempts(5);

/// Fails this often; its clones count together.
#[derive(Clone, Copy)]
struct Small<'a>(&'a Cell<u32>);

impl Service<u32> for Small<'_> {
    type Response = u32;
    type Error = u32;
    type Future = Ready<Result<u32, u32>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), u32>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Self::Future {
        let failures = self.0.get();
        self.0.set(failures.saturating_sub(1));
        ready(if failures == 0 { Ok(request) } else { Err(request) })
    }
}

/// Polls a service once, which has to be enough.
fn at_once<S: Service<u32>>(service: &mut S) -> Result<S::Response, S::Error> {
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(())) = service.poll_ready(&mut context) else { panic!("it is not ready") };
    match pin!(service.call(7)).poll(&mut context) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn calls_allocate_nothing() {
    static BUDGET: Budget = Budget::new(0.2);
    let judge = |outcome: &Result<u32, u32>| if outcome.is_ok() { Verdict::Accept } else { Verdict::retry() };
    let (none, failures) = (Cell::new(0), Cell::new(3));
    let cost = allocation_counter::measure(|| {
        let mut service = Layer::retry(&POLICY).gate(&BUDGET).judge(judge).layer(Small(&none));
        assert_eq!(at_once(&mut service).ok(), Some(7));
        let mut service = Layer::retry(&POLICY).when(|_: &u32| true).layer(Small(&failures));
        assert_eq!(at_once(&mut service).ok(), Some(7));
    });
    assert_eq!(cost.count_total, 0);
}

#[test]
fn the_layer_adds_what_it_was_told_and_the_future_what_a_call_takes() {
    let (layer, failures) = (Layer::retry(&POLICY), Cell::new(0));
    assert!(size_of_val(&layer) <= 32, "{}", size_of_val(&layer));
    let future = size_of_val(&layer.layer(Small(&failures)).call(7));
    assert!(future <= 304, "{future}");
    let future = size_of_val(&Layer::race(&POLICY).room::<2>().layer(Small(&failures)).call(7));
    assert!(future <= 384, "{future}");
}
