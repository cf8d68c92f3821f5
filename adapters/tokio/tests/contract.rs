//! tokio's timer keeps the contract of timers, in real time and where it is paused.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use insist_futures::Timer;
use insist_futures::testing::{RealTime, Reality, check_timer};
use insist_tokio::TokioTimer;

#[tokio::test]
async fn in_real_time() {
    check_timer(&TokioTimer, &RealTime::new()).await.unwrap();
}

#[test]
fn on_many_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let check = async { check_timer(&TokioTimer, &RealTime::new()).await };
    runtime.block_on(async { tokio::spawn(check).await }).unwrap().unwrap();
}

/// tokio looks at the clock when it has nothing else to do; a sleep until what has passed since is ready all the same.
#[tokio::test]
async fn a_sleep_until_the_past_is_ready_where_a_task_has_kept_the_thread() {
    let before = TokioTimer.now();
    std::thread::sleep(Duration::from_millis(10));
    let mut sleep = pin!(TokioTimer.sleep_until(before));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

/// Takes what the paused clock says for what is.
struct Paused(tokio::time::Instant);

impl Reality for Paused {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn pass(&self, _: Duration) {}
}

#[tokio::test(start_paused = true)]
async fn where_it_is_paused() {
    check_timer(&TokioTimer, &Paused(tokio::time::Instant::now())).await.unwrap();
}

/// Outside of a runtime the clock is there and a sleep is not: the documented panic.
#[test]
fn without_a_runtime_there_is_the_time_and_no_sleep() {
    assert!(TokioTimer.now() > insist_tokio::Instant::ZERO);
    let made = std::panic::catch_unwind(|| drop(TokioTimer.sleep_until(TokioTimer.now())));
    assert!(made.is_err());
}
