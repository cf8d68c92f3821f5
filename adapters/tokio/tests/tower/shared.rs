//! What clones of a service share, and what is left when their calls are gone.

use std::future::{pending, ready};
use std::sync::Arc;

use insist_tokio::tower::Layer;
use insist_tokio::{Budget, Bulkhead, Instant, Policy};
use tokio::time::{sleep, timeout};
use tower::{Layer as _, Service, ServiceExt};

use crate::ms;
use crate::strict::Strict;

#[tokio::test]
async fn a_budget_is_shared_by_clones() {
    static POLICY: Policy = Policy::zero().attempts(3);
    static BUDGET: Budget = Budget::new(0.001).with_reserve(3);
    let (service, counts) = Strict::new(|_, ()| ready(Err::<(), _>("down")));
    let service = Layer::retry(&POLICY).gate(&BUDGET).layer(service);
    for _ in 0..10 {
        assert!(service.clone().oneshot(()).await.is_err());
    }
    assert_eq!((counts.calls(), BUDGET.state(Instant::now()).charged), (13, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clones_are_called_from_tasks_on_many_threads() {
    let policy = Arc::new(Policy::constant(ms(1)).attempts(3).lanes(2).hedge_after(ms(1000)));
    let gate = Arc::new(Bulkhead::new(1000));
    let (service, counts) = Strict::new(|_, number: u32| async move {
        sleep(ms(1)).await;
        if number % 2 == 0 { Ok(number) } else { Err("odd") }
    });
    let service = Layer::race(policy).gate(Arc::clone(&gate)).layer(service);
    let calls: Vec<_> = (0..50).map(|number| tokio::spawn(service.clone().oneshot(number))).collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().is_ok(), number % 2 == 0);
    }
    assert_eq!((counts.calls(), gate.in_flight()), (25 + 75, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_leaves_nothing() {
    static POLICY: Policy = Policy::zero().lanes(2).hedge_after(ms(20)).attempts(2);
    let gate = Arc::new(Bulkhead::new(10));
    let (service, counts) = Strict::new(|_, ()| pending::<Result<(), ()>>());
    let mut service = Layer::race(&POLICY).room::<2>().gate(Arc::clone(&gate)).layer(service);
    let call = service.ready().await.unwrap().call(());
    assert_eq!((counts.calls(), gate.in_flight()), (0, 0));
    let limited = timeout(ms(50), async {
        let in_flight = async {
            sleep(ms(40)).await;
            assert_eq!((counts.calls(), gate.in_flight()), (2, 2));
        };
        tokio::join!(call, in_flight)
    });
    assert!(limited.await.is_err());
    assert_eq!((counts.calls(), gate.in_flight()), (2, 0));
}
