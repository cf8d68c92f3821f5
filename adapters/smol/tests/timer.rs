//! async-io's timer under real calls: sleeps of milliseconds, and the order in which things happen.

use std::cell::RefCell;
use std::future::IntoFuture;
use std::time::Duration;

use insist_smol::{Attempt, Instant, Policy, Reason, SmolTimer, Timer, race, retry, retry_local};

const FIXED: Policy = Policy::constant(Duration::from_millis(2));

async fn sleep(millis: u64) {
    async_io::Timer::after(Duration::from_millis(millis)).await;
}

#[test]
fn a_sleep_ends_no_sooner_than_it_should() {
    let until = SmolTimer.now().checked_add(Duration::from_millis(3)).expect("soon");
    async_io::block_on(SmolTimer.sleep_until(until));
    assert!(SmolTimer.now() >= until);
    async_io::block_on(SmolTimer.sleep_until(Instant::ZERO)); // one that is past ends at once
}

#[test]
fn waits_lie_between_the_attempts() {
    let start = SmolTimer.now();
    let operation = |attempt: Attempt| async move { if attempt.id < 3 { Err("no") } else { Ok(attempt.id) } };
    let (result, report) = async_io::block_on(retry(&FIXED, operation).report());
    assert_eq!(result.ok(), Some(3));
    let sends: Vec<_> = report.log.entries().iter().map(|entry| entry.sent).collect();
    assert!(report.started >= start && sends[0] >= start);
    assert!(sends.windows(2).all(|pair| pair[1].saturating_since(pair[0]) >= Duration::from_millis(2)), "{sends:?}");
}

#[test]
fn an_attempt_that_hangs_is_dropped_at_its_timeout() {
    let policy = FIXED.attempt_timeout(Duration::from_millis(5)).attempts(2);
    let call = retry(&policy, |_| std::future::pending::<Result<(), ()>>());
    let gave_up = async_io::block_on(call.into_future()).expect_err("it hangs");
    assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Attempts, 2));
}

#[test]
fn the_fastest_lane_wins() {
    let policy = FIXED.lanes(3);
    let operation = |attempt: Attempt| async move {
        sleep([60_000, 2, 60_000][usize::from(attempt.lane)]).await;
        Ok::<_, ()>(attempt.lane)
    };
    assert_eq!(async_io::block_on(race(&policy, operation).into_future()).ok(), Some(1));
}

#[test]
fn a_closure_that_borrows_is_retried_in_order() {
    let events = RefCell::new(Vec::new());
    let call = retry_local(&FIXED, async |attempt| {
        events.borrow_mut().push(format!("{} sent", attempt.id));
        sleep(1).await;
        events.borrow_mut().push(format!("{} ended", attempt.id));
        if attempt.id < 2 { Err(()) } else { Ok(()) }
    });
    assert!(async_io::block_on(call.try_call()).is_ok());
    assert_eq!(events.into_inner(), ["1 sent", "1 ended", "2 sent", "2 ended"]);
}

#[test]
fn a_call_runs_on_any_thread() {
    let call = retry(&FIXED, |attempt: Attempt| async move {
        sleep(1).await;
        if attempt.id < 2 { Err(()) } else { Ok(attempt.id) }
    });
    std::thread::scope(|scope| {
        let result = scope.spawn(|| async_io::block_on(call.into_future())).join().expect("it does not panic");
        assert_eq!(result.ok(), Some(2));
    });
}

/// async-io's timer keeps the contract of timers.
#[test]
fn it_keeps_the_contract() {
    use insist_futures::testing::{RealTime, check_timer};
    async_io::block_on(check_timer(&SmolTimer, &RealTime::new())).unwrap();
}

/// The same where tasks move between threads.
#[test]
fn limits_fire_on_time_on_many_threads() {
    let executor = async_executor::Executor::new();
    let policy = Policy::zero().attempts(1).attempt_timeout(Duration::from_millis(20));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            executor.spawn(
                retry(policy, |_| async {
                    let started = std::time::Instant::now();
                    while started.elapsed() < Duration::from_secs(20) {
                        futures_lite::future::yield_now().await;
                    }
                    Ok::<_, &str>(1)
                })
                .try_call(),
            )
        })
        .collect();
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let idle = || async {
        while !is_done.load(std::sync::atomic::Ordering::SeqCst) {
            sleep(2).await;
        }
    };
    let started = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| async_io::block_on(executor.run(idle())));
        }
        for call in calls {
            assert_eq!(async_io::block_on(call).unwrap_err().reason, Reason::Attempts);
        }
        is_done.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// An attempt that yields again and again holds up neither its timeout, nor the deadline, nor a hedge.
#[test]
fn limits_fire_on_time_beside_an_attempt_that_is_never_idle() {
    async fn restless() -> Result<u32, &'static str> {
        let started = std::time::Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            futures_lite::future::yield_now().await;
        }
        Ok(1)
    }
    let started = std::time::Instant::now();
    let policy = Policy::zero().attempts(1).attempt_timeout(Duration::from_millis(20));
    assert_eq!(async_io::block_on(retry(policy, |_| restless()).try_call()).unwrap_err().reason, Reason::Attempts);
    let policy = Policy::zero().deadline(Duration::from_millis(20));
    assert_eq!(async_io::block_on(retry(policy, |_| restless()).try_call()).unwrap_err().reason, Reason::Deadline);
    let policy = Policy::zero().lanes(2).attempts(2).hedge_after(Duration::from_millis(20));
    let call = race(policy, |attempt: Attempt| async move { if attempt.lane == 0 { restless().await } else { Ok(2) } });
    assert_eq!(async_io::block_on(call.call()), Ok(2));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
