//! A call that is dropped is gone: its attempts, its reservations and its places.

use std::future::{IntoFuture, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use insist_tokio::{Budget, Bulkhead, Instant, Policy, Timer, TokioTimer, race, retry};
use tokio::time::{sleep, timeout};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const POLICY: Policy = Policy::constant(ms(100)).attempts(5);

/// Counts the attempts that there are.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicU32>);

impl Alive {
    fn one_more(&self) -> OneMore {
        self.0.fetch_add(1, Ordering::Relaxed);
        OneMore(self.clone())
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

struct OneMore(Alive);

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_by_select_cancels_its_attempts_and_leaves_its_place() {
    let (bulkhead, alive) = (Bulkhead::new(3), Alive::default());
    let policy = Policy::zero().lanes(3).attempts(3);
    let call = race(&policy, |_| {
        let one = alive.one_more();
        async move {
            let _one = one;
            pending::<Result<(), ()>>().await
        }
    })
    .gate(&bulkhead);
    let look = async {
        sleep(ms(50)).await;
        assert_eq!((bulkhead.in_flight(), alive.count()), (3, 3));
    };
    tokio::select! {
        _ = call.into_future() => panic!("nothing ever answers"),
        () = look => {}
    }
    assert_eq!((bulkhead.in_flight(), alive.count()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_waits_gives_back_what_it_had_reserved() {
    let budget = Budget::new(0.001).with_reserve(1);
    let spent = || budget.state(TokioTimer.now()).charged;
    let call = retry(&POLICY, |_| async { Err::<(), _>("down") }).gate(&budget);
    assert!(timeout(ms(50), call.into_future()).await.is_err());
    assert_eq!(spent(), 0);
    // Sent is sent, whether it is dropped or not.
    let call = retry(&POLICY, |attempt| async move {
        if attempt.id == 2 {
            pending::<()>().await;
        }
        Err::<(), _>("down")
    });
    assert!(timeout(ms(150), call.gate(&budget).into_future()).await.is_err());
    assert_eq!(spent(), 1);
}

#[tokio::test]
async fn a_call_that_was_never_awaited_sends_nothing() {
    let bulkhead = Bulkhead::new(1);
    let alive = Alive::default();
    let call = retry(&POLICY, |_| {
        let one = alive.one_more();
        async move {
            drop(one);
            Err::<(), _>("down")
        }
    });
    let call = call.gate(&bulkhead).into_future();
    assert_eq!((bulkhead.in_flight(), alive.count()), (0, 0));
    drop(call);
    assert_eq!((bulkhead.in_flight(), alive.count()), (0, 0));
}

/// A budget that outlives its calls, and calls that outlive their maker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_many_tasks_share_a_gate_on_many_threads() {
    let (budget, sends) = (Arc::new(Budget::new(0.001).with_reserve(10)), Arc::new(AtomicU32::new(0)));
    let policy = Arc::new(Policy::constant(ms(1)).attempts(3));
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let sends = Arc::clone(&sends);
            let call = retry(Arc::clone(&policy), move |_| {
                let number = sends.fetch_add(1, Ordering::Relaxed);
                async move { Err::<(), _>(number) }
            });
            tokio::spawn(call.gate(Arc::clone(&budget)).into_future())
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap().is_err());
    }
    let sends = sends.load(Ordering::Relaxed);
    // Calls that meet over the last token may both be refused.
    assert!(sends > 100 && sends <= 110, "{sends}");
    assert!(budget.state(Instant::now()).charged <= 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_task_leaves_nothing_of_its_races() {
    let (bulkhead, alive) = (Arc::new(Bulkhead::new(2)), Alive::default());
    let call = {
        let alive = alive.clone();
        race(Arc::new(Policy::zero().lanes(2).attempts(2)), move |_| {
            let one = alive.one_more();
            async move {
                let _one = one;
                pending::<Result<(), ()>>().await
            }
        })
    };
    let task = tokio::spawn(call.gate(Arc::clone(&bulkhead)).into_future());
    while alive.count() < 2 {
        sleep(ms(1)).await;
    }
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!((bulkhead.in_flight(), alive.count()), (0, 0));
}
