//! Limits and hedges fire on time whatever an attempt does in its polls.

use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use insist_tokio::{Policy, Reason, race, retry};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::Instant;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Sets how long an attempt goes on if nobody stops it. A test that passes does not wait for it.
const LONG: Duration = Duration::from_secs(20);

/// Reads from a channel that is never empty: always ready, so that nothing but tokio's budget stops it.
async fn flooded() -> Result<u32, &'static str> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let started = Instant::now();
    sender.send(()).ok();
    while started.elapsed() < LONG {
        receiver.recv().await;
        sender.send(()).ok();
    }
    Ok(1)
}

/// Wakes itself again and again, without tokio's budget.
struct Restless(Instant);

impl Future for Restless {
    type Output = Result<u32, &'static str>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.0.elapsed() > LONG {
            return Poll::Ready(Ok(1));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_time().build().expect("a runtime"),
        Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime"),
    ]
}

/// Runs a call in a task of each kind of runtime.
fn on_each<F, T>(call: impl Fn() -> F) -> Vec<(T, Duration)>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let run = |runtime: Runtime| {
        runtime.block_on(async {
            let started = Instant::now();
            let end = tokio::spawn(call()).await.expect("it does not panic");
            (end, started.elapsed())
        })
    };
    runtimes().map(run).into()
}

/// An attempt that is always ready does not hold up its timeout.
#[test]
fn an_attempt_timeout_fires_on_time() {
    let policy = Policy::zero().attempts(1).attempt_timeout(ms(50));
    for (end, took) in on_each(|| retry(policy, |_| flooded()).try_call()) {
        assert_eq!(end.unwrap_err().reason, Reason::Attempts);
        assert!(took >= ms(50) && took < LONG / 2, "{took:?}");
    }
    for (end, took) in on_each(|| retry(policy, |_| Restless(Instant::now())).try_call()) {
        assert_eq!(end.unwrap_err().reason, Reason::Attempts);
        assert!(took >= ms(50) && took < LONG / 2, "{took:?}");
    }
}

/// An attempt that is always ready does not hold up the deadline.
#[test]
fn a_deadline_fires_on_time() {
    let policy = Policy::zero().deadline(ms(50));
    for (end, took) in on_each(|| retry(policy, |_| flooded()).try_call()) {
        assert_eq!(end.unwrap_err().reason, Reason::Deadline);
        assert!(took >= ms(50) && took < LONG / 2, "{took:?}");
    }
}

/// Nor does one that borrows.
#[test]
fn limits_fire_on_time_beside_an_operation_that_borrows() {
    for runtime in runtimes() {
        let mut sends = 0;
        let started = Instant::now();
        let policy = Policy::zero().attempts(2).attempt_timeout(ms(30));
        let call = insist_tokio::retry_local(policy, async |_| {
            sends += 1;
            flooded().await
        });
        let end = runtime.block_on(call.try_call());
        assert_eq!(end.unwrap_err().reason, Reason::Attempts);
        assert!(started.elapsed() < LONG / 2, "{:?}", started.elapsed());
        assert_eq!(sends, 2);
    }
}

/// An attempt that is always ready does not hold up a hedge, nor starve it.
#[test]
fn a_hedge_opens_on_time_and_has_its_turn() {
    let policy = Policy::zero().lanes(2).attempts(2).hedge_after(ms(50));
    let operation = |attempt: insist_tokio::Attempt| async move {
        if attempt.lane == 0 {
            return flooded().await;
        }
        tokio::time::sleep(ms(1)).await;
        Ok(2)
    };
    for (end, took) in on_each(|| race(policy, operation).try_call()) {
        assert_eq!(end.unwrap(), 2);
        assert!(took >= ms(50) && took < LONG / 2, "{took:?}");
    }
}

/// Of lanes that are open from the start, none that uses up the task's budget starves the others.
#[test]
fn lanes_take_turns() {
    for greedy in 0..3 {
        let policy = Policy::zero().lanes(3).attempts(3);
        let operation = move |attempt: insist_tokio::Attempt| async move {
            match attempt.lane {
                lane if lane == greedy => flooded().await,
                lane if lane == (greedy + 1) % 3 => {
                    tokio::time::sleep(ms(1)).await;
                    Ok(u32::from(lane) + 10)
                }
                _ => pending().await,
            }
        };
        for (end, took) in on_each(|| race(policy, operation).try_call()) {
            assert_eq!(end.unwrap(), u32::from((greedy + 1) % 3) + 10);
            assert!(took < LONG / 2, "{took:?}");
        }
    }
}
