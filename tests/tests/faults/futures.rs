//! The same where attempts are futures: nothing runs early, losers are dropped, and paused time is the time.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, ready};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use insist_core::{AtEnd, Budget, Instant, Jitter, List, Policy, Reason, Verdict};
use insist_futures::{VirtualTimer, race, retry, retry_local};
use insist_tokio::TokioTimer;
use tokio::time::{Instant as TokioInstant, sleep};

use crate::{SECOND, ms, secs};

/// R18: tokio-retry 0.3 ran its action when the future was made, before anyone polled it.
#[test]
fn a_future_that_is_not_polled_sends_nothing() {
    let (timer, policy, runs) = (VirtualTimer::new(), Policy::zero(), Cell::new(0));
    let operation = |_| {
        runs.set(runs.get() + 1);
        pending::<Result<(), ()>>()
    };
    drop(retry(timer.clone(), &policy, operation).try_call());
    let mut call = pin!(retry(timer, &policy, operation).try_call());
    assert_eq!(runs.get(), 0);
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(runs.get(), 1);
}

/// R16: backoff 0.4 made the next future first and then waited for its delay.
#[test]
fn no_future_is_made_before_its_wait_is_over() {
    let policy = Policy::list(List::new(&[secs(10), secs(15)]), AtEnd::Stop).jitter(Jitter::None);
    let (timer, made_at) = (VirtualTimer::new(), RefCell::new(Vec::new()));
    let call = retry(timer.clone(), &policy, |_| {
        made_at.borrow_mut().push(timer.elapsed());
        ready(Err::<(), _>("down"))
    });
    assert_eq!(timer.block_on(call.call()), Err("down"));
    assert_eq!(made_at.into_inner(), [0, 10, 25].map(secs));
}

/// R4: tokio-retry2 0.9 went by the real clock where tokio's is paused. R17: so did backoff 0.4.
#[tokio::test(start_paused = true)]
async fn a_deadline_is_kept_where_tokios_time_is_paused() {
    let policy = Policy::constant(SECOND).jitter(Jitter::None).unlimited_attempts().deadline(secs(5));
    sleep(secs(100)).await;
    let started = TokioInstant::now();
    let gave_up = insist_tokio::retry(&policy, |_| ready(Err::<(), _>("down"))).await.unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Deadline, 5));
    assert!((secs(4)..secs(5)).contains(&started.elapsed()), "{:?}", started.elapsed());
}

/// R19: tokio-retry and tokio-retry2 add the delay to tokio's now, and panic if it is the longest there is.
#[tokio::test(start_paused = true)]
async fn no_span_is_too_long_for_tokios_clock() {
    let longest = Policy::constant(Duration::MAX).jitter(Jitter::None);
    let gave_up = insist_tokio::retry(&longest, |_| ready(Err::<(), _>("down"))).await.unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts), (Reason::Backoff, 1));

    let timed = Policy::zero().attempt_timeout(Duration::MAX).deadline(Duration::MAX);
    let value = insist_tokio::retry(&timed, |_| async {
        sleep(SECOND).await;
        Ok::<_, ()>("slow")
    });
    assert_eq!(value.await.unwrap(), "slow");

    use insist_tokio::Timer;
    for nanos in [u64::MAX, u64::MAX - 1, u64::MAX / 2] {
        let mut asleep = pin!(TokioTimer.sleep_until(Instant::from_nanos(nanos)));
        assert!(asleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

/// R33, R37, R45: the first to end ended the call, though it had failed and another was in flight.
#[test]
fn a_future_that_fails_first_wins_no_race() {
    for [first, second] in [[50, 200], [200, 50]] {
        let (timer, policy) = (VirtualTimer::new(), Policy::zero().lanes(2).attempts(2));
        let call = race(timer.clone(), &policy, |attempt| {
            let timer = timer.clone();
            async move {
                timer.sleep(ms(if attempt.id == 1 { first } else { second })).await;
                if timer.elapsed() < ms(100) { Err("down") } else { Ok(attempt.id) }
            }
        });
        assert_eq!(timer.block_on(call.call()), Ok(if first > second { 1 } else { 2 }));
        assert_eq!(timer.elapsed(), ms(200));
    }
}

/// P7, P8: the losers ran on, and those in their backoff came back.
#[test]
fn the_futures_of_losers_are_dropped_when_the_winner_is_there() {
    struct InFlight<'a>(&'a Cell<u32>);
    impl Drop for InFlight<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    let (timer, in_flight, sends) = (VirtualTimer::new(), Cell::new(0), Cell::new(0));
    let policy = Policy::constant(SECOND).jitter(Jitter::None).lanes(4).attempts(40);
    let call = race(timer.clone(), &policy, |attempt| {
        in_flight.set(in_flight.get() + 1);
        sends.set(sends.get() + 1);
        let (here, timer) = (InFlight(&in_flight), timer.clone());
        async move {
            let _here = here;
            match attempt.id {
                1 => Err("in its backoff by then"),
                3 => {
                    timer.sleep(ms(20)).await;
                    Ok("won")
                }
                _ => pending().await,
            }
        }
    });
    let mut call = pin!(call.call());
    assert_eq!(timer.block_on(call.as_mut()), Ok("won"));
    assert_eq!((in_flight.get(), sends.get()), (0, 4), "while the call's future is still there");
    timer.block_on(timer.sleep(secs(10)));
    assert_eq!(sends.get(), 4);
}

/// R42: google-cloud-gax 1.15 let an attempt run past the deadline by as long as the wait before it.
#[tokio::test(start_paused = true)]
async fn a_future_that_runs_past_the_deadline_is_dropped() {
    let policy = Policy::constant(secs(4)).jitter(Jitter::None).attempts(5).deadline(secs(10));
    let started = TokioInstant::now();
    let call = insist_tokio::retry(&policy, |attempt| async move {
        sleep(if attempt.id == 1 { secs(3) } else { secs(1000) }).await;
        Err::<(), _>("down")
    });
    let gave_up = call.await.unwrap_err();
    assert_eq!((gave_up.reason, gave_up.attempts, gave_up.last), (Reason::Deadline, 2, Some(Err("down"))));
    assert!((secs(10)..secs(11)).contains(&started.elapsed()), "{:?}", started.elapsed());
}

/// R41: a token was spent before it was known whether the retry would be sent.
#[test]
fn a_call_that_is_dropped_in_its_backoff_gives_back_its_token() {
    let (timer, budget, policy) = (VirtualTimer::new(), Budget::new(1.0), Policy::constant(SECOND));
    {
        let mut call = pin!(retry(timer.clone(), &policy, |_| ready(Err::<(), ()>(()))).gate(&budget).try_call());
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(budget.state(Instant::ZERO).charged, 1);
    }
    assert_eq!((budget.state(Instant::ZERO).charged, budget.state(Instant::ZERO).firsts), (0, 1));
}

/// R2: the hook of tokio-retry2 0.9 was told another wait than the one that followed. R1: a hint was none.
#[test]
fn a_hook_is_told_the_wait_for_a_hint_and_it_is_kept() {
    let (timer, policy, mut told) = (VirtualTimer::new(), Policy::zero(), Vec::new());
    let call = retry(timer.clone(), &policy, |_| ready(Err::<(), _>("busy")))
        .judge(|_| Verdict::retry().after(secs(60)))
        .notify(|event| {
            if let insist_core::Decision::Action(insist_core::Action::Wait { until: Some(until), .. }) = event.decision
            {
                told.push(until);
            }
        });
    timer.block_on(call.try_call()).unwrap_err();
    assert_eq!(told, [60, 120].map(|seconds| Instant::from_nanos(seconds * 1_000_000_000)));
    assert_eq!(timer.elapsed(), secs(120));
}

/// Xuanwo/backon #49: an async operation could not borrow what it changes.
#[test]
fn an_async_closure_may_borrow_what_it_captured() {
    let (timer, policy, lines) = (VirtualTimer::new(), Policy::zero(), RefCell::new(vec!["42", "", "x"]));
    let call = retry_local(timer.clone(), &policy, async |_| {
        let line = lines.borrow_mut().pop().unwrap();
        timer.sleep(SECOND).await;
        line.parse::<u32>()
    });
    assert_eq!(timer.block_on(call.try_call()).unwrap(), 42);
    assert!(lines.borrow().is_empty());
}

/// ydb-platform/ydb-rs-sdk #546, mullvad/mullvadvpn-app #5941: a call was not `Send`, or had to be `'static`.
#[tokio::test]
async fn a_call_can_be_spawned_if_its_operation_can_and_may_borrow_if_it_stays() {
    async fn generic<T: Send>(make: impl Fn() -> T + Send + Sync) -> T {
        retry(VirtualTimer::new(), &Policy::zero(), |_| async { Ok::<_, ()>(make()) }).await.unwrap()
    }
    assert_eq!(tokio::spawn(generic(|| 7)).await.unwrap(), 7);
    let text = String::from("borrowed");
    let call = insist_tokio::race(&Policy::zero().lanes(2), |_| async { Ok::<_, ()>(text.as_str()) }).await;
    assert_eq!(call.unwrap(), "borrowed");
}

/// R40: a feature of mulligan's took its sleep away; one of backoff 0.4's excluded another.
#[test]
fn one_policy_drives_threads_tokio_and_smol_in_one_program() {
    const POLICY: Policy = Policy::constant(ms(1)).attempts(3);
    let send = |id: u32| if id < 3 { Err("down") } else { Ok(id) };
    assert_eq!(insist_blocking::retry(&POLICY, |attempt| send(attempt.id)).call(), Ok(3));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let on_tokio = async { insist_tokio::retry(&POLICY, |attempt| ready(send(attempt.id))).call().await };
    assert_eq!(runtime.block_on(on_tokio), Ok(3));
    let on_smol = insist_smol::retry(&POLICY, |attempt| ready(send(attempt.id)));
    assert_eq!(futures_lite::future::block_on(on_smol.call()), Ok(3));
}
